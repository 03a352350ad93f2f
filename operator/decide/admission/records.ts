/** What the ledger says of an act that is let through: written before the API server hears of it. */
import type { JsonObject } from '../../api/meta.ts';
import { textAt } from '../json.ts';
import type { LedgerDraft } from '../entries.ts';
import type { AdmissionRequest } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

/** Why somebody may: the word in the entry's `decision`. */
export type Grounds =
  | 'Operate'
  | 'PlatformWriter'
  | 'GitOps'
  | 'Administer'
  | 'Sign'
  | 'Withdraw'
  | 'Order'
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
}

/** What a write to `/scale` is about: the review shows only how many. */
export const scaledKinds: Readonly<Record<string, string>> = {
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
};

/** Kinds whose `object` in a review is the review itself or nothing: what is told of them is the subject alone. */
const digestible = (object: JsonObject | undefined): object is JsonObject =>
  object !== undefined && textAt(object, 'kind') !== undefined;

export const admittedAct = (request: AdmissionRequest, s: AdmissionSnapshot, act: Act): LedgerDraft => {
  const { object, oldObject, user, resource, subresource } = request;
  // Of a dry-run nothing is written down.
  const digest = (of: JsonObject | undefined): string => (digestible(of) && !request.dryRun ? s.digestOf(of) : '');
  const [before, after] = [digest(oldObject), request.operation === 'DELETE' ? '' : digest(object)];
  return {
    actor: user,
    subject: {
      kind: subresource === 'scale' ? (scaledKinds[resource.resource] ?? request.kind.kind) : request.kind.kind,
      namespace: request.namespace,
      name: request.name === '' ? (textAt(object, 'metadata', 'generateName') ?? '') : request.name,
      uid: textAt(object ?? oldObject, 'metadata', 'uid') ?? '',
    },
    package: act.package ?? '',
    digest: after,
    decision: act.grounds,
    reason: act.detail,
    data: {
      type: 'Admitted',
      review: request.uid,
      operation: request.operation,
      resource: resource.group === '' ? resource.resource : `${resource.resource}.${resource.group}`,
      subresource,
      before,
      after,
      detail: act.detail,
      emergency: act.emergency ?? '',
    },
  };
};
