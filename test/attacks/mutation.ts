/**
 * Does every part of lock A matter? Each mutant of its policies takes the place of the original, one of each topic at a time, and the table of
 * writers and the attacks of that topic must notice. What nobody notices either needs another attack, or is on the list of equivalents.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

import { accepted, targetOf, type Answer, type KubeObject, type Manifest } from '../cluster/cluster.ts';
import { emergencyAttacks, tryCovered } from './emergency-list.ts';
import { guard } from './guard-file.ts';
import { guardAttacks } from './guard-list.ts';
import { at, one } from './guard-objects.ts';
import { tableRows, tryRow, type TableRow } from './guard-table.ts';
import { open, type GuardWorld } from './guard-world.ts';
import { mutantsOf, type Mutant, type PolicySpec } from './mutate.ts';
import { fresh, production } from './objects.ts';
import { eventually, said } from './world.ts';

interface Policy extends KubeObject {
  readonly spec: PolicySpec;
}

const admission = 'admissionregistration.k8s.io/v1';

export interface Verdict {
  readonly topic: string;
  readonly name: string;
  readonly is: 'killed' | 'equivalent' | 'survived' | 'no policy';
  /** What noticed; why it is equivalent. */
  readonly by: string;
}

const equivalents = z
  .array(z.strictObject({ topic: z.string(), mutant: z.string(), why: z.string().min(10) }))
  .parse(parse(readFileSync(join(import.meta.dirname, 'equivalent-mutants.yaml'), 'utf8')));

const equivalent = (topic: string, name: string): string | undefined =>
  equivalents.find(
    (each) => new RegExp(`^(?:${each.topic})$`).test(topic) && new RegExp(`^(?:${each.mutant})$`).test(name),
  )?.why;

/** Tries every mutant of these topics' policies, in a world with people let in (emergency-world.ts). Leaves the originals in force. @throws when those do not pass what noticed the mutants */
export async function tryMutants(
  world: GuardWorld,
  topics: readonly string[],
  tell: (verdict: Verdict) => void = () => {},
): Promise<readonly Verdict[]> {
  const sentinel = await startSentinel(world);
  const originals = new Map<string, PolicySpec>();
  const left = new Map<string, Mutant[]>();
  for (const topic of topics) {
    const { spec } = accepted(await world.as('installer').get<Policy>(policyOf(topic)));
    originals.set(topic, spec);
    left.set(topic, [...mutantsOf(spec)]);
  }
  const verdicts: Verdict[] = [];
  const noticed = new Map<string, Check>();
  const enter = (verdict: Verdict): void => {
    verdicts.push(verdict);
    tell(verdict);
  };
  for (;;) {
    const round = new Map<string, Mutant>();
    for (const [topic, mutants] of left) {
      for (let mutant = mutants.shift(); mutant !== undefined; mutant = mutants.shift()) {
        const why = equivalent(topic, mutant.name);
        if (why !== undefined) {
          enter({ topic, name: mutant.name, is: 'equivalent', by: why });
        } else if (await isTaken(world, topic, mutant.spec)) {
          round.set(topic, mutant);
          break;
        } else {
          enter({ topic, name: mutant.name, is: 'no policy', by: 'the API server refuses it' });
        }
      }
      const original = originals.get(topic);
      if (!round.has(topic) && original !== undefined) await isTaken(world, topic, original);
    }
    await sentinel.acts();
    if (round.size === 0) break;
    await Promise.all(
      [...round].map(async ([topic, { name }]) => {
        const check = await firstToNotice(world, topic, name);
        if (check !== undefined) noticed.set(check.name, check);
        enter({ topic, name, is: check === undefined ? 'survived' : 'killed', by: check?.name ?? '' });
      }),
    );
  }
  await sentinel.stop();
  for (const { name, passes } of noticed.values())
    await eventually(
      `with the guard as it is: ${name}`,
      () => passes(world),
      (isSo) => isSo,
    );
  return verdicts;
}

const policyOf = (topic: string) => ({
  apiVersion: admission,
  kind: 'ValidatingAdmissionPolicy',
  name: `countersign-guard-${topic}`,
});

async function isTaken(world: GuardWorld, topic: string, spec: PolicySpec): Promise<boolean> {
  const patch = [{ op: 'replace', path: '/spec', value: spec }];
  const answer = await world.as('installer').patch(policyOf(topic), 'json', patch);
  if (!answer.ok && answer.code !== 422) accepted(answer);
  return answer.ok;
}

