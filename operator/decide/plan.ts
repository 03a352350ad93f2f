/** What follows from a snapshot. Values only: `act` and `run` carry them out. */
import type { ReleaseCandidateStatus } from '../api/candidate.ts';
import type { EmergencyAccessStatus } from '../api/emergency.ts';
import type { PolicyExceptionStatus } from '../api/exception.ts';
import type { JsonObject } from '../api/meta.ts';
import type { PolicyChangeStatus } from '../api/policy-change.ts';
import type { ReleasePolicyStatus } from '../api/policy.ts';
import type { RollbackStatus } from '../api/rollback.ts';
import type { Bundle } from './bundle.ts';
import type { LedgerDraft } from './ledger-entry.ts';
import type { Instant, ObjectRef } from './objects.ts';
import type { Question } from './api-queries.ts';
import type { Comparison } from './comparison.ts';

/** Which of the operator's two ServiceAccounts writes. */
export type Writer = 'operator' | 'restorer';

/** Why a write to production happens: the ledger entry that announced it. */
export interface IntentRef {
  readonly namespace: string;
  readonly id: string;
  readonly type: 'Promotion' | 'Rollback';
  readonly package: string;
}

export type ObjectEffect =
  | {
      readonly do: 'Create';
      readonly as: Writer;
      readonly namespace: string;
      readonly ref: ObjectRef;
      readonly manifest: JsonObject;
      readonly intent: IntentRef;
    }
  /** `manifest` carries the uid and resourceVersion it replaces. */
  | {
      readonly do: 'Replace';
      readonly as: Writer;
      readonly namespace: string;
      readonly ref: ObjectRef;
      readonly manifest: JsonObject;
      readonly intent: IntentRef;
    }
  | {
      readonly do: 'Delete';
      readonly as: Writer;
      readonly namespace: string;
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly intent: IntentRef;
    };

export type Effect =
  /** `packageSeq`: append only while this is still the newest entry that moved the package, or of an emergency: the emergencies (`movedAt`). */
  | { readonly do: 'Append'; readonly namespace: string; readonly draft: LedgerDraft; readonly packageSeq?: number }
  /** Acts that rest on nothing before them: asked for at once, so that they may share entries. */
  | { readonly do: 'AppendEach'; readonly namespace: string; readonly drafts: readonly LedgerDraft[] }
  | {
      readonly do: 'CreateBundle';
      readonly bundle: Bundle;
      /** What its signers are to read comes of this; undefined = nobody signs for it. */
      readonly compare: Comparison | undefined;
    }
  /** Independent writes: all are tried, then the first failure is reported. */
  | { readonly do: 'Together'; readonly effects: readonly ObjectEffect[] }
  | {
      readonly do: 'SetFinalizers';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly finalizers: readonly string[];
    }
  /** A Role or binding of an emergency access. One that exists is replaced with the uid and resourceVersion in `manifest`. */
  | { readonly do: 'CreateGrant' | 'ReplaceGrant'; readonly manifest: JsonObject }
  /** Taken away by the identity that no gate holds up. */
  | {
      readonly do: 'RemoveGrant';
      readonly kind: 'Role' | 'RoleBinding';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    }
  /** A JSON patch of a policy, with the uid and resourceVersion that it is about. */
  | {
      readonly do: 'ApplyPolicy';
      readonly namespace: string;
      readonly name: string;
      readonly patch: readonly JsonObject[];
    }
  /** By the restorer: a pod of what is taken back, which keeps its controller from replacing it. */
  | { readonly do: 'DeletePod'; readonly namespace: string; readonly pod: string; readonly uid: string }
  /** Replaced by whatever runs it, within its disruption budget. */
  | { readonly do: 'Evict'; readonly namespace: string; readonly pod: string; readonly uid: string }
  | {
      readonly do: 'Remove';
      readonly kind: 'ReleaseCandidate' | 'ReleaseBundle';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
    };

interface Statuses {
  readonly ReleaseCandidate: ReleaseCandidateStatus;
  readonly ReleasePolicy: ReleasePolicyStatus;
  readonly Rollback: RollbackStatus;
  readonly EmergencyAccess: EmergencyAccessStatus;
  readonly PolicyException: PolicyExceptionStatus;
  readonly PolicyChange: PolicyChangeStatus;
}

/** A status to be written if it differs from what is there. */
export type StatusWrite = {
  readonly [K in keyof Statuses]: {
    readonly kind: K;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly before: Statuses[K] | undefined;
    readonly status: Statuses[K];
  };
}[keyof Statuses];

/** A notice for people: one transition, told once. */
export interface Notice {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
  /** What lasts is told again when it is found again after so long, in milliseconds; absent = never. */
  readonly againMs?: number;
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
  };
}

export interface Plan {
  /** When not empty, nothing else in the plan counts but `meanwhile`: answer these and plan again. */
  readonly questions: readonly Question[];
  /** Effects that no answer changes, carried out while the questions are asked. One that fails is among the effects of the next plan. */
  readonly meanwhile: readonly Effect[];
  readonly effects: readonly Effect[];
  readonly statuses: readonly StatusWrite[];
  readonly notices: readonly Notice[];
  readonly wakeAt: Instant | undefined;
}

export const nothing: Plan = {
  questions: [],
  meanwhile: [],
  effects: [],
  statuses: [],
  notices: [],
  wakeAt: undefined,
};

/** The earliest of several moments; undefined = none. */
export const earliest = (...moments: readonly (Instant | undefined)[]): Instant | undefined =>
  moments.reduce((a, b) => (a === undefined ? b : b === undefined ? a : Math.min(a, b)), undefined);
