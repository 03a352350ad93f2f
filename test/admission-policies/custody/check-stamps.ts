/** What the stamps write over whatever was sent: who signed, granted and asked, who changed the installation; and no record of writers outside staging. */
import { isDeepStrictEqual } from 'node:util';

import { stagingLabel, writersAnnotation } from '../../../operator/api/kinds.ts';
import { accepted, type Answer, type KubeObject } from '../../support/cluster/cluster.ts';
import { stamped as byKind } from './check-custody.ts';
import { kept, reported, stamped } from './check-staging.ts';
import { resources } from './check-writers.ts';
import { dryDelete, dryRun, type WorldCheck } from '../world/check.ts';
import { at, one } from '../world/guard-objects.ts';
import { open, type GuardWorld } from '../world/guard-world.ts';
import { administrator } from '../installation/installation-list.ts';
import { fresh, staging, type Sent } from '../../support/attack/objects.ts';
import type { OwnWorld } from '../world/own-world.ts';
import { said } from '../../support/attack/world.ts';

type Check = WorldCheck<OwnWorld>;
type Kind = keyof typeof byKind;

interface Stamp {
  readonly username?: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}

const stampIn = (object: unknown, field: string): Stamp => {
  const { spec } = object as { spec: Readonly<Record<string, Stamp>> }; // oxlint-disable-line typescript/no-unsafe-type-assertion -- as the schema has it
  return spec[field] ?? {};
};

const forged = { username: 'somebody-else', uid: '1', groups: ['change-board'] };

/** As the author of one, with a uid and a group that no certificate here has. */
async function createAs(world: GuardWorld, object: Sent, plural: Kind, who: string): Promise<unknown> {
  const { namespace } = object.metadata;
  const { code, text } = await world.as('installer').raw({
    method: 'POST',
    path: `/apis/${object.apiVersion}/namespaces/${namespace}/${plural}?dryRun=All`,
    body: object,
    headers: { 'impersonate-user': who, 'impersonate-uid': '7', 'impersonate-group': 'more' },
  });
  return code === 201 ? JSON.parse(text) : undefined;
}

/** Of a kind. */
export const ofKindStamp = (plural: Kind): readonly Check[] => {
  const { field, who, make } = byKind[plural];
  return [
    {
      name: `${plural} say who made them, whatever was sent`,
      passes: async ({ as }) => {
        for (const spec of [{}, { [field]: forged }]) {
          const made = accepted(await as(who).create(make({ spec }), dryRun));
          const { username, groups } = stampIn(made, field);
          if (username !== who || !isDeepStrictEqual(groups, ['system:authenticated'])) return false;
        }
        return true;
      },
    },
    {
      name: `${plural} say the uid and the groups of who made them`,
      passes: async (world) => {
        const made = await createAs(world, make({ spec: { [field]: forged } }), plural, who);
        if (made === undefined) return false;
        const { username, uid, groups = [] } = stampIn(made, field);
        return (
          username === who && uid === '7' && isDeepStrictEqual(groups.toSorted(), ['more', 'system:authenticated'])
        );
      },
    },
    {
      name: `who makes one of ${plural} without a spec is told what is missing`,
      passes: async ({ as }) => {
        const { spec: _, ...rest } = make();
        return said(await as(who).create(rest, dryRun)).includes('spec: Required value');
      },
    },
    {
      name: `${plural} that are there are written back and deleted`,
      passes: async ({ as, controller, custody }) => {
        const target = custody.lying(plural, 'standing');
        return (
          (await as('attacker').patch(target, 'merge', {}, dryRun)).ok &&
          (await controller('namespace-controller').delete(target, dryDelete)).ok
        );
      },
    },
    {
      name: `kinds beside ${plural} are made`,
      passes: async ({ custody }) => {
        const { releasebundles, ledgerentries, releasepolicies } = custody.kit.stored; // which nobody stamps
        for (const store of [releasebundles, ledgerentries, releasepolicies])
          if ((await store()).metadata.uid === undefined) return false;
        return true;
      },
    },
  ];
};

