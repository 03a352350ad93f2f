/**
 * What to do about an emergency access: judge it, make it in two steps, end it, account for what was done, and see to the day after. Read
 * `next` from the top: it is the rule. Nothing here reads a status; the record and the clock of the API server decide.
 */
import { milliseconds } from '../../api/duration.ts';
import type { EmergencyAccess } from '../../api/emergency.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { emergencyStatus } from './status.ts';
import { driftNow, observedUntil, settledHow } from './drift.ts';
import * as drafts from './entries.ts';
import { isReleasable } from './follow-up.ts';
import { grantDigests, grantObjects, notAfterOf, type GrantPhase } from './grant.ts';
import type { EmergencyRecord } from '../record/emergency.ts';
import { refusalOfGrant, type ServerNow } from './grant-checks.ts';
import { leftOfGrant } from './left-of-grant.ts';
import { openSessions } from './sessions.ts';
import type { EmergencySnapshot } from './snapshot.ts';
import { objectAt, withMember } from '../json/json.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import type { Instant } from '../objects.ts';
import { isSystemName, peopleAmong } from '../people/identity.ts';
import { earliest, nothing, type Effect, type Plan } from '../plan.ts';
import { askAgainAt, questionKey, type Answers } from '../api-queries.ts';
import { rightToSign } from '../people/approval-right.ts';
import { nextClosing } from '../schedule.ts';
import { grantKeys } from '../record/grant-names.ts';

/** A disruption budget may keep a pod, and a finalizer a binding; after this long they are named instead. */
const evictForMs = 10 * 60_000;
const soonMs = 1_000;

export const planEmergency = (s: EmergencySnapshot, answers: Answers, now: Instant): Plan => {
  if (!s.complete || s.serverTime === undefined) return { ...nothing, wakeAt: s.complete ? now + soonMs : undefined };
  const known = s.record.emergencies.all.get(s.uid);
  const plan = next(s, known, { answers, now, time: s.serverTime });
  if (plan.questions.length > 0 || s.access === undefined) return plan;
  const { metadata, status } = s.access;
  return {
    ...plan,
    statuses: [
      {
        kind: 'EmergencyAccess',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        before: status,
        status: emergencyStatus({ ...s, access: s.access }, known, now),
      },
    ],
  };
};

interface Means {
  readonly answers: Answers;
  readonly now: Instant;
  readonly time: ServerNow;
}

const next = (s: EmergencySnapshot, known: EmergencyRecord | undefined, means: Means): Plan => {
  // On a record that does not verify nothing is decided; what is over goes all the same.
  if (s.record.broken !== undefined) return known === undefined ? nothing : clearOut(s, known, means);
  if (known === undefined) return s.access === undefined ? nothing : judge(s, s.access, means);
  switch (known.stage) {
    case 'Granted':
    case 'Opened': {
      const end = endOf(s, known, means);
      return end === undefined ? make(s, known, means) : act(append(s, drafts.ended(s.namespace, known, end)));
    }
    case 'Ended':
      return takeAway(s, known, means);
    case 'Accounted':
      return dayAfter(s, known, means);
    case 'Refused':
    case 'Closed':
      return nothing;
  }
};

const act = (...effects: readonly Effect[]): Plan => ({ ...nothing, effects });

/** An entry that rests on what the emergencies of the namespace are now: whatever moves one first, is judged anew. */
const append = (s: EmergencySnapshot, draft: LedgerDraft): Effect => ({
  do: 'Append',
  namespace: s.namespace,
  draft,
  packageSeq: s.record.emergencies.seq,
});

/** When this process should look again, for a moment of the API server's clock. */
const at = ({ now, time }: Means, instant: Instant): Instant => now + Math.max(0, instant - time.latest);

// --- judged ----------------------------------------------------------------------------------------------------------

const judge = (s: EmergencySnapshot, access: EmergencyAccess, { answers, now, time }: Means): Plan => {
  const { policy } = s;
  const role = policy?.spec.emergency?.clusterRole ?? '';
  const bound = s.clusterRole(role);
  // Ended before anybody had access.
  if (access.spec.revoked)
    return act(append(s, drafts.refusedAccess(access, 'AccessAlreadyOver', 'it was revoked at once')));
  const { emergencies } = s.record;
  const verdict = refusalOfGrant({
    access,
    policy,
    role: bound,
    emergencies,
    serverTime: time,
    skewMs: s.skewMs,
    answers,
  });
  switch (verdict.is) {
    case 'Ask':
      return { ...nothing, questions: verdict.questions };
    case 'Wait':
      return { ...nothing, wakeAt: now + soonMs };
    case 'Refused':
      return act(append(s, drafts.refusedAccess(access, verdict.decision, verdict.message)));
    case 'Grantable':
      return act(append(s, drafts.granted(access, { name: role, digest: bound?.digest ?? '' })));
  }
};

