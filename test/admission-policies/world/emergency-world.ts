/** People who are let in for an emergency, in a world without our programs: the API server alone is asked. */
import { randomUUID } from 'node:crypto';

import { grantObjects, type Grant, type GrantPhase } from '../../../operator/decide/emergency/grant.ts';
import { accepted, targetOf, type Answer, type KubeObject } from '../../support/cluster/cluster.ts';
import { policyLock } from '../../support/attack/attack.ts';
import { one } from './guard-objects.ts';
import { open, type GuardWorld } from './guard-world.ts';
import { production } from '../../support/attack/objects.ts';
import { bind, eventually, role, said, type World } from '../../support/attack/world.ts';

/** Let in now, for hours. */
export const oncall = 'oncall-a';
/** Was let in for an hour, hours ago, and nobody has taken the bindings away. */
export const late = 'oncall-late';
/** Holds every right on our kinds, by a wildcard. */
export const wildcard = 'oncall-wild';

const hourMs = 3_600_000;

/** Whom, from when (a time that may be past), and for how long. */
interface Given {
  readonly grantee: string;
  readonly from?: number;
  readonly duration?: string;
}

/** People who were let in like `late`, and may write some of it anyway: who delivers, and who keeps an object that the policy names and operates. */
export const delivers = 'oncall-delivers';
export const keeps = 'oncall-keeps';
/** Was let in like `late`, and holds the right to keep Secrets. */
export const keepsSecrets = 'oncall-keeps-secrets';
/** People who are let in now, and hold more: the rights to operate and to keep Secrets, and that to deliver. */
export const operatesIn = 'oncall-operates';
export const deliversIn = 'oncall-delivers-now';
/** Names of what the policy names for them and for `oncall`: what stays, and what is deleted and does not go. */
export const kept = 'kept';
export const freed = 'freed';
/** Hold the right to operate by a wildcard, on verbs and on resources. */
export const wildOperators = {
  'sre-any-verb': ['releasepolicies', '*'],
  'sre-any-resource': ['*', 'operate'],
} as const;

/** An access as it is stored, as far as its grant depends on it. */
const access = ({ grantee, from = Date.now(), duration = '12h' }: Given): Grant['access'] => {
  const uid = randomUUID();
  const creationTimestamp = `${new Date(from).toISOString().slice(0, 19)}Z`;
  const name = `inc-${uid.slice(0, 8)}`;
  const grantor = { username: 'sre-a', uid: '', groups: [] };
  return {
    metadata: { name, namespace: production, uid, creationTimestamp, resourceVersion: '1', generation: 1 },
    spec: { grantee, duration, reason: 'payments stuck', incident: 'INC-4711', revoked: false, grantor },
  };
};

/** An object of RBAC with all its fields. */
export type Manifest = KubeObject & Readonly<Record<string, unknown>>;

/** What the operator writes for an access. */
export interface Written {
  readonly minutes: Manifest;
  /** To the minutes, and to the ClusterRole. */
  readonly bindings: readonly [Manifest, Manifest];
}

export const written = (given: Given, phase: GrantPhase = 'Open'): Written => {
  const objects = grantObjects({ access: access(given), clusterRole: 'countersign-emergency' }, phase);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a Role and two bindings, in this order; the API server looks at them next
  const [minutes, toMinutes, toRole] = objects as unknown as readonly [Manifest, Manifest, Manifest];
  return { minutes, bindings: [toMinutes, toRole] };
};

/** Written with the operator's token. */
export async function letIn(world: World, given: Given): Promise<Written> {
  const all = written(given);
  for (const object of [all.minutes, ...all.bindings]) accepted(await world.operator.create(object));
  return all;
}

