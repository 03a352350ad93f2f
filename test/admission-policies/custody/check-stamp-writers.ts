/** The record of who changed a staged object, as the stamp writes it over whatever was sent. */
import { writersAnnotation } from '../../../operator/api/kinds.ts';
import { accepted, type Answer, type KubeObject } from '../../support/cluster/cluster.ts';
import { reported, stamped } from './check-staging.ts';
import {
  contents,
  controllers,
  placed,
  record,
  resources,
  sends,
  to,
  who,
  withRecord,
  wrong,
} from './check-writers.ts';
import { dryRun, type WorldCheck } from '../world/check.ts';
import { one } from '../world/guard-objects.ts';
import { open, type GuardWorld } from '../world/guard-world.ts';
import { fresh, staging } from '../../support/attack/objects.ts';

type Check = WorldCheck;
type Given = Parameters<typeof sends>[2];

const recordIn = (answer: Answer<KubeObject>): string | undefined =>
  answer.ok ? (answer.body.metadata.annotations?.[writersAnnotation] ?? '') : undefined;

/** Whether what is sent of one ends with that record. */
const ends = async (world: GuardWorld, name: string, given: Given, expected: (rv: string) => string) => {
  const resource =
    name.startsWith('of-re') || name === 'of-autoscaled' || name === 'of-unscaled' ? 'deployments' : 'configmaps';
  const { metadata } = accepted(await world.as('installer').get(placed(resource, name)));
  const answer = await sends(world, name, { ...given, options: stamped });
  return recordIn(answer) === expected(metadata.resourceVersion ?? '');
};

const change = { data: { level: 'mine' } };
const changed = (rv: string): string => `0 developer-a\n${rv} ${who}`;
const asItWas = (): string => '0 developer-a';
const hold = { finalizers: ['example.dev/hold'] };

const ofOne: readonly Check[] = [
  ...contents.map(([what, given]) => ({
    name: `stamped: who changes ${what}`,
    passes: (world: GuardWorld) => ends(world, 'of-one', given, changed),
  })),
  ...wrong.map(([what, forged]) => ({
    name: `stamped: whoever sends a record ${what}, with a change or without`,
    passes: async (world: GuardWorld) =>
      (await ends(world, 'of-one', { change, record: forged }, changed)) &&
      ends(world, 'of-one', { record: forged }, asItWas),
  })),
  {
    name: 'stamped: who takes the record away, or all annotations',
    passes: async (world) => {
      const target = placed('configmaps', 'of-one');
      const { metadata } = accepted(await world.as('installer').get(target));
      const without = (body: object) => world.as(who).patch(target, 'merge', body, { ...dryRun, ...stamped });
      return (
        recordIn(await without(withRecord(null))) === asItWas() &&
        recordIn(await without({ metadata: { annotations: null } })) === changed(metadata.resourceVersion ?? '')
      );
    },
  },
  {
    name: 'stamped: who is named already moves to the end',
    passes: (world) => ends(world, 'of-attacker', { change }, (rv) => `1 developer-a\n${rv} ${who}`),
  },
  {
    name: 'stamped: who sends what nobody recorded answers for it, and who changes it does not',
    passes: async (world) =>
      (await ends(world, 'of-unknown', {}, (rv) => `1 developer-a\n${rv} ${who}`)) &&
      (await ends(world, 'of-nobody', {}, (rv) => `${rv} ${who}`)) &&
      (await ends(world, 'of-unknown', { change }, (rv) => `0 %\n1 developer-a\n${rv} ${who}`)) &&
      ends(world, 'of-nobody', { change }, (rv) => `0 %\n${rv} ${who}`),
  },
  {
    name: 'stamped: who sets a finalizer answers for nothing',
    passes: async (world) =>
      (await ends(world, 'of-unknown', { metadata: hold }, () => '0 %\n1 developer-a')) &&
      (await ends(world, 'of-nobody', { metadata: hold }, () => '')) &&
      ends(world, 'of-autoscaled', { metadata: hold, record: () => '0 %replicas' }, () => '7 %replicas\n0 developer-a'),
  },
];

const before = (): string => '7 %replicas\n0 developer-a';

