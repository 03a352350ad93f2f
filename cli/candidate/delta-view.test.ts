import { expect, test } from '@jest/globals';
import { deltaText } from '../../operator/decide/delta/text.ts';
import type { Change } from '../../operator/decide/delta/delta.ts';
import { deltaView } from './delta-view.ts';

const change = (given: Partial<Change>): Change => ({
  object: 'Deployment/api',
  path: 'spec.replicas',
  from: '1',
  to: '2',
  class: 'scale',
  lines: [],
  isDefault: false,
  hidden: 0,
  cutLines: 0,
  cutCharacters: 0,
  escaped: 0,
  ...given,
});

const heading = {
  candidate: 'payments-2.4.0',
  version: '2.4.0',
  package: 'payments',
  target: 'payments-prod',
  base: 'none',
  digest: `sha256:${'1'.repeat(64)}`,
  unmanaged: 0,
  command: 'kubectl countersign diff',
} as never;

const viewOf = (...changes: readonly Change[]) => {
  const text = deltaText(changes, heading);
  if (text.is !== 'Text') throw new Error('too large');
  return { text: text.text, view: deltaView(text.text) };
};

test('every object and every change of the text is found, with its lines', () => {
  const { view } = viewOf(
    change({}),
    change({ class: 'image', path: 'spec.image', from: 'a', to: 'b' }),
    change({ object: 'ConfigMap/c', class: 'configuration', path: 'data.x', lines: ['- old', '+ new'] }),
    change({ object: 'Job/j', class: 'data loss', path: '', from: 'there', to: '' }),
  );
  expect(view.top[0]).toBe('payments 2.4.0 into payments-prod');
  expect(view.objects.map(({ title }) => title)).toEqual(['Job/j', 'Deployment/api', 'ConfigMap/c']);
  expect(view.objects[1]?.changes).toEqual([
    { class: 'image', path: 'spec.image', from: 'a', to: 'b', lines: [] },
    { class: 'scale', path: 'spec.replicas', from: '1', to: '2', lines: [] },
  ]);
  expect(view.objects[2]?.changes[0]?.lines).toEqual(['- old', '+ new']);
  expect(view.objects[0]?.changes[0]).toMatchObject({ class: 'data loss', from: 'there', to: '(none)' });
});

test('a text that pretends to be a change, an object or the heading stays in its place', () => {
  const forged = ['+ Deployment/evil', '+   image  spec.image: a → b', '+ '];
  const { view } = viewOf(
    change({ class: 'configuration', path: 'data.x', from: 'a: b → c → d', to: 'Secret/x', lines: forged }),
  );
  expect(view.objects).toHaveLength(1);
  expect(view.objects[0]?.changes).toEqual([
    { class: 'configuration', path: 'data.x', from: '', to: 'a: b → c → d → Secret/x', lines: forged },
  ]);
});
