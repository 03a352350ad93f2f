/** An upgrade of the chart is signed for once, whatever the number of production namespaces, and not by whoever upgraded. */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { chartDir, systemNamespace } from '../../hack/controlplane/chart.ts';
import { helmRights, createPeople } from '../admission-policies/installation/installation-world.ts';
import { bind, said, type World as Binders } from '../support/attack/world.ts';
import { accepted, startTimeoutMs, type Answer, type Manifest } from '../support/cluster/cluster.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { closed, explained, found, foundUntilNow, installation, policy } from '../support/scenario/findings.ts';
import { dataOf, entriesOf } from '../support/scenario/production.ts';

jest.setTimeout(240_000);

const upgrader = 'upgrader';
const signer = 'signer';
const stranger = 'stranger';

let system: System;
let worlds: readonly World[];

beforeAll(async () => {
  system = await startSystem();
  const binders: Binders = {
    cluster: system,
    as: (name) => system.as(name),
    operator: system.as('installer'),
    restorer: system.as('installer'),
    stop: system.stop,
  };
  await createPeople(binders);
  for (const name of [upgrader, signer, stranger]) await system.controlPlane.identity({ name });
  await bind(binders, { user: upgrader, role: helmRights });
  await bind(binders, { user: upgrader, role: 'countersign-installer', namespace: systemNamespace });
  for (const user of [upgrader, signer])
    await bind(binders, { user, role: 'countersign-installation', namespace: systemNamespace });
  await bind(binders, { user: stranger, role: 'countersign-tester', namespace: systemNamespace });
  worlds = [];
  for (const name of ['one', 'two', 'three']) worlds = [...worlds, await system.world(name, {}, { guarded: 'audit' })];
  for (const world of worlds) {
    await bind(binders, { user: signer, role: 'countersign-installation', namespace: world.production });
    await explained(world);
  }
}, startTimeoutMs * 2);
afterAll(() => system?.stop());

const upgrade = async (...roles: readonly string[]): Promise<void> => {
  const set = `emergency.clusterRoles={${['countersign-emergency', ...roles].join()}}`;
  const args = [
    'upgrade',
    'countersign',
    chartDir,
    '-n',
    systemNamespace,
    '--reuse-values',
    '--force-conflicts',
    '--set',
    set,
  ];
  expect(await system.controlPlane.helm(upgrader, args)).toMatchObject({ code: 0 });
};

/** The manifest that the policy of a namespace hands out for its latest finding. */
const manifest = async (world: World, digest: string): Promise<Manifest> => {
  const seen = await policy(world, ({ status }) => status?.findings?.some((each) => each.digest === digest) === true);
  const text = seen.status?.findings?.find((each) => each.digest === digest)?.approvalManifests['installation'] ?? '';
  return JSON.parse(text) as Manifest; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the API server judges it
};

const sign = (who: string, approval: Manifest): Promise<Answer<unknown>> => system.as(who).create(approval);

test('one signature of somebody who did not upgrade releases every namespace, and each record names it', async () => {
  await upgrade('view');
  const digests = await Promise.all(worlds.map(async (world) => (await found(world, installation)).digest));
  expect(new Set(digests).size).toBe(1);
  const [digest = ''] = digests;
  const [first] = worlds;
  if (first === undefined) throw new Error('no worlds');
  const approval = await manifest(first, digest);

  const refused = await sign(stranger, approval);
  expect(said(refused)).toContain(
    'kubectl create rolebinding stranger-countersign-installation --clusterrole=countersign-installation',
  );
  const elsewhere = await sign(signer, {
    ...approval,
    metadata: { ...approval.metadata, namespace: first.production },
  });
  expect(said(elsewhere)).toContain('InstallationSignedAtHome: ');

  accepted(await sign(upgrader, approval));
  await foundUntilNow(first);
  for (const world of worlds) expect(await entriesOf(world, 'FindingClosed')).toEqual([]);

  const signature = accepted(await system.as(signer).create<Manifest>(approval));
  for (const world of worlds) {
    expect(await closed(world, installation)).toMatchObject({
      by: 'Signature',
      accepted: true,
      approval: signature.metadata.name,
    });
    const [entry] = await entriesOf(world, 'FindingClosed');
    expect(entry?.reason).toContain(`once for every production namespace (Approval ${systemNamespace}/`);
    expect(entry?.actor.username).toBe(signer);
    expect(dataOf(await found(world, installation))).toMatchObject({ username: upgrader });
  }
});
