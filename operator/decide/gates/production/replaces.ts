/** Whether a candidate takes the place of the one that its `spec.replaces` names. */
import { policyName } from '../../../api/kinds.ts';
import type { ReleaseCandidate } from '../../../api/candidate.ts';
import type { Identity } from '../../../api/meta.ts';
import type { Bundle } from '../../bundle.ts';
import { isSystemName } from '../../people/identity.ts';
import { questionKey, type Answers, type RightQuestion } from '../../api-queries.ts';
import { type CandidateSnapshot, type Sibling, type Replacing } from '../snapshot.ts';
import { visible } from '../../safe-text.ts';

type Aged = Pick<Sibling, 'createdAt' | 'uid'>;

/** The order of candidates: times of the API server have whole seconds, so uids decide between equals. */
export const isEarlier = (a: Aged, b: Aged): boolean =>
  a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.uid < b.uid);

export const agedOf = ({ metadata }: ReleaseCandidate): Aged => ({
  createdAt: Date.parse(metadata.creationTimestamp),
  uid: metadata.uid,
});

/** Everybody who may take a candidate back because it is theirs. Compared byte by byte: a name that only looks alike is somebody else. */
const ownersOf = ({ spec }: ReleaseCandidate, bundles: readonly Bundle[]): ReadonlySet<string> =>
  new Set([spec.author.username, ...spec.onBehalfOf, ...bundles.flatMap(({ authors }) => authors)]);

/** Does whoever staged the later one hold `withdraw` on the target, as they would need to delete the earlier one? */
export const rightToReplace = (targetNamespace: string, who: Identity): RightQuestion => ({
  ask: 'Right',
  who,
  namespace: targetNamespace,
  resource: 'releasepolicies',
  verb: 'withdraw',
  name: policyName,
});

/** The later candidate whose promotion ends this one, as far as is known; `questions`: rights that decide it. */
export const successorOf = (
  { candidate, siblings, bundles }: CandidateSnapshot,
  answers: Answers,
): { readonly successor: Sibling | undefined; readonly questions: readonly RightQuestion[] } => {
  const own = agedOf(candidate);
  const later = siblings.filter(
    (other) => other.replaces === candidate.metadata.name && other.promoted && own.createdAt <= other.createdAt,
  );
  const owners = ownersOf(candidate, bundles);
  const byOwner = later.find(({ author }) => owners.has(author.username));
  if (byOwner !== undefined) return { successor: byOwner, questions: [] };
  const asked = later
    .filter(({ author }) => !isSystemName(author.username))
    .map((other) => ({ other, question: rightToReplace(candidate.spec.targetNamespace, other.author) }));
  return {
    successor: asked.find(({ question }) => answers.get(questionKey(question))?.kind === 'Yes')?.other,
    questions: asked.map(({ question }) => question).filter((question) => !answers.has(questionKey(question))),
  };
};

/** What this candidate's own `spec.replaces` comes to; a question where a right decides it; undefined = it names none. */
export const replacingOf = (
  { candidate, siblings }: CandidateSnapshot,
  answers: Answers,
): Replacing | RightQuestion | undefined => {
  const { spec, metadata } = candidate;
  const name = spec.replaces;
  if (name === '') return undefined;
  const earlier = siblings.find(
    (other) => other.name === name && !other.finished && other.createdAt <= agedOf(candidate).createdAt,
  );
  if (earlier === undefined) return { is: 'Nothing', name };
  const { username } = spec.author;
  if (earlier.owners.includes(username)) return { is: 'Ends', name };
  const question = rightToReplace(spec.targetNamespace, spec.author);
  const answer = isSystemName(username) ? undefined : answers.get(questionKey(question));
  if (answer === undefined && !isSystemName(username)) return question;
  if (answer?.kind === 'Yes') return { is: 'Ends', name };
  return {
    is: 'Refused',
    name,
    message: `${visible(username)} is no author of ${name} and does not hold withdraw in ${spec.targetNamespace}, so ${name} stays open. Next: a holder of withdraw withdraws it: kubectl delete cand ${name} -n ${metadata.namespace}`,
  };
};
