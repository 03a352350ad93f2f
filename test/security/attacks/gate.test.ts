/** Attacks with stolen tokens of our own programs: lock A lets them write, and the gate holds what people did not sign for. No operator runs. */
import { entryName } from '../../../operator/api/ledger.ts';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from '@jest/globals';
import { serviceAccountToken } from '../../../hack/controlplane/chart.ts';
import { parseReleaseCandidate } from '../../../operator/api/candidate.ts';
import type { JsonObject } from '../../../operator/api/meta.ts';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import { digestOf } from '../../../operator/decide/json/canonical.ts';
import * as candidateEntries from '../../../operator/decide/candidate/entries.ts';
import * as releaseEntries from '../../../operator/decide/release/entries.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import { emptyHead, entryHash, nextEntry } from '../../../operator/decide/record/chain.ts';
import { bundleHead } from '../../../operator/observe/bundles.ts';
import { accepted, startTimeoutMs, waitFor, type ApiClient, type Manifest } from '../../support/cluster/cluster.ts';
import {
  image,
  ours,
  startSystem,
  type Reported,
  type System,
  type World as Pair,
} from '../../support/cluster/system.ts';
import { staged, type BundleSeen } from '../../support/scenario/kit.ts';
import { explained } from '../../support/scenario/findings.ts';
import { admitted, gateLock, policyLock, type Attempt } from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { bind, eventually, type World } from '../../support/attack/world.ts';

/** Productions in which an intent is open that the stolen token wrote into the ledger, each for another reason to refuse it. */
interface Stolen extends World {
  /** Everybody has signed: the intent is as good as the operator's own. */
  readonly signed: Pair;
  readonly unsigned: Pair;
  /** One of the signatures is the author's. */
  readonly bySelf: Pair;
  /** Signed for, and then carried out under another bundle that bears the digest of the signed one. */
  readonly swapped: Pair;
  /** A rollback is open, to what production never ran. */
  readonly back: Pair;
  /** Everybody has signed, and nothing is written before a lock is away. */
  readonly held: Pair;
  /** Nothing is open. */
  readonly idle: Pair;
  /** Nothing is open, and one StatefulSet waits for a pod that is not ready, and another runs, here and in staging. */
  readonly broken: Pair;
}

let system: System;
let world: Stolen;

const lines = {
  approvals: [
    { role: 'tester', count: 1 },
    { role: 'approver', count: 1 },
  ],
};
const tester = ['tester-a', 'tester'] as const;
const approver = ['approver-a', 'approver'] as const;

/** What the promoting identity is called in the record. */
const self = { username: 'system:serviceaccount:countersign-system:countersign-operator', uid: '', groups: [] };

const begun = async (name: string, author = 'developer-a'): Promise<Pair> => {
  const pair = await system.world(name, lines);
  await pair.stage(pair.configMap('settings', { level: 'new' }));
  await pair.propose(pair.candidate('x', ['ConfigMap/settings']), author);
  await staged(pair, 'x');
  return pair;
};

/** A StatefulSet of one pod. */
const set = (namespace: string, app: string, annotations: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: app, namespace },
  spec: {
    replicas: 1,
    serviceName: app,
    selector: { matchLabels: { app } },
    template: {
      metadata: { labels: { app }, annotations },
      spec: { containers: [{ name: 'main', image: image('a') }] },
    },
  },
});

/** Its pod is there, in both namespaces. */
const withBrokenPods = async (): Promise<Pair> => {
  const pair = await system.world('broken', lines, {
    before: async (made) => {
      for (const namespace of [made.production, made.staging]) {
        const never = { 'countersign.test/behaviour': 'never-ready' };
        for (const object of [set(namespace, 'db', never), set(namespace, 'up', {})]) {
          accepted(await made.as('installer').create(object));
        }
      }
    },
  });
  const isReady = ({ status }: Reported): boolean =>
    status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') ?? false;
  for (const namespace of [pair.production, pair.staging]) {
    await waitFor(pair.as('installer'), { ...pair.ref('Pod', 'db-0'), namespace }, () => true);
    await waitFor<Reported>(pair.as('installer'), { ...pair.ref('Pod', 'up-0'), namespace }, isReady);
  }
  return pair;
};

