import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aBundle, aCandidate, aGateSnapshot, aPolicy, digestOf, now } from '../../../test/support/builders/decide.ts';
import {
  aStagedWorkload,
  aWitness,
  aWorkload,
  honestControllers,
  podsKey,
  pulled,
  runsAs,
} from '../../../test/support/builders/staging-pods.ts';
import { questionKey, type Answers } from '../api-queries.ts';
import type { BundleObject } from '../bundle.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { images as imagesGate } from '../gates/content/images.ts';
import { objectAt } from '../json/json.ts';
import { imagesIn } from '../manifest/images-in.ts';
import { keyOf, type LiveObject, type PodFacts } from '../objects.ts';
import { renderStaged } from './content.ts';
import { movedImages } from './image-pins.ts';

type Snapshot = ReturnType<typeof aGateSnapshot>;

/** Staging with these objects and pods, nothing frozen. */
const staging = (objects: readonly LiveObject[], pods: readonly PodFacts[], given: Partial<Snapshot> = {}): Snapshot =>
  aGateSnapshot({
    candidate: aCandidate({ overlay: [] }),
    bundles: [],
    staged: new Map(objects.map((object) => [keyOf(object.ref), object])),
    stagedPods: new Map(
      objects.map((object) => [podsKey(object), pods.filter(({ ownerName }) => ownerName === object.ref.name)]),
    ),
    stagedControllers: honestControllers(objects),
    ...given,
  });

/** What it is rendered to by an API server that changes nothing. */
const rendered = (s: CandidateSnapshot) => {
  const answers: Answers = new Map(
    renderStaged(s, new Map()).questions.map((question) => [
      questionKey(question),
      { kind: 'Object', manifest: question.manifest },
    ]),
  );
  return renderStaged(s, answers);
};

const imagesOf = (objects: Iterable<BundleObject>): readonly string[] =>
  [...objects].flatMap(({ content }) => imagesIn(content).map(({ reference }) => reference));

const nginx = { name: 'main', image: 'nginx:1.27' };
const api = aStagedWorkload(aWorkload('Deployment', 'api', [nginx]));
const good = pulled('library/nginx', 'a');
const evil = pulled('library/nginx', 'e');
const honest = aWitness(api, runsAs(api, { main: good }));
const lies = runsAs(api, { main: evil });

test.each(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'])(
  'the tags of a %s get the digests that its pods ran: of containers, init containers and image volumes',
  (kind) => {
    const object = aStagedWorkload(
      aWorkload(kind, 'app', [nginx, { name: 'pinned', image: `team/side:2@${digestOf('d')}` }], {
        initContainers: [{ name: 'init', image: 'team/init' }],
        volumes: [{ name: 'model', image: { reference: 'team/model:3' } }],
      }),
    );
    const runs = runsAs(object, {
      main: good,
      pinned: pulled('team/side', 'b'),
      init: pulled('team/init', 'c'),
      model: pulled('team/model', '9'),
    });
    const { objects, pins, problem } = rendered(staging([object], [aWitness(object, runs)]));
    expect(problem).toBeUndefined();
    expect(imagesOf(objects.values()).toSorted()).toEqual([
      `nginx:1.27@${digestOf('a')}`,
      `team/init@${digestOf('c')}`,
      `team/model:3@${digestOf('9')}`,
      `team/side:2@${digestOf('d')}`,
    ]);
    expect(pins).toHaveLength(3);
    expect(pins.find(({ container }) => container === 'main')).toMatchObject({
      kind,
      name: 'app',
      reference: 'nginx:1.27',
      digest: digestOf('a'),
      pods: 1,
      seen: [{ pod: 'app-1', node: 'node-0' }],
    });
    expect(pins.find(({ volume }) => volume === 'model')).toMatchObject({ reference: 'team/model:3' });
  },
);

const another = { kind: 'ReplicaSet', name: 'other-abc', uid: 'uid-other-abc' };

