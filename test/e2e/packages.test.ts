/**
 * Packages as their vendors publish them: applied to staging, released, released again with another image, and taken back when that fails.
 * What `stage` shows of each before is what the operator then freezes. What lies outside of namespaces, and Secrets, are no part of a release. `make packages` tries every one of them, and prints a table.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { jsonObject } from '../../operator/api/meta.ts';
import { differences } from '../../operator/decide/json/diff.ts';
import { formatPath } from '../../operator/decide/json/field-path.ts';
import { listAt, textAt } from '../../operator/decide/json/json.ts';
import { accepted, startTimeoutMs, type Manifest } from '../support/cluster/cluster.ts';
import { condition, createSoon, image, isTrue, type Reported, type World } from '../support/cluster/system.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { dryRun, frozen, type Typed } from '../support/command/preview.ts';
import { everybody, gateSays, patienceMs, scenarios, sign, typeCommands } from '../support/scenario/kit.ts';
import { behaving } from '../support/scenario/production.ts';
import { isWhole, partOf } from '../support/proofs.ts';
import {
  kept,
  kindOf,
  mainOf,
  manifestFrom,
  nameOf,
  placed,
  vendorPackages,
  type VendorPackage,
} from '../support/scenario/vendor-packages.ts';

const { scenario, system } = scenarios('packages');

/** Volumes for whatever is claimed: nobody makes any here. */
const volumes = (world: World, storageClassName: string): readonly Manifest[] =>
  Array.from({ length: 8 }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `${world.production}-${storageClassName || 'none'}-${i}` },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '100Gi' },
      hostPath: { path: '/none' },
      storageClassName,
    },
  }));

/** A node for production alone: the simulated kubelet takes it as its own. */
const nodeOf = (place: string, name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: {
    name: `production-${name}`,
    annotations: { 'kwok.x-k8s.io/node': 'fake' },
    labels: { 'kubernetes.io/os': 'linux', [place]: name },
  },
  spec: { taints: [{ key: place, value: name, effect: 'NoSchedule' }] },
});

/** What surrounds a package: classes, volumes, nodes and Secrets. */
const surround = async (
  world: World,
  { name, classes, clusterRights, secrets, help }: VendorPackage,
): Promise<void> => {
  const installer = system().as('installer');
  const ofClasses = classes.flatMap((object) => (kindOf(object) === 'StorageClass' ? [nameOf(object)] : []));
  const made = (help.secrets ?? []).map((each) =>
    jsonObject({ apiVersion: 'v1', kind: 'Secret', metadata: { name: each }, stringData: { password: 'x' } }),
  );
  await Promise.all([
    ...classes.map((object) => createSoon(installer, manifestFrom(object))),
    ...clusterRights.map((object) => createSoon(installer, placed(object, world.staging))),
    ...['', ...ofClasses].flatMap((each) => volumes(world, each).map((volume) => createSoon(installer, volume))),
    ...(help.nodes === undefined ? [] : [createSoon(installer, nodeOf(help.nodes, name))]),
    ...[world.staging, world.production].flatMap((namespace) =>
      [...secrets, ...made].map((object) => createSoon(installer, placed(object, namespace))),
    ),
  ]);
};

/** What staging's accounts hold and production's do not, a cluster administrator gives them, by the commands that the gate prints. */
const giveRights = async (world: World, candidate: string): Promise<void> =>
  typeCommands(
    system(),
    await gateSays(world, candidate, 'ClusterRights', 'ClusterRightsMissing'),
    / same: (.*?)\. If /,
  );

const waitsOf: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['rollout', 'status'],
  StatefulSet: ['rollout', 'status'],
  DaemonSet: ['rollout', 'status'],
  Job: ['wait', '--for=condition=Complete'],
};

/** Waits until everything that runs in staging is what was applied last: the images that its pods run by tag do not change any more. */
const settled = async (world: World, parts: VendorPackage['parts']): Promise<void> => {
  for (const object of parts) {
    const wait = waitsOf[kindOf(object)];
    if (wait === undefined) continue;
    const what = `${kindOf(object).toLowerCase()}/${nameOf(object)}`;
    const typed = [...wait, what, '-n', world.staging, `--timeout=${patienceMs}ms`];
    const { code, stderr } = await system().controlPlane.kubectl('admin', typed);
    expect([what, code, stderr]).toEqual([what, 0, '']);
  }
};

/**
 * Creates what `stage` printed, has everybody sign, and expects that it ends so; else what it says about itself is in the failure. What was shown
 * of it is what the operator froze.
 */
const ends = async (
  world: World,
  typed: Typed,
  expected: string,
  waits: (name: string) => Promise<void> = () => Promise.resolve(),
): Promise<Reported> => {
  const { name } = typed;
  const { delta, candidate } = await dryRun(command, world, typed);
  await world.propose(candidate);
  const { status } = await world.staged(name);
  expect(await frozen(world, status?.bundle)).toBe(delta);
  await sign(world, name, ...everybody);
  await waits(name);
  const seen = await world.when(name, (each) => isTrue(each, 'Finished'), patienceMs);
  const { reason, message } = condition(seen, 'Finished') ?? { reason: 'none', message: '' };
  expect(reason === expected ? reason : `${reason}: ${message}`).toBe(expected);
  return seen;
};

