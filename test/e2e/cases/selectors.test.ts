/** A selector leaves nothing out without a word: what it finds and a release cannot take is named until the candidate says why. */
import { expect } from '@jest/globals';
import { waitForGone, type Manifest } from '../../support/cluster/cluster.ts';
import { image, type World } from '../../support/cluster/system.ts';
import {
  bundleOf,
  conditionSays,
  end,
  everybody,
  gateSays,
  patched,
  release,
  scenarios,
  sign,
  staged,
  type BundleSeen,
} from '../../support/scenario/kit.ts';
import { inCluster, manifestOf, service, storageClass, volume } from '../../support/scenario/production.ts';

const { scenario, system } = scenarios('selector');

const labels = { team: 'shop' };
const labelled = (manifest: Manifest): Manifest => patched(manifest, { metadata: { labels } });

/** A StatefulSet whose claims carry the labels of the package and have no owner. */
const database = (world: World): Manifest =>
  labelled(
    manifestOf(world, 'StatefulSet', 'db', {
      spec: {
        replicas: 1,
        serviceName: 'db',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: image('d') }] } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              storageClassName: 'shop',
              accessModes: ['ReadWriteOnce'],
              resources: { requests: { storage: '1Gi' } },
            },
          },
        ],
      },
    }),
  );

const web = (world: World): Manifest =>
  labelled(patched(world.deployment('web', 'a'), { spec: { template: { metadata: { labels } } } }));

/** Endpoints that people keep, which no controller makes again. */
const slice = (world: World): Manifest => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'ledger-db-1',
    namespace: world.staging,
    labels: { ...labels, 'kubernetes.io/service-name': 'ledger-db' },
  },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['192.0.2.10'] }],
  ports: [{ port: 5432, protocol: 'TCP' }],
});

const bySelector = (world: World, name: string, spec: Readonly<Record<string, unknown>> = {}): Manifest =>
  world.candidate(name, [], { components: undefined, selector: { matchLabels: labels }, ...spec });

const leaveOut = [
  { kind: 'Secret', name: 'web-key', reason: 'production has a key of its own' },
  { kind: 'EndpointSlice', name: 'ledger-db-1', reason: 'the database team keeps the addresses of production' },
];

/** Runs kubectl as somebody in staging, where it must succeed. */
const inStaging = async (world: World, who: string, ...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await system().controlPlane.kubectl(who, [...args, '-n', world.staging]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
};

type LeftOut = BundleSeen & { readonly spec: { readonly leftOut?: readonly object[] } };

scenario(
  'what a selector finds and a release cannot take blocks with its name until the candidate leaves it out with a reason',
  async (world) => {
    await inCluster(world, slice(world), storageClass('shop'), volume('shop-1', 'shop'), volume('shop-2', 'shop'));
    await world.stage(
      labelled(manifestOf(world, 'Secret', 'web-key', { stringData: { key: 'not-a-secret' } })),
      labelled(manifestOf(world, 'Service', 'ledger-db', { spec: { ports: [{ port: 5432 }] } })),
      labelled(world.configMap('spare', {})),
      database(world),
      web(world),
    );

    await world.propose(bySelector(world, 'first'));
    const { message } = await conditionSays(world, 'first', 'Staged', 'LeftOutUnsaid');
    expect(message).toContain('Secret web-key (Secrets are never copied)');
    expect(message).toContain('EndpointSlice ledger-db-1');
    expect(message).toContain('{kind: Secret, name: web-key, reason: <why>}');
    // What controllers made of the package needs no word.
    for (const made of ['ReplicaSet', 'Pod', 'PersistentVolumeClaim', 'ControllerRevision', 'Endpoints web']) {
      expect(message).not.toContain(made);
    }
    const [, takeOff = ''] = /kubectl (label \S+ team-) -n \S+/.exec(message) ?? [];
    expect(await inStaging(world, 'installer', ...takeOff.split(' '), '--dry-run=server')).toContain('unlabeled');

    const typo = { kind: 'Secret', name: 'web-keys', reason: 'a typing error' };
    await world.propose(bySelector(world, 'second', { leaveOut: [...leaveOut, typo] }));
    const unknown = await conditionSays(world, 'second', 'Staged', 'LeftOutNotFound');
    expect(unknown.message).toContain('Secret web-keys, which the selector does not find');

    await world.propose(bySelector(world, 'third', { leaveOut }));
    const candidate = await staged(world, 'third');
    const bundle: LeftOut = await bundleOf(world, candidate);
    expect(bundle.spec.leftOut).toEqual(leaveOut.map((entry) => ({ apiVersion: '', ...entry })).toReversed());
    expect(bundle.spec.deltaText).toContain('Secret web-key: production has a key of its own');
    expect(bundle.spec.deltaText).toContain('endpoints of Service ledger-db: it has no selector');
    expect(bundle.spec.objects.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'ConfigMap/spare',
      'Deployment/web',
      'Service/ledger-db',
      'StatefulSet/db',
    ]);
    expect(await inStaging(world, 'developer-a', 'get', 'cand', 'third')).toContain('4 objects, 2 left out');
    await sign(world, 'third', ...everybody);
    expect(await end(world, 'third')).toBe('Promoted');

    // What production has and a later release leaves out is deleted, and signers read it.
    const spare = { kind: 'ConfigMap', name: 'spare', reason: 'nobody reads it' };
    await world.propose(bySelector(world, 'fourth', { leaveOut: [...leaveOut, spare] }));
    const { spec } = await bundleOf(world, await staged(world, 'fourth'));
    expect(spec.deltaText).toContain('ConfigMap spare (deleted from production: the release before has it): nobody');
    await sign(world, 'fourth', ...everybody);
    expect(await end(world, 'fourth')).toBe('Promoted');
    await waitForGone(world.as('installer'), world.ref('ConfigMap', 'spare'));
  },
  { health: { progressTimeout: '60s', observeFor: '0s', settle: '0s' } },
);

scenario(
  'an Ingress whose certificate is made because of it goes forward without the Secret',
  async (world) => {
    const ingress = (name: string, secretName: string, annotations = {}): Manifest =>
      patched(
        manifestOf(world, 'Ingress', name, {
          spec: {
            defaultBackend: { service: { name: 'web', port: { number: 80 } } },
            tls: [{ hosts: ['shop.example'], secretName }],
          },
        }),
        { metadata: { annotations } },
      );
    await world.stage(
      service(world, 'web'),
      ingress('declared', 'web-tls'),
      ingress('issued', 'issued-tls', { 'cert-manager.io/cluster-issuer': 'ca' }),
      ingress('nobody', 'nobody-tls'),
    );
    await world.propose(world.candidate('first', ['Ingress/nobody', 'Service/web']));
    await gateSays(world, 'first', 'SecretsPresent', 'SecretMissing');

    expect(await release(world, world.candidate('second', ['Ingress/declared', 'Ingress/issued', 'Service/web']))).toBe(
      'Promoted',
    );
  },
  {
    platformWriters: [
      { identity: 'system:serviceaccount:cert-manager:cert-manager', kind: 'Secret', names: ['web-tls'] },
    ],
    health: { progressTimeout: '60s', observeFor: '0s', settle: '0s' },
  },
);
