/** Packages that name images by tag: what staging's pods run under it is what production gets. */
import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import { programIdentities } from '../../../hack/controlplane/identities.ts';
import type { JsonObject } from '../../../operator/api/meta.ts';
import { accepted, waitFor, waitForAll, type KubeObject, type Manifest } from '../../support/cluster/cluster.ts';
import { condition, type World } from '../../support/cluster/system.ts';
import {
  bundleOf,
  contentIn,
  end,
  everybody,
  gateSays,
  inProduction,
  patched,
  patienceMs,
  scenarios,
  sign,
  staged,
  type BundleSeen,
} from '../../support/scenario/kit.ts';
import { manifestOf } from '../../support/scenario/production.ts';

const { scenario, system } = scenarios('images');
const quick = { health: { progressTimeout: '90s', observeFor: '0s' } };

/** What a simulated kubelet reports of `docker.io/<name>:<tag>`, as if the tag meant this when it was pulled. */
const digest = (named: string, pulled = ''): string =>
  `sha256:${createHash('sha256').update(`docker.io/${named} ${pulled}`).digest('hex')}`;

const pinned = (reference: string, named: string, pulled = ''): string => `${reference}@${digest(named, pulled)}`;

interface Pod extends KubeObject {
  readonly status?: { readonly containerStatuses?: readonly { readonly imageID?: string }[] };
}

const podsOf = (world: World, app: string, count: number): Promise<readonly Pod[]> =>
  waitForAll<Pod>(
    world.as('installer'),
    { ...world.ref('Pod', undefined, world.staging), labelSelector: `app=${app}` },
    (seen) => seen.length === count && seen.every(({ status }) => (status?.containerStatuses ?? []).length > 0),
    patienceMs,
  );

/** The node pulls the image of a pod again, and the tag means this now. */
const pulls = async (world: World, pod: Pod, pulled: string | null): Promise<void> => {
  accepted(
    await world.as(programIdentities.kwok.name).patch(world.ref('Pod', pod.metadata.name, world.staging), 'merge', {
      metadata: { annotations: { 'countersign.test/images': pulled } },
    }),
  );
};

const web = (world: World, more: JsonObject = {}, annotations: Readonly<Record<string, string>> = {}): Manifest =>
  patched(world.deployment('web', 'a'), {
    spec: {
      replicas: 2,
      template: { metadata: { annotations }, spec: { containers: [{ name: 'main', image: 'nginx:1.27' }], ...more } },
    },
  });

const pinsIn = (bundle: BundleSeen): readonly Readonly<Record<string, unknown>>[] =>
  (bundle.spec as unknown as { readonly images?: readonly Readonly<Record<string, unknown>>[] }).images ?? []; // oxlint-disable-line typescript/no-unsafe-type-assertion -- what the kit does not know of

