/**
 * What to do about a package in production: finish what is open, watch what is complete, take back what fails.
 * Judged from the ledger and from production as it is, so whoever continues after a crash continues here.
 */
import { milliseconds } from '../../api/duration.ts';
import { policyName, waves } from '../../api/kinds.ts';
import type { Rollback } from '../../api/rollback.ts';
import type { Bundle } from '../bundle.ts';
import * as drafts from '../record/drafts.ts';
import type { Delivery, LedgerDraft } from '../ledger-entry.ts';
import { jobsDone, observedRelease, progressOf } from './health.ts';
import { keyOf, type Instant, type LiveObject, type ObjectRef } from '../objects.ts';
import { stayingOn } from '../record/expected-state.ts';
import { finalizersOf, heldUp, heldUpText } from '../manifest/pending-deletion.ts';
import { earliest, nothing, type Effect, type IntentRef, type ObjectEffect, type Plan } from '../plan.ts';
import { orderStatuses } from './rollback-status.ts';
import { questionKey, type Answers, type Question } from '../api-queries.ts';
import { packageRecord, type OpenIntent, type ProductionFact } from '../record/record.ts';
import { addedBy, effectOf, prunedLate, prunedNow, removeSteps, writeSteps, type Course, type Step } from './steps.ts';
import { listed } from '../messages.ts';
import type { Health } from '../health/types.ts';
import type { ReleaseSnapshot } from './snapshot.ts';

export const planRelease = (s: ReleaseSnapshot, answers: Answers, now: Instant): Plan => {
  const plan = next(s, answers, now);
  if (plan.questions.length > 0 || !s.complete) return plan;
  const held = heldUp(leaving(s), now);
  return { ...plan, statuses: orderStatuses(s, held.objects, now), wakeAt: earliest(plan.wakeAt, held.wakeAt) };
};

const next = (s: ReleaseSnapshot, answers: Answers, now: Instant): Plan => {
  if (!s.complete || s.record.broken !== undefined) return nothing;
  const { open, production } = packageRecord(s.record, s.package);
  if (open?.type === 'Rollback') return goBack(s, open, now);
  const ordered = orderedRollback(s, answers);
  if (ordered !== undefined) return ordered;
  if (open?.type === 'Promotion') return promote(s, open, now);
  if (production?.how === 'Promoted') return observe(s, production, now);
  return nothing;
};

const act = (...effects: readonly Effect[]): Plan => ({ ...nothing, effects });
const ask = (...questions: readonly Question[]): Plan => ({ ...nothing, questions });

/** An entry that rests on what the package is now: whatever moves it first, is judged anew. */
const append = (s: ReleaseSnapshot, draft: LedgerDraft): Effect => ({
  do: 'Append',
  namespace: s.namespace,
  packageSeq: packageRecord(s.record, s.package).seq,
  draft,
});

const together = (effects: readonly ObjectEffect[]): Effect[] =>
  effects.length === 0 ? [] : [{ do: 'Together', effects }];

const courseOf = (s: ReleaseSnapshot, open: OpenIntent): Course => ({
  to: s.bundles.get(open.to),
  from: s.bundles.get(open.from),
  over: new Set(open.followsUp?.reverts),
  stays: (key) => stayingOn(s.record.explained, key),
  // A tool brings the finalizers that it knows of; the others are brought by their controllers.
  ...(open.delivery === 'GitOps' ? { finalizers: 'Left' } : {}),
});

// --- forward ---------------------------------------------------------------------------------------------------------