const ofReplicas: readonly Check[] = [
  {
    name: 'stamped: who changes replicas answers for them',
    passes: async (world) =>
      (await ends(world, 'of-replicas', { change: to(3) }, record(3))) &&
      ends(world, 'of-unscaled', { metadata: { labels: { tier: 'b' } } }, record(0)),
  },
  {
    name: 'stamped: who changes something else does not, and who sends their number does',
    passes: async (world) => {
      return (
        (await ends(world, 'of-autoscaled', { metadata: { labels: { tier: 'b' } } }, record(7))) &&
        (await ends(world, 'of-autoscaled', {}, before)) &&
        (await ends(world, 'of-autoscaled', { record: () => '5 %replicas' }, before)) &&
        (await ends(world, 'of-autoscaled', { record: () => '0 %replicas' }, record(0))) &&
        (await ends(world, 'of-autoscaled', { record: record(0) }, record(0))) &&
        ends(world, 'of-replicas', { record: () => '0 %replicas' }, () => '0 %replicas\n0 developer-a')
      );
    },
  },
  {
    name: 'stamped: who says other replicas through the status answers for none',
    passes: async (world) => {
      const body = { spec: { replicas: 5 }, status: { observedGeneration: 7 } };
      const target = placed('deployments/status', 'of-replicas');
      const answer = await world.as(who).patch(target, 'merge', body, { ...dryRun, ...stamped });
      return answer.ok;
    },
  },
];

const creates = (
  world: GuardWorld,
  as: string | undefined,
  resource: string,
  metadata: Readonly<Record<string, unknown>> = {},
) => {
  const client = as === undefined ? world.as(who) : world.controller(as);
  return client.create<KubeObject>(one(resource, fresh('new'), { namespace: staging, metadata }), dryRun);
};
const forged = { annotations: { [writersAnnotation]: '0 developer-a' } };

const ofKinds: readonly Check[] = resources.map((resource) => ({
  name: `stamped: who creates one of ${resource}, and who changes it`,
  passes: async (world) => {
    const target = placed(resource, 'recorded');
    const { metadata } = accepted(await world.as('installer').get(target));
    const body = { metadata: { labels: { tier: 'b' } } };
    const after = recordIn(await world.as(who).patch(target, 'merge', body, { ...dryRun, ...stamped })) ?? '';
    for (const given of [{}, forged, { annotations: { note: 'kept' } }]) {
      const created = recordIn(await creates(world, undefined, resource, given)) ?? '';
      if (
        created
          .split('\n')
          .filter((line) => !line.endsWith(' %replicas'))
          .join() !== `0 ${who}`
      )
        return false;
    }
    return after.endsWith(`0 developer-a\n${metadata.resourceVersion ?? ''} ${who}`);
  },
}));

const ofStatus: readonly Check[] = reported.map((resource) => ({
  name: `stamped: who reports on one of ${resource}, and sends a record`,
  passes: async (world) => {
    const target = placed(`${resource}/status`, 'recorded');
    const answer = await world.as(who).patch(target, 'merge', withRecord('0 approver-a'), { ...dryRun, ...stamped });
    return recordIn(answer) === '0 developer-a';
  },
}));

export const ofWritersStamp: readonly Check[] = [
  ...ofOne,
  ...ofReplicas,
  ...controllers.map((name) => ({
    name: `stamped: ${name} changes and creates, and is not recorded`,
    passes: async (world: GuardWorld) =>
      (await ends(world, 'of-one', { change, as: world.controller(name), record: () => '0 approver-a' }, asItWas)) &&
      recordIn(await creates(world, name, 'configmaps')) === '' &&
      recordIn(await creates(world, name, 'configmaps', forged)) === '',
  })),
  ...ofKinds,
  ...ofStatus,
  {
    name: 'stamped: nothing elsewhere, and nothing of what nobody releases',
    passes: async (world) => {
      const outside = await world.as(who).create(one('configmaps', fresh('new'), { namespace: open }), dryRun);
      return recordIn(outside) === '' && recordIn(await creates(world, undefined, 'roles')) === '';
    },
  },
];
