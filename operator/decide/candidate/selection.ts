/** What a selector finds and the release does not take: nothing of it is left out without the candidate saying so. */
import { type Answers, questionKey, type SelectionQuestion } from '../api-queries.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { newCandidate } from '../gates/remedies.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import { mayMakeSecrets, secretsMadeBy } from '../manifest/secrets-made.ts';
import { argumentFor, objectNamed } from '../messages.ts';
import { keyOf, type ObjectKey, type ObjectRef } from '../objects.ts';
import { visible } from '../safe-text.ts';
import { isOfGroup, type SelectedObject } from '../selected.ts';
import { problem, type StagingProblem } from './staging-problem.ts';

/** What is asked of the API server about kinds of which there is no copy; undefined = the candidate has no selector. */
export const selectionQuestion = (s: CandidateSnapshot): SelectionQuestion | undefined => {
  const { metadata, spec } = s.candidate;
  return spec.selector === undefined
    ? undefined
    : {
        ask: 'Selection',
        namespace: metadata.namespace,
        labels: spec.selector.matchLabels,
        kinds: s.selection().kinds,
      };
};

/** What is found and not said, or said and not found; undefined = nothing. The question must have been answered. */
export const selectionProblem = (s: CandidateSnapshot, answers: Answers): StagingProblem | undefined => {
  const question = selectionQuestion(s);
  if (question === undefined) return undefined;
  const answer = answers.get(questionKey(question));
  if (answer?.kind !== 'Selected') {
    const said = answer !== undefined && 'message' in answer ? answer.message : 'no answer';
    return problem(
      'SelectionUnknown',
      `what else of ${question.namespace} has the labels of spec.selector cannot be told: ${visible(said)}. Next: wait, it is asked again; if it lasts, a platform admin grants the operator list on what the message names`,
    );
  }
  const found = [...s.selection().others, ...answer.objects];
  return unknownEntries(s, found) ?? unsaidObjects(s, found);
};

type Entry = CandidateSnapshot['candidate']['spec']['leaveOut'][number];

const isMeant =
  (entry: Entry) =>
  (object: SelectedObject): boolean =>
    object.kind === entry.kind && object.name === entry.name && isOfGroup(object.apiVersion)(entry);

/** A name that is not found is a typing error, and whatever it was meant for would be shipped. */
const unknownEntries = (s: CandidateSnapshot, found: readonly SelectedObject[]): StagingProblem | undefined => {
  const { metadata, spec } = s.candidate;
  const unknown = spec.leaveOut.filter(
    (entry) => !found.some((object) => isMeant(entry)(object) || makes(entry)(object)),
  );
  if (unknown.length === 0) return undefined;
  const searched =
    s.selection().notSearched.length === 0 ? '' : ' (it does not look among kinds that the chart does not list)';
  return problem(
    'LeftOutNotFound',
    `spec.leaveOut names ${unknown.map((entry) => objectNamed(keyOf(entry))).join(', ')}, which the selector does not find in ${metadata.namespace}${searched}. Next: look for its name: kubectl get ${[...new Set(unknown.map(({ kind }) => kind.toLowerCase()))].join(',')} -n ${metadata.namespace} -l ${labelsOf(s)}. ${newCandidate(s, 'with that name, or without the entry')}`,
  );
};

/** The object that it names made this one. */
const makes =
  ({ kind, name }: { readonly kind: string; readonly name: string }) =>
  ({ owners }: SelectedObject): boolean =>
    owners.some((owner) => owner.kind === kind && owner.name === name);

const labelsOf = ({ candidate }: CandidateSnapshot): string =>
  visible(
    Object.entries(candidate.spec.selector?.matchLabels ?? {})
      .map(([name, value]) => `${name}=${value}`)
      .join(','),
  );

interface Unsaid {
  /** What `leaveOut` is to name. */
  readonly object: ObjectRef;
  readonly why: string;
}

