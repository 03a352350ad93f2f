/**
 * How releases end, told or brought about by a stolen token of ours: a Job that did not run, a hold that nobody lifted, pods that nobody takes
 * back, data that nobody let go. Operator and gate run.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { serviceAccountToken } from '../../../hack/controlplane/chart.ts';
import { startOperator, type OperatorProcess } from '../../../hack/controlplane/operator.ts';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import { jobName } from '../../../operator/decide/manifest/normal-form.ts';
import { holdLifted } from '../../../operator/decide/record/holds.ts';
import * as releaseEntries from '../../../operator/decide/release/entries.ts';
import { anApproval } from '../../support/builders/decide.ts';
import { gateLock, type Lock } from '../../support/attack/attack.ts';
import { appendAs, openIn, packageIn, refusedTo } from '../../support/attack/history.ts';
import { said, type World as Attacked } from '../../support/attack/world.ts';
import {
  accepted,
  startTimeoutMs,
  waitFor,
  waitForGone,
  type ApiClient,
  type KubeObject,
  type Manifest,
} from '../../support/cluster/cluster.ts';
import { image, startSystem, type System, type World } from '../../support/cluster/system.ts';
import {
  approverA,
  end,
  gateSays,
  inProduction,
  patienceMs,
  release,
  sign,
  tester,
} from '../../support/scenario/kit.ts';
import { behaving, job, manifestOf, podOf, podTemplate, recorded, service } from '../../support/scenario/production.ts';

jest.setTimeout(300_000);

let system: System;
let stolen: Readonly<Record<'operator' | 'restorer', ApiClient>>;
let second: OperatorProcess | undefined;

beforeAll(async () => {
  system = await startSystem();
  const client = async (name: 'operator' | 'restorer') =>
    system.as('installer').withToken(await serviceAccountToken(system.controlPlane, `countersign-${name}`));
  stolen = { operator: await client('operator'), restorer: await client('restorer') };
}, startTimeoutMs * 2);

afterAll(async () => {
  for (const each of Object.values(stolen ?? {})) each.close();
  await second?.stop();
  await system?.stop();
});

const people = {
  approvals: [
    { role: 'tester', count: 1 },
    { role: 'approver', count: 1 },
  ],
};
const patient = { ...people, health: { progressTimeout: '10m', observeFor: '0s', settle: '0s' } };
const both = [tester, approverA] as const;

/** What locks need of the cluster. */
const cluster = (): Attacked => ({
  cluster: system,
  as: (name) => system.as(name),
  operator: stolen.operator,
  restorer: stolen.restorer,
  stop: system.stop,
});

