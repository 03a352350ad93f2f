/** What the status of an EmergencyAccess says: all conditions, set in one place from the record. */
import type { EmergencyAccessStatus } from '../../api/emergency.ts';
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { rfc3339, setConditions } from '../conditions.ts';
import { type DriftNow, conditionsOf, type Seen } from './conditions.ts';
import { settledHow } from './drift.ts';
import { notAfterOf } from './grant.ts';
import { openSessions } from './sessions.ts';
import type { Instant } from '../objects.ts';
import type { EmergencyRecord } from '../record/emergency.ts';

const maxDrift = 200;
const maxSessions = 100;

export const emergencyStatus = (s: Seen, known: EmergencyRecord | undefined, now: Instant): EmergencyAccessStatus => {
  const { metadata, status } = s.access;
  const drift = (known?.accounted?.drift ?? []).map((each): DriftNow => ({
    ...each,
    how: known === undefined ? 'Open' : settledHow(known, each, s.scene),
  }));
  const { state, conditions } = conditionsOf(s, known, { drift, now });
  const { digest, dueAt } = known?.accounted ?? {};
  return {
    observedGeneration: metadata.generation,
    conditions: setConditions(status?.conditions ?? [], conditions, { now, generation: metadata.generation }),
    state,
    notAfter: rfc3339(notAfterOf(s.access)),
    guarantee: known?.stage === 'Refused' ? '' : guarantee(s, known),
    actions: known?.actions ?? 0,
    ...(digest === undefined ? {} : { digest }),
    drift: drift.slice(0, maxDrift).map(({ object, change, how }) => ({
      object,
      change,
      settled: how,
      bundle: known?.settled.get(object)?.bundle ?? '',
    })),
    sessions: known === undefined ? [] : sessionsOf(s, known),
    ...(dueAt === undefined ? {} : { followUpDue: rfc3339(dueAt) }),
    approvalManifests:
      s.policy === undefined || known?.stage !== 'Accounted' || known.reviewed !== undefined
        ? {}
        : reviewManifests(s.policy, known),
  };
};

/** What ends on time, and by what. */
const guarantee = (s: Seen, known: EmergencyRecord | undefined): string => {
  const until = rfc3339(known?.notAfter ?? notAfterOf(s.access));
  return [
    `At ${until} every write ends, by three means that do not need each other: the gate refuses it, the bindings are taken away, and the API server's own minutes are over (those up to 59 s before).`,
    'With the operator dead, the gate refuses every act from then on, and only reading lasts until the operator is back and takes the bindings away.',
    'With the gate dead, nothing under this access passes at all.',
    'With the operator dead and the gate’s configuration deleted, writes that add or change something still end at the last whole minute; reading, removing, deleting, scaling and entering pods last until the bindings are gone.',
  ].join(' ');
};

const sessionsOf = (s: Seen, known: EmergencyRecord): EmergencyAccessStatus['sessions'] => {
  if (known.accounted !== undefined) return known.accounted.sessions.slice(0, maxSessions);
  const open = new Set(openSessions(s, known).map(({ name }) => name));
  return [...new Set(known.sessions.map(({ pod }) => pod))]
    .toSorted()
    .slice(0, maxSessions)
    .map((pod) => ({ pod, outcome: open.has(pod) ? 'Open' : 'Gone' }));
};

/** By role, one line of JSON that `kubectl create -f -` takes. The API server stamps who signs. */
const reviewManifests = ({ metadata, spec }: ReleasePolicy, known: EmergencyRecord): Record<string, string> =>
  Object.fromEntries(
    spec.approvals.map(({ role }) => [
      role,
      JSON.stringify({
        apiVersion,
        kind: kinds.Approval.kind,
        metadata: { generateName: `${known.name.slice(0, 200)}-`, namespace: metadata.namespace },
        spec: {
          subject: { kind: kinds.EmergencyAccess.kind, name: known.name, uid: known.uid },
          digest: known.accounted?.digest ?? '',
          role,
          decision: 'Approve',
          comment: 'I have read what was done',
        },
      }),
    ]),
  );
