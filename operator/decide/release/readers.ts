/** Whether pods still read what a release drops. */
import type { Left } from '../ledger-entry.ts';
import { listed } from '../messages.ts';
import { keyOf, type ObjectRef, type PodFacts } from '../objects.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import type { Step } from './steps.ts';

const ended = new Set(['Succeeded', 'Failed']);

/** Of what is dropped, the ConfigMaps that stay for now, and for whom. */
export const stillRead = (s: ReleaseSnapshot, dropped: readonly Step[]): Left[] =>
  dropped
    .filter(({ ref }) => isStillRead(s, ref))
    .map(({ ref }) => {
      const pods = readersOf(s, ref).map(({ name }) => name);
      return {
        object: keyOf(ref),
        wanted: 'not there',
        found: 'there',
        why: `pods that started before still refer to it: ${listed(pods.slice(0, 5))}${pods.length > 5 ? ` and ${pods.length - 5} more` : ''}`,
        next: `it is deleted when they are gone and observation is over: kubectl get pods -n ${s.namespace}`,
      };
    });

/** A pod that refers to a ConfigMap, and neither has ended nor is being deleted, may start its containers again with it at any time. */
export const isStillRead = (s: ReleaseSnapshot, ref: ObjectRef): boolean => readersOf(s, ref).length > 0;

const readersOf = ({ readers }: ReleaseSnapshot, { kind, name }: ObjectRef): readonly PodFacts[] =>
  kind === 'ConfigMap'
    ? (readers?.get(name) ?? []).filter(({ phase, deleting }) => !deleting && !ended.has(phase))
    : [];