const promote = (s: ReleaseSnapshot, open: OpenIntent, now: Instant): Plan => {
  const course = courseOf(s, open);
  const bundle = course.to;
  // The bundle was written before the intent; a cache that lacks it has not caught up, or somebody took it away.
  if (bundle === undefined) return nothing;
  if (open.rejected) return takeBack(s, open, bundle, 'the candidate was rejected while its promotion was open');
  if (open.refused !== undefined) return takeBack(s, open, bundle, `a write was refused: ${open.refused}`);

  const steps = writeSteps(course, s.live);
  const foreign = steps.find(({ standing }) => standing === 'Foreign');
  if (foreign !== undefined) return takeBack(s, open, bundle, conflict(foreign));

  const jobs = jobsDone(s, bundle, open.at);
  if (jobs.state === 'Failed') return fail(s, open, bundle, jobs, now);
  const reach = jobs.state === 'Healthy' ? waves : waves.slice(0, waves.indexOf('Jobs') + 1);
  const due = steps.filter(({ wave, standing }) => reach.includes(wave) && standing === 'Pending');
  const health = written(steps, jobs) ?? progressOf(s, bundle, open.at);
  const wait = (goOn: Plan): Plan =>
    now < deadline(s, open) ? { ...goOn, wakeAt: deadline(s, open) } : fail(s, open, bundle, late(health), now);
  if (open.delivery === 'Countersign' && due.length > 0) return wait(act(...inWaves(s, open, course, due)));
  if (health.state === 'Failed') return fail(s, open, bundle, health, now);
  if (health.state !== 'Healthy') return wait(nothing);

  const prune = removeSteps(course, prunedNow(bundle), s.live);
  const inTheWay = prune.find(({ standing }) => standing === 'Foreign');
  if (inTheWay !== undefined) return takeBack(s, open, bundle, conflict(inTheWay));
  const removals =
    open.delivery === 'GitOps' ? [] : prune.flatMap((step) => effectOf(step, promoterOf(s, open, course)) ?? []);
  if (removals.length > 0) return act(...together(removals));
  const isLate = now >= deadline(s, open);
  if (prune.length > 0 && !isLate) return waitUntil(deadline(s, open));
  // What is on its way out cannot be brought back before it is gone, so going back would wait for the same finalizer.
  const kept = prune.find(({ standing }) => standing !== 'Deleting');
  if (kept !== undefined) return fail(s, open, bundle, late(notRemoved(kept)), now);

  const observeUntil = now + observeFor(s);
  return act(
    append(
      s,
      drafts.promoted(open, bundle, {
        observeUntil,
        healthy: true,
        reason: `every workload and check is healthy${leavingText(prune)}`,
      }),
    ),
  );
};

/** Nothing is complete before everything is written: until then, what it waits for. */
const written = (steps: readonly Step[], jobs: Health): Health | undefined => {
  if (jobs.state !== 'Healthy') return jobs;
  const missing = steps.find(({ standing }) => standing !== 'Done');
  return (
    missing && {
      state: 'Progressing',
      reason: 'Deleting',
      message: `${keyOf(missing.ref)}: ${missing.standing === 'Deleting' ? leavingOf([missing]) : 'is not written yet'}`,
    }
  );
};

/** Why an object of the older content that is to go is still there, as people are told. */
const leavingOf = (steps: readonly Step[]): string => {
  const held = steps.flatMap(({ live }) => (live !== undefined && finalizersOf(live).length > 0 ? [live] : []));
  return held.length === 0 ? 'the one before it is still being deleted' : heldUpText(held);
};

const leavingText = (prune: readonly Step[]): string =>
  prune.length === 0
    ? ''
    : `; still being deleted after progressTimeout: ${listed(prune.map(({ ref }) => keyOf(ref)))}: ${leavingOf(prune)}`;

const notRemoved = ({ ref }: Step): Health => ({
  state: 'Progressing',
  reason: 'Deleting',
  message: `${keyOf(ref)} has not been deleted`,
});

const late = (health: Health): Health => ({
  ...health,
  state: 'Failed',
  message: `not complete within progressTimeout: ${health.message}`,
});

const deliveryNow = (s: ReleaseSnapshot): Delivery => s.policy?.spec.deliveredBy ?? 'Countersign';

const isGitOps = (s: ReleaseSnapshot): boolean => deliveryNow(s) === 'GitOps';

const waitUntil = (wakeAt: Instant | undefined): Plan => ({ ...nothing, wakeAt });

const deadline = (s: ReleaseSnapshot, open: OpenIntent): Instant =>
  open.at + milliseconds(s.policy?.spec.health.progressTimeout ?? '10m');

const observeFor = (s: ReleaseSnapshot): number => milliseconds(s.policy?.spec.health.observeFor ?? '15m');

