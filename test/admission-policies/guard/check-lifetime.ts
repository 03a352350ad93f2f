/** Who decides when an object goes while people are let in for an emergency: they do not, but who operates, delivers or keeps it does. */
import { accepted, targetOf, type ApiClient, type Manifest, type Target } from '../../support/cluster/cluster.ts';
import { rulesOf } from './check-content.ts';
import { dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { deliversIn, freed, keeps, kept, oncall, operatesIn, wildOperators } from '../world/emergency-world.ts';
import { helmBook } from './guard-list.ts';
import { at, one } from '../world/guard-objects.ts';
import { passes } from '../world/guard-table.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { finalizer, lasting, leaving, maker } from './lifetime-list.ts';
import { forgedOwner, fresh } from '../../support/attack/objects.ts';

const rule = 'ProductionGuardLifetime';
const held = { metadata: { finalizers: [finalizer] } };
/** The annotation shows when, as an emergency needs it. */
const holds = () => ({ metadata: { ...held.metadata, annotations: { note: fresh('n') } } });
/** The first, which is ours: the control plane protects a claim, too. */
const free = [{ op: 'remove', path: '/metadata/finalizers/0' }];

/** Who holds the right to operate by a wildcard frees nothing, in an emergency or not. */
const ofOperators = (resource: string): readonly WorldCheck[] =>
  Object.keys(wildOperators).map((who) => ({
    name: `${who} takes no finalizer off one of ${resource}`,
    passes: async (world: GuardWorld) =>
      refusedBy(
        await world.as(who).patch(await leaving(world, resource), 'json', free, dryRun),
        'ProductionGuardOperateOnlyByWildcard',
      ),
  }));

const ofPeopleIn = (resource: string): readonly WorldCheck[] => [
  {
    name: `somebody let in who operates takes a finalizer off one of ${resource} that is being deleted, and nobody who does not`,
    passes: async (world) => {
      const target = await leaving(world, resource);
      return (
        refusedBy(await world.as(oncall).patch(target, 'json', free, dryRun), 'ProductionGuardOperateRightMissing') &&
        (await world.as(operatesIn).patch(target, 'json', free, dryRun)).ok
      );
    },
  },
  {
    name: `somebody let in who operates plants no finalizer on one of ${resource}`,
    passes: async ({ as }) =>
      refusedBy(await as(operatesIn).patch(at(resource, 'standing'), 'merge', holds(), dryRun), rule),
  },
  {
    name: `somebody let in creates none of ${resource} with a finalizer or an owner`,
    passes: async ({ as }) => {
      for (const metadata of [held.metadata, { ownerReferences: [forgedOwner] }])
        if (!refusedBy(await as(oncall).create(one(resource, fresh('new'), { metadata }), dryRun), rule)) return false;
      return true;
    },
  },
  ...(resource === 'persistentvolumeclaims' // of which an emergency deletes none
    ? []
    : [
        {
          name: `somebody let in deletes one of ${resource} that has a finalizer`,
          passes: async (world: GuardWorld) => {
            const name = fresh('held');
            accepted(await maker(resource)(world).create(one(resource, name, held)));
            return (await world.as(oncall).delete(at(resource, name), { dryRun: ['All'] })).ok;
          },
        },
      ]),
  {
    name: `somebody let in who delivers plants a finalizer on one of ${resource}`,
    passes: async ({ as }) => (await as(deliversIn).patch(at(resource, 'standing'), 'merge', holds(), dryRun)).ok,
  },
];

/** Whose it is, and who keeps its books, need no right to operate. */
const ofMakers = (resource: string): readonly WorldCheck[] =>
  [maker(resource), ({ controller }: GuardWorld) => controller('generic-garbage-collector')].map((whose, i) => ({
    name: `${i === 0 ? 'whose it is' : 'the garbage collector'} takes a finalizer off one of ${resource} that is being deleted`,
    passes: async (world) => (await whose(world).patch(await leaving(world, resource), 'json', free, dryRun)).ok,
  }));

const nothingToOperate = (topic: string, resource: string): WorldCheck => ({
  name: `a cluster admin who creates one of ${resource} is not told of a wildcard`,
  passes: async ({ as }) => refusedBy(await as('admin').create(one(resource, fresh('new')), dryRun), rulesOf(topic)[0]),
});

/** One that was deleted and has a finalizer; it is made where it is not there yet. */
const leavingOf = async (who: ApiClient, object: Manifest): Promise<Target> => {
  passes(await who.create(object));
  accepted(await who.delete(targetOf(object)));
  return targetOf(object);
};

/** What the policy names for somebody who is let in. */
const ofPlatform = (resource: string): readonly WorldCheck[] => [
  {
    name: `somebody let in whom the policy names for one of ${resource} plants a finalizer on it`,
    passes: async ({ as }) =>
      passes(await as(keeps).create(one(resource, kept))) &&
      (await as(oncall).patch(at(resource, kept), 'merge', holds(), dryRun)).ok,
  },
  {
    name: `somebody whom the policy names for one of ${resource} takes its finalizer off`,
    passes: async ({ as }) =>
      (await as(oncall).patch(await leavingOf(as(oncall), one(resource, freed, held)), 'json', free, dryRun)).ok,
  },
];

const ofTopic: Readonly<Record<string, readonly WorldCheck[]>> = {
  scale: ofPlatform('horizontalpodautoscalers'),
  network: ofPlatform('services'),
  configuration: [
    ...ofPlatform('secrets'),
    {
      name: 'who delivers by a tool takes a finalizer off its book',
      passes: async ({ as }) => {
        const book = one('secrets', fresh('book'), { ...helmBook, metadata: { finalizers: [finalizer] } });
        return (await as(deliversIn).patch(await leavingOf(as(deliversIn), book), 'json', free, dryRun)).ok;
      },
    },
    {
      name: 'somebody let in who delivers by a tool writes its book with a finalizer',
      passes: async ({ as }) => {
        const book = one('secrets', fresh('book'), { ...helmBook, metadata: { finalizers: [finalizer] } });
        return (await as(deliversIn).create(book, dryRun)).ok;
      },
    },
  ],
};

/** Of a topic. */
export const ofLifetime = (topic: string): readonly WorldCheck[] => [
  ...lasting
    .filter(([of]) => of === topic)
    .flatMap(([, resource]) => [
      ...ofMakers(resource),
      nothingToOperate(topic, resource),
      ...ofOperators(resource),
      ...(resource === 'pods' ? [] : ofPeopleIn(resource)),
    ]),
  ...(ofTopic[topic] ?? []),
];