const candidateOf = async (pair: Pair) => {
  const raw = accepted(await pair.as('developer-a').get<Reported>(pair.ref('ReleaseCandidate', 'x')));
  const parsed = parseReleaseCandidate(raw);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return { candidate: parsed.value, raw };
};

const bundleIn = async (pair: Pair): Promise<{ readonly seen: BundleSeen; readonly bundle: Bundle }> => {
  const { raw } = await candidateOf(pair);
  const seen = accepted(
    await pair.as('installer').get<BundleSeen>(pair.ref('ReleaseBundle', raw.status?.bundle ?? '')),
  );
  return { seen, bundle: bundleHead(JSON.parse(JSON.stringify(seen)) as Parameters<typeof bundleHead>[0]).bundle };
};

const sign = async (pair: Pair, ...people: readonly (readonly [string, string])[]): Promise<void> => {
  const { raw } = await candidateOf(pair);
  for (const [who, role] of people) await pair.sign(raw, who, role);
};

/** Appends to the record with the stolen token, as the operator would. */
const append = async (pair: Pair, operator: ApiClient, draft: LedgerDraft): Promise<void> => {
  const last = (await pair.ledger()).at(-1);
  const head = last === undefined ? emptyHead : { seq: last.seq, hash: entryHash(last) };
  const spec = nextEntry(head, draft, { id: randomUUID(), now: Date.now(), self });
  const metadata = { name: entryName(spec.seq), namespace: pair.production };
  accepted(await operator.create({ apiVersion: ours, kind: 'LedgerEntry', metadata, spec }));
};

const forge = async (pair: Pair, operator: ApiClient, to?: Bundle): Promise<void> => {
  const { candidate } = await candidateOf(pair);
  const bundle = to ?? (await bundleIn(pair)).bundle;
  const intent = {
    from: '',
    fromDigest: '',
    quorum: '2/2',
    approvals: [],
    delivery: 'Countersign' as const,
    followsUp: null,
  };
  await append(pair, operator, candidateEntries.promotionStarted(candidate, bundle, intent));
};

/** Another content under the digest that people have signed for, and have been shown. */
const swap = async (pair: Pair, operator: ApiClient): Promise<void> => {
  const { seen } = await bundleIn(pair);
  const content: JsonObject = {
    apiVersion: 'v1',
    data: { level: 'evil' },
    kind: 'ConfigMap',
    metadata: { name: 'settings' },
  };
  const made = accepted(
    await operator.create<BundleSeen>({
      apiVersion: ours,
      kind: 'ReleaseBundle',
      metadata: { name: `${seen.metadata.name}-2`, namespace: pair.production },
      spec: {
        ...seen.spec,
        objects: seen.spec.objects.map((object) => ({
          ...object,
          content: JSON.stringify(content),
          digest: digestOf(content),
        })),
      },
    }),
  );
  await forge(pair, operator, bundleHead(JSON.parse(JSON.stringify(made)) as Parameters<typeof bundleHead>[0]).bundle);
};

const forgeBack = async (pair: Pair, operator: ApiClient): Promise<void> => {
  const { bundle } = await bundleIn(pair);
  const { name, digest } = bundle;
  await append(
    pair,
    operator,
    releaseEntries.rollbackStarted(
      {
        candidate: bundle.candidate,
        package: bundle.package,
        from: '',
        fromDigest: '',
        to: name,
        toDigest: digest,
        delivery: 'Countersign',
      },
      { cause: 'forged', overwrites: [], order: undefined, restores: bundle, removes: [] },
    ),
  );
};

