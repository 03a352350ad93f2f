/** The conditions of an EmergencyAccess, by its stage. */
import { type EmergencyCondition } from '../../api/conditions.ts';
import { isReason, type Reason } from '../../api/reasons.ts';
import type { EmergencyAccess, EmergencyState } from '../../api/emergency.ts';
import { rfc3339, type Wanted } from '../conditions.ts';
import { observedUntil, type Settled } from './drift.ts';
import { isReleasable } from './follow-up.ts';
import { leftOfGrantText } from './left-of-grant.ts';
import type { EmergencySnapshot } from './snapshot.ts';
import { listed } from '../messages.ts';
import type { Instant } from '../objects.ts';
import { brokenText } from '../record/broken-record.ts';
import type { Drift, EmergencyRecord } from '../record/emergency.ts';

export type Seen = EmergencySnapshot & { readonly access: EmergencyAccess };

export interface DriftNow extends Drift {
  readonly how: Settled;
}

interface Said {
  readonly state: EmergencyState;
  readonly conditions: readonly Wanted[];
}

type Say = readonly [status: 'True' | 'False', reason: Reason, message: string];

const all = (said: Readonly<Record<EmergencyCondition, Say>>): Wanted[] =>
  Object.entries(said).map(([type, [status, reason, message]]) => ({ type, status, reason, message }));

const notOver: Say = ['False', 'NotOver', 'it is not over yet'];
const settled: Say = ['False', 'Settled', 'no work is under way'];
const notStalled: Say = ['False', 'NotStalled', 'nothing needs to be changed'];

export const conditionsOf = (
  s: Seen,
  known: EmergencyRecord | undefined,
  { drift, now }: { readonly drift: readonly DriftNow[]; readonly now: Instant },
): Said => {
  switch (known?.stage) {
    case undefined:
    case 'Granted':
      return pending(s, known);
    case 'Opened':
      return active(known);
    case 'Refused':
      return refused(known);
    case 'Ended':
      return ended(s, known);
    case 'Accounted':
    case 'Closed':
      return afterwards(s, known, { drift, now });
  }
};

const pending = (s: Seen, known: EmergencyRecord | undefined): Said => {
  const broken = s.record.broken;
  const message =
    broken !== undefined
      ? brokenText(s.namespace, broken, s.record)
      : known === undefined
        ? 'it is being judged'
        : 'its Role and bindings are being made; if that lasts, the gate does not let it: kubectl get pods -A -l app.kubernetes.io/component=gate';
  const waits: Say = ['False', 'GrantPending', message];
  return {
    state: 'Pending',
    conditions: all({
      Pending: ['True', 'GrantPending', message],
      Active: waits,
      Ended: waits,
      ReviewDue: notOver,
      FollowUpDue: notOver,
      Overdue: notOver,
      Closed: notOver,
      Finished: waits,
      Reconciling: ['True', 'GrantPending', message],
      Stalled: broken === undefined ? notStalled : ['True', 'LedgerBroken', message],
    }),
  };
};

const active = ({ grantee, notAfter, name }: EmergencyRecord): Said => {
  const until = `${grantee} has access until ${rfc3339(notAfter)}; to end it before: kubectl patch emergencyaccess ${name} --type=merge -p '{"spec":{"revoked":true}}'`;
  return {
    state: 'Active',
    conditions: all({
      Pending: ['False', 'GrantMade', 'it was judged and made'],
      Active: ['True', 'AccessGranted', until],
      Ended: ['False', 'AccessGranted', until],
      ReviewDue: notOver,
      FollowUpDue: notOver,
      Overdue: notOver,
      Closed: notOver,
      Finished: ['False', 'AccessGranted', until],
      Reconciling: settled,
      Stalled: notStalled,
    }),
  };
};

const word = (decision: string, otherwise: Reason): Reason => (isReason(decision) ? decision : otherwise);

const refused = ({ decision, message }: EmergencyRecord): Said => {
  const why = word(decision, 'AccessAlreadyOver');
  const never: Say = ['False', why, message];
  return {
    state: 'Refused',
    conditions: all({
      Pending: ['False', 'AccessOver', 'it was refused'],
      Active: never,
      Ended: ['False', 'AccessOver', 'nobody had access'],
      ReviewDue: ['False', 'AccessOver', 'nobody had access'],
      FollowUpDue: ['False', 'AccessOver', 'nobody had access'],
      Overdue: ['False', 'NothingDrifted', 'nobody had access'],
      Closed: ['False', 'NotOver', 'nobody had access'],
      Finished: ['True', why, message],
      Reconciling: settled,
      Stalled: notStalled,
    }),
  };
};