/** What a namespace, the API server or a controller gives each of two equal objects. */
const given =
  /^(status|metadata\.(uid|resourceVersion|generation|creationTimestamp|managedFields|finalizers|annotations\['?[^']*(countersign\.dev|kubernetes\.io)\/)|spec\.(clusterIPs?|healthCheckNodePort|volumeName|replicas)$)|nodePort$|controller-uid|job-name|countersign\.dev\//;

/** Every release runs a Job under a name of its own. */
const inProduction = async (
  world: World,
  { kind, apiVersion, metadata: { name = '' } }: Manifest,
): Promise<unknown> => {
  const target = { apiVersion, kind, namespace: world.production };
  if (kind !== 'Job') return accepted(await world.as('admin').get({ ...target, name }));
  const { items } = accepted(await world.as('admin').list(target));
  const job = items.find((each) => each.metadata.name?.startsWith(name));
  return { apiVersion, kind, ...job };
};

/** Fields of the package in which production is not what staging is, but for what is given and what an overlay, a pin or a place is for. */
const unequal = async (world: World, { parts, help }: VendorPackage): Promise<readonly string[]> => {
  const found = parts.map(async (object) => {
    const staged = placed(object, world.staging);
    const live = accepted(await world.as('admin').get({ ...staged, name: nameOf(object), namespace: world.staging }));
    const from = jsonObject(JSON.parse(JSON.stringify(live).replaceAll(world.staging, world.production)));
    return differences(from, jsonObject(await inProduction(world, staged))).flatMap(({ path, from: was, to: is }) => {
      const field = formatPath(path);
      const isPin =
        field.endsWith('.image') && JSON.stringify(is).startsWith(`${JSON.stringify(was).slice(0, -1)}@sha256:`);
      return isPin ||
        given.test(field) ||
        help.differs?.test(field) === true ||
        (field === 'metadata.name' && staged.kind === 'Job')
        ? []
        : [`${kindOf(object)}/${nameOf(object)} ${field}: ${JSON.stringify(was)} → ${JSON.stringify(is)}`];
    });
  });
  return (await Promise.all(found)).flat();
};

const table: string[] = [];

const row = ({ name, objects, parts, secrets, outside, label, help }: VendorPackage, seen: Reported): string => {
  const selected =
    label === undefined
      ? 'components'
      : Object.entries(label)
          .map((pair) => pair.join('='))
          .join();
  const kinds = [...new Set(outside.map((each) => each.split('/')[0]))].join(', ');
  return `${name.padEnd(16)} ${objects.length} objects, ${parts.length} released by ${selected} (${seen.status?.objects ?? ''})
    outside of namespaces: ${outside.length === 0 ? 'none' : `${outside.length} (${kinds})`}; Secrets: ${secrets.length}; done by people: ${help.said.join('; ') || 'nothing'}\n`;
};

let command: Command;
beforeAll(async () => {
  command = await buildCommand(system().controlPlane);
}, startTimeoutMs);
afterAll(() => command?.remove());

const packages = vendorPackages();
if (packages.length === 0) test.todo('the packages of vendors are not here: ../shared/vendor');
if (isWhole) afterAll(() => void process.stdout.write(`\n${table.toSorted().join('')}\n`));

for (const each of partOf(packages, 2)) {
  const { parts, label, clusterRights, help } = each;
  const overlay = help.overlay ?? [];
  const objects =
    label === undefined
      ? parts.map((object) => `${kindOf(object)}/${nameOf(object)}`)
      : Object.entries(label).flatMap((pair) => ['-l', pair.join('=')]);
  scenario(
    `${each.name}: ${parts.length} objects are released, released again with another image, and taken back when that fails`,
    async (world) => {
      for (const object of parts) await createSoon(world.as('admin'), placed(kept(object), world.staging));
      await settled(world, parts);
      const waits = (name: string) => (clusterRights.length === 0 ? Promise.resolve() : giveRights(world, name));
      table.push(row(each, await ends(world, { name: 'first', objects, overlay }, 'Promoted', waits)));
      expect(await unequal(world, each)).toEqual([]);

      const main = mainOf(each);
      const [container] = listAt(main, 'spec', 'template', 'spec', 'containers');
      const containers = [{ name: textAt(container, 'name'), image: image('b') }];
      const target = { kind: kindOf(main), name: nameOf(main), apiVersion: 'apps/v1', namespace: world.staging };
      const next = { spec: { template: { spec: { containers } } } };
      accepted(await world.as('admin').patch(target, 'strategic', next));
      await settled(world, parts);
      await ends(world, { name: 'second', objects, overlay }, 'Promoted');
      expect(await unequal(world, each)).toEqual([]);

      const failing = behaving(target.kind, target.name, 'crash-loop');
      await ends(world, { name: 'third', objects, overlay: [...overlay, failing] }, 'RolledBack');
      expect(await unequal(world, each)).toEqual([]);
    },
    { health: { progressTimeout: '90s', observeFor: '0s', settle: '0s' } },
    { before: (world) => surround(world, each) },
  );
}