/** The people of this file, with every right that RBAC can give beside: the guard alone decides what an emergency opens. */
export async function letEverybodyIn(world: GuardWorld): Promise<void> {
  // Made with nothing in it, it has no managedFields before somebody applies it. Long before it is changed: the API server's clock has seconds.
  const applied = one('serviceaccounts', 'standing', { metadata: { annotations: { note: 'applied' } } });
  accepted(await world.preparer.patch(targetOf(applied), 'apply', applied));
  const more = [operatesIn, deliversIn];
  for (const name of [oncall, ...more, late, wildcard, delivers, keeps, keepsSecrets, ...Object.keys(wildOperators)]) {
    await world.cluster.controlPlane.identity({ name });
    await bind(world, { user: name, role: 'test-everything' });
  }
  for (const grantee of [oncall, ...more]) await letIn(world, { grantee });
  for (const grantee of [late, delivers, keeps, keepsSecrets])
    await letIn(world, { grantee, from: Date.now() - 3 * hourMs, duration: '1h' });
  await nameThem(world);
  await role(world, 'test-ours', { resources: ['*'], verbs: ['*'] });
  await bind(world, { user: wildcard, role: 'test-ours', namespace: production });
  for (const [user, [resource, verb]] of Object.entries(wildOperators)) {
    await role(world, user, { resources: [resource], verbs: [verb] });
    await bind(world, { user, role: user, namespace: production });
  }
  await letProgramIn(world);
  const writes = (name: string) => world.as(name).create(one('configmaps', 'canary'), { dryRun: 'All' });
  await eventually(
    `${oncall} is in`,
    () => writes(oncall),
    ({ ok }) => ok,
  );
  await eventually(
    `${late} was in`,
    () => writes(late),
    (answer) => said(answer).includes('EmergencyOver'),
  );
  await eventually(
    `${delivers} delivers`,
    () => writes(delivers),
    ({ ok }) => ok,
  );
}

/** In the policy, and to who operates. */
async function nameThem(world: GuardWorld): Promise<void> {
  const policy = {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ReleasePolicy',
    namespace: production,
    name: 'production',
  };
  const named = [
    [keeps, 'Secret'],
    [keeps, 'Service'],
    [keeps, 'HorizontalPodAutoscaler'],
    [oncall, 'Secret'],
    [oncall, 'Service'],
    [oncall, 'HorizontalPodAutoscaler'],
  ];
  accepted(
    await world.as('installer').patch(policy, 'json', [
      ...[delivers, deliversIn].map((value) => ({ op: 'add', path: '/spec/gitOpsWriters/-', value })),
      ...named.map(([identity, kind]) => ({
        op: 'add',
        path: '/spec/platformWriters/-',
        value: { identity, kind, names: [kept, freed] },
      })),
    ]),
  );
  for (const user of [keepsSecrets, operatesIn])
    await bind(world, { user, role: 'countersign-secrets-keeper', namespace: production });
  for (const user of [keeps, operatesIn]) await bind(world, { user, role: 'countersign-sre', namespace: production });
}

/** A program holds minutes: nothing of ours would give them, so that the locks in the way are open meanwhile. */
async function letProgramIn(world: GuardWorld): Promise<void> {
  const locks = ['countersign-guard-rights', 'countersign-minutes'].map(policyLock);
  const close = [];
  for (const lock of locks) close.push(await lock.open(world));
  const { minutes, bindings } = written({ grantee: 'nobody' });
  const subjects = [{ kind: 'ServiceAccount', name: 'rollouts', namespace: 'argocd' }];
  for (const object of [minutes, { ...bindings[0], subjects }])
    await eventually(
      'a program is given minutes',
      () => world.as('installer').create(object),
      ({ ok, code }) => ok || code === 409,
    );
  for (const each of close) await each();
  const again: readonly (readonly [string, () => Promise<Answer<unknown>>])[] = [
    ['ProductionGuardAdministerRightMissing', () => world.as(oncall).create(one('roles', 'canary'), { dryRun: 'All' })],
    [
      'MinutesByOperator',
      () =>
        world.as('admin').create({ ...minutes, metadata: { ...minutes.metadata, namespace: open } }, { dryRun: 'All' }),
    ],
  ];
  for (const [rule, attempt] of again) await eventually(rule, attempt, (answer) => said(answer).includes(rule));
}