scenario(
  'a package that names its images by tag is released with the digests that its pods ran, in workloads, init containers, Jobs and CronJobs',
  async (world) => {
    const once = (name: string, image: string) => ({
      metadata: { labels: { app: name } },
      spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] },
    });
    await world.stage(
      web(world, { initContainers: [{ name: 'init', image: 'team/init:3' }] }),
      manifestOf(world, 'Job', 'migrate', { spec: { backoffLimit: 0, template: once('migrate', 'team/migrate:7') } }),
      manifestOf(world, 'CronJob', 'nightly', {
        spec: { schedule: '0 3 1 1 *', jobTemplate: { spec: { template: once('nightly', 'team/nightly') } } },
      }),
    );
    await world.propose(world.candidate('tags', ['Deployment/web', 'Job/migrate', 'CronJob/nightly']));

    // The CronJob has not run: it waits, and says for what.
    const { outcome, message, remedy } = await gateSays(world, 'tags', 'Images', 'ImageNotRun', (gate) =>
      gate.message.includes('CronJob nightly'),
    );
    expect(outcome).toBe('Waiting');
    expect(message).toContain('container main of CronJob nightly ("team/nightly")');
    const command = /kubectl (create job .*?)\. /.exec(remedy)?.[1] ?? '';
    expect(command).toBe(`create job nightly-first --from=cronjob/nightly -n ${world.staging}`);
    const ran = await system().controlPlane.kubectl('developer-a', command.split(' '));
    expect(ran).toMatchObject({ code: 0 });

    const ready = await staged(world, 'tags');
    const bundle = await bundleOf(world, ready);
    const expected = {
      main: pinned('nginx:1.27', 'library/nginx:1.27'),
      init: pinned('team/init:3', 'team/init:3'),
      migrate: pinned('team/migrate:7', 'team/migrate:7'),
      nightly: pinned('team/nightly', 'team/nightly:latest'),
    };
    expect(contentIn(bundle, 'Deployment', 'web')).toMatchObject({
      spec: {
        template: { spec: { containers: [{ image: expected.main }], initContainers: [{ image: expected.init }] } },
      },
    });
    expect(contentIn(bundle, 'Job', 'migrate')).toMatchObject({
      spec: { template: { spec: { containers: [{ image: expected.migrate }] } } },
    });
    expect(contentIn(bundle, 'CronJob', 'nightly')).toMatchObject({
      spec: { jobTemplate: { spec: { template: { spec: { containers: [{ image: expected.nightly }] } } } } },
    });
    // Where it was seen, for signers to read.
    const pods = await podsOf(world, 'web', 2);
    const pin = pinsIn(bundle).find(({ container, name }) => container === 'main' && name === 'web');
    expect(pin).toMatchObject({
      kind: 'Deployment',
      reference: 'nginx:1.27',
      digest: digest('library/nginx:1.27'),
      pods: 2,
      seen: [{ node: expect.stringMatching(/^node-/) }, { node: expect.stringMatching(/^node-/) }],
    });
    const seen = JSON.stringify(pin);
    for (const { metadata } of pods) expect(seen).toContain(`"pod":"${metadata.name}"`);
    expect(bundle.spec.deltaText).toContain(
      `Tag nginx:1.27 of container main in Deployment web is pinned to ${digest('library/nginx:1.27')}`,
    );
    expect(bundle.spec.deltaText).toContain(expected.main);

    // Pods of staging come and go: the pin stays, and staging is what it was.
    accepted(await world.as('developer-a').delete(world.ref('Pod', pods[0]?.metadata.name, world.staging)));
    await sign(world, 'tags', ...everybody);
    expect(await end(world, 'tags')).toBe('Promoted');
    await inProduction(world, 'Deployment', 'web', (object) => JSON.stringify(object).includes(expected.main));
  },
  quick,
);

scenario(
  'a tag that means another image in staging before the soak is over is a change of staging',
  async (world) => {
    await world.stage(web(world));
    await world.propose(world.candidate('moves', ['Deployment/web']));
    await staged(world, 'moves');
    await gateSays(world, 'moves', 'StagingUnchanged', 'StagingUnchanged');
    await gateSays(world, 'moves', 'Soak', 'Soaking');
    const [pod] = await podsOf(world, 'web', 2);
    if (pod === undefined) throw new Error('there is no pod');

    await pulls(world, pod, 'rebuilt');
    const { message } = await gateSays(world, 'moves', 'StagingUnchanged', 'StagingChanged');
    expect(message).toContain('Deployment web, whose container main runs');
    expect(message).toContain(digest('library/nginx:1.27', 'rebuilt'));
    expect(message).toContain(pod.metadata.name);
    await gateSays(world, 'moves', 'Soak', 'NotSoaking');

    await pulls(world, pod, null);
    await gateSays(world, 'moves', 'StagingUnchanged', 'StagingUnchanged');
  },
  { ...quick, soak: '1h' },
);