test.each<[string, Partial<PodFacts>]>([
  ['a pod that only carries its labels', { controller: undefined }],
  [
    'a pod that names the Deployment, and not a ReplicaSet of it, by a wrong uid',
    { controller: { kind: 'Deployment', name: 'api', uid: 'forged' } },
  ],
  ['a pod of a ReplicaSet that is not there', { controller: another }],
  [
    'a pod that names the ReplicaSet with another uid',
    { controller: { kind: 'ReplicaSet', name: 'api-abc', uid: 'forged' } },
  ],
  ['a pod of an earlier revision', { labels: { 'pod-template-hash': 'old' } }],
  ['a pod that is not ready', { ready: false }],
  ['a pod that is being deleted', { deleting: true }],
  ['a pod that has ended', { phase: 'Failed' }],
])('%s says nothing: neither alone nor against the others', (_, given) => {
  const liar = aWitness(api, lies, { name: 'liar', ...given });
  expect(rendered(staging([api], [liar])).problem).toMatchObject({ reason: 'ImageNotRun', waits: true });
  const { objects, problem } = rendered(staging([api], [honest, liar]));
  expect(problem).toBeUndefined();
  expect(imagesOf(objects.values())).toEqual([`nginx:1.27@${digestOf('a')}`]);
});

test('a pod of a ReplicaSet that says it is of the Deployment, with another template, says nothing', () => {
  const s = staging([api], [aWitness(api, lies)]);
  const own = s.stagedControllers.replicaSet('api-abc');
  const stagedControllers = {
    ...s.stagedControllers,
    replicaSet: () => own && { ...own, programs: ['main main 0123456789abcdef', 'account default', 'label app=api'] },
  };
  expect(rendered({ ...s, stagedControllers }).problem).toMatchObject({ reason: 'ImageNotRun' });
  const foreign = { ...s.stagedControllers, replicaSet: () => own && { ...own, controller: { uid: 'uid-other' } } };
  expect(rendered({ ...s, stagedControllers: foreign }).problem).toMatchObject({ reason: 'ImageNotRun' });
});

test('a Deployment whose controller has not seen its latest change has no pods that count', () => {
  const changed = { ...api, generation: 2 };
  expect(rendered(staging([changed], [honest])).problem).toMatchObject({ reason: 'ImageNotRun' });
});

const said = (objects: readonly LiveObject[], pods: readonly PodFacts[], given: Partial<Snapshot> = {}) =>
  rendered(staging(objects, pods, given)).problem;

test('pods that run another image than the template names show that something fills it in', () => {
  const patched = runsAs(api, { main: evil }).map((each) => ({ ...each, image: 'nginx:evil' }));
  const problem = said([api], [aWitness(api, patched)]);
  expect(problem).toMatchObject({ reason: 'ImageInjected', gate: { name: 'Images', outcome: 'Blocked' } });
  expect(problem?.message).toContain('container main of Deployment api ("nginx:1.27"; the pods say nginx:evil)');
  expect(problem?.gate?.remedy).toContain('kubectl set image deployment/api main=nginx:1.27@sha256:');
});

test('a tag in a container that the policy leaves to an injector is pinned all the same: it is what runs where nothing fills it in', () => {
  const policy = aPolicy({ injected: [{ kind: 'Deployment', name: 'api', container: 'main' }] });
  expect(imagesOf(rendered(staging([api], [honest], { policy })).objects.values())).toEqual([
    `nginx:1.27@${digestOf('a')}`,
  ]);
  const patched = runsAs(api, { main: evil }).map((each) => ({ ...each, image: 'nginx:evil' }));
  expect(said([api], [aWitness(api, patched)], { policy })).toMatchObject({ reason: 'ImageInjected' });
  const bundle = aBundle({ objects: [{ ref: api.ref, content: api.manifest, digest: '' }] });
  expect(imagesGate.judge(aGateSnapshot({ bundle, policy }), now)).toMatchObject({ reason: 'TagWithoutDigest' });
});

test('pods that disagree are named, with what each runs', () => {
  const other = aWitness(api, lies, { name: 'api-2' });
  const problem = said([api], [honest, other]);
  expect(problem).toMatchObject({ reason: 'ImagesDisagree', gate: { outcome: 'Blocked' } });
  expect(problem?.message).toContain(`${digestOf('a')} in api-1 and ${digestOf('e')} in api-2`);
  expect(problem?.gate?.remedy).toContain(
    `kubectl set image deployment/api main=nginx:1.27@${digestOf('a')} -n payments-staging`,
  );
});

test.each([
  ['nothing yet', ''],
  ['the id of an image that no registry knows', digestOf('1')],
  ['the digest of another repository', pulled('library/other', '1')],
])('%s is no digest that production could pull', (_, id) => {
  const problem = said([api], [honest, aWitness(api, runsAs(api, { main: id }), { name: 'api-2' })]);
  expect(problem).toMatchObject({ reason: 'ImageWithoutDigest', gate: { outcome: 'Blocked' } });
  expect(problem?.message).toContain(`the pods say ${id === '' ? 'nothing' : id} on node-0`);
});

