/**
 * What to do about production itself: enter what it held at first, say what came of admitted acts, and open a finding for every change that
 * nothing explains. A finding closes by a signature under what was found, or by a release that covers the object.
 */
import type { Approval } from '../../api/approval.ts';
import { installation } from '../../api/kinds.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { isInstalledKind } from '../manifest/content-digest.ts';
import { digestOf } from '../json/canonical.ts';
import * as drafts from '../record/drafts.ts';
import type { EntryData, LedgerDraft } from '../ledger-entry.ts';
import type { Attempt, Finding, State } from '../record/expected-state.ts';
import { asKey, type Instant, type NamespaceFacts, type ObjectKey } from '../objects.ts';
import { peopleAmong } from '../people/identity.ts';
import { earliest, nothing, type Effect, type Plan } from '../plan.ts';
import { askAgainAt, questionKey, type Answers, type RightQuestion } from '../api-queries.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { planResume } from '../record/resume.ts';
import { isConsent, rightToSign } from '../people/approval-right.ts';
import { changedFields, lifetimeChange, sameLifetime } from '../manifest/lifetime.ts';
import {
  attemptsOn,
  isAsFound,
  standing,
  stateOf,
  unbound,
  type Scene,
  type Standing,
  type Watched,
} from './explain.ts';
import { listed } from '../messages.ts';

/** An object that was not explained when it was last looked at. */
export interface Suspect {
  readonly key: ObjectKey;
  /** Since when this process has seen it so. */
  readonly since: Instant;
  /** When it changed last. */
  readonly changedAt: Instant;
}

export interface WatchSnapshot {
  readonly namespace: string;
  readonly policy: ReleasePolicy | undefined;
  readonly target: NamespaceFacts | undefined;
  readonly record: NamespaceRecord;
  readonly scene: Scene;
  /** What is looked at: kinds, and resources that the chart adds to the guard. */
  readonly kinds: readonly string[];
  /** Everything there is; asked only while some of it is looked at for the first time. */
  readonly all: () => readonly Watched[];
  readonly suspects: readonly Suspect[];
  /** Signatures in this namespace under the id of a finding. */
  readonly approvals: (finding: string) => readonly Approval[];
  /** Namespace of Countersign itself: signatures for its installation count there alone. */
  readonly home: string;
  /** Digest of the whole installation as it is now, the same in every production namespace (`installationDigest`). */
  readonly installation: () => string;
  /** Who upgraded it last, as the API server stamped it; '' = unknown. */
  readonly upgrader: string;
  readonly complete: boolean;
}

/**
 * The entry that explains a change is written before it, so only the order in which two streams tell can make one look unexplained. An object
 * whose owner is gone waits longer: the garbage collector is on its way.
 */
const patienceMs = 5_000;
const orphanPatienceMs = 25_000;
/** An installation changes object by object, within the time that an upgrade takes. */
const quietMs = 5_000;
const longestUpgradeMs = 20_000;
/** An admitted act that is not seen by then did not happen. */
const attemptMs = 30_000;
/** Objects that one entry takes: 255 characters of name each, and a digest, in 256 KiB. */
const mostAdopted = 400;
/** The same of finalizers and owners: 24 of them each at most, 400 characters long. */
const mostLifetimes = 20;
/** What an integrity finding is about, as one thing. */
const installationKey = `${installation.kind}/${installation.name}`;

export const isWatched = ({ policy, target }: Pick<WatchSnapshot, 'policy' | 'target'>): boolean =>
  policy !== undefined && target?.guarded !== undefined && !target.terminating;