/** With a lock off, what is attempted again and again comes about. */
const without = async (lock: Lock<Attacked>, attempt: () => Promise<boolean>): Promise<void> => {
  const close = await lock.open(cluster());
  try {
    for (const deadline = Date.now() + patienceMs; !(await attempt());) {
      if (Date.now() > deadline) throw new Error('the control did not succeed');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  } finally {
    await close();
  }
};

const enter = async (world: World, draft: Parameters<typeof appendAs>[2]): Promise<void> => {
  accepted(await appendAs(world, { client: stolen.operator, as: 'operator' }, draft));
};

const begins = async (world: World, candidate: Manifest): Promise<string> => {
  const { name = '' } = candidate.metadata;
  await world.propose(candidate);
  await sign(world, name, ...both);
  return (await recorded(world, 'PromotionStarted', name)).digest;
};

const parts = ['Job/migrate', 'Deployment/web'];

/** A release is under way, and its Job runs and runs. */
const migrating = async (world: World): Promise<string> => {
  await world.stage(job(world, 'migrate', 'a'), world.deployment('web', 'a'));
  const overlay = [behaving('Job', 'migrate', 'never-ready')];
  const digest = await begins(world, world.candidate('first', parts, { overlay }));
  const name = jobName('migrate', digest);
  await inProduction<KubeObject>(world, 'Job', name, () => true);
  return name;
};

const sayItRan = async (world: World, name: string): Promise<void> => {
  const open = await openIn(world);
  const bundle = { package: 'payments', digest: open.toDigest } as Bundle;
  const told = { object: `Job/${name}`, outcome: 'Complete', message: 'the Job is complete' } as const;
  await enter(world, releaseEntries.jobDone(open, bundle, told));
};

test("the operator's token says that a Job is complete which still runs: nobody lets go of it, and the release goes back without its workloads", async () => {
  // The twin: a Job that runs to its end is let go of.
  const twin = await system.world('migrated', patient);
  await twin.stage(job(twin, 'migrate', 'a'), twin.deployment('web', 'a'));
  const digest = await begins(twin, twin.candidate('first', parts));
  expect(await end(twin, 'first')).toBe('Promoted');
  const done = await inProduction<KubeObject>(twin, 'Job', jobName('migrate', digest), () => true);
  expect(done.metadata.finalizers ?? []).toEqual([]);

  const world = await system.world('said-migrated', patient);
  await sayItRan(world, await migrating(world));
  expect(await refusedTo(system, world, { who: 'operator', resource: 'jobs', withinMs: patienceMs })).toMatch(
    /JobNotComplete: .* Next: /,
  );
  expect(await end(world, 'first')).toBe('RolledBack');
  expect(await world.live('Deployment', 'web')).toBeUndefined();

  // The control: without the gate the workloads come, and the Job has not run.
  const open = await system.world('unguarded-migrated', patient);
  const name = await migrating(open);
  let isSaid = false;
  await without(gateLock, async () => {
    if (!isSaid) await sayItRan(open, name);
    isSaid = true;
    return (await open.live('Deployment', 'web')) !== undefined;
  });
});

const letterIn = async (world: World): Promise<string | undefined> => {
  interface Workload extends KubeObject {
    readonly spec: {
      readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
    };
  }
  return (await world.live<Workload>('Deployment', 'web'))?.spec.template.spec.containers[0]?.image;
};

/** A release was taken back by order, and the same content is proposed again. */
const heldBack = async (world: World): Promise<void> => {
  for (const letter of ['a', 'b']) {
    await world.stage(world.deployment('web', letter));
    expect(await release(world, world.candidate(`with-${letter}`, ['Deployment/web']))).toBe('Promoted');
  }
  accepted(
    await world.as('sre-a').create({
      ...world.ref('Rollback'),
      metadata: { name: 'back', namespace: world.production },
      spec: { package: 'payments', reason: 'customers complain' },
    }),
  );
  await recorded(world, 'RolledBack', 'with-b');
  await world.propose(world.candidate('again', ['Deployment/web']));
  await gateSays(world, 'again', 'RollbackHold', 'HeldAfterRollback');
};

/** That somebody signed, who did not. */
const sayItWasLifted = async (world: World): Promise<void> => {
  const [[digest, hold] = []] = (await packageIn(world)).held;
  if (digest === undefined || hold === undefined) throw new Error('nothing is held');
  const approval = anApproval('approver-a', { comment: 'a node died' });
  const uid = randomUUID();
  await enter(
    world,
    holdLifted({ package: 'payments', digest, hold }, { ...approval, metadata: { ...approval.metadata, uid } }),
  );
  await gateSays(world, 'again', 'RollbackHold', 'NotHeld');
};

test("the operator's token says that somebody lifted a hold: the gate finds no such signature, and nothing of the content is written", async () => {
  const world = await system.world('said-lifted', people);
  await heldBack(world);
  await sayItWasLifted(world);
  await sign(world, 'again', ...both);
  const words = await refusedTo(system, world, { who: 'operator', resource: 'deployments', withinMs: patienceMs });
  expect(words).toMatch(/ConsentMissing: .*nobody signed that it was not the cause.* Next: /);
  expect(await end(world, 'again')).toBe('RolledBack');
  expect(await letterIn(world)).toBe(image('a'));

  // The twin: somebody signs.
  const twin = await system.world('lifted', people);
  await heldBack(twin);
  const { remedy } = await gateSays(twin, 'again', 'RollbackHold', 'HeldAfterRollback');
  const manifest = JSON.parse(/echo '(.*)' \| kubectl create -f -/.exec(remedy)?.[1] ?? '') as Manifest & {
    readonly spec: Readonly<Record<string, unknown>>;
  };
  accepted(await twin.as('tester-a').create({ ...manifest, spec: { ...manifest.spec, comment: 'a node died' } }));
  await gateSays(twin, 'again', 'RollbackHold', 'NotHeld');
  await sign(twin, 'again', ...both);
  expect(await end(twin, 'again')).toBe('Promoted');
  expect(await letterIn(twin)).toBe(image('b'));
});

const database = (world: World, name: string, letter: string, more: Readonly<Record<string, unknown>> = {}): Manifest =>
  manifestOf(world, 'StatefulSet', name, {
    spec: {
      replicas: 1,
      serviceName: name,
      selector: { matchLabels: { app: name } },
      template: podTemplate(name, letter),
      ...more,
    },
  });

const readyPod = (world: World, name: string): Promise<KubeObject> =>
  inProduction<
    KubeObject & { readonly status?: { readonly conditions?: readonly { type: string; status: string }[] } }
  >(
    world,
    'Pod',
    name,
    ({ status }) => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
  );

test("the restorer's token deletes pods: not one that is ready, nor one that no rollback waits for, nor one that no StatefulSet orders", async () => {
  const world = await system.world('pods', patient);
  const timed = {
    ...people,
    health: { progressTimeout: '10s', rollbackTimeout: '5m', observeFor: '0s', settle: '0s' },
  };
  await world.stage(database(world, 'db', 'a'), world.deployment('web', 'a'));
  expect(await release(world, world.candidate('first', ['StatefulSet/db', 'Deployment/web']))).toBe('Promoted');
  await readyPod(world, 'db-0');
  const remove = (name: string) => stolen.restorer.delete(world.ref('Pod', name));
  expect(said(await remove('db-0'))).toMatch(/ProductionGuardPod: .* Next: /);
  expect(said(await remove((await podOf(world, 'web')).metadata.name ?? ''))).toMatch(/ProductionGuardPod: .* Next: /);

  // One that is not ready: the guard leaves it to the gate, which knows no rollback that waits for it.
  const twin = await system.world('pods-back', timed);
  await twin.stage(database(twin, 'db', 'a'));
  expect(await release(twin, twin.candidate('first', ['StatefulSet/db']))).toBe('Promoted');
  await world.stage(database(world, 'db', 'b'));
  const broken = { overlay: [behaving('StatefulSet', 'db', 'never-ready')] };
  await begins(world, world.candidate('second', ['StatefulSet/db', 'Deployment/web'], broken));
  const stuckPod = () =>
    inProduction<KubeObject & { readonly spec: { readonly containers: readonly { image: string }[] } }>(
      world,
      'Pod',
      'db-0',
      ({ spec }) => spec.containers[0]?.image === image('b'),
    );
  let stuck = await stuckPod();
  let answer = said(await remove('db-0'));
  // A simulated node ends pods by name: what it does for the old one may end the new one, and another comes.
  while (/not found/.test(answer)) {
    stuck = await stuckPod();
    answer = said(await remove('db-0'));
  }
  expect(answer).toMatch(/NoReleaseUnderWay: .* Next: /);

  // The twin: a rollback waits for it, and the operator deletes it.
  await twin.stage(database(twin, 'db', 'b'));
  await begins(twin, twin.candidate('second', ['StatefulSet/db'], broken));
  expect(await end(twin, 'second')).toBe('RolledBack');
  await readyPod(twin, 'db-0');

  // The control: without the gate it goes.
  await without(gateLock, async () => {
    await remove('db-0');
    const now = await world.live('Pod', 'db-0');
    return now?.metadata.uid !== stuck.metadata.uid || now?.metadata.deletionTimestamp !== undefined;
  });
});

let operators = 0;

/** The operator does not run meanwhile, and another begins afterwards. */
const whileAway = async (act: () => Promise<void>): Promise<void> => {
  await (second ?? system.operator).stop();
  await act();
  operators += 1;
  second = await startOperator(system.controlPlane, { instance: `ends-operator-${operators}` });
};

/** Volumes of a class of their own, and what makes a StatefulSet use them and give them up. */
const withClaims = async (world: World): Promise<Readonly<Record<string, unknown>>> => {
  const storageClassName = `${world.production}-claims`;
  const installer = world.as('installer');
  const storage = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    provisioner: 'kubernetes.io/no-provisioner',
  };
  accepted(await installer.create({ ...storage, metadata: { name: storageClassName } }));
  const claim = { storageClassName, accessModes: ['ReadWriteOnce'] };
  for (const number of [1, 2])
    accepted(
      await installer.create({
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `${storageClassName}-${number}` },
        spec: { ...claim, capacity: { storage: '1Gi' }, hostPath: { path: `/nowhere/${number}` } },
      }),
    );
  return {
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete', whenScaled: 'Retain' },
    volumeClaimTemplates: [
      { metadata: { name: 'store' }, spec: { ...claim, resources: { requests: { storage: '1Gi' } } } },
    ],
  };
};

