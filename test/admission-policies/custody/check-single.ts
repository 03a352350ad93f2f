/** What single policies of custody hold: of definitions, minutes, accesses and policies. */
import type { KubeObject } from '../../support/cluster/cluster.ts';
import { minutes, quiet, revoke, stranger } from './custody-kit.ts';
import { dryDelete, dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { audited } from '../world/custody-world.ts';
import { one } from '../world/guard-objects.ts';
import { open } from '../world/guard-world.ts';
import { day, fresh, policy } from '../../support/attack/objects.ts';
import type { OwnWorld } from '../world/own-world.ts';
import { said } from '../../support/attack/world.ts';

type Check = WorldCheck<OwnWorld>;

const definition = (name: string, subresource?: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name,
  ...(subresource === undefined ? {} : { subresource }),
});
const ours = 'approvals.countersign.dev';
const renamed = [{ op: 'replace', path: '/spec/names/shortNames', value: ['x'] }];
const unserved = { status: { storedVersions: ['v1alpha1'], conditions: [] } };

const ofDefinitions: readonly Check[] = [
  {
    name: 'a definition of others is made',
    passes: async ({ as }) =>
      (
        await as('attacker').create(
          {
            apiVersion: 'apiextensions.k8s.io/v1',
            kind: 'CustomResourceDefinition',
            metadata: { name: 'gears.example.dev' },
            spec: {
              group: 'example.dev',
              names: { plural: 'gears', kind: 'Gear' },
              scope: 'Namespaced',
              versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
            },
          },
          dryRun,
        )
      ).ok,
  },
  {
    name: 'definitions of others go on',
    passes: async ({ as }) => (await as('definer').delete(definition('widgets.example.dev'), dryDelete)).ok,
  },
  {
    name: 'who may edit definitions labels ours',
    passes: async ({ as }) =>
      (await as('definer').patch(definition(ours), 'merge', { metadata: { labels: { migrated: 'yes' } } }, dryRun)).ok,
  },
  {
    name: 'what migrates stored objects writes the status of ours, and nothing else; nobody else does',
    passes: async ({ as, controller }) => {
      const migrator = controller('storage-migrators');
      const status = definition(ours, 'status');
      const refused = [
        await migrator.patch(definition(ours), 'json', renamed, dryRun),
        await migrator.delete(definition(ours), dryDelete),
        await controller('generic-garbage-collector').patch(status, 'merge', unserved, dryRun),
        await as('attacker').patch(status, 'merge', unserved, dryRun),
      ];
      return (
        (await migrator.patch(status, 'merge', unserved, dryRun)).ok &&
        refused.every((answer) => refusedBy(answer, 'DefinitionsByAdmins'))
      );
    },
  },
];

/** A Role of that rule, in a namespace in which custody alone refuses. */
const roleOf = (rule: object, name = fresh('other'), namespace = audited) =>
  one('roles', name, { namespace, rules: [{ ...minutes('Role').rules[0], ...rule }] });

const ofMinutes: readonly Check[] = [
  {
    name: 'what binds a Role is made',
    passes: async ({ as }) =>
      (await as('admin').create(one('rolebindings', fresh('other'), { namespace: open }), dryRun)).ok,
  },
  {
    name: 'rights that are no minutes go on',
    passes: async ({ as }) => {
      const admin = as('admin');
      const others = [
        { apiGroups: ['example.dev'] },
        { resources: ['approvals'] },
        { verbs: ['get'] },
        { resourceNames: ['some'] },
        { resourceNames: [] },
        { resourceNames: ['x-2026-03-11T15:00'] },
      ];
      for (const rule of others) if (!(await admin.create(roleOf(rule, fresh('other'), open), dryRun)).ok) return false;
      return (await admin.create({ ...one('roles', fresh('other'), { namespace: open }), rules: null }, dryRun)).ok;
    },
  },
  ...[
    {},
    { apiGroups: ['*'] },
    { resources: ['*'] },
    { verbs: ['*'] },
    { resourceNames: ['none'] },
    { resourceNames: ['unclocked'] },
  ].map((rule) => ({
    name: `nobody gives minutes by ${JSON.stringify(rule)}`,
    passes: async ({ as }: OwnWorld) => refusedBy(await as('admin').create(roleOf(rule), dryRun), 'MinutesByOperator'),
  })),
  {
    name: 'the operator gives minutes in a Role of an access, and nobody else does, nor in another',
    passes: async ({ as, operator }) => {
      const name = fresh('countersign-emergency');
      return (
        (await operator.create(roleOf({}, name), dryRun)).ok &&
        refusedBy(await as('admin').create(roleOf({}, name), dryRun), 'MinutesByOperator') &&
        refusedBy(await operator.create(roleOf({}), dryRun), 'MinutesByOperator')
      );
    },
  },
  {
    name: 'what is too large to be judged is refused',
    passes: async ({ as }) => {
      const resourceNames = [...Array.from({ length: 120_000 }, (_, i) => `a${i}`), '2026-03-11T15:00'];
      return !(await as('admin').create(roleOf({ resourceNames }, fresh('large'), open), dryRun)).ok;
    },
  },
];