/** Waves in order; within one, objects do not depend on each other. */
const inWaves = (s: ReleaseSnapshot, open: OpenIntent, course: Course, due: readonly Step[]): Effect[] =>
  waves.flatMap((wave) =>
    together(
      due.filter((step) => step.wave === wave).flatMap((step) => effectOf(step, promoterOf(s, open, course)) ?? []),
    ),
  );

/** What whoever delivers has not written or removed yet under an open intent. */
export const undelivered = (s: ReleaseSnapshot, open: OpenIntent): readonly string[] => {
  const course = courseOf(s, open);
  const removed = course.to === undefined ? [] : removeSteps(course, prunedNow(course.to), s.live);
  return [...writeSteps(course, s.live), ...removed]
    .filter(({ standing }) => standing !== 'Done')
    .map(({ ref }) => keyOf(ref));
};

/** What the package waits for until it is gone: objects that a release or rollback drops, or has to make again. */
export const leaving = (s: ReleaseSnapshot): readonly LiveObject[] => {
  const { open, production } = packageRecord(s.record, s.package);
  const bundle = s.bundles.get(production?.bundle ?? '');
  const course =
    open === undefined ? { to: bundle, from: s.bundles.get(production?.previous ?? '') } : courseOf(s, open);
  const dropped = open?.type === 'Rollback' ? addedBy(course, s.live) : (course.to?.removed ?? []);
  const steps = [...(open === undefined ? [] : writeSteps(course, s.live)), ...removeSteps(course, dropped, s.live)];
  return steps.flatMap(({ live, standing }) => (standing === 'Deleting' && live !== undefined ? [live] : []));
};

const promoterOf = (s: ReleaseSnapshot, open: OpenIntent, course: Course) => ({
  as: 'operator' as const,
  namespace: s.namespace,
  unmanaged: course.to?.unmanaged ?? [],
  intentFor: (ref: ObjectRef): IntentRef => ({
    namespace: s.namespace,
    id: open.id,
    type: 'Promotion',
    onRefusal: {
      draft: drafts.refusedWrite(open, s.package, keyOf(ref)),
      packageSeq: packageRecord(s.record, s.package).seq,
    },
  }),
});

const conflict = ({ ref, live }: Step): string => {
  const writer = live?.writers[0]?.manager ?? 'somebody';
  return `OwnershipConflict: ${keyOf(ref)} holds content of neither this release nor the one before it, written by field manager ${writer}`;
};

/** Failing health: back, or call people when the candidate said that going back would be worse. */
const fail = (s: ReleaseSnapshot, open: OpenIntent, bundle: Bundle, health: Health, now: Instant): Plan =>
  bundle.onFailure === 'Rollback'
    ? takeBack(s, open, bundle, health.message)
    : act(append(s, drafts.promoted(open, bundle, { observeUntil: now, healthy: false, reason: health.message })));

// --- complete: observe, then prune what had to wait -------------------------------------------------------------------

const observe = (s: ReleaseSnapshot, production: ProductionFact, now: Instant): Plan => {
  const bundle = s.bundles.get(production.bundle);
  if (bundle === undefined) return nothing;
  if (now >= production.observeUntil) return isGitOps(s) ? nothing : pruneLate(s, production, bundle);
  const health = observedRelease(s, bundle, production.at, now);
  if (health.state !== 'Failed') return waitUntil(earliest(production.observeUntil, health.wakeAt));
  if (bundle.onFailure === 'Page') {
    return act(append(s, drafts.failedObserved(bundle, health.message)));
  }
  return act(
    startBack(
      s,
      {
        candidate: bundle.candidate,
        package: s.package,
        from: production.bundle,
        fromDigest: production.digest,
        to: production.previous,
        toDigest: s.bundles.get(production.previous)?.digest ?? '',
        delivery: deliveryNow(s),
      },
      { cause: health.message, order: undefined },
    ),
  );
};