beforeAll(async () => {
  system = await startSystem();
  const [signed, unsigned, bySelf, swapped, back, held, idle, broken] = await Promise.all([
    begun('signed'),
    begun('unsigned'),
    begun('by-self', 'developer-b'),
    begun('swapped'),
    begun('back'),
    begun('held'),
    begun('idle'),
    withBrokenPods(),
  ]);
  const installer = system.as('installer');
  const [operator, restorer] = await Promise.all(
    (['countersign-operator', 'countersign-restorer'] as const).map(async (name) =>
      installer.withToken(await serviceAccountToken(system.controlPlane, name)),
    ),
  );
  if (operator === undefined || restorer === undefined) throw new Error('there are no tokens');
  world = {
    cluster: system,
    as: (name) => system.as(name),
    operator,
    restorer,
    stop: system.stop,
    signed,
    unsigned,
    bySelf,
    swapped,
    back,
    held,
    idle,
    broken,
  };
  await bind(world, { user: 'developer-b', role: 'countersign-approver', namespace: bySelf.production });
  await bind(world, { user: 'developer-b', role: 'edit', namespace: idle.production });
  await explained(held);
  await system.operator.stop();
  await sign(signed, tester, approver);
  await sign(swapped, tester, approver);
  await sign(held, tester, approver);
  await sign(unsigned, tester);
  await sign(bySelf, tester, ['developer-b', 'approver']);
  for (const pair of [signed, unsigned, bySelf, held]) await forge(pair, operator);
  await swap(swapped, operator);
  await forgeBack(back, operator);
}, startTimeoutMs * 3);

afterAll(async () => {
  world?.operator.close();
  world?.restorer.close();
  await system?.stop();
});

/** Writes the ConfigMap of a production; creates it where there is none. */
const write = async (
  as: ApiClient,
  { production }: Pick<Pair, 'production'>,
  { level = 'new', metadata = {} }: { level?: string; metadata?: Readonly<Record<string, unknown>> } = {},
): Promise<Attempt> => {
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, name: 'settings', namespace: production },
    data: { level },
  };
  const created = await as.create(object);
  return admitted(created.ok || created.code !== 409 ? created : await as.replace(object));
};

/** The stolen token carries out what people have signed for: whoever holds it, it is their release. */
const carriedOut = ({ operator, signed }: Stolen): Promise<Attempt> => write(operator, signed);

const attack = (
  id: string,
  name: string,
  given: { readonly denied: string; readonly act: (stolen: Stolen) => Promise<Attempt> },
) => ({ id, name: `a stolen token of the ${name}`, twin: carriedOut, locks: [gateLock], ...given });

/** A developer writes production while the gate's configuration is gone; that it acts no more is seen by a write that only it refuses. */
const whileGateIsGone = async (stolen: Stolen): Promise<Attempt> => {
  const close = await gateLock.open(stolen);
  try {
    await eventually(
      'the gate is not asked',
      () => write(stolen.operator, stolen.unsigned),
      ({ reached }) => reached,
    );
    return await write(stolen.as('developer-b'), stolen.idle);
  } finally {
    await close();
    await eventually(
      'the gate is asked',
      () => write(stolen.operator, stolen.unsigned),
      ({ reached }) => !reached,
    );
  }
};

/** A policy is deleted, and the token carries out what people have signed for: what else passes by now, nobody has signed for. */
const whileLockIsAway = async (stolen: Stolen): Promise<Attempt> => {
  const close = await policyLock('countersign-rollbacks').open(stolen);
  try {
    // The gate reads the grounds of another release meanwhile, and hears of the deletion.
    await write(stolen.operator, stolen.unsigned);
    return await write(stolen.operator, stolen.held);
  } finally {
    await close();
  }
};