const sentinelSpec = (word: string) => ({
  failurePolicy: 'Fail',
  matchConstraints: {
    namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': open } },
    resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }],
  },
  matchConditions: [{ name: 'sentinel', expression: "object.metadata.name == 'sentinel'" }],
  validations: [{ expression: 'false', message: word }],
});

/** A policy of its own that is changed last: the API server takes up all that it has seen at once, so when it acts, all others do. */
async function startSentinel(world: GuardWorld) {
  const installer = world.as('installer');
  const metadata = { name: 'test-sentinel' };
  const policy = { apiVersion: admission, kind: 'ValidatingAdmissionPolicy', metadata, spec: sentinelSpec('first') };
  const binding = {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata,
    spec: { policyName: metadata.name, validationActions: ['Deny'] },
  };
  accepted(await installer.create(policy));
  accepted(await installer.create(binding));
  return {
    acts: async (): Promise<void> => {
      const word = fresh('turn');
      accepted(
        await installer.patch(targetOf(policy), 'json', [{ op: 'replace', path: '/spec', value: sentinelSpec(word) }]),
      );
      await eventually(
        'what was written acts',
        () => installer.create(one('configmaps', 'sentinel', { namespace: open }), { dryRun: 'All' }),
        (answer) => said(answer).includes(word),
      );
    },
    stop: async (): Promise<void> => {
      for (const each of [binding, policy]) accepted(await installer.delete(targetOf(each)));
    },
  };
}

/** Something that holds under the guard as it is. */
interface Check {
  readonly name: string;
  readonly passes: (world: GuardWorld) => Promise<boolean>;
}

const ofTable = (row: TableRow): Check => ({
  name: `table: ${row.act} ${row.resource}`,
  passes: async (world) => {
    const { expected, seen, otherwise } = await tryRow(world, row);
    return otherwise.length === 0 && seen.join() === expected.join();
  },
});

/** Of the same line, what an emergency opens. */
const ofEmergencies = (row: TableRow): Check => ({
  name: `in an emergency: ${row.act} ${row.resource}`,
  passes: async (world) => {
    const { expected, seen } = await tryCovered(world, row);
    return expected === seen;
  },
});

/** What the guard leaves alone. */
const spared = (topic: string): readonly Check[] => [
  ...guard.exempt
    .filter(({ resource }) => resource === 'pods/eviction')
    .map(() => ({
      name: 'an eviction goes on',
      passes: async ({ as }: GuardWorld) =>
        (
          await as('attacker').raw({
            method: 'POST',
            path: '/api/v1/namespaces/payments-prod/pods/standing/eviction?dryRun=All',
            body: {
              apiVersion: 'policy/v1',
              kind: 'Eviction',
              metadata: { name: 'standing', namespace: 'payments-prod' },
              deleteOptions: { dryRun: ['All'] },
            },
          })
        ).code < 300,
    })),
  ...(topic === 'namespaces' || topic === 'additional'
    ? []
    : [
        {
          name: 'other namespaces go on',
          passes: async ({ as }: GuardWorld) => {
            const rows = tableRows.filter(
              (row) => row.topic === topic && (row.act === 'create' || row.act === 'connect'),
            );
            for (const { resource, act } of rows) {
              if (act === 'connect') {
                const path = `/api/v1/namespaces/${open}/${resource.replace('/', '/none-such/')}`;
                if ((await as('attacker').raw({ method: 'POST', path })).text.includes('ValidatingAdmissionPolicy'))
                  return false;
              } else if (!resource.includes('/') && resource !== 'bindings') {
                const object = one(resource, fresh('new'), { namespace: open });
                if (!(await as('attacker').create(object, { dryRun: 'All' })).ok) return false;
              }
            }
            return true;
          },
        },
      ]),
];

/** Objects with something to say beside metadata, and what is changed of it, added to it and taken from it. */
const contents: Readonly<
  Record<string, { readonly resource: string; readonly fields: object; readonly changes: readonly object[] }>
> = {
  accounts: {
    resource: 'serviceaccounts',
    fields: { imagePullSecrets: [{ name: 'one' }] },
    changes: [
      { imagePullSecrets: [{ name: 'other' }] },
      { imagePullSecrets: null },
      { automountServiceAccountToken: false },
    ],
  },
  configuration: {
    resource: 'configmaps',
    fields: { data: { level: 'info' } },
    changes: [{ data: { level: 'debug' } }, { data: null }, { binaryData: { more: 'AA==' } }],
  },
};

