/** Lock B of the model: what the two identities of the operator write has to be what the record says is under way (`decide/admission/release-writers.ts`). */
import { fieldManagers } from '../../../operator/api/field-managers.ts';
import { textAt } from '../../../operator/decide/json/json.ts';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import { keyOf, type LiveObject, type ObjectKey, type ObjectRef } from '../../../operator/decide/objects.ts';
import { packageRecord, type NamespaceRecord } from '../../../operator/decide/record/record.ts';
import { liveRef } from '../../../operator/decide/release/steps.ts';
import type { Refused, Verb } from './cluster.ts';
import { isDroppedLate } from './content.ts';

export interface GateView {
  readonly record: NamespaceRecord;
  readonly bundles: ReadonlyMap<string, Bundle>;
  readonly now: number;
  readonly live: ReadonlyMap<ObjectKey, LiveObject>;
}

export interface Request {
  readonly verb: Verb;
  readonly key: ObjectKey;
  readonly manager: string;
}

const denied = (key: ObjectKey): Refused => ({
  kind: 'Forbidden',
  message: `admission webhook "gate.countersign.dev" denied the request: ${key} is not part of what is under way`,
});

export const judge = (request: Request, view: GateView): Refused => {
  const isAllowed =
    request.manager === fieldManagers.operator
      ? mayPromote(request, view)
      : request.manager !== fieldManagers.restorer || mayRestore(request, view);
  return isAllowed ? undefined : denied(request.key);
};

const holds = (bundle: Bundle | undefined, key: ObjectKey): boolean =>
  bundle?.objects.some((object) => keyOf(liveRef(object, bundle)) === key) === true;

const among = (refs: readonly ObjectRef[], key: ObjectKey): boolean => refs.some((ref) => keyOf(ref) === key);

/** What is deleted keeps its claims, unless the release that drops it says that they go with it. */
const losesData = ({ live }: GateView, key: ObjectKey, by: Bundle | undefined): boolean =>
  textAt(live.get(key)?.manifest, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Delete' &&
  by?.irreversible.some((said) => `${said.kind}/${said.name}` === key) !== true;

const mayPromote = ({ verb, key }: Request, view: GateView): boolean => {
  const { record, bundles, now } = view;
  const { open, production, jobs } = packageRecord(record, 'payments');
  if (verb === 'Create' && jobs.get(key)?.outcome === 'Complete') return false;
  if (open?.type === 'Promotion') {
    if (open.rejected || open.refused !== undefined) return false;
    const to = bundles.get(open.to);
    if (verb === 'Delete') return to !== undefined && among(to.removed, key) && !isDroppedLate(key);
    // What could take data along is parked first.
    return holds(to, key) || (verb === 'Replace' && to !== undefined && among(to.removed, key) && isDroppedLate(key));
  }
  const bundle = bundles.get(production?.bundle ?? '');
  const isOver = open === undefined && production?.how === 'Promoted' && now >= production.observeUntil;
  const isLate =
    verb === 'Delete' && isOver && bundle !== undefined && among(bundle.removed, key) && isDroppedLate(key);
  return isLate && !losesData(view, key, bundle);
};

const mayRestore = ({ verb, key }: Request, view: GateView): boolean => {
  const { record, bundles } = view;
  const { open } = packageRecord(record, 'payments');
  if (open?.type !== 'Rollback') return false;
  const [to, from] = [bundles.get(open.to), bundles.get(open.from)];
  const isAdded = holds(from, key) && !holds(to, key);
  const isOnItsWay = isAdded || holds(to, key) || (from !== undefined && among(from.removed, key));
  if (verb !== 'Delete') return holds(to, key) || (verb === 'Replace' && isOnItsWay);
  // What is made again is deleted before.
  return isOnItsWay && (isAdded || !losesData(view, key, holds(to, key) ? undefined : from));
};
