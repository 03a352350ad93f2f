/** What overlays change of what runs: found in whichever form it is written, and judged. */
import { expect, test } from '@jest/globals';
import {
  aCandidate,
  aDeployment,
  aGateSnapshot,
  aLiveObject,
  aPolicy,
  now,
} from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { OverlayItem } from '../../api/overlay.ts';
import { questionKey, type Answers } from '../api-queries.ts';
import type { Bundle } from '../bundle.ts';
import { overlay as gate } from '../gates/content/overlay.ts';
import type { GateSnapshot } from '../gates/gate.ts';
import { keyOf } from '../objects.ts';
import { baseOf, draftBundle } from './bundle-draft.ts';
import { renderStaged } from './content.ts';

const digest = (letter: string): string => `registry.example/app@sha256:${letter.repeat(64)}`;

const api = aDeployment('api', {
  containers: [
    {
      name: 'app',
      image: digest('a'),
      command: ['/app'],
      env: [{ name: 'REGION', value: 'test' }],
      livenessProbe: { exec: { command: ['/alive'] } },
    },
    { name: 'spare', image: digest('b') },
  ],
});

interface Given {
  readonly candidate?: readonly OverlayItem[];
  readonly policy?: readonly OverlayItem[];
  readonly may?: readonly ('Image' | 'Command')[];
}

const item = (patch: JsonObject): OverlayItem => ({ kind: 'Deployment', name: 'api', patch: { ...patch } });
const ofPod = (spec: JsonObject): OverlayItem => item({ spec: { template: { spec } } });
const snapshotOf = ({ candidate = [], policy = [], may = [] }: Given): GateSnapshot =>
  aGateSnapshot({
    bundles: [],
    staged: new Map([[keyOf(api.ref), aLiveObject(api)]]),
    candidate: aCandidate({ overlay: [...candidate], components: [{ kind: 'Deployment', name: 'api' }] }),
    policy: aPolicy({
      overlay: policy.map((each) => ({ ...each, package: 'payments' })),
      overlayMay: [...may],
      images: 'DigestRequired',
    }),
  });

/** The bundle that is frozen; the API server changes nothing of it. */
const frozen = (given: Given): Bundle => {
  const s = snapshotOf(given);
  const { questions } = renderStaged(s, new Map());
  const answers: Answers = new Map(
    questions.map((question) => [questionKey(question), { kind: 'Object', manifest: question.manifest }]),
  );
  const { objects, overlaid, problem } = renderStaged(s, answers);
  if (problem !== undefined) throw new Error(problem.message);
  const base = baseOf(s, s.policy, [...objects.values()]);
  if (base === undefined) throw new Error('no base');
  return draftBundle(s, s.policy, { content: [...objects.values()], overlaid }, base);
};

const judged = (given: Given) => gate.judge({ ...snapshotOf(given), bundle: frozen(given) }, now);

const many = (letter: string, count: number): OverlayItem =>
  ofPod({ containers: Array.from({ length: count }, (_, i) => ({ name: `extra-${i}`, image: digest(letter) })) });

test('an image that a candidate changes is judged, though a hundred that the policy changes come before it', () => {
  const given = { policy: [many('c', 120)], candidate: [ofPod({ containers: [{ name: 'app', image: digest('d') }] })] };
  expect(judged(given)).toMatchObject({ outcome: 'Blocked', reason: 'OverlayChangesWhatRuns' });
  expect(judged({ ...given, may: ['Image'] })).toMatchObject({ outcome: 'Passed', reason: 'OverlayAllowed' });
  expect(judged({ policy: given.policy })).toMatchObject({ outcome: 'Passed', reason: 'OverlayKeepsWhatRuns' });
});

test('a command that a candidate changes is judged, though a hundred images that it may change come before it', () => {
  const given = {
    candidate: [many('c', 120), ofPod({ initContainers: [{ name: 'late', command: ['/evil'] }] })],
  };
  expect(judged({ ...given, may: ['Image'] })).toMatchObject({ outcome: 'Blocked', reason: 'OverlayChangesWhatRuns' });
  expect(judged({ ...given, may: ['Image', 'Command'] })).toMatchObject({
    outcome: 'Passed',
    reason: 'OverlayAllowed',
  });
});