const pruneLate = (s: ReleaseSnapshot, production: ProductionFact, bundle: Bundle): Plan => {
  const course = { to: bundle, from: s.bundles.get(production.previous) };
  const steps = removeSteps(course, prunedLate(bundle), s.live).filter(({ standing }) => standing === 'Pending');
  const effects = steps.flatMap(
    (step) =>
      effectOf(step, {
        as: 'operator',
        namespace: s.namespace,
        unmanaged: bundle.unmanaged,
        intentFor: () => ({ namespace: s.namespace, id: '', type: 'Promotion', onRefusal: undefined }),
      }) ?? [],
  );
  return act(...together(effects));
};

// --- back ------------------------------------------------------------------------------------------------------------

const takeBack = (s: ReleaseSnapshot, open: OpenIntent, bundle: Bundle, cause: string): Plan =>
  act(
    startBack(
      s,
      {
        candidate: open.candidate,
        package: s.package,
        from: open.to,
        fromDigest: bundle.digest,
        to: open.from,
        toDigest: s.bundles.get(open.from)?.digest ?? '',
        delivery: open.delivery,
      },
      { cause, order: undefined },
    ),
  );

const startBack = (
  s: ReleaseSnapshot,
  back: drafts.Return,
  { cause, order }: { readonly cause: string; readonly order: Rollback | undefined },
): Effect => {
  const course = { to: s.bundles.get(back.to), from: s.bundles.get(back.from) };
  const overwrites = [...writeSteps(course, s.live), ...addedSteps(course, s)]
    .filter(({ standing }) => standing === 'Foreign')
    .map(({ ref }) => keyOf(ref));
  const removes = addedBy(course, s.live);
  return append(
    s,
    drafts.rollbackStarted(back, { cause, overwrites, order, restores: course.to, takesBack: course.from, removes }),
  );
};

/**
 * For so long after it began, a rollback takes off finalizers that nothing explains, also where it writes nothing else. A controller that
 * nobody declared sets its own again, and no rollback waits for that.
 */
const strictMs = 10_000;

const goBack = (s: ReleaseSnapshot, open: OpenIntent, now: Instant): Plan => {
  const isStrict = now < open.at + strictMs && open.delivery === 'Countersign';
  const course: Course = isStrict ? { ...courseOf(s, open), finalizers: 'Strict' } : courseOf(s, open);
  // Never take "the bundle is not in the cache" for "there was nothing": that would delete a whole package.
  if (course.from === undefined || (open.to !== '' && course.to === undefined)) return nothing;
  const how = {
    as: 'restorer' as const,
    namespace: s.namespace,
    unmanaged: course.to?.unmanaged ?? course.from.unmanaged,
    intentFor: (): IntentRef => ({ namespace: s.namespace, id: open.id, type: 'Rollback', onRefusal: undefined }),
  };
  const restore = writeSteps(course, s.live).filter(({ ref }) => ref.kind !== 'Job');
  const added = open.delivery === 'GitOps' ? toolsSteps(course, s) : addedSteps(course, s);
  const effects = open.delivery === 'GitOps' ? [] : [...restore, ...added].flatMap((step) => effectOf(step, how) ?? []);
  if (effects.length > 0) {
    return { ...act(...together(effects)), wakeAt: isStrict ? open.at + strictMs : undefined };
  }
  const onTheirWay = [...restore, ...added].some(({ standing }) => standing !== 'Done');
  if (onTheirWay) return nothing;
  return act(
    append(
      s,
      drafts.rolledBack(open, {
        package: s.package,
        fromDigest: course.from.digest,
        previous: course.to?.previous ?? '',
      }),
    ),
  );
};

const addedSteps = (course: Course, s: ReleaseSnapshot): Step[] =>
  removeSteps(course, addedBy(course, s.live), s.live).filter((step) => wroteIt(step));

/** What a tool has to take away: what the newer bundle added, as that one has it. What was on its way out before may leave when the tool likes. */
const toolsSteps = (course: Course, s: ReleaseSnapshot): Step[] => {
  const known = new Set(course.from?.objects.map(({ ref }) => keyOf(ref)));
  return removeSteps(course, addedBy(course, s.live), s.live).filter(
    ({ ref, standing }) => known.has(keyOf(ref)) && standing !== 'Foreign',
  );
};

/** Field managers of the two ServiceAccounts. */
export const fieldManagers = { operator: 'countersign-operator', restorer: 'countersign-restorer' } as const;