// --- made ------------------------------------------------------------------------------------------------------------

const revoked = (message: string): drafts.End => ({ decision: 'AccessRevoked', message });
const changed = (message: string): drafts.End => ({ decision: 'AccessChanged', message });

const endOf = (s: EmergencySnapshot, known: EmergencyRecord, { time }: Means): drafts.End | undefined => {
  if (time.latest >= known.notAfter) return { decision: 'AccessExpired', message: 'its time is over' };
  if (s.access === undefined) return revoked('it was deleted');
  if (s.access.spec.revoked) return revoked('it was revoked');
  if (s.policy?.spec.emergency === undefined) return changed('the policy offers no emergency access any more');
  if (notAfterOf(s.access) !== known.notAfter || s.access.spec.grantee !== known.grantee) {
    return changed('the EmergencyAccess itself was written over');
  }
  if (s.clusterRole(known.clusterRole)?.digest !== known.roleDigest) {
    return changed(`ClusterRole ${known.clusterRole} changed`);
  }
  const grant = { access: s.access, clusterRole: known.clusterRole };
  const allowed = new Map(grantDigests(grant).map((each) => [each.object, each]));
  const strange = grantKeys(s.uid).find((key) => {
    const made = s.made(key);
    if (made === undefined) return known.stage === 'Opened';
    const may = allowed.get(key);
    return made.deleting || (made.digest !== may?.Closed && made.digest !== may?.Open);
  });
  return strange === undefined ? undefined : changed(`${strange.replace('/', ' ')} is not what was granted`);
};

/** First without subjects; when that is recorded, with the one. */
const make = (s: EmergencySnapshot, known: EmergencyRecord, means: Means): Plan => {
  const { access } = s;
  if (access === undefined) return nothing;
  const phase: GrantPhase = known.stage === 'Opened' ? 'Open' : 'Closed';
  const wakeAt = at(means, known.notAfter);
  const grant = { access, clusterRole: known.clusterRole };
  const due = grantDigests(grant).flatMap(({ object, [phase]: wanted }, i) => {
    const made = s.made(object);
    const isDone = made !== undefined && (made.digest === wanted || phase === 'Closed');
    return isDone ? [] : [{ i, made }];
  });
  const manifests = due.length === 0 ? [] : grantObjects(grant, phase);
  const effects = due.flatMap(({ i, made }): Effect[] => {
    const manifest = manifests[i];
    if (manifest === undefined) return [];
    if (made === undefined) return [{ do: 'CreateGrant', manifest }];
    const { uid, resourceVersion } = made;
    const metadata = { ...objectAt(manifest, 'metadata'), uid, resourceVersion };
    return [{ do: 'ReplaceGrant', manifest: withMember(manifest, 'metadata', metadata) }];
  });
  if (effects.length > 0) return { ...nothing, effects, wakeAt };
  return phase === 'Closed' ? act(append(s, drafts.opened(s.namespace, known))) : { ...nothing, wakeAt };
};

// --- taken away ------------------------------------------------------------------------------------------------------

/** The bindings first: from then on nobody is let in. */
const removals = (s: EmergencySnapshot): readonly Effect[] =>
  grantKeys(s.uid)
    .toReversed()
    .flatMap((key): Effect[] => {
      const made = s.made(key);
      if (made === undefined || made.deleting) return [];
      const [kind, name = ''] = key.split('/');
      return [
        {
          do: 'RemoveGrant',
          kind: kind === 'Role' ? 'Role' : 'RoleBinding',
          namespace: s.namespace,
          name,
          uid: made.uid,
        },
      ];
    });

const clearOut = (s: EmergencySnapshot, known: EmergencyRecord, means: Means): Plan => {
  const isLive = known.stage === 'Granted' || known.stage === 'Opened';
  return isLive && endOf(s, known, means) === undefined
    ? { ...nothing, wakeAt: at(means, known.notAfter) }
    : act(...removals(s));
};

