/** Did people really consent to this promotion? Decided once more, by another program, from objects read at this moment. */
import type { Approval } from '../../api/approval.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { noContributors } from '../people/authors.ts';
import type { Bundle } from '../bundle.ts';
import { changedParts } from '../delta/changed-parts.ts';
import { evidenceAnswers } from '../evidence/answers.ts';
import { dependsOnChanges, evidenceQuestions } from '../evidence/demands.ts';
import { sourceAuthorsOf, sourceQuestions } from '../evidence/source-authors.ts';
import type { KnownEvidence } from '../evidence/piece.ts';
import type { KnownException } from '../exceptions/exception.ts';
import { concerns, questionsOnExceptions, stateFor } from '../exceptions/passing.ts';
import type { ReleaseChanges } from '../evidence/significance.ts';
import { digestOf } from '../json/canonical.ts';
import { rfc3339 } from '../conditions.ts';
import { listed } from '../messages.ts';
import { judgeAtAdmission, type AdmissionFacts } from '../gates/gates.ts';
import { keyOf, type Instant, type NamespaceFacts } from '../objects.ts';
import { questionKey, type Answers, type Question } from '../api-queries.ts';
import { unsignedLift } from '../record/holds.ts';
import { packageRecord, type NamespaceRecord } from '../record/record.ts';
import type { OpenIntent } from '../record/package.ts';
import { heldRight, rightToSign } from '../people/approval-right.ts';
import { digestOfBundle } from '../bundle-digest.ts';

/** What the promotion rests on, as the API server holds it now. undefined = it is gone. */
export interface ConsentSnapshot {
  readonly intent: OpenIntent;
  /** When the API server made the entry that begins it; undefined = there is no such entry. */
  readonly begunAt: Instant | undefined;
  readonly record: NamespaceRecord;
  readonly target: NamespaceFacts;
  readonly policy: ReleasePolicy | undefined;
  readonly candidate: ReleaseCandidate | undefined;
  readonly bundle: Bundle | undefined;
  /** Everything signed for the candidate, refusals included. */
  readonly approvals: readonly Approval[];
  /** Signatures by which holds on this content were lifted, as far as the record names any, by name. */
  readonly lifts: ReadonlyMap<string, Approval>;
  /** Evidence of the staging namespace, as the watch brought it. */
  readonly evidence: KnownEvidence;
  /** Uids of evidence that the intent names and the watch has not brought. */
  readonly unseen: readonly string[];
  /** Exceptions that the intent names, as far as they are there. */
  readonly exceptions: readonly KnownException[];
  /** Approvals under the uid of the policy, where a late review blocks releases. */
  readonly reviews: readonly Approval[];
  /** What production ran when the content was frozen; undefined = nothing, or it is not there, or nobody asks how much changes. */
  readonly before: Bundle | undefined;
  /** Objects of our own installation that are not what the record says, as this program sees them. */
  readonly integrity: readonly string[];
  readonly answers: Answers;
}

export type Consent =
  | { readonly is: 'Given' }
  | { readonly is: 'Missing'; readonly message: string }
  /** It was given, and a lock is not as it was: nothing is written until it is, or somebody has signed for the change. */
  | { readonly is: 'Held'; readonly message: string }
  | { readonly is: 'Ask'; readonly questions: readonly Question[] };

const missing = (message: string): Consent => ({ is: 'Missing', message });

/** What an entry may take from being written to being made, and clocks may differ by, in milliseconds. */
const entryTakes = 300_000;

/** Consent is judged at the time that the entry says. Whoever can write entries could say one at which more was allowed. */
const untimely = ({ intent, begunAt }: ConsentSnapshot): string | undefined => {
  if (begunAt === undefined) return 'the entry that begins it is not there';
  const apart = Math.abs(intent.at - begunAt);
  if (Number.isNaN(apart)) return 'the time of the entry that begins it cannot be read';
  if (apart <= entryTakes) return undefined;
  return `its entry says that it began at ${rfc3339(intent.at)}, and was made at ${rfc3339(begunAt)}`;
};

