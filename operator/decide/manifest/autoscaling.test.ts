import { expect, test } from '@jest/globals';
import {
  aBundle,
  aDeployment,
  aGateSnapshot,
  aLiveObject,
  anObject,
  digestOf,
  minute,
  now,
} from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import { departures, leftBefore } from '../admission/approved-content.ts';
import type { Bundle, BundleObject } from '../bundle.ts';
import { soakingSince } from '../gates/staging/staged-since.ts';
import { numberAt } from '../json/json.ts';
import type { LiveObject, PodFacts } from '../objects.ts';
import { writeSteps } from '../release/steps.ts';
import { effectOf } from '../release/writes.ts';
import { asStarted, replicaLines } from './autoscaling.ts';

const api = (replicas: number, text = 'a'): BundleObject => {
  const { ref, content } = aDeployment('api', { containers: [{ name: text }] });
  const spec = { replicas, template: content['spec'] ?? {} } satisfies JsonObject;
  return anObject(ref.kind, ref.name, { spec });
};
const scaler = (spec: JsonObject = {}, target = 'api'): BundleObject =>
  anObject('HorizontalPodAutoscaler', 'api', {
    spec: { scaleTargetRef: { kind: 'Deployment', name: target }, minReplicas: 2, maxReplicas: 8, ...spec },
  });
const replicasOf = ({ manifest }: LiveObject): number | undefined => numberAt(manifest, 'spec', 'replicas');

test.each<[sentence: string, recorded: number | undefined, bounds: JsonObject, starts: number]>([
  ['as many as people wrote', 4, {}, 4],
  ['no fewer than the autoscaler gives', 1, {}, 2],
  ['no more than it gives', 9, {}, 8],
  ['the fewest that it gives where nobody knows what people wrote', undefined, {}, 2],
  ['as a ScaledObject says it', 9, { minReplicas: null, maxReplicas: null, maxReplicaCount: 3 }, 3],
])('production starts with %s', (_, recordedReplicas, bounds, starts) => {
  const staged = aLiveObject(api(6), { recordedReplicas });
  const scalers = [aLiveObject(scaler(bounds))];
  expect(replicasOf(asStarted(staged, scalers))).toBe(starts);
  expect(asStarted(staged, scalers)).toBe(asStarted(staged, scalers));
  expect(asStarted(staged, [])).toBe(staged);
});

const bundleOf = (name: string, objects: readonly BundleObject[], more: Partial<Bundle> = {}): Bundle =>
  aBundle({ name, digest: digestOf(name), objects, ...more });
const unmanaged = [{ kind: 'Deployment', name: 'api', fields: ['spec.replicas'] }];
const before = bundleOf('a', [api(2), scaler()], { unmanaged });
const after = bundleOf('b', [api(3, 'b')], { removed: [scaler().ref] });
const livesWith = (...objects: readonly BundleObject[]) =>
  new Map(objects.map((object) => [`${object.ref.kind}/${object.ref.name}` as const, aLiveObject(object)]));

test.each<[sentence: string, there: readonly BundleObject[], writes: number | undefined]>([
  ['while the autoscaler is there its replicas stay', [api(5), scaler()], 5],
  ['and hold nothing up', [api(5, 'b'), scaler()], undefined],
  ['once it is gone the release sets its own', [api(5, 'b')], 3],
  ['which ends it', [api(3, 'b')], undefined],
])('a release that drops an autoscaler: %s', (_, there, writes) => {
  const [step] = writeSteps({ to: after, from: before }, livesWith(...there));
  if (step === undefined) throw new Error('one object, one step');
  const effect = effectOf(step, {
    as: 'operator',
    namespace: 'payments-prod',
    intentFor: () => ({ namespace: 'payments-prod', id: '', type: 'Promotion', package: '' }),
  });
  const manifest = effect?.do === 'Replace' ? effect.manifest : undefined;
  expect(step.standing).toBe(writes === undefined ? 'Done' : 'Pending');
  expect(manifest && numberAt(manifest, 'spec', 'replicas')).toBe(writes);
  const [expected] = after.objects;
  if (expected === undefined) throw new Error('it holds one object');
  const request = { object: manifest ?? api(3, 'b').content, oldObject: aLiveObject(there[0] ?? expected).manifest };
  const leave = { ...leftBefore(before, expected.ref), stays: undefined };
  expect(departures(request, expected, { bundle: after, leave })).toEqual([]);
});

