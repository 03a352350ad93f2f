/** What overlays change of what runs: found in whichever form it is written, and judged. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import {
  aCandidate,
  aDeployment,
  aGateSnapshot,
  aLiveObject,
  anObject,
  aPolicy,
  now,
} from '../../../test/support/builders/decide.ts';
import { jsonObject, type JsonObject } from '../../api/meta.ts';
import { overlay as overlayItem, type OverlayItem } from '../../api/overlay.ts';
import { questionKey, type Answers } from '../api-queries.ts';
import type { Bundle } from '../bundle.ts';
import { overlay as gate } from '../gates/content/overlay.ts';
import type { GateSnapshot } from '../gates/gate.ts';
import { keyOf, type LiveObject } from '../objects.ts';
import { baseOf, draftBundle } from './bundle-draft.ts';
import { renderStaged } from './content.ts';
import { overlayLines } from './overlays.ts';
import { overlaidFields } from '../delta/overlaid.ts';

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

const item = (patch: JsonObject): OverlayItem => ({ kind: 'Deployment', name: 'api', group: '', patch: { ...patch } });
const ofPod = (spec: JsonObject): OverlayItem => item({ spec: { template: { spec } } });
const jsonPatch = (...operations: NonNullable<OverlayItem['jsonPatch']>): OverlayItem => ({
  kind: 'Deployment',
  name: 'api',
  group: '',
  jsonPatch: operations,
});

const snapshotOf = ({ candidate = [], policy = [], may = [] }: Given, staged = api): GateSnapshot =>
  aGateSnapshot({
    bundles: [],
    staged: new Map([[keyOf(staged.ref), aLiveObject(staged)]]),
    candidate: aCandidate({ overlay: [...candidate], components: [{ kind: 'Deployment', name: 'api' }] }),
    policy: aPolicy({
      overlay: policy.map((each) => ({ ...each, package: 'payments' })),
      overlayMay: [...may],
      images: 'DigestRequired',
    }),
  });

/** The bundle that is frozen; the API server changes nothing of it. */
const frozen = (given: Given, staged = api): Bundle => frozenOf(snapshotOf(given, staged));

