/** Attacks on when an object goes: finalizers that keep what is to go, owners that take along what is to stay; as data. */
import { accepted, type ApiClient } from '../../support/cluster/cluster.ts';
import { admitted, type Attack } from '../../support/attack/attack.ts';
import { oncall } from '../world/emergency-world.ts';
import { admin, attack, attacker, by, prepares, type Act } from './guard-list.ts';
import { at, one } from '../world/guard-objects.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { forgedOwner, fresh } from '../../support/attack/objects.ts';

type Who = (world: GuardWorld) => ApiClient;
type Fields = Readonly<Record<string, unknown>>;

const isIn: Who = ({ as }) => as(oncall);
const sre: Who = ({ as }) => as('sre-a');

export const finalizer = 'elb.example.com/resources';

/** A resource of each topic of the guard that a release can hold. */
export const lasting = [
  ['workloads', 'deployments', 'ProductionGuardWorkload: '],
  ['scale', 'horizontalpodautoscalers', 'ProductionGuardScale: '],
  ['configuration', 'configmaps', 'ProductionGuardConfiguration: '],
  ['network', 'ingresses', 'ProductionGuardNetwork: '],
  ['accounts', 'serviceaccounts', 'ProductionGuardAccount: '],
  ['storage', 'persistentvolumeclaims', 'ProductionGuardStorage: '],
  ['pods', 'pods', 'ProductionGuardPod: '],
  ['custom', 'httproutes', 'ProductionGuardCustom: '],
] as const;

/** Who makes one by right: pods come from controllers alone. */
export const maker = (resource: string): Who => (resource === 'pods' ? by('replicaset-controller') : prepares);

/** What somebody who was let in is refused by, and who does the same by right: emergencies delete pods, and change none. */
const inEmergency = (resource: string, rule: string): { readonly denied: string; readonly by: Who } =>
  resource === 'pods' ? { denied: rule, by: maker(resource) } : { denied: 'ProductionGuardLifetime: ', by: isIn };

/** One that is there, with what of its metadata matters. */
const standing = async (world: GuardWorld, resource: string, metadata: Fields): Promise<ReturnType<typeof at>> => {
  const name = fresh('lasting');
  accepted(
    await maker(resource)(world).create(
      one(resource, name, { metadata: { annotations: { note: 'kept' }, ...metadata } }),
    ),
  );
  return at(resource, name);
};

/** One that was deleted, and is still there. */
export const leaving = async (world: GuardWorld, resource: string): Promise<ReturnType<typeof at>> => {
  const target = await standing(world, resource, { finalizers: [finalizer] });
  accepted(await maker(resource)(world).delete(target));
  return target;
};

/** Changes the metadata of an object that is there. The annotation shows when, as an emergency needs it. */
const sets =
  (who: Who, resource: string, change: Fields, before: Fields = {}): Act =>
  async (world) => {
    const target = await standing(world, resource, before);
    const metadata = { ...change, annotations: { note: fresh('n') } };
    return admitted(await who(world).patch(target, 'merge', { metadata }));
  };

/** As the command of a `Stalled` condition does it where the control plane protects the object, too. */
const remove = [{ op: 'remove', path: '/metadata/finalizers/0' }];

const frees =
  (who: Who, resource: string, more: readonly unknown[] = []): Act =>
  async (world) =>
    admitted(await who(world).patch(await leaving(world, resource), 'json', [...remove, ...more]));

const changes = [
  ['plants a finalizer on', { finalizers: [finalizer] }, {}],
  ['takes a finalizer off', { finalizers: null }, { finalizers: [finalizer] }],
  ['forges an owner of', { ownerReferences: [forgedOwner] }, {}],
] as const;

export const lifetimeAttacks: readonly Attack<GuardWorld>[] = [
  ...lasting.flatMap(([topic, resource, rule]) => [
    ...changes.flatMap(([what, change, before]) => [
      attack('T19', topic, {
        name: `somebody let in for an emergency ${what} one of ${resource}`,
        act: sets(isIn, resource, change, before),
        denied: inEmergency(resource, rule).denied,
        twin: sets(inEmergency(resource, rule).by, resource, {}, before),
      }),
      attack('T19', topic, {
        name: `a developer ${what} one of ${resource}`,
        act: sets(attacker, resource, change, before),
        denied: rule,
        twin: sets(maker(resource), resource, change, before),
      }),
    ]),
    attack('T33', topic, {
      name: `somebody without the right to operate takes the finalizer off one of ${resource} that is being deleted`,
      act: frees(attacker, resource),
      denied: 'ProductionGuardOperateRightMissing: ',
      twin: frees(sre, resource),
    }),
    attack('T26', topic, {
      name: `a cluster admin, who holds wildcards, takes the finalizer off one of ${resource} that is being deleted`,
      act: frees(admin, resource),
      denied: 'ProductionGuardOperateOnlyByWildcard: ',
      twin: frees(sre, resource),
    }),
    attack('T25', topic, {
      name: `a ServiceAccount that holds the right to operate takes the finalizer off one of ${resource} that is being deleted`,
      act: frees(({ stranger }) => stranger, resource),
      denied: 'ProductionGuardOperateNeedsPerson: ',
      twin: frees(sre, resource),
    }),
    attack('T33', topic, {
      name: `somebody let in for an emergency takes the finalizer off one of ${resource} that is being deleted`,
      act: frees(isIn, resource, [{ op: 'add', path: '/metadata/annotations/note', value: 'changed' }]),
      denied: inEmergency(resource, rule).denied,
      twin: frees(sre, resource),
    }),
    attack('T33', topic, {
      name: `a holder of operate takes the finalizer off one of ${resource} that nobody deletes`,
      act: async (world) =>
        admitted(await sre(world).patch(await standing(world, resource, { finalizers: [finalizer] }), 'json', remove)),
      denied: rule,
      twin: frees(sre, resource),
    }),
    attack('T33', topic, {
      name: `a holder of operate changes something else of one of ${resource} along with its finalizer`,
      act: frees(sre, resource, [{ op: 'add', path: '/metadata/annotations/note', value: 'changed' }]),
      denied: rule,
      twin: frees(sre, resource),
    }),
  ]),
  attack('T33', 'storage', {
    name: 'a holder of operate takes off the finalizer by which the control plane protects a claim',
    act: async (world) => {
      // One that no controller takes off of a claim meanwhile.
      const finalizers = [finalizer, 'resource.kubernetes.io/delete-protection'];
      const target = await standing(world, 'persistentvolumeclaims', { finalizers });
      accepted(await prepares(world).delete(target));
      return admitted(await sre(world).patch(target, 'merge', { metadata: { finalizers: [finalizer] } }));
    },
    denied: 'ProductionGuardStorage: ',
    twin: frees(sre, 'persistentvolumeclaims'),
  }),
];
