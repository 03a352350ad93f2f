/** A part of `make mutants`: every mutant of the policies against sessions and of those on nodes is noticed. */
import { afterAll, describe, expect, jest, test } from '@jest/globals';

import { accepted } from '../../support/cluster/cluster.ts';
import { guardTopics, startGuardSuites } from './guard-suites.ts';
import { tryMutants } from './mutation.ts';
import { ownTopics, startOwnSuites } from './own-suites.ts';
import type { Started } from './suite.ts';

jest.setTimeout(400_000);

const parts: readonly (readonly [
  topics: readonly string[],
  start: (topics: readonly string[]) => Promise<Started>,
  atLeast: number,
])[] = [
  [['sessions'], startGuardSuites, 5],
  [['nodes'], startOwnSuites, 3],
];

describe.each(parts)('of %j', (topics, start, atLeast) => {
  let started: Started | undefined;
  afterAll(() => started?.world.stop());

  test('no mutant survives', async () => {
    started = await start(topics);
    const verdicts = await tryMutants(started.world, started.suites);
    expect(verdicts.filter(({ is }) => is === 'survived')).toEqual([]);
    expect(verdicts.filter(({ is }) => is === 'killed').length).toBeGreaterThan(atLeast);
  });

  test('every policy of the chart is one of those that are tried', async () => {
    const apiVersion = 'admissionregistration.k8s.io/v1';
    const labelSelector = 'app.kubernetes.io/part-of=countersign';
    const found = [];
    for (const kind of ['ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy'])
      found.push(
        ...accepted(await (started as Started).world.as('installer').list({ apiVersion, kind }, { labelSelector }))
          .items,
      );
    const known = [...guardTopics.map((topic) => `guard-${topic}`), ...ownTopics].map(
      (topic) => `countersign-${topic}`,
    );
    expect(new Set(found.map(({ metadata }) => metadata.name))).toEqual(new Set(known));
  });
});