test('what can run says how: a CronJob by a first run, what is scaled to nothing by replicas', () => {
  const nightly = aStagedWorkload(aWorkload('CronJob', 'nightly', [nginx]));
  expect(said([nightly], [])?.gate?.remedy).toContain(
    'kubectl create job nightly-first --from=cronjob/nightly -n payments-staging',
  );
  const spec = { ...objectAt(api.manifest, 'spec'), replicas: 0 };
  const idle = { ...api, manifest: { ...api.manifest, spec } };
  expect(said([idle], [])?.gate?.remedy).toContain('kubectl edit deployment/api -n payments-staging');
});

test('the last run of a CronJob counts, and not one before it', () => {
  const nightly = aStagedWorkload(aWorkload('CronJob', 'nightly', [nginx]));
  const job = (name: string, createdAt: number) => ({ name, uid: `uid-${name}`, createdAt });
  const pod = (name: string, id: string) =>
    aWitness(nightly, runsAs(nightly, { main: id }), { controller: { kind: 'Job', name, uid: `uid-${name}` } });
  const s = staging([nightly], [], {
    stagedPods: new Map([
      ['Job/one', [pod('one', evil)]],
      ['Job/two', [pod('two', good)]],
      ['Job/three', []],
    ]),
    stagedControllers: {
      replicaSet: () => undefined,
      jobsOf: () => [job('one', now - 3), job('two', now - 2), job('three', now - 1)],
    },
  });
  expect(imagesOf(rendered(s).objects.values())).toEqual([`nginx:1.27@${digestOf('a')}`]);
});

test('an image that the policy leaves to an injector is left as it is, and signers are told', () => {
  const gateway = aStagedWorkload(aWorkload('Deployment', 'gateway', [{ name: 'istio-proxy', image: 'auto' }]));
  const policy = aPolicy({ injected: [{ kind: 'Deployment', name: 'gateway', container: 'istio-proxy' }] });
  expect(said([gateway], [])).toMatchObject({ reason: 'ImageInjected' });
  expect(said([gateway], [])?.gate?.remedy).toContain(
    `kubectl patch relpol production -n payments-prod --type=json -p '[{"op":"add","path":"/spec/injected/-","value":{"kind":"Deployment","name":"gateway","container":"istio-proxy"}}]'`,
  );
  const { objects, problem } = rendered(staging([gateway], [], { policy }));
  expect(problem).toBeUndefined();
  const bundle = aBundle({ objects: [...objects.values()] });
  expect(imagesGate.judge(aGateSnapshot({ bundle, policy }), now)).toMatchObject({
    outcome: 'Passed',
    message: expect.stringContaining('container istio-proxy of Deployment gateway ("auto")'),
  });
  expect(imagesGate.judge(aGateSnapshot({ bundle }), now)).toMatchObject({ reason: 'ImageInjected' });
});

test('once frozen a pin stays though the pods are gone, and a tag that moved since is told', () => {
  const first = rendered(staging([api], [honest]));
  const bundle = aBundle({ objects: [...first.objects.values()], images: first.pins });
  const frozen = (pods: readonly PodFacts[]) => staging([api], pods, { bundles: [bundle], bundle });
  for (const pods of [[], [honest], [aWitness(api, lies)]]) {
    expect(rendered(frozen(pods)).digests.get('Deployment/api')).toBe(first.digests.get('Deployment/api'));
  }
  expect(movedImages(frozen([]), bundle).size).toBe(0);
  expect(movedImages(frozen([honest]), bundle).size).toBe(0);
  expect(movedImages(frozen([honest, aWitness(api, lies, { name: 'api-2' })]), bundle).get('Deployment/api')).toBe(
    `container main runs ${digestOf('e')} under nginx:1.27 in pod api-2, and ${digestOf('a')} is what was staged`,
  );
});

test('the same object under another pin is another content', () => {
  const one = rendered(staging([api], [honest]));
  const two = rendered(staging([api], [aWitness(api, lies)]));
  expect(one.digests.get('Deployment/api')).not.toBe(two.digests.get('Deployment/api'));
});

// --- what ships is what staging ran -------------------------------------------------------------------------------------