test("the operator's token deletes a StatefulSet that a release drops before its claims are kept: the gate refuses", async () => {
  const world = await system.world('claims', patient);
  const waiting = [behaving('Deployment', 'web', 'never-ready')];
  await world.stage(
    service(world, 'db'),
    database(world, 'db', 'a', await withClaims(world)),
    world.deployment('web', 'a'),
  );
  expect(await release(world, world.candidate('first', ['Service/db', 'StatefulSet/db', 'Deployment/web']))).toBe(
    'Promoted',
  );
  await world.stage(world.deployment('web', 'b'));
  await begins(world, world.candidate('second', ['Service/db', 'Deployment/web'], { overlay: waiting }));
  await waitFor(world.as('installer'), world.ref('Deployment', 'web'), () => true, patienceMs);
  const set = world.ref('StatefulSet', 'db');

  await whileAway(async () => {
    // The outcome is told before the set is parked: from then on it may go, as it is.
    const open = await openIn(world);
    const bundle = { candidate: open.candidate, package: 'payments', digest: open.toDigest } as Bundle;
    const at = Date.now();
    await enter(world, releaseEntries.promoted(open, bundle, { observeUntil: at, healthy: true, reason: 'forged' }));
    expect(said(await stolen.operator.delete(set))).toMatch(/ClaimsWouldGo: .* Next: /);
    accepted(await world.as('installer').get(set));

    // The control: without the gate it goes, and takes them along.
    await without(gateLock, async () => {
      await stolen.operator.delete(set);
      return !(await world.as('installer').get(set)).ok;
    });
  });

  // The twin: what is parked goes, and its claims stay.
  const twin = await system.world('parked', people);
  await twin.stage(service(twin, 'db'), database(twin, 'db', 'a', await withClaims(twin)), twin.deployment('web', 'a'));
  expect(await release(twin, twin.candidate('first', ['Service/db', 'StatefulSet/db', 'Deployment/web']))).toBe(
    'Promoted',
  );
  expect(await release(twin, twin.candidate('second', ['Service/db', 'Deployment/web']))).toBe('Promoted');
  await waitForGone(twin.as('installer'), twin.ref('StatefulSet', 'db'), patienceMs);
  expect(await twin.live('PersistentVolumeClaim', 'store-db-0')).toBeDefined();
});
