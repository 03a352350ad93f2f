/**
 * What to do about production itself: enter what it held at first, say what came of admitted acts, and open a finding for every change that
 * nothing explains. A finding closes by a signature under what was found, or by a release that covers the object.
 */
import type { Answers } from '../api-queries.ts';
import { adopt, adoptedAs, maxAdopted } from './adopt.ts';
import { resolveAttempts } from './attempts.ts';
import { covered, signed } from './close.ts';
import { standing } from './explain.ts';
import { integrityFinding } from './installation.ts';
import { type Entries, isWatched, type Unexplained, type WatchSnapshot } from './snapshot.ts';
import { digestOf } from '../json/canonical.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { changedFields, lifetimeChange, sameLifetime } from '../manifest/lifetime.ts';
import type { Instant, ObjectKey } from '../objects.ts';
import { earliest, type Effect, nothing, type Plan } from '../plan.ts';
import * as drafts from './entries.ts';
import type { State } from '../record/expected-state.ts';
import { lifted } from '../record/holds.ts';
import { planResume } from '../record/resume.ts';

/**
 * The entry that explains a change is written before it, so only the order in which two streams tell can make one look unexplained. An object
 * whose owner is gone waits longer: the garbage collector is on its way.
 */
const patienceMs = 5_000;
const orphanPatienceMs = 25_000;
/** An installation changes object by object, within the time that an upgrade takes. */
const quietMs = 5_000;
const maxUpgradeMs = 20_000;

export const planWatch = (s: WatchSnapshot, answers: Answers, now: Instant): Plan => {
  if (!s.complete || s.policy === undefined || !isWatched(s)) return nothing;
  const resume = planResume({ ...s, policy: s.policy }, answers, now);
  if (s.record.broken !== undefined || resume.effects.length + resume.questions.length > 0) return resume;
  const { adopted, measuresLifetimes } = s.record.explained;
  const unmeasured = s.kinds.filter((kind) => !adopted.has(kind));
  if (unmeasured.length > 0 || !measuresLifetimes) return adopt(s, unmeasured);
  const signatures = signed(s, s.policy, answers, now);
  const holds = lifted({ ...s, policy: s.policy }, answers, now);
  const questions = [...signatures.questions, ...holds.questions];
  if (questions.length > 0) return { ...nothing, questions };
  const found = unexplainedChanges(s, now);
  const acts = resolveAttempts(s, now);
  const append = (draft: LedgerDraft): Effect => ({ do: 'Append', namespace: s.namespace, draft });
  const observedActs: Effect = { do: 'AppendEach', namespace: s.namespace, drafts: acts.entries };
  return {
    ...nothing,
    effects: [
      ...[...covered(s), ...signatures.entries, ...holds.entries].map(append),
      ...(acts.entries.length === 0 ? [] : [observedActs]),
      ...found.entries.map(append),
    ],
    wakeAt: earliest(found.wakeAt, acts.wakeAt, signatures.wakeAt, holds.wakeAt, resume.wakeAt),
  };
};

// --- what is not explained -------------------------------------------------------------------------------------------

const unexplainedChanges = (s: WatchSnapshot, now: Instant): Entries => {
  const judged = s.suspects.map((suspect) => ({ suspect, is: standing(s.scene, suspect.key) }));
  const rebased = judged.flatMap(({ suspect: { key }, is }) => {
    const live = s.scene.get(key);
    return is.is === 'Rebased' && live !== undefined ? [adoptedAs(live, is.to)] : [];
  });
  const entries: LedgerDraft[] = [];
  if (rebased.length > 0) {
    entries.push(
      drafts.adopted(s.namespace, {
        objects: rebased.slice(0, maxAdopted),
        kinds: [],
        more: rebased.length > maxAdopted,
        reason: 'other fields are left to others now; the content is the same',
      }),
    );
  }
  const open = judged.flatMap(({ suspect, is }) => (is.is === 'Unexplained' ? [{ suspect, is }] : []));
  const [ofInstallation, ofProduction] = [
    open.filter(({ is }) => is.change === 'Integrity'),
    open.filter(({ is }) => is.change !== 'Integrity'),
  ];
  let wakeAt: Instant | undefined;
  for (const { suspect, is } of ofProduction) {
    const due = suspect.since + (is.orphaned ? orphanPatienceMs : patienceMs);
    if (now >= due) entries.push(findingOf(s, suspect.key, is));
    else wakeAt = earliest(wakeAt, due);
  }
  if (ofInstallation.length > 0) {
    const since = Math.min(...ofInstallation.map(({ suspect }) => suspect.since));
    const changedAt = Math.max(...ofInstallation.map(({ suspect }) => suspect.changedAt));
    const due = Math.min(changedAt + quietMs, since + maxUpgradeMs);
    if (now >= due) entries.push(integrityFinding(s, ofInstallation));
    else wakeAt = earliest(wakeAt, due);
  }
  return { entries, wakeAt };
};

const verbs = { Created: 'created', Changed: 'changed', Deleted: 'deleted', Integrity: 'changed' } as const;

const findingOf = (s: WatchSnapshot, key: ObjectKey, { change, before, after }: Unexplained): LedgerDraft => {
  const live = s.scene.get(key);
  const managers = live?.managers.slice(0, 3) ?? [];
  const seen = s.record.explained.seen.get(key);
  const username = seen?.after === after.digest ? seen.username : '';
  const by = username !== '' ? ` by ${username}` : managers[0] === undefined ? '' : ` by field manager ${managers[0]}`;
  const [was, is] = [before.lifetime ?? [], after.lifetime ?? []];
  const isBound = after.digest === '' || sameLifetime(was, is);
  const what = isBound ? '' : ` (${lifetimeChange(was, is)})`;
  return drafts.findingOpened(s.namespace, {
    object: key,
    uid: live?.uid ?? '',
    digest: signedDigest(key, before, after),
    reason: `${key} was ${verbs[change]}${by}${what}, and no release, act or declared writer explains it`,
    data: {
      change,
      before: before.digest,
      after: after.digest,
      scale: after.scale,
      without: [...(after.without ?? [])],
      managers: [...managers],
      username,
      paths: isBound ? [] : [...changedFields(was, is)],
      ...(isBound ? {} : { lifetime: { before: [...was], after: [...is] } }),
      parts: [],
    },
  });
};

/**
 * What a signature is under: the content found; where the object is gone, or their number, finalizers or owners differ too, a digest that says
 * that.
 */
const signedDigest = (key: ObjectKey, before: State, { digest, scale, lifetime = [] }: State): string => {
  if (digest !== '' && !sameLifetime(before.lifetime ?? [], lifetime)) {
    return digestOf({ object: key, content: digest, scale, lifetime: [...lifetime] });
  }
  return digest !== '' && scale === before.scale ? digest : digestOf({ object: key, content: digest, scale });
};