const kinds = ['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'] as const;
const references = [
  'nginx:1.27',
  'nginx:1.27',
  'team/app',
  'team/app',
  `team/app@${digestOf('d')}`,
  'auto',
  'not an image',
] as const;
/** What pods that count may report, mostly the same of the right repository; the digests of those that do not count begin with other digits. */
const reported = fc.oneof(
  { weight: 8, arbitrary: fc.constant((repository: string) => pulled(repository, '1')) },
  { weight: 1, arbitrary: fc.constant((repository: string) => pulled(repository, '2')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      () => pulled('library/other', '1'),
      () => digestOf('3'),
      () => '',
    ),
  },
);
const forged = ['e', 'f'].flatMap((digit) => [pulled('library/nginx', digit), pulled('team/app', digit)]);

const lie = fc.constantFrom<Partial<PodFacts>>(
  { ready: false, phase: 'Running' },
  { phase: 'Failed', ready: false },
  { controller: undefined },
  { controller: { kind: 'ReplicaSet', name: 'x', uid: 'y' } },
  { controller: { kind: 'Job', name: 'x', uid: 'y' } },
);

const workload = fc.record({
  kind: fc.constantFrom(...kinds),
  image: fc.constantFrom(...references),
  overlay: fc.option(fc.constantFrom('nginx:1.28', 'nginx:1.27', `nginx@${digestOf('7')}`), {
    nil: undefined,
    freq: 1,
  }),
  injected: fc.constantFrom(true, false, false, false),
  witnesses: fc.array(reported, { maxLength: 3 }),
  liars: fc.array(fc.record({ id: fc.constantFrom(...forged), lie }), { maxLength: 2 }),
});

test('every image of a release was the imageID of a pod that counts, is named by digest, or is left to an injector by the policy', () => {
  let pinned = 0;
  fc.assert(
    fc.property(fc.array(workload, { minLength: 1, maxLength: 3 }), (drawn) => {
      const workloads = drawn.map((each) => ({
        ...each,
        witnesses: each.witnesses.map((id) => id(each.image.startsWith('team') ? 'team/app' : 'library/nginx')),
      }));
      const objects = workloads.map(({ kind, image }, i) =>
        aStagedWorkload(aWorkload(kind, `app-${i}`, [{ name: 'main', image }])),
      );
      const pods = workloads.flatMap(({ witnesses, liars }, i) => {
        const object = objects[i] ?? api;
        return [
          ...witnesses.map((id, n) => aWitness(object, runsAs(object, { main: id }), { name: `app-${i}-${n}` })),
          ...liars.map(({ id, lie: given }, n) =>
            aWitness(object, runsAs(object, { main: id }), { name: `liar-${n}`, ...given }),
          ),
        ];
      });
      const refs = objects.map(({ ref }) => ref);
      const s = staging(objects, pods, {
        candidate: aCandidate({
          overlay: workloads.flatMap(({ overlay, kind }, i) => {
            const containers = { spec: { containers: [{ name: 'main', image: overlay ?? '' }] } };
            const patch =
              kind === 'CronJob' ? { jobTemplate: { spec: { template: containers } } } : { template: containers };
            return overlay === undefined ? [] : [{ kind, name: `app-${i}`, patch: { spec: patch } }];
          }),
        }),
        policy: aPolicy({
          injected: refs
            .filter((_, i) => workloads[i]?.injected === true)
            .map(({ kind, name }) => ({ kind, name, container: 'main' })),
        }),
      });
      const { objects: contents, problem } = rendered(s);
      if (problem !== undefined) return true;
      const bundle = aBundle({ objects: [...contents.values()] });
      if (imagesGate.judge({ ...s, bundle }, now).outcome !== 'Passed') return true;
      return workloads.every(({ image, overlay, injected, witnesses }, i) => {
        const wanted = overlay ?? image;
        const [shipped = ''] = imagesOf([...contents.values()].filter(({ ref }) => ref.name === `app-${i}`));
        if (wanted.includes('@') || (injected && wanted === 'auto')) return shipped === wanted;
        const digest = shipped.slice(wanted.length + 1);
        pinned += 1;
        return (
          shipped === `${image}@${digest}` && witnesses.length > 0 && witnesses.every((id) => id.endsWith(`@${digest}`))
        );
      });
    }),
    { numRuns: 400 },
  );
  // It would say nothing if nothing were ever pinned.
  expect(pinned).toBeGreaterThan(20);
});