/**
 * An object under an added name that somebody else wrote is theirs: it stopped the promotion, and stays. One that sets no field,
 * such as a bare ServiceAccount, has no writers.
 */
const wroteIt = ({ live }: Step): boolean =>
  live !== undefined &&
  (live.writers.length === 0 ||
    live.writers.some(({ manager }) => manager === fieldManagers.operator || manager === fieldManagers.restorer));

/** The oldest Rollback that somebody ordered and that has neither begun nor been refused; undefined = there is none to act on. */
const orderedRollback = (s: ReleaseSnapshot, answers: Answers): Plan | undefined => {
  const { orders } = packageRecord(s.record, s.package);
  const order = s.rollbacks.find(({ metadata }) => !orders.has(metadata.uid));
  if (order === undefined) return undefined;
  const judged = judgeOrder(s, order, answers);
  switch (judged.state) {
    case 'Ask':
      return ask(judged.question);
    case 'Wait':
      return undefined;
    case 'Refuse':
      return act({
        do: 'Append',
        namespace: s.namespace,
        draft: drafts.refusedOrder(order, judged.reason, judged.message),
      });
    case 'Go':
      return act(
        startBack(s, judged.back, {
          cause: `ordered by ${order.spec.requester.username}: ${order.spec.reason}`,
          order,
        }),
      );
  }
};

export type JudgedOrder =
  | { readonly state: 'Ask'; readonly question: Question }
  | { readonly state: 'Wait'; readonly message: string }
  | {
      readonly state: 'Refuse';
      readonly reason: 'RequesterLacksRight' | 'BundleUnknown' | 'NoEarlierBundle' | 'AlreadyThere';
      readonly message: string;
    }
  | { readonly state: 'Go'; readonly back: drafts.Return };

/** Whether an order can be carried out: the right is asked for again, and the bundle must be one that production ran. */
export const judgeOrder = (s: ReleaseSnapshot, order: Rollback, answers: Answers): JudgedOrder => {
  const { open, production, ran } = packageRecord(s.record, s.package);
  const question = orderQuestion(s, order);
  const answer = answers.get(questionKey(question));
  if (answer === undefined) return { state: 'Ask', question };
  if (answer.kind === 'Unavailable') return { state: 'Wait', message: answer.message };
  if (answer.kind !== 'Yes') {
    return {
      state: 'Refuse',
      reason: 'RequesterLacksRight',
      message: `${order.spec.requester.username} may not order rollbacks in ${s.namespace}`,
    };
  }
  if (open?.type === 'Rollback') return { state: 'Wait', message: 'a rollback of the package is under way' };
  const from = open?.to ?? production?.bundle;
  const bundle = from === undefined ? undefined : s.bundles.get(from);
  if (from === undefined || bundle === undefined || bundle.baseline) {
    return {
      state: 'Refuse',
      reason: 'NoEarlierBundle',
      message: `production runs no release of package ${s.package} that could be taken back`,
    };
  }
  const previous = open?.from ?? production?.previous ?? '';
  const to = order.spec.to ?? previous;
  if (to === from) return { state: 'Refuse', reason: 'AlreadyThere', message: `production runs ${to} already` };
  const target = s.bundles.get(to);
  // What a bundle says of itself is nobody's word but its writer's: the record knows what production ran.
  const isKnown = to === '' ? previous === '' : target !== undefined && (to === previous || ran.has(to));
  if (!isKnown) {
    return {
      state: 'Refuse',
      reason: 'BundleUnknown',
      message: `production never ran a bundle ${to} of package ${s.package}`,
    };
  }
  return {
    state: 'Go',
    back: {
      candidate: bundle.candidate,
      package: s.package,
      from,
      fromDigest: bundle.digest,
      to,
      toDigest: target?.digest ?? '',
      delivery: open?.delivery ?? deliveryNow(s),
    },
  };
};

const orderQuestion = (s: ReleaseSnapshot, order: Rollback): Question => ({
  ask: 'Right',
  who: order.spec.requester,
  namespace: s.namespace,
  resource: 'releasepolicies',
  verb: 'rollback',
  name: policyName,
});
