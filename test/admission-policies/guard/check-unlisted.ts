/** What goes on while nobody writes a kind that nobody listed: the control plane, what is exempt, and other namespaces. */
import { dryRun, refusedBy } from '../world/check.ts';
import { one } from '../world/guard-objects.ts';
import { certifiedController, open, type GuardWorld } from '../world/guard-world.ts';
import { fresh, production, rollback } from '../../support/attack/objects.ts';
import { strictNamespace } from './unlisted-list.ts';

/** Programs of the control plane by name, group or namespace. */
const controllersOfEverything = ['generic-garbage-collector', 'kube-scheduler', 'namespace-controller', 'apiserver'];

/** Whose daily work kinds that nobody listed are, and where nobody guards. */
export const ofUnlisted: readonly {
  readonly name: string;
  readonly passes: (world: GuardWorld) => Promise<boolean>;
}[] = [
  ...controllersOfEverything.map((name) => ({
    name: `${name} writes a kind that nobody listed`,
    passes: async ({ controller }: GuardWorld) =>
      (await controller(name).create(one('gadgets', fresh('new')), dryRun)).ok,
  })),
  ...[...controllersOfEverything, 'storage-migrators', 'tokens-controller', 'load-balancers', 'kubelets'].map(
    (name) => ({
      name: `${name} writes a kind that nobody listed, where the policy denies those, too`,
      passes: async (world: GuardWorld) => {
        const namespace = await strictNamespace(world);
        return (await world.controller(name).create(one('gadgets', fresh('new'), { namespace }), dryRun)).ok;
      },
    }),
  ),
  {
    name: 'a controller that the chart names writes one, though it is no ServiceAccount',
    passes: async ({ as }) => (await as(certifiedController).create(one('gadgets', fresh('new')), dryRun)).ok,
  },
  {
    name: 'a kubelet writes one, and the Lease of a leader',
    passes: async ({ controller }) =>
      (await controller('kubelets').create(one('gadgets', fresh('new')), dryRun)).ok &&
      (await controller('kubelets').create(one('leases', fresh('new')), dryRun)).ok,
  },
  {
    name: 'a program elects its leader where the policy denies kinds that nobody listed',
    passes: async (world) => {
      const namespace = await strictNamespace(world);
      return (await world.stranger.create(one('leases', fresh('new'), { namespace }), dryRun)).ok;
    },
  },
  {
    name: 'somebody in the group of the nodes, and somebody named like a node, write none',
    passes: async ({ as }) => {
      for (const who of ['in-nodes', 'system:node:pretended']) {
        const answer = await as(who).create(one('gadgets', fresh('new')), dryRun);
        if (!refusedBy(answer, 'ProductionGuardUnlisted')) return false;
      }
      return true;
    },
  },
  {
    name: 'what has a topic, what is exempt and our own kinds are not judged as unlisted',
    passes: async ({ as }) => {
      const admin = as('admin');
      const event = {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: fresh('event'), namespace: production },
        eventTime: '2026-03-11T15:00:00.000000Z',
        reportingController: 'test',
        reportingInstance: 'test',
        action: 'Tested',
        reason: 'Tested',
        type: 'Normal',
        regarding: { kind: 'Pod', namespace: production, name: 'none' },
      };
      const review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'LocalSubjectAccessReview',
        metadata: { namespace: production },
        spec: { user: 'nobody', resourceAttributes: { namespace: production, verb: 'get', resource: 'pods' } },
      };
      const answers = [
        await admin.create(one('roles', fresh('new')), dryRun),
        await admin.create(event, dryRun),
        await admin.create(review, dryRun),
        await as('sre-a').create(rollback(), dryRun),
      ];
      return answers.every(({ ok }) => ok);
    },
  },
  {
    name: 'people write them in other namespaces',
    passes: async ({ as }) =>
      (await as('attacker').create(one('gadgets', fresh('new'), { namespace: open }), dryRun)).ok,
  },
];