export const planWatch = (s: WatchSnapshot, answers: Answers, now: Instant): Plan => {
  if (!s.complete || s.policy === undefined || !isWatched(s)) return nothing;
  const resume = planResume({ ...s, policy: s.policy }, answers, now);
  if (s.record.broken !== undefined || resume.effects.length + resume.questions.length > 0) return resume;
  const { adopted, measuresLifetimes } = s.record.explained;
  const unmeasured = s.kinds.filter((kind) => !adopted.has(kind));
  if (unmeasured.length > 0 || !measuresLifetimes) return adopt(s, unmeasured);
  const signatures = signed(s, s.policy, answers, now);
  if (signatures.questions.length > 0) return { ...nothing, questions: signatures.questions };
  const found = look(s, now);
  const acts = cameOf(s, now);
  const append = (draft: LedgerDraft): Effect => ({ do: 'Append', namespace: s.namespace, draft });
  const cameOfActs: Effect = { do: 'AppendEach', namespace: s.namespace, drafts: acts.entries };
  return {
    ...nothing,
    effects: [
      ...[...covered(s), ...signatures.entries].map(append),
      ...(acts.entries.length === 0 ? [] : [cameOfActs]),
      ...found.entries.map(append),
    ],
    wakeAt: earliest(found.wakeAt, acts.wakeAt, signatures.wakeAt, resume.wakeAt),
  };
};

// --- at first --------------------------------------------------------------------------------------------------------

/** What a release wrote before anybody watched is measured by that release; the rest is taken as it is. */
const adopt = (s: WatchSnapshot, kinds: readonly string[]): Plan => {
  const { objects, adopted } = s.record.explained;
  const isNew = new Set(kinds);
  const open = s
    .all()
    .filter(({ key, kind }) => isNew.has(kind) && !objects.has(key) && standing(s.scene, key).is === 'Unexplained')
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const entered = open.slice(0, mostAdopted);
  const lifetimes = lifetimesToAdopt(s, isNew, new Set(open.map(({ key }) => key)));
  const isMore = open.length > mostAdopted || lifetimes.length > mostLifetimes;
  const what =
    adopted.size === 0 ? 'production' : kinds.length === 0 ? 'when objects go (finalizers, owners)' : listed(kinds);
  const draft = drafts.adopted(s.namespace, {
    objects: entered.map((live) => adoptedAs(live, stateOf(s.scene, live))),
    kinds: [...kinds],
    more: isMore,
    ...(lifetimes.length === 0 ? {} : { lifetimes: lifetimes.slice(0, mostLifetimes) }),
    measuresLifetimes: true,
    reason: `${what} was looked at for the first time`,
  });
  return { ...nothing, effects: [{ do: 'Append', namespace: s.namespace, draft }] };
};

/** Of what is explained already, and of what controllers made: finalizers and owners that were there before anybody compared them. */
const lifetimesToAdopt = (
  s: WatchSnapshot,
  kinds: ReadonlySet<string>,
  entered: ReadonlySet<ObjectKey>,
): { readonly object: string; readonly lifetime: string[] }[] =>
  s
    .all()
    .filter(({ key, kind }) => !entered.has(key) && (kinds.has(kind) || !s.record.explained.measuresLifetimes))
    .flatMap((live) => {
      const lifetime = unbound(s.scene, live);
      return lifetime === undefined ? [] : [{ object: live.key, lifetime: [...lifetime] }];
    })
    .toSorted((a, b) => (a.object < b.object ? -1 : 1));

type AdoptedObject = Extract<EntryData, { type: 'Adopted' }>['objects'][number];

const adoptedAs = ({ key, replicas }: Watched, { digest, scale, without, lifetime = [] }: State): AdoptedObject => ({
  object: key,
  digest,
  replicas: scale === '' ? null : (replicas ?? null),
  without: [...(without ?? [])],
  ...(lifetime.length === 0 ? {} : { lifetime: [...lifetime] }),
});

// --- what is not explained -------------------------------------------------------------------------------------------

interface Entries {
  readonly entries: readonly LedgerDraft[];
  readonly wakeAt: Instant | undefined;
}

type Unexplained = Extract<Standing, { is: 'Unexplained' }>;