const frozenOf = (s: GateSnapshot): Bundle => {
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

const container = (fields: JsonObject): OverlayItem => ofPod({ containers: [{ name: 'app', ...fields }] });
const pod = '/spec/template/spec';
const swapped = { name: 'app', image: digest('e'), command: ['/app'] };

const images: readonly (readonly [string, OverlayItem])[] = [
  ['a patch of the container', container({ image: digest('d') })],
  ['a container beside it', ofPod({ containers: [{ name: 'more', image: digest('d') }] })],
  ['an init container', ofPod({ initContainers: [{ name: 'first', image: digest('d') }] })],
  ['an ephemeral container', ofPod({ ephemeralContainers: [{ name: 'shell', image: digest('d') }] })],
  ['a container less', ofPod({ containers: [{ name: 'spare', $patch: 'delete' }] })],
  ['another list of containers', ofPod({ containers: [{ $patch: 'replace' }, swapped] })],
  ['another pod', ofPod({ $patch: 'replace', containers: [swapped] })],
  ['another template', item({ spec: { template: { $patch: 'replace', spec: { containers: [swapped] } } } })],
  ['an image as a volume', ofPod({ volumes: [{ name: 'bin', image: { reference: digest('d') } }] })],
  ['an operation at the image', jsonPatch({ op: 'replace', path: `${pod}/containers/0/image`, value: digest('d') })],
  ['an operation at the list', jsonPatch({ op: 'replace', path: `${pod}/containers`, value: [swapped] })],
  [
    'an operation at the spec',
    jsonPatch({ op: 'replace', path: '/spec', value: { template: { spec: { containers: [swapped] } } } }),
  ],
  [
    'an image copied from another container',
    jsonPatch({ op: 'copy', from: `${pod}/containers/1/image`, path: `${pod}/containers/0/image` }),
  ],
  [
    'a container moved to where it runs first',
    jsonPatch({ op: 'move', from: `${pod}/containers/1`, path: `${pod}/initContainers` }),
  ],
  [
    'a text put aside, and copied to the image',
    jsonPatch(
      { op: 'add', path: '/spec/paused', value: digest('d') },
      { op: 'move', from: '/spec/paused', path: `${pod}/containers/0/image` },
    ),
  ],
];

const commands: readonly (readonly [string, OverlayItem])[] = [
  ['a command', container({ command: ['/evil'] })],
  ['no command, so that the image decides', container({ command: null })],
  ['arguments', container({ args: ['--evil'] })],
  ['another working directory', container({ workingDir: '/evil' })],
  ['a hook', container({ lifecycle: { postStart: { exec: { command: ['/evil'] } } } })],
  ['a probe of its own', container({ readinessProbe: { exec: { command: ['/evil'] } } })],
  ['another command of a probe', container({ livenessProbe: { exec: { command: ['/evil'] } } })],
  ['a library that is loaded first', container({ env: [{ name: 'LD_PRELOAD', value: '/tmp/evil.so' }] })],
  [
    'options of an interpreter',
    container({ env: [{ name: 'NODE_OPTIONS', valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }] }),
  ],
  ['variables of no name', container({ envFrom: [{ prefix: 'LD_', configMapRef: { name: 'a' } }] })],
  [
    'a variable that hides behind one of the same name',
    jsonPatch(
      { op: 'add', path: `${pod}/containers/0/env/-`, value: { name: 'LD_PRELOAD', value: '/tmp/evil.so' } },
      { op: 'copy', from: `${pod}/containers/0/env/0`, path: `${pod}/containers/0/env/0` },
    ),
  ],
  ['a sidecar out of an init container', ofPod({ initContainers: [{ name: 'first', restartPolicy: 'Always' }] })],
  [
    'a command moved to the arguments',
    jsonPatch({ op: 'move', from: `${pod}/containers/0/command`, path: `${pod}/containers/0/args` }),
  ],
  [
    'a command copied to another container',
    jsonPatch({ op: 'copy', from: `${pod}/containers/0/command`, path: `${pod}/containers/1/command` }),
  ],
];

test.each(images)('no candidate changes what runs by %s, unless the policy lets it change images', (_, each) => {
  expect(judged({ candidate: [each], may: ['Command'] })).toMatchObject({ outcome: 'Blocked' });
  expect(judged({ candidate: [each], may: ['Image', 'Command'] })).toMatchObject({ outcome: 'Passed' });
  // Production's own may: it is a platform admin who writes it.
  expect(judged({ policy: [each], candidate: [item({ spec: { replicas: 2 } })] })).toMatchObject({ outcome: 'Passed' });
});

test.each(commands)('no candidate changes what runs by %s, unless the policy lets it change commands', (_, each) => {
  expect(judged({ candidate: [each], may: ['Image'] })).toMatchObject({ outcome: 'Blocked' });
  expect(judged({ candidate: [each], may: ['Command'] })).toMatchObject({ outcome: 'Passed' });
  expect(judged({ policy: [each], candidate: [item({ spec: { replicas: 2 } })] })).toMatchObject({ outcome: 'Passed' });
});

test('a key of a ConfigMap that pods may take as such a variable counts, and other keys do not', () => {
  const ref = anObject('ConfigMap', 'settings', {}).ref;
  const changed = (data: JsonObject) => overlaidFields(ref, { from: { data: {} }, to: { data }, by: 'Candidate' });
  expect(changed({ LD_PRELOAD: '/tmp/evil.so' })).toMatchObject([{ what: 'Command', to: '/tmp/evil.so' }]);
  expect(changed({ LEVEL: 'debug', DB_PASSWORD: 'hunter2' })).toMatchObject([
    { field: 'data.DB_PASSWORD', what: 'Other', to: '' },
    { field: 'data.LEVEL', what: 'Other', to: 'debug' },
  ]);
});

test('when a CronJob runs is no command: production may have a schedule of its own', () => {
  const ref = anObject('CronJob', 'nightly', {}).ref;
  const of = (schedule: string, suspend: boolean): JsonObject => ({ spec: { schedule, suspend, timeZone: 'UTC' } });
  const found = overlaidFields(ref, { from: of('0 3 * * *', true), to: of('0 4 * * *', false), by: 'Candidate' });
  expect(found.map(({ field, what }) => [field, what])).toEqual([
    ['spec.schedule', 'Other'],
    ['spec.suspend', 'Other'],
  ]);
});

const others: readonly (readonly [string, OverlayItem, string])[] = [
  [
    'rights of a container',
    container({ securityContext: { privileged: true } }),
    'spec.template.spec.containers[name=app].securityContext.privileged (nothing) → true',
  ],
  [
    'files of the node',
    ofPod({ volumes: [{ name: 'node', hostPath: { path: '/' } }] }),
    'spec.template.spec.volumes[name=node].hostPath.path (nothing) → /',
  ],
  [
    'what is mounted over a program',
    container({ volumeMounts: [{ name: 'node', mountPath: '/app' }] }),
    'spec.template.spec.containers[name=app].volumeMounts[mountPath=/app]',
  ],
  [
    'a variable',
    container({ env: [{ name: 'REGION', value: 'eu' }] }),
    'spec.template.spec.containers[name=app].env[name=REGION].value test → eu',
  ],
  [
    'a credential, without its value',
    container({ env: [{ name: 'API_TOKEN', value: 'abc' }] }),
    'env[name=API_TOKEN].value',
  ],
];

test.each(others)('signers read at the top that an overlay changes %s', (_, each, line) => {
  const given = { candidate: [each] };
  expect(judged(given)).toMatchObject({ outcome: 'Passed' });
  const [differs, ...rest] = overlayLines(snapshotOf(given), frozen(given));
  expect(differs).toContain('Differs from staging by spec.overlay of the candidate: Deployment api: ');
  expect(differs).toContain(line);
  expect(differs).not.toContain('abc');
  expect(rest).toEqual([]);
});

test('signers read what runs otherwise before everything else, and how many fields have no room', () => {
  const given = { candidate: [many('d', 110), item({ spec: { replicas: 2 } })] };
  const lines = overlayLines(snapshotOf(given), frozen(given));
  expect(lines[0]).toMatch(/^NOT WHAT STAGING RUNS: /);
  expect(lines.filter((line) => line.startsWith('NOT WHAT'))).toHaveLength(99);
  expect(lines).toContain('Overlays change 12 more fields: see spec.overlay');
});

test('docs/overlays.md shows the line that signers read for its first example', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/overlays.md'), 'utf8');
  const [staging = '', items = ''] = [...page.matchAll(/```yaml\n# (?:staging|overlay)\n([\s\S]*?)```/g)].map(
    ([, text]) => text,
  );
  const { spec = null } = jsonObject(parse(staging));
  const staged = anObject('Deployment', 'api', { spec });
  const given = { candidate: z.array(overlayItem).parse(parse(items)) };
  expect(
    overlayLines(snapshotOf(given, staged), frozen(given, staged)).map((line) => page.includes(`\n${line}\n`)),
  ).toEqual([true]);
});

test('what differs from staging is told in one order, in whichever staging was read', () => {
  const [one, other] = [aDeployment('one', {}), aDeployment('other', {})].map((object) => aLiveObject(object));
  if (one === undefined || other === undefined) throw new Error('none');
  const labelled = (name: string): OverlayItem => ({ ...item({ metadata: { labels: { in: 'prod' } } }), name });
  const bundleOf = (...all: readonly LiveObject[]) =>
    frozenOf({
      ...snapshotOf({ candidate: ['one', 'other'].map(labelled) }),
      staged: new Map(all.map((each) => [keyOf(each.ref), each])),
    });
  expect(bundleOf(other, one).overlaid.map(({ name }) => name)).toEqual(['one', 'other']);
  expect(bundleOf(other, one)).toEqual(bundleOf(one, other));
});
