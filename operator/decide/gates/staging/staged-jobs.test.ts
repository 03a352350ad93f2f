import { expect, test } from '@jest/globals';
import {
  aBundle,
  aCandidateRecord,
  aGateSnapshot,
  aLiveObject,
  anObject,
  aRecord,
  minute,
  now,
} from '../../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../../api/meta.ts';
import type { GateSnapshot } from '../gate.ts';
import { soakingSince } from './staged-since.ts';
import { ranAt, unrecordedJobs, withJobsThatRan } from './staged-jobs.ts';
import { stagingHealthy } from './staging-healthy.ts';
import { stagingUnchanged } from './staging-unchanged.ts';

const job = anObject('Job', 'migrate', { spec: {} });
const key = 'Job/migrate';
const bundle = aBundle({ objects: [job] });

type Outcome = 'Complete' | 'Failed';

/** A candidate of one Job: what staging holds of it, and what the record says. */
const staging = (conditions: readonly string[] | 'gone', told?: Outcome): GateSnapshot => {
  const status: JsonObject =
    conditions === 'gone' ? {} : { conditions: conditions.map((type) => ({ type, status: 'True', reason: 'Why' })) };
  const record = aCandidateRecord({ jobs: new Map(told && [[key, { outcome: told, at: now - minute }]]) });
  const plain = aGateSnapshot({
    bundle,
    record: aRecord({ candidate: record }),
    staged: new Map(conditions === 'gone' ? [] : [[key, aLiveObject(job, { status })]]),
    ...(conditions === 'gone' ? { stagedNow: new Map(), stagedHealth: new Map() } : {}),
  });
  return { ...plain, ...withJobsThatRan(plain, bundle, plain) };
};

const says = (s: GateSnapshot): readonly string[] => [
  stagingHealthy.judge(s, now).reason,
  stagingUnchanged.judge(s, now).reason,
];

test.each([
  ['that completed and is gone is held to have run', 'Complete', ['StagingHealthy', 'StagingUnchanged']],
  ['that failed and is gone has failed', 'Failed', ['StagingUnhealthy', 'StagingChanged']],
  [
    'that is gone and that nobody saw complete is not known to have run',
    undefined,
    ['HealthUnknown', 'StagingChanged'],
  ],
] as const)('a Job of staging %s', (_, told, verdicts) => {
  expect(says(staging('gone', told))).toEqual(verdicts);
});

test('a Job that is gone says what it did', () => {
  expect(stagingHealthy.judge(staging('gone', 'Failed'), now).message).toContain('it failed, and is gone since');
  expect(stagingHealthy.judge(staging('gone'), now).message).toContain('was not seen complete');
});

test('what ran counts from when that was entered', () => {
  const s = staging('gone', 'Complete');
  expect(ranAt(s, key)).toBe(now - minute);
  expect(soakingSince(s, bundle, s)).toBe(now - minute);
  expect(soakingSince(staging('gone'), bundle, staging('gone'))).toBeUndefined();
});

test.each<[string, readonly string[], Outcome | undefined, Outcome | undefined]>([
  ['while it runs', [], undefined, undefined],
  ['when it is complete', ['Complete'], undefined, 'Complete'],
  ['when it failed', ['Failed'], undefined, 'Failed'],
  ['once', ['Complete'], 'Complete', undefined],
  ['once when it failed', ['Failed'], 'Failed', undefined],
  ['again when it is complete after it failed', ['Complete'], 'Failed', 'Complete'],
  ['never again when it was complete', ['Failed'], 'Complete', undefined],
])('the end of a Job is entered: %s', (_, conditions, told, entered) => {
  const s = staging(conditions, told);
  expect(unrecordedJobs(s, bundle, s).map(({ outcome }) => outcome)).toEqual(entered === undefined ? [] : [entered]);
});

test('the end of a Job of other content is not entered', () => {
  const s = staging(['Complete']);
  expect(unrecordedJobs(s, bundle, { stagedNow: new Map([[key, { digest: 'other' }]]) })).toEqual([]);
});