/** What the books' keepers may not write, and deliverers may. */
function ofContents(topic: string): readonly Check[] {
  const content = contents[topic];
  if (content === undefined) return [];
  const { resource, fields, changes } = content;
  return changes.map((body) => ({
    name: `a delivery writes ${JSON.stringify(body)} of one of ${resource}, and the garbage collector does not`,
    passes: async ({ preparer, controller }: GuardWorld) => {
      const name = fresh('content');
      accepted(await preparer.create(one(resource, name, { ...fields })));
      const target = at(resource, name);
      const keeper = await controller('generic-garbage-collector').patch(target, 'merge', body, { dryRun: 'All' });
      const deliverer = await preparer.patch(target, 'merge', body, { dryRun: 'All' });
      return !keeper.ok && deliverer.ok;
    },
  }));
}

const dryRun = { dryRun: 'All' } as const;

const refusedBy = (answer: Answer<unknown>, rule: string): boolean => !answer.ok && said(answer).includes(rule);

/** As it is, without what the API server keeps of it: a PUT of this changes nothing. */
const asItIs = ({ metadata, ...rest }: Manifest): Manifest => {
  const { name, namespace, labels, annotations, finalizers } = metadata;
  return JSON.parse(
    JSON.stringify({ ...rest, metadata: { name, namespace, labels, annotations, finalizers } }),
  ) as Manifest;
};

const ofNetwork: readonly Check[] = [
  {
    name: 'a program writes the Service that the policy names for it, and nobody else does',
    passes: async ({ as, platform }) => {
      const body = { spec: { ports: [{ port: 81 }] } };
      const theirs = await platform.patch(at('services', 'outside'), 'merge', body, dryRun);
      return (
        theirs.ok &&
        refusedBy(await as('attacker').patch(at('services', 'outside'), 'merge', body, dryRun), 'ProductionGuard')
      );
    },
  },
  {
    name: 'a program writes nothing else of that name',
    passes: async ({ platform }) =>
      refusedBy(await platform.create(one('ingresses', 'outside'), dryRun), 'ProductionGuard'),
  },
];

const namespaceOf = (name: string, subresource?: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  name,
  ...(subresource === undefined ? {} : { subresource }),
});

const ofNamespaces: readonly Check[] = [
  {
    name: 'who may write namespaces writes one back as it is',
    passes: async ({ as }) => {
      const found = accepted(await as('installer').get<Manifest>(namespaceOf(production)));
      return (await as('attacker').replace(asItIs(found), dryRun)).ok;
    },
  },
  {
    name: 'who does not administer takes nothing away from it',
    passes: async ({ as }) => {
      accepted(
        await as('admin').patch(namespaceOf(production), 'merge', { metadata: { annotations: { more: 'more' } } }),
      );
      const answer = await as('attacker').patch(
        namespaceOf(production),
        'merge',
        { metadata: { annotations: null } },
        dryRun,
      );
      return refusedBy(answer, 'NamespaceGuardHeld');
    },
  },
  {
    name: 'the namespace controller reports, whatever else comes with it',
    passes: async ({ controller }) => {
      const body = { metadata: { annotations: { reported: 'yes' } } };
      const target = namespaceOf(production, 'status');
      return (await controller('namespace-controller').patch(target, 'merge', body, dryRun)).ok;
    },
  },
  {
    name: 'what is no namespace may carry the label',
    passes: async ({ as }) => {
      const volume = {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: fresh('volume'), labels: { 'countersign.dev/guarded': 'enforce' } },
        spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/none' } },
      };
      return (await as('attacker').create(volume, dryRun)).ok;
    },
  },
];

const ofAdditional: readonly Check[] = [
  {
    name: 'other namespaces go on',
    passes: async ({ as }) => {
      const metadata = { name: fresh('widget'), namespace: open };
      return (await as('attacker').create({ apiVersion: 'example.dev/v1', kind: 'Widget', metadata }, dryRun)).ok;
    },
  },
];

const ofStatus: readonly Check[] = [
  {
    name: 'status goes on in other namespaces',
    passes: async ({ as }) =>
      (await as('attacker').patch(at('pods/status', 'gated', open), 'merge', { status: { message: 'x' } }, dryRun)).ok,
  },
];

const ofTopic: Readonly<Record<string, readonly Check[]>> = {
  network: ofNetwork,
  namespaces: ofNamespaces,
  additional: ofAdditional,
  status: ofStatus,
};

/** A rule that takes in a whole group stands in the way of what other topics let through there. */
const ofNeighbours = (topic: string, mutant: string): readonly Check[] => {
  const group = /^every resource of group '([^']*)'$/.exec(mutant)?.[1];
  return group === undefined
    ? []
    : tableRows.filter((row) => row.topic !== topic && row.group === group && row.act !== 'connect').map(ofTable);
};

interface Stored {
  readonly resource: string;
  /** Changes of what it says, as merge patches: something else, less, and more, as far as the API server takes them. */
  readonly changes: readonly object[];
}