const look = (s: WatchSnapshot, now: Instant): Entries => {
  const judged = s.suspects.map((suspect) => ({ suspect, is: standing(s.scene, suspect.key) }));
  const rebased = judged.flatMap(({ suspect: { key }, is }) => {
    const live = s.scene.get(key);
    return is.is === 'Rebased' && live !== undefined ? [adoptedAs(live, is.to)] : [];
  });
  const entries: LedgerDraft[] = [];
  if (rebased.length > 0) {
    entries.push(
      drafts.adopted(s.namespace, {
        objects: rebased.slice(0, mostAdopted),
        kinds: [],
        more: rebased.length > mostAdopted,
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
    const due = Math.min(changedAt + quietMs, since + longestUpgradeMs);
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

const integrityFinding = (
  s: WatchSnapshot,
  changed: readonly { readonly suspect: Suspect; readonly is: Unexplained }[],
): LedgerDraft => {
  const parts = changed
    .map(({ suspect, is }) => ({ object: suspect.key, before: is.before.digest, after: is.after.digest }))
    .toSorted((a, b) => (a.object < b.object ? -1 : 1));
  // Not of what changed here: namespaces that began at different times are to accept one signature.
  const after = s.installation();
  return drafts.findingOpened(s.namespace, {
    home: s.home,
    object: installationKey,
    uid: '',
    digest: after,
    reason: `the installation of Countersign changed: ${listed(parts.map(({ object, after: to }) => (to === '' ? `${object} was deleted` : object)))}`,
    data: {
      change: 'Integrity',
      before: '',
      after,
      scale: '',
      without: [],
      managers: [...new Set(changed.flatMap(({ suspect }) => s.scene.get(suspect.key)?.managers[0] ?? []))].slice(0, 3),
      username: s.upgrader,
      paths: [],
      parts,
    },
  });
};

// --- what came of admitted acts --------------------------------------------------------------------------------------

const cameOf = (s: WatchSnapshot, now: Instant): Entries => {
  /** What is there now is entered last: from it on changes are measured. */
  const [earlier, current]: [LedgerDraft[], LedgerDraft[]] = [[], []];
  let wakeAt: Instant | undefined;
  const attempts = [...s.record.explained.attempts.values()];
  const lastFrom = new Map(attempts.map((attempt, place) => [shownIn(attempt, attempt.before), place]));
  for (const [place, attempt] of attempts.entries()) {
    // The next act found what this one was to leave.
    const wasSeen = attempt.after !== '' && (lastFrom.get(shownIn(attempt, attempt.after)) ?? -1) > place;
    const live = attempt.object.endsWith('/')
      ? s.suspects
          .flatMap(({ key }) => s.scene.get(key) ?? [])
          .find((each) => attemptsOn(s.scene, each).some(({ id, isDone }) => isDone && id === attempt.id))
      : s.scene.get(attempt.object);
    const isDone = isDeletion(attempt)
      ? live === undefined || live.deleting || (attempt.uid !== '' && live.uid !== attempt.uid)
      : live !== undefined && attemptsOn(s.scene, live).some(({ id, isDone }) => isDone && id === attempt.id);
    const key = live?.key ?? attempt.object;
    const due = attempt.at + attemptMs;
    const seen = { object: key, uid: live?.uid ?? attempt.uid };
    if (isDone) current.push(drafts.observed(s.namespace, attempt, seen));
    else if (wasSeen) earlier.push(drafts.observed(s.namespace, attempt, seen));
    else if (now >= due) earlier.push(drafts.observed(s.namespace, attempt, undefined));
    else wakeAt = earliest(wakeAt, due);
  }
  return { entries: [...earlier, ...current], wakeAt };
};

/** What has begun to be deleted is not there any more, however long a finalizer keeps it. */
const isDeletion = ({ operation, after }: Attempt): boolean => operation === 'DELETE' || after === '';

const shownIn = ({ object, isScale }: Attempt, digest: string): string => `${object} ${isScale} ${digest}`;

// --- what closes findings --------------------------------------------------------------------------------------------

/** A release that wrote or removed the object after it was found, and left nothing of what was found. */
const covered = (s: WatchSnapshot): LedgerDraft[] => {
  const { findings, objects } = s.record.explained;
  return [...findings.values()].flatMap((finding) => {
    const release = objects.get(finding.object)?.release;
    return release === undefined || release.seq < finding.seq || isAsFoundStill(s, finding)
      ? []
      : [drafts.findingClosed(s.namespace, finding, { by: 'Release', bundle: release.bundle })];
  });
};

const isAsFoundStill = (s: WatchSnapshot, { object }: Finding): boolean =>
  standing(s.scene, asKey(object)).is === 'Known';

interface Signed extends Entries {
  readonly questions: readonly RightQuestion[];
}

const signed = (s: WatchSnapshot, policy: ReleasePolicy, answers: Answers, now: Instant): Signed => {
  const roles = new Set(policy.spec.approvals.map(({ role }) => role));
  const candidates = [...s.record.explained.findings.values()].flatMap((finding) =>
    [...forFinding(s, finding, roles), ...forInstallation(s, finding)]
      .filter(
        (approval) => isConsent(approval, policy, now) && !isActor(policy, finding, approval.spec.approver.username),
      )
      .map((approval) => ({ finding, approval, question: rightToSign(approval.metadata.namespace, approval) })),
  );
  const questions = candidates
    .map(({ question }) => question)
    .filter((question) => !answers.has(questionKey(question)));
  if (questions.length > 0) return { questions, entries: [], wakeAt: undefined };
  const valid = candidates.filter(({ question }) => answers.get(questionKey(question))?.kind === 'Yes');
  const first = new Map(valid.toReversed().map((each) => [each.finding.id, each]));
  return {
    questions: [],
    entries: [...first.values()].map(({ finding, approval }) =>
      drafts.findingClosed(s.namespace, finding, {
        by: 'Signature',
        approval,
        accepted: isAsFound(s.scene, finding),
      }),
    ),
    wakeAt: valid.length === candidates.length ? undefined : askAgainAt(answers, now),
  };
};

const forFinding = (s: WatchSnapshot, finding: Finding, roles: ReadonlySet<string>): readonly Approval[] =>
  s
    .approvals(finding.id)
    .filter(
      ({ metadata, spec }) =>
        spec.subject.kind === 'Finding' &&
        spec.subject.name === finding.name &&
        spec.subject.uid === finding.id &&
        spec.digest === finding.digest &&
        metadata.namespace === s.namespace &&
        roles.has(spec.role),
    );

/**
 * One signature in the namespace of Countersign, for all production namespaces: under what this finding found, a later one, or what there is now. A signature
 * for an earlier state says nothing of a later one.
 */
const forInstallation = (s: WatchSnapshot, finding: Finding): readonly Approval[] => {
  if (finding.change !== 'Integrity') return [];
  const approvals = s
    .approvals(installation.uid)
    .filter(
      ({ metadata, spec }) =>
        spec.subject.kind === installation.kind &&
        spec.subject.name === installation.name &&
        spec.role === installation.role &&
        metadata.namespace === s.home,
    );
  if (approvals.length === 0) return [];
  const later = [...s.record.explained.findings.values()].filter(
    ({ change, seq }) => change === 'Integrity' && seq >= finding.seq,
  );
  const digests = new Set([s.installation(), ...later.map(({ digest }) => digest)]);
  return approvals.filter(({ spec }) => digests.has(spec.digest));
};

/** Nobody signs for what they did themselves, as far as that is known. */
const isActor = (policy: ReleasePolicy, { username }: Finding, signer: string): boolean => {
  if (username === '') return false;
  const personOf = peopleAmong(policy.spec.people, [username, signer]);
  return personOf(username) === personOf(signer);
};

/** Digest of an installation: of every object of it, as it is. What it was before does not matter. */
export const installationDigest = (installed: readonly Watched[]): string =>
  digestOf({ installation: installed.map(({ key, digest }) => `${key} ${digest([])}`).toSorted() });

// --- integrity, for those who must not go on without -----------------------------------------------------------------

/** Objects of the installation that are not what the record says: nothing is promoted meanwhile. */
export const changedInstallation = (scene: Scene, installed: readonly Watched[]): readonly string[] => {
  if (scene.explained.adopted.size === 0) return [];
  const keys = new Set<string>([
    ...installed.map(({ key }) => key),
    ...[...scene.explained.objects.keys()].filter((key) => isInstalledKind(key.slice(0, key.indexOf('/')))),
  ]);
  return [...keys]
    .filter((key) => {
      const slash = key.indexOf('/');
      const is = standing(scene, `${key.slice(0, slash)}/${key.slice(slash + 1)}`).is;
      return is === 'Unexplained' || is === 'Known';
    })
    .toSorted();
};
