/**
 * No false alarms: what controllers, scheduler, autoscaler and nodes write in the course of a day is explained. The number of writes is that of
 * the audit log; `make quiet` does ten thousand.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accepted, startTimeoutMs, waitFor, type KubeObject } from '../support/cluster/cluster.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { audit, explained, foundUntilNow, scaleAs } from '../support/scenario/findings.ts';
import { patienceMs, release } from '../support/scenario/kit.ts';
import { isWhole } from '../support/proofs.ts';
import { manifestOf, podTemplate, service } from '../support/scenario/production.ts';

const wanted = Number(process.env['COUNTERSIGN_QUIET_WRITES'] ?? (isWhole ? 1_000 : 300));
const longestWriteMs = 100;
const workloads = ['one', 'two', 'three'] as const;
/** Between two looks at the audit log. */
const round = 10;

let system: System;

beforeAll(async () => {
  system = await startSystem();
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

interface Scaled extends KubeObject {
  readonly status?: { readonly availableReplicas?: number; readonly replicas?: number };
}

/** Writes in a namespace that machines made and the API server took, by who made them. */
const writesBy = async ({ production }: World): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  for (const { user, verb, stage, objectRef, responseStatus } of await system.controlPlane.auditEvents()) {
    const isWrite = ['create', 'update', 'patch', 'delete', 'deletecollection'].includes(verb);
    const isOrdinary = objectRef?.namespace === production && !['events', 'leases'].includes(objectRef.resource ?? '');
    const isMachine = user.username.startsWith('system:') && !user.username.includes('countersign');
    if (stage !== 'ResponseComplete' || !isWrite || !isOrdinary || !isMachine || (responseStatus?.code ?? 500) >= 300) {
      continue;
    }
    counts.set(user.username, (counts.get(user.username) ?? 0) + 1);
  }
  return counts;
};

const total = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((sum, n) => sum + n, 0);

test(
  `${wanted} ordinary writes by machines are no finding`,
  async () => {
    const world = await system.world('quiet', {}, audit);
    await explained(world);
    const scaler = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
    await system.controlPlane.identity({ name: scaler });
    const objects = workloads.flatMap((name) => [
      world.deployment(name, 'a'),
      service(world, name),
      manifestOf(world, 'HorizontalPodAutoscaler', name, {
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
          minReplicas: 1,
          maxReplicas: 10,
        },
      }),
    ]);
    const others = [
      manifestOf(world, 'StatefulSet', 'state', {
        spec: {
          serviceName: 'state',
          replicas: 2,
          selector: { matchLabels: { app: 'state' } },
          template: podTemplate('state', 'a'),
        },
      }),
      manifestOf(world, 'CronJob', 'often', {
        spec: {
          schedule: '* * * * *',
          jobTemplate: { spec: { template: podTemplate('often', 'a', { restartPolicy: 'Never' }) } },
        },
      }),
    ];
    const all = [...objects, ...others];
    await world.stage(...all);
    const components = all.map(({ kind, metadata }) => `${kind}/${metadata.name ?? ''}`);
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    await explained(world);

    let counts = await writesBy(world);
    for (let turn = 0; total(counts) < wanted; turn += 1) {
      if (turn % round === 0) counts = await writesBy(world);
      const name = workloads[turn % workloads.length] ?? 'one';
      const replicas = 1 + ((turn * 4) % 7);
      await scaleAs(world, scaler, name, replicas);
      await waitFor<Scaled>(
        world.as('installer'),
        world.ref('Deployment', name),
        ({ status }) => status?.availableReplicas === replicas && status.replicas === replicas,
        patienceMs,
      );
      // A node that is drained, and pods that come back.
      if (turn % round === 5)
        accepted(await world.as('installer').delete(world.ref('Pod'), { labelSelector: 'app=state' }));
    }
    process.stdout.write(
      `quiet: ${total(counts)} writes\n${[...counts].map(([who, n]) => `  ${n} ${who}`).join('\n')}\n`,
    );
    for (const who of [
      'replicaset-controller',
      'statefulset-controller',
      'endpointslice-controller',
      'deployment-controller',
    ])
      expect(counts.get(`system:serviceaccount:kube-system:${who}`)).toBeGreaterThan(0);
    expect(await foundUntilNow(world)).toEqual([]);
  },
  120_000 + wanted * longestWriteMs,
);
