/** What the ledger says of an act that is let through: written before the API server hears of it. */
import { group } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { parseReleasePolicy } from '../../api/policy.ts';
import { textAt } from '../json/json.ts';
import type { EntryData, LedgerDraft } from '../ledger-entry.ts';
import { kindRows } from '../manifest/kinds/index.ts';
import { lifetimeOf, sameLifetime } from '../manifest/lifetime.ts';
import type { administerAlone } from '../record/policy-acts.ts';
import type { AdmissionRequest } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

type Data<T extends EntryData['type']> = Extract<EntryData, { type: T }>;

/** Why somebody may: the word in the entry's `decision`. */
export type Grounds =
  | 'Operate'
  | 'PlatformWriter'
  | 'KeepSecrets'
  | 'GitOps'
  | 'Administer'
  | 'Sign'
  | 'Withdraw'
  | 'Order'
  | 'Except'
  | 'Propose'
  | 'Change'
  | typeof administerAlone
  | 'Emergency'
  | 'Grant'
  | 'Revoke';

export interface Act {
  readonly grounds: Grounds;
  /** For people: `replicas 2 to 4`. */
  readonly detail: string;
  readonly package?: string;
  /** Uid of the EmergencyAccess under which it is done. */
  readonly emergency?: string;
  /** The PolicyChange that it applies, and who signed for that. */
  readonly change?: Data<'Admitted'>['change'];
  /** An update after which the object is gone: it took off the last finalizer of one that is being deleted. */
  readonly leavesNothing?: boolean;
}

/** What a write to `/scale` is about: the review shows only how many. */
export const scaledKinds: Readonly<Record<string, string>> = Object.fromEntries(
  kindRows.filter(({ operate }) => operate?.includes('scale')).map(({ plural, kind }) => [plural, kind]),
);

/** Of a collection that is deleted, and of a name that the API server makes, the object alone tells the name. */
const nameOf = ({ name, object, oldObject }: AdmissionRequest): string =>
  [name, textAt(oldObject, 'metadata', 'name'), textAt(object, 'metadata', 'generateName')].find(
    (each) => each !== undefined && each !== '',
  ) ?? '';

/** What a review is about, where it shows something else: how many replicas, or what a session is to be. */
const kindOf = ({ resource, subresource, operation, kind }: AdmissionRequest): string => {
  if (subresource === 'scale') return scaledKinds[resource.resource] ?? kind.kind;
  return operation === 'CONNECT' && resource.group === '' && resource.resource === 'pods' ? 'Pod' : kind.kind;
};

/** How much of the detail a reader of the ledger sees at once; all of it is in the data. */
const reasonLength = 1_024;

const shortened = (text: string): string => {
  const characters = Array.from(text);
  return characters.length <= reasonLength ? text : `${characters.slice(0, reasonLength - 1).join('')}…`;
};

/** Kinds whose `object` in a review is the review itself or nothing: what is told of them is the subject alone. */
const digestible = (object: JsonObject | undefined): object is JsonObject =>
  object !== undefined && textAt(object, 'kind') !== undefined;

/** What a policy demanded before it was changed: who signed for a release is judged by the policy of then, should production go back to it. */
const demandedBefore = ({ resource, oldObject }: AdmissionRequest): Data<'Admitted'>['demanded'] => {
  if (resource.group !== group || resource.resource !== 'releasepolicies' || oldObject === undefined) return null;
  const policy = parseReleasePolicy(oldObject);
  return policy.ok
    ? policy.value.spec.approvals.map((line) => ({ ...line, oneFromEach: [...line.oneFromEach] }))
    : null;
};

export const admittedAct = (request: AdmissionRequest, s: AdmissionSnapshot, act: Act): LedgerDraft => {
  const { object, oldObject, user, resource, subresource } = request;
  const isEnd = request.operation === 'DELETE' || act.leavesNothing === true;
  // Of a dry-run nothing is written down.
  const digest = (of: JsonObject | undefined): string => (digestible(of) && !request.dryRun ? s.digestOf(of) : '');
  const [before, after] = [digest(oldObject), isEnd ? '' : digest(object)];
  const [was, is] = [oldObject, object].map((each) => (digestible(each) ? lifetimeOf(each) : []));
  const isBound = after === '' || subresource !== '' || sameLifetime(was ?? [], is ?? []);
  return {
    actor: user,
    subject: {
      kind: kindOf(request),
      namespace: request.namespace,
      name: nameOf(request),
      uid: textAt(object ?? oldObject, 'metadata', 'uid') ?? '',
    },
    package: act.package ?? '',
    digest: after,
    decision: act.grounds,
    reason: shortened(act.detail),
    data: {
      type: 'Admitted',
      review: request.uid,
      operation: request.operation,
      resource: resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`,
      subresource,
      before,
      after,
      ...(isBound ? {} : { lifetime: [...(is ?? [])] }),
      detail: act.detail,
      emergency: act.emergency ?? '',
      demanded: demandedBefore(request),
      ...(act.change === undefined ? {} : { change: act.change }),
    },
  };
};