const takeAway = (s: EmergencySnapshot, known: EmergencyRecord, means: Means): Plan => {
  const gone = removals(s);
  if (gone.length > 0) return act(...gone);
  const until = (known.endedAt ?? 0) + evictForMs;
  if (leftOfGrant(s).length > 0 && means.now < until) return { ...nothing, wakeAt: until };
  const open = openSessions(s, known);
  const evict = (s.policy?.spec.emergency?.endSessions ?? 'Evict') === 'Evict' && means.now < until;
  if (evict && open.length > 0) {
    const effects = open.flatMap(({ name, uid, deleting }): Effect[] =>
      deleting ? [] : [{ do: 'Evict', namespace: s.namespace, pod: name, uid }],
    );
    return { ...nothing, effects, wakeAt: until };
  }
  // What came of the last acts is not known yet: their ends are entries, and bring this back.
  if ([...s.record.explained.attempts.values()].some(({ emergency }) => emergency === known.uid)) return nothing;
  return act(append(s, drafts.accounted(s.namespace, known, accountOf(s, known))));
};

const accountOf = (s: EmergencySnapshot, known: EmergencyRecord): drafts.Account => {
  const drift = driftNow(known, s.scene);
  const still = new Set(openSessions(s, known).map(({ name }) => name));
  const pods = [...new Set(known.sessions.map(({ pod }) => pod))].toSorted();
  const within = milliseconds(s.policy?.spec.emergency?.followUpWithin ?? '24h');
  const due = nextClosing(s.policy?.spec.windows ?? [], (known.endedAt ?? 0) + within);
  const left = leftOfGrant(s);
  return {
    drift,
    ...(left.length === 0 ? {} : { left }),
    sessions: pods.map((pod) => ({ pod, outcome: still.has(pod) ? 'Reported' : 'Gone' })),
    dueAt: drift.some(({ object }) => isReleasable(object)) ? due : undefined,
  };
};

// --- the day after ---------------------------------------------------------------------------------------------------

const dayAfter = (s: EmergencySnapshot, known: EmergencyRecord, means: Means): Plan => {
  const review = known.reviewed === undefined ? reviewOf(s, known, means) : undefined;
  if (review !== undefined && (review.questions.length > 0 || review.effects.length > 0)) return review;
  const { drift = [], dueAt } = known.accounted ?? {};
  const open = drift.filter((each) => settledHow(known, each, s.scene) === 'Open');
  const isDue = open.some(({ object }) => isReleasable(object)) && dueAt !== undefined && !known.overdue;
  if (isDue && means.time.latest >= dueAt) return act(append(s, drafts.overdue(s.namespace, known, dueAt)));
  const observedAt = observedUntil(s.record, known);
  if (open.length === 0 && known.reviewed !== undefined && means.now >= observedAt) {
    return act(append(s, drafts.closed(s.namespace, known)));
  }
  return {
    ...nothing,
    wakeAt: earliest(
      isDue ? at(means, dueAt) : undefined,
      open.length === 0 && Number.isFinite(observedAt) && means.now < observedAt ? observedAt : undefined,
      review?.wakeAt,
    ),
  };
};

/** Signatures under the account, by somebody who had no part in it. */
const reviewOf = (s: EmergencySnapshot, known: EmergencyRecord, { answers, now }: Means): Plan | undefined => {
  const { policy } = s;
  if (policy === undefined) return undefined;
  const roles = new Set(policy.spec.approvals.map(({ role }) => role));
  const validFor = milliseconds(policy.spec.approvalValidFor);
  const signed = s.approvals.filter(
    ({ metadata, spec }) =>
      metadata.namespace === s.namespace &&
      spec.subject.kind === 'EmergencyAccess' &&
      spec.subject.name === known.name &&
      spec.subject.uid === known.uid &&
      spec.digest === known.accounted?.digest &&
      spec.decision === 'Approve' &&
      roles.has(spec.role) &&
      now < Date.parse(metadata.creationTimestamp) + validFor &&
      !isSystemName(spec.approver.username) &&
      !hadPart(policy, known, spec.approver.username),
  );
  const questions = signed.map((approval) => rightToSign(s.namespace, approval));
  const open = questions.filter((question) => !answers.has(questionKey(question)));
  if (open.length > 0) return { ...nothing, questions: open };
  const valid = signed.find((approval) => answers.get(questionKey(rightToSign(s.namespace, approval)))?.kind === 'Yes');
  return valid === undefined
    ? { ...nothing, wakeAt: signed.length === 0 ? undefined : askAgainAt(answers, now) }
    : act(append(s, drafts.reviewed(s.namespace, known, valid)));
};

const hadPart = (policy: ReleasePolicy, { grantee, grantor }: EmergencyRecord, signer: string): boolean => {
  const personOf = peopleAmong(policy.spec.people, [grantee, grantor, signer]);
  return [grantee, grantor].some((each) => personOf(each) === personOf(signer));
};
