import { expect, test } from '@jest/globals';
import { minute, now } from '../../../test/support/builders/decide.ts';
import { began, caseOf, Model, part } from '../../../test/support/builders/release-model.ts';
import { fieldManagers } from '../../api/field-managers.ts';
import type { PodFacts } from '../objects.ts';
import { planRelease } from './plan.ts';

/** A release that drops ConfigMap `b`, whose workloads are complete. */
const dropping = () => {
  const given = caseOf(['ConfigMap/a', 'ConfigMap/b', 'Deployment/d'], ['ConfigMap/a', 'Deployment/d']);
  const model = new Model([given.from, given.to]);
  began(model, given);
  for (const key of ['ConfigMap/a', 'ConfigMap/b', 'Deployment/d'] as const) {
    model.put(part(key, 'o'), key, fieldManagers.operator, now - 9 * minute);
  }
  model.step(now);
  const [pod] = model.pods.get('Deployment/d') ?? [];
  if (pod === undefined) throw new Error('no pod runs');
  return { model, pod };
};

/** What is planned while a pod refers to the ConfigMap. */
const planned = (model: Model, pod: PodFacts | undefined, at: number) =>
  planRelease({ ...model.snapshot(), readers: new Map(pod && [['b', [pod]]]) }, new Map(), at).effects;

const deletes = { do: 'Together', effects: [{ do: 'Delete', ref: { kind: 'ConfigMap', name: 'b' } }] };

test.each([
  ['that nothing refers to', undefined, true],
  ['that a pod refers to', {}, false],
  ['that only a pod refers to which has ended', { phase: 'Succeeded' }, true],
  ['that only a pod refers to which is being deleted', { deleting: true }, true],
] as const)('a dropped ConfigMap %s is deleted with the promotion: %#', (_, facts, isDeleted) => {
  const { model, pod } = dropping();
  const effects = planned(model, facts && { ...pod, ...facts }, now);
  expect(effects).toMatchObject([isDeleted ? deletes : { do: 'Append', draft: { data: { type: 'Promoted' } } }]);
});

test('a dropped ConfigMap that a pod read is deleted after observation, as soon as no pod refers to it', () => {
  const { model, pod } = dropping();
  const reading = { ...pod };
  model.apply(planned(model, reading, now), Infinity, now);
  expect(model.last()?.data).toMatchObject({
    type: 'Promoted',
    left: [{ object: 'ConfigMap/b', why: `pods that started before still refer to it: ${pod.name}` }],
  });
  const later = now + 60 * minute;
  expect(planned(model, reading, later)).toEqual([]);
  expect(planned(model, undefined, later)).toMatchObject([deletes]);
});