/** One stored object of each topic. */
const stored: Readonly<Record<string, Stored>> = {
  workloads: { resource: 'deployments', changes: [{ spec: { minReadySeconds: 7 } }] },
  pods: { resource: 'pods', changes: [{ spec: { activeDeadlineSeconds: 7 } }] },
  scale: { resource: 'horizontalpodautoscalers', changes: [{ spec: { maxReplicas: 7 } }] },
  configuration: {
    resource: 'configmaps',
    changes: [{ data: { level: 'debug' } }, { data: null }, { binaryData: { more: 'AA==' } }],
  },
  network: {
    resource: 'endpoints',
    changes: [{ subsets: [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ port: 80 }] }] }],
  },
  accounts: {
    resource: 'serviceaccounts',
    changes: [{ imagePullSecrets: [{ name: 'other' }] }, { automountServiceAccountToken: false }],
  },
  storage: {
    resource: 'csistoragecapacities',
    changes: [{ capacity: '7Gi' }],
  },
  rights: {
    resource: 'rolebindings',
    changes: [
      { subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'somebody' }] },
      { subjects: null },
    ],
  },
  status: { resource: 'deployments/status', changes: [{ status: { observedGeneration: 7 } }] },
};

const metadataChanges: readonly object[] = [
  { labels: { standing: 'no' } },
  { labels: null },
  { annotations: { more: 'more' } },
].map((metadata) => ({ metadata }));

/** What migrates stored objects writes them back as they are; more, less, another, and no other act. */
function ofMigration(topic: string): readonly Check[] {
  const given = stored[topic];
  if (given === undefined) return [];
  const { resource, changes } = given;
  const target = at(resource, 'standing');
  const [main = ''] = resource.split('/');
  return [
    {
      name: `what migrates stored objects writes one of ${resource} back`,
      passes: async (world) => {
        const object = asItIs(accepted(await world.as('installer').get<Manifest>(at(main, 'standing'))));
        const migrator = world.controller('storage-migrators');
        const answer =
          resource === main
            ? await migrator.replace(object, dryRun)
            : await migrator.patch(target, 'merge', {}, dryRun);
        return answer.ok;
      },
    },
    // Of metadata, /status takes nothing from anybody.
    ...[...changes, ...(resource === main ? metadataChanges : [])].map((body) => ({
      name: `what migrates stored objects does not write ${JSON.stringify(body)} of one of ${resource}`,
      passes: async (world: GuardWorld) =>
        refusedBy(await world.controller('storage-migrators').patch(target, 'merge', body, dryRun), 'ProductionGuard'),
    })),
    ...(resource === main
      ? [
          {
            name: `what migrates stored objects creates none of ${resource}`,
            passes: async (world: GuardWorld) =>
              refusedBy(
                await world.controller('storage-migrators').create(one(resource, fresh('new')), dryRun),
                'ProductionGuard',
              ),
          },
        ]
      : []),
  ];
}

/** The checks of a topic, likely ones first: those whose resource and act the mutant's name speaks of. */
function checksFor(topic: string, mutant: string): readonly Check[] {
  const rows = tableRows.filter((row) => row.topic === topic);
  const score = ({ act, resource }: TableRow): number =>
    (mutant.includes(resource) ? 2 : 0) +
    (mutant.toLowerCase().includes(`${act} ${resource}`) ? 2 : 0) +
    (mutant.toLowerCase().includes(act) ? 1 : 0);
  return [
    ...rows.toSorted((a, b) => score(b) - score(a)).flatMap((row) => [ofTable(row), ofEmergencies(row)]),
    ...spared(topic),
    ...ofContents(topic),
    ...ofMigration(topic),
    ...(ofTopic[topic] ?? []),
    ...ofNeighbours(topic, mutant),
    ...[...guardAttacks, ...emergencyAttacks]
      .filter(({ locks }) => locks[0]?.name === `countersign-guard-${topic}`)
      .flatMap(({ name, act, twin, denied }) => [
        {
          name: `denied: ${name}`,
          passes: async (world: GuardWorld) => {
            const { reached, said: words } = await act(world);
            return !reached && words.includes(denied);
          },
        },
        { name: `twin: ${name}`, passes: async (world: GuardWorld) => (await twin(world)).reached },
      ]),
  ];
}

async function firstToNotice(world: GuardWorld, topic: string, mutant: string): Promise<Check | undefined> {
  for (const check of checksFor(topic, mutant)) {
    const passes = await check.passes(world).catch(() => false);
    if (!passes) return check;
  }
  return undefined;
}
