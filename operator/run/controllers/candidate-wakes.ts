/** Which candidates a change concerns. */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import { inFlightFinalizer } from '../../api/kinds.ts';
import type { ObjectKey } from '../../decide/objects.ts';
import { indexKey } from '../../observe/caches.ts';
import type { Facts } from '../../observe/facts.ts';
import { mayName } from '../../observe/kept-candidates.ts';
import { controllingRef, splitKey } from '../../observe/lookup.ts';
import type { Priority } from '../../work/queue.ts';
import type { Wake } from '../controller.ts';
import { isProduction, type ActiveRelease } from '../lookup.ts';

export type Wakes = readonly Wake<'candidate'>[];

interface Named {
  readonly namespace: string;
  readonly name: string;
}

export const one = ({ namespace, name }: Named, priority: Priority = 'Normal'): Wake<'candidate'> => ({
  key: { controller: 'candidate', namespace, name },
  priority,
});

/** Nothing is left to do or to report: the end is in the record, and status and finalizers say so, too. */
const isSettled = ({ records }: Facts, { metadata, spec, status }: ReleaseCandidate): boolean =>
  records.get(spec.targetNamespace).candidates.get(metadata.uid)?.finished !== undefined &&
  metadata.finalizers?.includes(inFlightFinalizer) !== true &&
  status?.conditions?.some(({ type, status: is }) => type === 'Finished' && is === 'True') === true;

/** Those of which something is left to do or to report. */
export const open = (facts: Facts, found: readonly ReleaseCandidate[] = []): Wakes =>
  found.filter((each) => !isSettled(facts, each)).map(({ metadata }) => one(metadata));

type Index = 'target' | 'source' | 'package' | 'staged' | 'selecting' | 'written' | 'writtenBySelector';

export const openBy = (facts: Facts, index: Index, key: string): Wakes =>
  open(facts, facts.candidates.in()?.byIndex(index, key));

/** Large ones that name the object: there is no index of what they name. */
const largeOpenBy = (facts: Facts, index: 'stagedByLarge' | 'writtenByLarge', namespace: string, key: string): Wakes =>
  open(
    facts,
    facts.candidates
      .in()
      ?.byIndex(index, namespace)
      .filter((each) => mayName(each, key)),
  );

/** Of an object in a namespace that may be staging. */
export const staging = (facts: Facts, namespace: string, key: string): Wakes => [
  ...openBy(facts, 'staged', indexKey(namespace, key)),
  ...largeOpenBy(facts, 'stagedByLarge', namespace, key),
  ...openBy(facts, 'selecting', namespace),
];

/** Of a Job that a CronJob of staging made: what it ran says which images the CronJob means. */
export const stagingOfJob = (facts: Facts, namespace: string, key: ObjectKey): Wakes => {
  const [kind, name] = splitKey(key);
  const job = kind === 'Job' ? facts.objects.get(kind)?.in(namespace)?.get(indexKey(namespace, name)) : undefined;
  const owner = job && controllingRef(job);
  return owner === undefined ? [] : staging(facts, namespace, owner.key);
};

/** Of an object that a candidate would write. */
export const written = (facts: Facts, namespace: string, key: string): Wakes =>
  isProduction(facts, namespace)
    ? [
        ...openBy(facts, 'written', indexKey(namespace, key)),
        ...largeOpenBy(facts, 'writtenByLarge', namespace, key),
        ...openBy(facts, 'writtenBySelector', namespace),
      ]
    : [];

/** The candidates that show how these releases fare. */
export const showing = (releases: readonly ActiveRelease[]): Wakes =>
  releases.flatMap(({ candidate }) => (candidate === undefined ? [] : [one(candidate)]));