scenario(
  'pods that disagree about a tag hold the candidate, which says what each runs and goes on once they agree',
  async (world) => {
    await world.stage(web(world));
    const [pod] = await podsOf(world, 'web', 2);
    if (pod === undefined) throw new Error('there is no pod');
    await pulls(world, pod, 'stale');
    await waitFor<Pod>(
      world.as('installer'),
      world.ref('Pod', pod.metadata.name, world.staging),
      ({ status }) => status?.containerStatuses?.[0]?.imageID?.endsWith(digest('library/nginx:1.27', 'stale')) === true,
      patienceMs,
    );
    await world.propose(world.candidate('disagree', ['Deployment/web']));

    const { outcome, message, remedy } = await gateSays(world, 'disagree', 'Images', 'ImagesDisagree');
    expect(outcome).toBe('Blocked');
    expect(message).toContain('container main of Deployment web ("nginx:1.27"');
    expect(message).toContain(`${digest('library/nginx:1.27', 'stale')} in ${pod.metadata.name}`);
    expect(remedy).toContain(`kubectl set image deployment/web main=nginx:1.27@sha256:`);

    await pulls(world, pod, null);
    await staged(world, 'disagree');
  },
  quick,
);

scenario(
  'an image that no registry knows cannot be released by tag',
  async (world) => {
    await world.stage(web(world, {}, { 'countersign.test/images': 'none' }));
    await world.propose(world.candidate('local', ['Deployment/web']));
    const { outcome, message, remedy } = await gateSays(world, 'local', 'Images', 'ImageWithoutDigest');
    expect(outcome).toBe('Blocked');
    expect(message).toContain(`the pods say ${digest('library/nginx:1.27', 'none')}`);
    expect(remedy).toContain('pushes the image to its registry');
  },
  quick,
);

scenario(
  'an image that an injector fills in is left to it by the policy, and signers are told so',
  async (world) => {
    const gateway = patched(world.deployment('gateway', 'a'), {
      spec: {
        template: {
          metadata: { labels: { 'sidecar.istio.io/inject': 'true' } },
          spec: { containers: [{ name: 'istio-proxy', image: 'auto', ports: [{ containerPort: 8443 }] }] },
        },
      },
    });
    await world.stage(gateway);
    await world.propose(world.candidate('gw', ['Deployment/gateway']));
    const { outcome, message, remedy } = await gateSays(world, 'gw', 'Images', 'ImageInjected');
    expect(outcome).toBe('Blocked');
    expect(message).toContain('an injector');
    expect(message).toContain('cannot be pinned in the template');
    expect(message).toContain('container istio-proxy of Deployment gateway ("auto")');

    const [, patch = ''] = /-p '(.*?)'/.exec(remedy) ?? [];
    expect(remedy).toContain(`kubectl patch relpol production -n ${world.production} --type=json -p '${patch}'`);
    const args = ['patch', 'relpol', 'production', '-n', world.production, '--type=json', '-p', patch];
    expect(await system().controlPlane.kubectl('admin', args)).toMatchObject({ code: 0 });

    const ready = await staged(world, 'gw');
    expect((await bundleOf(world, ready)).spec.deltaText).toContain(
      'The image of container istio-proxy in Deployment gateway ("auto") is filled in by an injector',
    );
    expect((await gateSays(world, 'gw', 'Images', 'DigestsPinned')).message).toContain('istio-proxy');
    await sign(world, 'gw', ...everybody);
    expect(await end(world, 'gw')).toBe('Promoted');
  },
  quick,
);

scenario(
  'an overlay that names another tag than staging runs is refused',
  async (world) => {
    await world.stage(web(world));
    const overlay = { spec: { template: { spec: { containers: [{ name: 'main', image: 'nginx:1.28' }] } } } };
    await world.propose(
      world.candidate('other', ['Deployment/web'], { overlay: [{ kind: 'Deployment', name: 'web', patch: overlay }] }),
    );
    const { message } = await gateSays(world, 'other', 'Images', 'ImageNotStaged');
    expect(message).toContain('container main of Deployment web ("nginx:1.28"');
  },
  quick,
);

scenario(
  'where the policy demands digests, a tag is refused as before',
  async (world) => {
    await world.stage(web(world));
    await world.propose(world.candidate('strict', ['Deployment/web']));
    const seen = await staged(world, 'strict');
    expect(condition(seen, 'Staged')?.status).toBe('True');
    await gateSays(world, 'strict', 'Images', 'TagWithoutDigest');
  },
  { ...quick, images: 'DigestRequired' },
);