/** That a remedy spells out. */
const mostEntries = 10;

const unsaidObjects = (s: CandidateSnapshot, found: readonly SelectedObject[]): StagingProblem | undefined => {
  const { metadata, spec } = s.candidate;
  const made = new Set(
    [...s.staged.values()].flatMap(({ ref, manifest }) => (mayMakeSecrets(ref) ? secretsMadeBy(manifest) : [])),
  );
  const byKey = new Map(found.map((object) => [keyOf(object), object]));
  const all = found.flatMap((object): Unsaid[] => {
    if (spec.leaveOut.some((entry) => isMeant(entry)(object) || makes(entry)(object))) return [];
    if (object.kind === 'Secret' && made.has(object.name)) return [];
    const unsaid = notTaken(object, (key) => s.staged.has(key), byKey);
    return unsaid === undefined ? [] : [unsaid];
  });
  // A Deployment without the labels has a ReplicaSet for each of its revisions.
  const unsaid = [...new Map(all.map((each) => [keyOf(each.object), each])).values()];
  const [first] = unsaid;
  if (first === undefined) return undefined;
  const said = unsaid.map(({ object, why }) => `${objectNamed(keyOf(object))} (${why})`);
  const entries = unsaid
    .slice(0, mostEntries)
    .map(({ object: { kind, name } }) => `{kind: ${kind}, name: ${name}, reason: <why>}`);
  const more = unsaid.length > mostEntries ? ', …' : '';
  const [label] = Object.keys(spec.selector?.matchLabels ?? {});
  return problem(
    'LeftOutUnsaid',
    `the selector finds ${unsaid.length === 1 ? 'an object' : `${unsaid.length} objects`} in ${metadata.namespace} that this release cannot take: ${said.join(', ')}. Next: ${newCandidate(s, `that says why production goes without, or where it gets its own: leaveOut: [${entries.join(', ')}${more}]`)}. Or take the label off what is no part of it: kubectl label ${argumentFor(keyOf(first.object))} ${visible(label ?? '')}- -n ${metadata.namespace}`,
  );
};

/** undefined = it needs no word: something of the release, or the control plane, makes it in production as it did in staging. */
const notTaken = (
  object: SelectedObject,
  isStaged: (key: ObjectKey) => boolean,
  found: ReadonlyMap<ObjectKey, SelectedObject>,
): Unsaid | undefined => {
  if (object.made) return undefined;
  const owner = strangeOwner(object, isStaged, found, 0);
  if (owner !== undefined) {
    return kindRow(owner)?.promotable === true
      ? { object: owner, why: `it made ${objectNamed(keyOf(object))}, which has the labels; it has not` }
      : { object, why: `it belongs to ${objectNamed(keyOf(owner))}, which this release does not take` };
  }
  if (object.owners.length > 0) return undefined;
  if (object.kind === 'Secret') return { object, why: 'Secrets are never copied' };
  const why = kindRow(object) === undefined ? 'its kind has no profile' : `no release takes any ${object.kind}`;
  return { object, why };
};

/** Owners of owners: a ReplicaSet's pods, a Job's of a CronJob. No chain is longer. */
const mostOwners = 5;

/** The first owner that is neither staged nor made by what is. */
const strangeOwner = (
  object: SelectedObject,
  isStaged: (key: ObjectKey) => boolean,
  found: ReadonlyMap<ObjectKey, SelectedObject>,
  depth: number,
): ObjectRef | undefined => {
  const strange = object.owners.map((owner) => {
    const key = keyOf(owner);
    const next = found.get(key);
    if (isStaged(key) || next?.made === true) return undefined;
    return next === undefined || next.owners.length === 0 || depth > mostOwners
      ? owner
      : strangeOwner(next, isStaged, found, depth + 1);
  });
  // One of several owners in the release is enough: it is made again because of that.
  return strange.includes(undefined) ? undefined : strange[0];
};