test('replicas that neither the release nor the live object has depart from it, whatever scaled the object before', () => {
  const [expected] = after.objects;
  if (expected === undefined) throw new Error('it holds one object');
  const request = { object: api(7, 'b').content, oldObject: api(5).content };
  const leave = { ...leftBefore(before, expected.ref), stays: undefined };
  expect(departures(request, expected, { bundle: after, leave })).toEqual(['spec.replicas']);
  const asItIs = { object: api(5, 'b').content, oldObject: api(5).content };
  expect(departures(asItIs, expected, { bundle: after, leave: { stays: undefined } })).toEqual(['spec.replicas']);
});

test('replicas that the release before left to an autoscaler are nobody else’s content', () => {
  const earlier = bundleOf('a', [api(2)], { unmanaged });
  const [step] = writeSteps({ to: bundleOf('b', [api(3, 'b')]), from: earlier }, livesWith(api(5)));
  expect(step?.standing).toBe('Pending');
});

test.each<[sentence: string, given: Partial<Parameters<typeof replicaLines>[0]>, lines: readonly string[]]>([
  [
    'goes',
    { before: before.objects, after: after.objects, live: livesWith(api(5), scaler()) },
    [
      'Deployment api has 3 replicas once HorizontalPodAutoscaler api, which decides them now, is gone (production has 5)',
    ],
  ],
  [
    'went with a release before and is still there',
    { before: [api(2)], after: after.objects, removed: [scaler().ref], live: livesWith(api(5), scaler()) },
    [
      'Deployment api has 3 replicas once HorizontalPodAutoscaler api, which decides them now, is gone (production has 5)',
    ],
  ],
  [
    'comes',
    { before: [api(2)], after: before.objects, live: livesWith(api(4)) },
    ['HorizontalPodAutoscaler api decides from now on how many replicas Deployment api has (production has 4)'],
  ],
  [
    'comes with what it scales',
    { after: before.objects },
    ['Deployment api starts with 2 replicas; then HorizontalPodAutoscaler api decides how many it has'],
  ],
  ['stays', { before: before.objects, after: before.objects, live: livesWith(api(5), scaler()) }, []],
])('signers read what becomes of the replicas when an autoscaler %s', (_, given, lines) => {
  expect(replicaLines({ before: [], after: [], removed: [], live: new Map(), ...given })).toEqual(lines);
});

test('pods that come and go with the load begin no soak again, and those that the autoscaler keeps do', () => {
  const pod = (readySince: number): PodFacts => ({
    name: `api-${readySince}`,
    namespace: 'payments-staging',
    uid: `uid-${readySince}`,
    createdAt: readySince,
    deleting: false,
    phase: 'Running',
    ready: true,
    readySince,
    labels: {},
    ownerKind: 'Deployment',
    ownerName: 'api',
    ownerUid: '',
    controller: undefined,
    programs: [],
    lifetime: [],
    manager: '',
    containers: [],
  });
  const object = api(2);
  const bundle = aBundle({ objects: [object] });
  const since = (stagedAutoscalers: readonly LiveObject[], ...pods: readonly number[]) => {
    const s = aGateSnapshot({
      bundle,
      stagedAutoscalers,
      staged: new Map([['Deployment/api', aLiveObject(object, { createdAt: now - 60 * minute, writers: [] })]]),
      stagedPods: new Map([['Deployment/api', pods.map(pod)]]),
    });
    return soakingSince(s, bundle, s);
  };
  const [early, late] = [now - 30 * minute, now - minute];
  expect(since([], early, early, late)).toBe(late);
  expect(since([aLiveObject(scaler())], early, early, late)).toBe(early);
  expect(since([aLiveObject(scaler())], early, late, late)).toBe(late);
  expect(since([aLiveObject(scaler({}, 'web'))], early, early, late)).toBe(late);
});