const changedBy = 'countersign.dev/changed-by';
const installation = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  name: 'countersign-installation',
};
const annotation = (answer: Answer<KubeObject>, key: string): string | undefined =>
  answer.ok ? answer.body.metadata.annotations?.[key] : undefined;

export const ofInstallationStamp: readonly Check[] = [
  {
    name: 'whoever changes the installation is named, whatever they send',
    passes: async ({ as }) => {
      const changes = [
        { labels: { more: 'yes' } },
        { annotations: { [changedBy]: 'another' } },
        { annotations: { [changedBy]: null } },
        { annotations: null },
      ];
      for (const who of ['installer', administrator])
        for (const metadata of changes)
          if (annotation(await as(who).patch(installation, 'merge', { metadata }, dryRun), changedBy) !== who)
            return false;
      return true;
    },
  },
  {
    name: 'who keeps the books of the installation is not named',
    passes: async ({ as, controller }) => {
      const before = annotation(await as('installer').get(installation), changedBy);
      for (const who of ['generic-garbage-collector', 'storage-migrators'])
        if (annotation(await controller(who).patch(installation, 'merge', {}, dryRun), changedBy) !== before)
          return false;
      return true;
    },
  },
  {
    name: 'other roles name nobody',
    passes: async ({ as }) => {
      const created = await as('installer').create(
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name: fresh('other') },
          rules: [],
        },
        dryRun,
      );
      return created.ok && annotation(created, changedBy) === undefined;
    },
  },
];

const record = (value: string) => ({ annotations: { [writersAnnotation]: value } });

export const ofElsewhereStamp: readonly Check[] = [
  ...resources.map((resource) => ({
    name: `outside staging one of ${resource} is created and changed without its record`,
    passes: async ({ as }: GuardWorld) => {
      const object = one(resource, fresh('new'), { namespace: open, metadata: record('0 attacker') });
      const labels = { more: 'yes' };
      const answers = [
        await as('attacker').create(object, dryRun),
        await as('attacker').patch(
          at(resource, kept, open),
          'merge',
          { metadata: { labels } },
          { ...dryRun, ...stamped },
        ),
      ];
      return answers.every((answer) => answer.ok && annotation(answer, writersAnnotation) === undefined);
    },
  })),
  ...reported.map((resource) => ({
    name: `outside staging the status of one of ${resource} is written, and its record with it goes or stays`,
    passes: async ({ as }: GuardWorld) =>
      (
        await as('attacker').patch(
          at(`${resource}/status`, kept, open),
          'merge',
          { metadata: record('0 another') },
          { ...dryRun, ...stamped },
        )
      ).ok,
  })),
  {
    name: 'in staging the record stays, and outside nothing else goes',
    passes: async ({ as }) => {
      const staged = await as('attacker').create(one('configmaps', fresh('new'), { namespace: staging }), dryRun);
      const metadata = { annotations: { note: 'kept', [writersAnnotation]: '0 attacker' } };
      const outside = await as('attacker').create(
        one('configmaps', fresh('new'), { namespace: open, metadata }),
        dryRun,
      );
      const other = await as('attacker').create(
        one('roles', fresh('new'), { namespace: open, metadata: record('0 attacker') }),
        dryRun,
      );
      return (
        annotation(staged, writersAnnotation) === '0 attacker' &&
        annotation(outside, 'note') === 'kept' &&
        annotation(other, writersAnnotation) === '0 attacker'
      );
    },
  },
  {
    name: 'a namespace whose label says something else than true is outside staging',
    passes: async ({ as }) => {
      const name = fresh('half');
      const labels = { [stagingLabel]: 'false' };
      accepted(await as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
      const object = one('configmaps', fresh('new'), { namespace: name, metadata: record('0 attacker') });
      const created = await as('attacker').create(object, dryRun);
      return created.ok && annotation(created, writersAnnotation) === undefined;
    },
  },
];
