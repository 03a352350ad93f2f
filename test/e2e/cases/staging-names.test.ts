/** Staging stays behind: content that names the staging namespace does not go to production without a word. */
import { expect } from '@jest/globals';
import { parse } from 'yaml';
import type { Manifest } from '../../support/cluster/cluster.ts';
import { image, type World } from '../../support/cluster/system.ts';
import {
  amendPolicy,
  bundleOf,
  end,
  everybody,
  gateSays,
  patched,
  scenarios,
  sign,
  staged,
} from '../../support/scenario/kit.ts';
import { manifestOf } from '../../support/scenario/production.ts';

const { scenario } = scenarios('refers');

const policy = { overlayMay: ['Command'], health: { progressTimeout: '60s', observeFor: '0s', settle: '0s' } };

const url = (namespace: string): string => `postgres://db.${namespace}.svc.cluster.local:5432/shop`;

const from = (namespace: string) => ({
  from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }],
});

const container = (host: (name: string) => string) => ({
  name: 'main',
  image: image('a'),
  args: [`--peers=${host('web-0.web')}`],
});

/** Names its own namespace in four places: as URL, external name, selector and argument. */
const application = (world: World): readonly Manifest[] => {
  const host = (name: string) => `${name}.${world.staging}.svc`;
  return [
    world.configMap('settings', { DB_URL: url(world.staging), NOTE: 'staging' }),
    manifestOf(world, 'Service', 'payments', { spec: { type: 'ExternalName', externalName: host('api') } }),
    manifestOf(world, 'NetworkPolicy', 'only-us', {
      spec: {
        podSelector: {},
        ingress: [from(world.staging)],
      },
    }),
    patched(world.deployment('web', 'a'), {
      spec: {
        template: {
          spec: {
            containers: [container(host)],
          },
        },
      },
    }),
  ];
};

const components = ['ConfigMap/settings', 'Deployment/web', 'NetworkPolicy/only-us', 'Service/payments'];

scenario(
  'content that names the staging namespace is blocked place by place, and an overlay that names production ships it',
  async (world) => {
    await world.stage(...application(world));
    await world.propose(world.candidate('first', components));
    const { message, remedy } = await gateSays(world, 'first', 'StagingReferences', 'StagingReferencesFound');
    for (const place of [
      'ConfigMap settings data.DB_URL',
      'Service payments spec.externalName',
      'NetworkPolicy only-us spec.ingress[0].from[0].namespaceSelector.matchLabels',
      'Deployment web spec.template.spec.containers[0].args[0]',
    ]) {
      expect(message).toContain(place);
    }
    expect((await bundleOf(world, await staged(world, 'first'))).spec.deltaText).toContain(
      'Names the staging namespace:\n  ConfigMap settings data.DB_URL: ',
    );

    // What the remedy shows is YAML that names production.
    const shown: unknown = parse(
      remedy
        .split('\n')
        .filter((line) => line.startsWith('- {'))
        .join('\n'),
    );
    expect(shown).toContainEqual({
      kind: 'ConfigMap',
      name: 'settings',
      jsonPatch: [{ op: 'replace', path: '/data/DB_URL', value: url(world.production) }],
    });
    const host = (name: string) => `${name}.${world.production}.svc`;
    const overlay = [
      { kind: 'ConfigMap', name: 'settings', patch: { data: { DB_URL: url(world.production) } } },
      { kind: 'Service', name: 'payments', patch: { spec: { externalName: host('api') } } },
      { kind: 'NetworkPolicy', name: 'only-us', patch: { spec: { ingress: [from(world.production)] } } },
      {
        kind: 'Deployment',
        name: 'web',
        patch: { spec: { template: { spec: { containers: [container(host)] } } } },
      },
    ];
    await world.propose(world.candidate('second', components, { overlay }));
    await gateSays(world, 'second', 'StagingReferences', 'NoStagingReferences');
    await sign(world, 'second', ...everybody);
    expect(await end(world, 'second')).toBe('Promoted');
    expect(await world.live('ConfigMap', 'settings')).toMatchObject({
      data: { DB_URL: url(world.production), NOTE: 'staging' },
    });
  },
  policy,
);

scenario(
  'where the policy only reports, content that names staging goes forward and signers read it',
  async (world) => {
    await world.stage(world.configMap('settings', { DB: `db.${world.staging}.svc` }));
    await world.propose(world.candidate('first', ['ConfigMap/settings']));
    await gateSays(world, 'first', 'StagingReferences', 'StagingReferencesFound');
    await amendPolicy(world, { stagingReferences: 'Report' });
    const { message } = await gateSays(world, 'first', 'StagingReferences', 'StagingReferencesReported');
    expect(message).toContain(`ConfigMap settings data.DB: db.${world.staging}.svc`);
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');
  },
  { health: policy.health },
);
