/** What of a change the API server would refuse, because it lets nobody change those fields on a live object; each kind's row says which. */
import type { JsonObject } from '../../api/meta.ts';
import { rowOf } from './kinds/index.ts';
import type { WayBack } from './kinds/shared/kind.ts';

/** A change that the API server would refuse; `fields` are dot paths. */
export interface ImmutableChange {
  readonly fields: readonly string[];
  readonly remedy: string;
  readonly wayBack: WayBack;
}

/** What of `next` would be refused because of what `live` is; undefined = nothing. */
export const immutableChange = (next: JsonObject, live: JsonObject): ImmutableChange | undefined => {
  const rule = rowOf(next)?.immutable;
  const fields = rule?.changed(next, live) ?? [];
  return rule === undefined || fields.length === 0 ? undefined : { fields, remedy: rule.remedy, wayBack: rule.wayBack };
};
