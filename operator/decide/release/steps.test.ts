import { expect, test } from '@jest/globals';
import { aLiveObject, aBundle, anObject, digestOf } from '../../../test/support/builders/decide.ts';
import type { BundleObject } from '../bundle.ts';
import { listAt } from '../json/json.ts';
import type { LiveObject } from '../objects.ts';
import { writeSteps, type Course } from './steps.ts';
import { effectOf } from './writes.ts';

const settings = (finalizers: readonly string[], text = 'a'): BundleObject =>
  anObject('ConfigMap', 'settings', {
    metadata: { name: 'settings', ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }) },
    data: { text },
  });

const live = (finalizers: readonly string[], text = 'a'): LiveObject => aLiveObject(settings(finalizers, text));

interface Row {
  readonly from?: readonly string[];
  readonly to: readonly string[];
  readonly there: readonly string[];
  /** What the record lets stay. */
  readonly stays?: readonly string[];
  readonly how?: Course['finalizers'];
  readonly text?: string;
  readonly unmanaged?: readonly string[];
  /** What it goes on from is what production held before any release. */
  readonly baseline?: boolean;
}

/** `Done`, or the finalizers that are written. */
test.each<[sentence: string, row: Row, becomes: 'Done' | readonly string[]]>([
  ['what is released and there', { to: ['a/x'], there: ['a/x'] }, 'Done'],
  ['what is released is set', { to: ['a/x'], there: [] }, ['a/x']],
  ['what only the release before had goes', { from: ['a/x'], to: [], there: ['a/x'] }, []],
  ['what production held before any release stays', { from: ['a/x'], to: [], there: ['a/x'], baseline: true }, 'Done'],
  ['what a controller adds holds no release up', { to: ['a/x'], there: ['a/x', 'b/x'], stays: ['a/x'] }, 'Done'],
  ['nor what is adopted', { to: [], there: ['b/x'], stays: ['b/x'] }, 'Done'],
  ['an object that is written keeps what was adopted', { to: ['a/x'], there: ['b/x'], stays: ['b/x'] }, ['b/x', 'a/x']],
  ['and loses what nothing explains', { to: [], there: ['b/x', 'c/x'], stays: ['b/x'], text: 'b' }, ['b/x']],
  ['not while the record tells nothing of them', { to: [], there: ['b/x', 'c/x'], text: 'b' }, ['b/x', 'c/x']],
  ['a rollback takes it off by itself', { to: ['a/x'], there: ['a/x', 'b/x'], stays: [], how: 'Strict' }, ['a/x']],
  ['and leaves what may stay', { to: [], there: ['b/x'], stays: ['b/x'], how: 'Strict' }, 'Done'],
  ['what a tool delivers waits for none of them', { to: ['a/x'], there: [], how: 'Left' }, 'Done'],
  ['nor what the policy leaves to others', { to: ['a/x'], there: ['b/x'], unmanaged: ['metadata.finalizers'] }, 'Done'],
  [
    'and those it leaves as they are',
    { to: ['a/x'], there: ['b/x'], unmanaged: ['metadata.finalizers'], text: 'b' },
    ['b/x'],
  ],
])('%s', (_, { from, to, there, stays, how, text, unmanaged = [], baseline = false }, becomes) => {
  const rows = [{ kind: 'ConfigMap', name: 'settings', fields: unmanaged }];
  const bundle = aBundle({ objects: [settings(to)], unmanaged: rows });
  const now = live(there, text);
  const course: Course = {
    to: bundle,
    from: aBundle({
      name: 'first',
      baseline,
      digest: digestOf('first'),
      objects: [settings(from ?? [], text)],
      unmanaged: rows,
    }),
    stays: () => stays,
    ...(how === undefined ? {} : { finalizers: how }),
  };
  const [step] = writeSteps(course, new Map([['ConfigMap/settings', now]]));
  if (step === undefined) throw new Error('one object, one step');
  const effect = effectOf(step, {
    as: 'operator',
    namespace: 'payments-prod',
    intentFor: () => ({ namespace: 'payments-prod', id: 'i', type: 'Promotion', package: 'payments' }),
  });
  const written = effect?.do === 'Replace' ? effect.manifest['metadata'] : undefined;
  expect([step.standing, step.standing === 'Done' ? effect : listAt(written, 'finalizers')]).toEqual(
    becomes === 'Done' ? ['Done', undefined] : ['Pending', becomes],
  );
});