const ended = (s: Seen, { decision, message }: EmergencyRecord): Said => {
  const kept = leftOfGrantText(s);
  const why = word(decision, 'AccessExpired');
  const going = 'what it was made of is being taken away, and what was done is being accounted for';
  const busy: Say = ['False', 'TakingAway', going];
  return {
    state: 'Ended',
    conditions: all({
      Pending: ['False', 'AccessOver', 'it is over'],
      Active: ['False', why, message],
      Ended: busy,
      ReviewDue: busy,
      FollowUpDue: busy,
      Overdue: notOver,
      Closed: notOver,
      Finished: ['False', 'AccessOver', going],
      Reconciling: ['True', 'TakingAway', going],
      Stalled: kept === undefined ? notStalled : ['True', 'FinalizerHolds', kept],
    }),
  };
};

const afterwards = (
  s: Seen,
  known: EmergencyRecord,
  { drift, now }: { readonly drift: readonly DriftNow[]; readonly now: Instant },
): Said => {
  const why = word(known.decision, 'AccessExpired');
  const kept = leftOfGrantText(s);
  const isClosed = known.stage === 'Closed';
  const open = drift.filter(({ how, object }) => how === 'Open' && isReleasable(object)).map(({ object }) => object);
  const review = reviewSaid(known, s.namespace);
  const followUp = followUpSaid(s, known, { open, now, any: drift.length > 0 });
  const late = known.overdue && open.length > 0;
  const overdue: Say = late
    ? [
        'True',
        'FollowUpLate',
        `the release that follows it up was due at ${rfc3339(known.accounted?.dueAt ?? 0)}: ${followUp[2]}`,
      ]
    : open.length > 0
      ? ['False', 'NotOverdue', `due at ${rfc3339(known.accounted?.dueAt ?? 0)}`]
      : drift.length > 0
        ? ['False', 'FollowedUp', 'a release says what became of everything']
        : ['False', 'NothingDrifted', 'nothing was left changed'];
  const isObserved = followUp[1] === 'FollowUpObserved';
  const closed: Say = isClosed
    ? ['True', 'AccessClosed', 'reviewed, and everything that was left changed is settled']
    : open.length > 0 || isObserved
      ? ['False', followUp[1], followUp[2]]
      : ['False', 'ReviewMissing', review[2]];
  const state: EmergencyState = isClosed
    ? 'Closed'
    : late
      ? 'Overdue'
      : open.length > 0 || isObserved
        ? 'FollowUpDue'
        : 'ReviewDue';
  return {
    state,
    conditions: all({
      Pending: ['False', 'AccessOver', 'it is over'],
      Active: ['False', why, known.message],
      Ended: ['True', why, `${known.message}; ${kept ?? 'nothing of it is left in the cluster'}`],
      ReviewDue: review,
      FollowUpDue: followUp,
      Overdue: overdue,
      Closed: closed,
      Finished: isClosed ? closed : ['False', closed[1], closed[2]],
      Reconciling: settled,
      Stalled: late
        ? ['True', 'FollowUpLate', overdue[2]]
        : kept === undefined
          ? notStalled
          : ['True', 'FinalizerHolds', kept],
    }),
  };
};

const reviewSaid = ({ reviewed, name, actions }: EmergencyRecord, namespace: string): Say =>
  reviewed === undefined
    ? [
        'True',
        'ReviewMissing',
        `${actions} ${actions === 1 ? 'act waits' : 'acts wait'} for a look: kubectl get ledger -n ${namespace}; a holder of an approval role who is neither grantee nor grantor signs: kubectl get emergencyaccess ${name} -n ${namespace} -o jsonpath='{.status.approvalManifests.<role>}' | kubectl create -f - -n ${namespace}`,
      ]
    : ['False', 'Reviewed', `${reviewed.username} has looked at what was done`];

const followUpSaid = (
  s: Seen,
  known: EmergencyRecord,
  { open, now, any }: { readonly open: readonly string[]; readonly now: Instant; readonly any: boolean },
): Say => {
  if (open.length > 0) {
    const source = s.policy?.spec.sourceNamespace ?? 'the staging namespace';
    return [
      'True',
      'FollowUpMissing',
      `no release says yet what becomes of ${listed(open)}: stage a ReleaseCandidate in ${source} with spec.followsUp: ${known.name} that holds them as production does now, or names them in spec.reverts`,
    ];
  }
  const until = observedUntil(s.record, known);
  if (known.stage !== 'Closed' && now < until) {
    return ['True', 'FollowUpObserved', 'the release that follows it up is still observed'];
  }
  return any
    ? ['False', 'FollowedUp', 'a release says what became of everything']
    : ['False', 'NothingDrifted', 'nothing was left changed'];
};