const targetOfStored = ({ apiVersion, kind, metadata }: KubeObject) => ({
  apiVersion,
  kind,
  name: metadata.name ?? '',
  namespace: metadata.namespace ?? '',
});

const ofAccesses: readonly Check[] = [
  {
    name: 'what was revoked is written back as it is',
    passes: async ({ as, custody }) => {
      const access = await custody.kit.stored.emergencyaccesses();
      return (
        (await revoke(as('sre-a'), access)).ok &&
        (await as('sre-a').patch(targetOfStored(access), 'merge', {}, dryRun)).ok
      );
    },
  },
  {
    name: 'who granted an access ends it, without the right',
    passes: async ({ as, custody }) =>
      (await as('installer').patch(custody.produced('emergencyaccesses'), 'merge', { spec: { revoked: true } }, dryRun))
        .ok,
  },
  {
    name: 'RevokedStays: nobody takes back that an access was revoked',
    passes: async ({ as, custody }) => {
      const access = await custody.kit.stored.emergencyaccesses();
      if (!(await revoke(as('sre-a'), access)).ok) return false;
      return refusedBy(
        await as('sre-a').patch(targetOfStored(access), 'merge', { spec: { revoked: false } }, dryRun),
        'RevokedStays',
      );
    },
  },
];

const ofEvidence: readonly Check[] = [
  {
    name: 'the namespace controller deletes evidence where nothing is staged any more',
    passes: async ({ controller, custody }) =>
      (await controller('namespace-controller').delete(custody.stray, dryDelete)).ok,
  },
  {
    name: 'an account of the staging namespace writes evidence back as it is',
    passes: async ({ custody }) => {
      const target = targetOfStored(await custody.kit.stored.evidence());
      return (await custody.account.patch(target, 'merge', {}, dryRun)).ok;
    },
  },
];

const ofPolicies: readonly Check[] = [
  {
    name: 'who administers changes another field of a policy whose review is too far off already',
    passes: async ({ as, custody }) =>
      (await as('admin').patch(custody.lying('releasepolicies', 'standing'), 'merge', { spec: { soak: '1h' } }, dryRun))
        .ok,
  },
  {
    name: 'who administers changes the policy of a guarded namespace, and deletes one that lies where none may be',
    passes: async ({ as, custody }) =>
      (await as('admin').patch(custody.produced('releasepolicies'), 'merge', { spec: { soak: '1h' } }, dryRun)).ok &&
      (await as('admin').delete(custody.misplaced, dryDelete)).ok,
  },
  {
    name: 'nobody creates a policy whose review is too far off, whatever time a stranger says',
    passes: async ({ as }) => {
      for (const operation of ['Apply', 'Update']) {
        const managedFields = [{ ...stranger, operation }];
        const object = policy({ metadata: { namespace: quiet, managedFields }, spec: { reviewBy: day(733) } });
        if (!refusedBy(await as('admin').create(object, dryRun), 'ReviewWithin24Months')) return false;
      }
      return true;
    },
  },
  {
    name: 'a review in the year 0, which no rule can compare, is refused',
    passes: async ({ as }) => {
      const review = (reviewBy: string) =>
        as('admin').create(policy({ metadata: { namespace: quiet }, spec: { reviewBy } }), dryRun);
      const refused = await review('0000-01-01');
      return !refused.ok && said(refused).includes("'countersign-releasepolicies'") && (await review('2020-01-01')).ok;
    },
  },
];

/** What some policies hold that no kind of ours has in common with others. */
export const ofSingle: Readonly<Record<string, readonly Check[]>> = {
  definitions: ofDefinitions,
  minutes: ofMinutes,
  emergencyaccesses: ofAccesses,
  evidence: ofEvidence,
  releasepolicies: ofPolicies,
};