export const judgeConsent = (s: ConsentSnapshot): Consent => {
  const { policy, candidate, bundle, intent, record } = s;
  if (policy === undefined) return missing('the policy of the namespace is gone');
  if (candidate === undefined || candidate.metadata.uid !== intent.candidate.uid) {
    return missing(`the candidate ${intent.candidate.name} is gone`);
  }
  if (bundle === undefined) return missing(`the bundle ${intent.to} is gone`);
  const { metadata, spec } = candidate;
  if (metadata.namespace !== policy.spec.sourceNamespace || spec.targetNamespace !== s.target.name) {
    return missing(
      `the candidate ${metadata.name} does not come from ${policy.spec.sourceNamespace} for ${s.target.name}`,
    );
  }
  const wrong = untimely(s) ?? untrue(bundle, s, policy);
  if (wrong !== undefined) return missing(wrong);
  const known = record.candidates.get(candidate.metadata.uid);
  if (known?.stagedDigests.has(bundle.digest) !== true) return missing('the record does not know that it was staged');

  const { lifted } = packageRecord(record, bundle.package);
  if (unsignedLift(lifted, [bundle.digest, ...known.stagedDigests], s.lifts) !== undefined) {
    return missing('the content was rolled back, and nobody signed that it was not the cause');
  }

  if (s.unseen.length > 0) {
    return { is: 'Held', message: `evidence that it rests on is not seen here yet: uid ${listed(s.unseen)}` };
  }
  const facts = factsOf(s, { policy, candidate, bundle });
  const asked = s.approvals.map((approval) => rightToSign(spec.targetNamespace, approval));
  const about = [...evidenceQuestions(facts, intent.at), ...sourceQuestions(facts, s.answers)];
  const open = [...asked, ...about, ...questionsOnExceptions(facts, intent.at)].filter(
    (question) => !s.answers.has(questionKey(question)),
  );
  if (open.length > 0) return { is: 'Ask', questions: open };
  const untold = (intent.exceptions ?? []).find((named) => !isGranted(facts, named, intent.at));
  if (untold !== undefined) return missing(`the exception ${untold.name} that it rests on does not count`);
  // Consent is judged at the instant of the intent; what expires or closes afterwards does not stop what has begun.
  const failed = judgeAtAdmission(facts, intent.at).filter(({ outcome }) => outcome !== 'Passed');
  const withheld = failed.find(({ name }) => name !== 'InstallationIntegrity');
  if (withheld !== undefined) return missing(withheld.message);
  const [lock] = failed;
  return lock === undefined ? { is: 'Given' } : { is: 'Held', message: lock.message };
};

/** What does not agree between bundle, intent and policy, and what is not what its digest says. */
const untrue = (bundle: Bundle, { intent }: ConsentSnapshot, policy: ReleasePolicy): string | undefined => {
  if (bundle.candidate.uid !== intent.candidate.uid) return `bundle ${bundle.name} is of another candidate`;
  if (bundle.policyUID !== policy.metadata.uid) return `bundle ${bundle.name} was rendered under another policy`;
  if (bundle.digest !== intent.toDigest)
    return `bundle ${bundle.name} is not the content that the promotion began with`;
  const altered = bundle.objects.find(({ content, digest }) => digestOf(content) !== digest);
  if (altered !== undefined) return `${keyOf(altered.ref)} of bundle ${bundle.name} is not what its digest says`;
  return digestOfBundle(bundle) === bundle.digest ? undefined : `bundle ${bundle.name} is not what its digest says`;
};

interface Judged {
  readonly policy: ReleasePolicy;
  readonly candidate: ReleaseCandidate;
  readonly bundle: Bundle;
}

/** What the gates look at that are judged here again. One that reads anything else does not compile. */
const factsOf = (s: ConsentSnapshot, { policy, candidate, bundle }: Judged): AdmissionFacts => {
  const evidence = untilIntent(s);
  const answered = evidenceAnswers(s.answers);
  return {
    candidate,
    policy,
    bundle,
    target: s.target,
    record: s.record,
    approvals: s.approvals,
    rights: rightsOf(candidate, s),
    evidence,
    exceptions: s.exceptions,
    reviews: s.reviews,
    ...answered,
    sourceAuthors: sourceAuthorsOf({ candidate, policy, bundle, evidence, ...answered }),
    changes: dependsOnChanges(policy) ? changesIn(bundle, s.before) : 'Unknown',
    integrity: () => s.integrity,
    // The record names the digests of those before it.
    bundles: [bundle],
    // Whoever changes staging meanwhile is the operator's to see; the authors of the bundle and of the record are here.
    hands: noContributors,
  };
};

/** Some gates are about staging and not judged here: what an intent says that they were passed by is looked at all the same. */
const isGranted = (facts: AdmissionFacts, { uid }: { readonly uid: string }, at: Instant): boolean => {
  const known = facts.exceptions.find(({ exception }) => exception.metadata.uid === uid);
  return known !== undefined && concerns(facts, known, at) && stateFor(facts, known, at).is === 'Granted';
};

/** What was reported after the promotion had begun does not stop it. The clocks of who wrote the intent and of the API server may differ: what it names was there. */
const untilIntent = ({ evidence, intent }: ConsentSnapshot): KnownEvidence => ({
  of: (type, subject) =>
    evidence
      .of(type, subject)
      .filter(({ uid, createdAt }) => createdAt <= intent.at || intent.evidence?.includes(uid) === true),
});

/** From contents alone: the delta that is stored beside them is in no digest. */
const changesIn = (bundle: Bundle, before: Bundle | undefined): ReleaseChanges => {
  if (bundle.base === 'none') return { isNew: true, parts: changedParts({ objects: [], foreign: false }, bundle) };
  if (before === undefined || before.digest !== bundle.base || !isWhatItSays(before)) return 'Unknown';
  return {
    isNew: before.baseline,
    parts: changedParts({ objects: before.objects, foreign: before.baseline }, bundle),
  };
};

const isWhatItSays = (bundle: Bundle): boolean =>
  bundle.objects.every(({ content, digest }) => digestOf(content) === digest) &&
  digestOfBundle(bundle) === bundle.digest;

const rightsOf = (
  { spec }: ReleaseCandidate,
  { approvals, exceptions, answers }: ConsentSnapshot,
): ReadonlyMap<string, boolean | undefined> =>
  new Map(
    [...approvals, ...exceptions.flatMap((each) => each.approvals)].map((approval) => {
      const question = rightToSign(spec.targetNamespace, approval);
      return [approval.metadata.uid, heldRight(answers.get(questionKey(question)))];
    }),
  );