attacks<Stolen>(
  () => world,
  [
    attack('T24', 'operator writes without a release', {
      act: ({ operator, idle }) => write(operator, idle),
      denied: 'NoReleaseUnderWay: ',
    }),
    attack('T24', 'operator begins a release that too few have signed for, and writes it', {
      act: ({ operator, unsigned }) => write(operator, unsigned),
      denied: 'ConsentMissing: ',
    }),
    attack('T25', 'operator begins a release that its author has signed for, and writes it', {
      act: ({ operator, bySelf }) => write(operator, bySelf),
      denied: 'ConsentMissing: ',
    }),
    attack('T38', 'operator writes another content than the bundle has', {
      act: ({ operator, signed }) => write(operator, signed, { level: 'evil' }),
      denied: 'ContentNotApproved: ',
    }),
    attack('T38', 'operator writes another bundle under the digest that people were shown', {
      act: ({ operator, swapped }) => write(operator, swapped, { level: 'evil' }),
      // A bundle that is not what its digest says is none.
      denied: 'NoReleaseUnderWay: ',
    }),
    attack('T19', 'operator ties an approved object to an owner', {
      act: ({ operator, signed }) =>
        write(operator, signed, {
          metadata: {
            ownerReferences: [
              { apiVersion: 'v1', kind: 'ConfigMap', name: 'none', uid: '00000000-0000-0000-0000-000000000000' },
            ],
          },
        }),
      denied: 'metadata.ownerReferences',
    }),
    attack('T33', 'operator gives an approved object a finalizer', {
      act: ({ operator, signed }) => write(operator, signed, { metadata: { finalizers: ['evil.example/stay'] } }),
      denied: 'metadata.finalizers',
    }),
    attack('T31', 'restorer writes what was signed for, as if it were a rollback', {
      act: ({ restorer, signed }) => write(restorer, signed),
      denied: 'NoReleaseUnderWay: ',
    }),
    attack('T31', 'operator begins a rollback to what production never ran, and one of the restorer writes it', {
      // Its entry does not follow from what production ran, and counts for nothing.
      act: ({ restorer, back }) => write(restorer, back),
      denied: 'NoReleaseUnderWay: ',
    }),
    attack('T33', 'restorer deletes a pod that keeps a StatefulSet from going on, and no rollback is open', {
      act: async ({ restorer, broken }) => admitted(await restorer.delete(broken.ref('Pod', 'db-0'))),
      denied: 'NoReleaseUnderWay: ',
    }),
    {
      id: 'T33',
      name: 'a stolen token of the restorer deletes a pod that is ready',
      act: async ({ restorer, broken }) =>
        admitted(await restorer.delete(broken.ref('Pod', 'up-0'), { dryRun: ['All'] })),
      denied: 'ProductionGuardPod: ',
      twin: carriedOut,
      locks: [policyLock('countersign-guard-pods')],
    },
    {
      id: 'T46',
      name: 'a stolen token of the restorer deletes a pod where nothing is guarded',
      act: async ({ restorer, broken }) =>
        admitted(
          await restorer.delete({ ...broken.ref('Pod', 'db-0'), namespace: broken.staging }, { dryRun: ['All'] }),
        ),
      denied: 'ConfinedToProduction: ',
      twin: carriedOut,
      locks: [policyLock('countersign-confinement')],
    },
    attack('T41', 'operator carries out what was signed for while a policy of ours is deleted', {
      act: whileLockIsAway,
      denied: 'The installation of Countersign changed',
    }),
    {
      id: 'T46',
      name: 'a stolen token of the operator writes where nothing is guarded',
      act: ({ operator }) => write(operator, { production: 'kube-system' }),
      denied: 'ConfinedToProduction: ',
      twin: carriedOut,
      locks: [policyLock('countersign-confinement')],
    },
    {
      id: 'T41',
      name: 'the configuration of the gate is deleted, and a developer writes production',
      act: whileGateIsGone,
      denied: 'ProductionGuardConfiguration: ',
      twin: carriedOut,
      locks: [policyLock('countersign-guard-configuration')],
    },
  ],
);
