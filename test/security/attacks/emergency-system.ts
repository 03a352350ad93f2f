/** Productions in which people are let in, with gates that a test can get at. */
import { randomUUID } from 'node:crypto';
import { installChart, serviceAccountToken } from '../../../hack/controlplane/chart.ts';
import { gateUrl } from '../../../hack/controlplane/gate.ts';
import { startOperator, type OperatorProcess } from '../../../hack/controlplane/operator.ts';
import { releasePort, reservePort } from '../../../hack/controlplane/ports.ts';
import { parseEmergencyAccess, type EmergencyAccess } from '../../../operator/api/emergency.ts';
import { entryName, type LedgerEntrySpec } from '../../../operator/api/ledger.ts';
import type { JsonObject } from '../../../operator/api/meta.ts';
import { contentDigest } from '../../../operator/decide/manifest/content-digest.ts';
import { actsIn } from '../../../operator/decide/record/batch.ts';
import { parseData, type EntryData, type LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import * as drafts from '../../../operator/decide/emergency/entries.ts';
import { grantObjects, type GrantPhase } from '../../../operator/decide/emergency/grant.ts';
import { emptyHead, entryHash, nextEntry } from '../../../operator/decide/record/chain.ts';
import {
  accepted,
  startCluster,
  waitFor,
  waitForAll,
  type Answer,
  type ApiClient,
  type Cluster,
  type KubeObject,
  type Manifest,
} from '../../support/cluster/cluster.ts';
import { startGateHere, type GateHere } from '../../support/cluster/gates.ts';
import {
  createWorld,
  image,
  isTrue,
  ours,
  type Entry,
  type Reported,
  type World,
} from '../../support/cluster/system.ts';

export interface EmergencySystem extends Cluster {
  readonly gates: readonly [GateHere, GateHere];
  readonly operator: OperatorProcess;
  /** Tokens of our own two programs. */
  readonly stolen: { readonly operator: ApiClient; readonly restorer: ApiClient };
  readonly production: (name: string, before?: (world: World) => Promise<void>) => Promise<World>;
}

/** Two gates on one port, an operator, nodes. */
export const startEmergencySystem = async (): Promise<EmergencySystem> => {
  const cluster = await startCluster();
  const { controlPlane } = cluster;
  try {
    const port = await reservePort();
    await installChart(controlPlane, { gate: { enabled: false, url: gateUrl(port) } });
    const [a, b, operator] = await Promise.all([
      startGateHere(controlPlane, { port, instance: 'gate-a' }),
      startGateHere(controlPlane, { port, instance: 'gate-b' }),
      startOperator(controlPlane),
    ]);
    const installer = cluster.as('installer');
    const stolen = {
      operator: installer.withToken(await serviceAccountToken(controlPlane, 'countersign-operator')),
      restorer: installer.withToken(await serviceAccountToken(controlPlane, 'countersign-restorer')),
    };
    return {
      ...cluster,
      gates: [a, b],
      operator,
      stolen,
      production: (name, before) =>
        createWorld(cluster, {
          name,
          policy: { emergency: { maxActive: 1000, maxDuration: '4h' } },
          before: async (world) => {
            await populate(world);
            await unbind(world);
            await before?.(world);
          },
        }),
      async stop() {
        for (const client of Object.values(stolen)) client.close();
        await Promise.all([a.stop(), b.stop(), operator.stop()]);
        releasePort(port);
        await cluster.stop();
      },
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
};

/** Who is let in here holds what they are given for that, and nothing else. */
const unbind = async (world: World): Promise<void> => {
  const binding = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', name: 'oncall' };
  accepted(await world.as('installer').delete({ ...binding, namespace: world.production }));
};

/** How many of each there are for acts that use something up. */
const spare = 40;
export const spareNames = Array.from({ length: spare }, (_, i) => `spare-${i}`);

export const configMap = ({ production }: World, name: string, more: Partial<Manifest['metadata']> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: production, ...more },
  data: { level: 'info' },
});

const populate = async (world: World): Promise<void> => {
  const installer = world.as('installer');
  const api = world.deployment('api', 'a', { replicas: 2 });
  accepted(await installer.create({ ...api, metadata: { name: 'api', namespace: world.production } }));
  accepted(await installer.create(configMap(world, 'settings')));
  for (const name of spareNames) {
    accepted(await installer.create(configMap(world, name, { labels: { spare: name } })));
  }
  await pods(world);
};

/** The pods of `api`, once they run. */
export const pods = async (world: World): Promise<readonly string[]> => {
  let names: readonly string[] = [];
  await waitForAll<KubeObject & { status?: { phase?: string } }>(
    world.as('installer'),
    { apiVersion: 'v1', kind: 'Pod', namespace: world.production, labelSelector: 'app=api' },
    (seen) => {
      names = seen.filter(({ status }) => status?.phase === 'Running').map(({ metadata }) => metadata.name ?? '');
      return names.length >= 2;
    },
  );
  return names;
};

// --- letting somebody in ---------------------------------------------------------------------------------------------

export const access = (
  world: World,
  name: string,
  spec: Readonly<Record<string, unknown>> & { readonly grantee: string },
): Manifest => ({
  apiVersion: ours,
  kind: 'EmergencyAccess',
  metadata: { name, namespace: world.production },
  spec: { duration: '2h', reason: 'stuck', incident: 'INC-1', ...spec },
});

export const parsed = (raw: unknown): EmergencyAccess => {
  const result = parseEmergencyAccess(JSON.parse(JSON.stringify(raw)));
  if (!result.ok) throw new Error(result.problems.join());
  return result.value;
};

/** By the operator. */
export const letIn = async (world: World, grantee: string, name = 'inc-1'): Promise<EmergencyAccess> => {
  accepted(await world.as('sre-a').create(access(world, name, { grantee })));
  return parsed(
    await waitFor<Reported>(world.as('auditor-a'), world.ref('EmergencyAccess', name), (seen) =>
      isTrue(seen, 'Active'),
    ),
  );
};

/** Creates one that nobody carries out. */
export const ask = async (
  world: World,
  name: string,
  spec: Parameters<typeof access>[2],
  as = 'sre-a',
): Promise<EmergencyAccess> => parsed(accepted(await world.as(as).create(access(world, name, spec))));

const self = { username: 'system:serviceaccount:countersign-system:countersign-operator', uid: '', groups: [] };

/** Appends to the record with the operator's token. */
export const append = async (world: World, operator: ApiClient, draft: LedgerDraft): Promise<void> => {
  const last = (await world.ledger()).at(-1);
  const head = last === undefined ? emptyHead : { seq: last.seq, hash: entryHash(last) };
  const spec = nextEntry(head, draft, { id: randomUUID(), now: Date.now(), self });
  const metadata = { name: entryName(spec.seq), namespace: world.production };
  accepted(await operator.create({ apiVersion: ours, kind: 'LedgerEntry', metadata, spec }));
};

const clusterRole = 'countersign-emergency';

const sent = (object: JsonObject): Manifest => JSON.parse(JSON.stringify(object)) as Manifest;

/** The objects of an access, as they are sent. */
export const objectsOf = (of: EmergencyAccess, phase: GrantPhase): readonly Manifest[] =>
  grantObjects({ access: of, clusterRole }, phase).map(sent);

export const grantedEntry = async (world: World, of: EmergencyAccess): Promise<LedgerDraft> => {
  const role = accepted(
    await world
      .as('installer')
      .get({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: clusterRole }),
  );
  return drafts.granted(of, {
    name: clusterRole,
    digest: contentDigest(JSON.parse(JSON.stringify(role)) as JsonObject),
  });
};

export const openedEntry = (of: EmergencyAccess): LedgerDraft => ({
  actor: 'operator',
  subject: { kind: 'EmergencyAccess', name: of.metadata.name, uid: of.metadata.uid, namespace: of.metadata.namespace },
  package: '',
  digest: '',
  decision: 'Open',
  reason: 'gets access next',
  data: { type: 'EmergencyOpened' },
});

export const endedEntry = (of: EmergencyAccess): LedgerDraft => ({
  ...openedEntry(of),
  decision: 'AccessChanged',
  reason: 'is over',
  data: { type: 'EmergencyEnded', cause: 'Changed', message: 'is over' },
});

/** Whoever holds the operator's token makes what lets somebody in, without subjects; the first refusal ends it. */
export const makeByHand = async (world: World, operator: ApiClient, of: EmergencyAccess): Promise<Answer<unknown>> => {
  await append(world, operator, await grantedEntry(world, of));
  return inTurn(objectsOf(of, 'Closed'), (object) => operator.create(object));
};

/** And lets them in. */
export const letInByHand = async (world: World, operator: ApiClient, of: EmergencyAccess): Promise<Answer<unknown>> => {
  const made = await makeByHand(world, operator, of);
  if (!made.ok) return made;
  await append(world, operator, openedEntry(of));
  return bindByHand(operator, of);
};

const inTurn = async (
  objects: readonly Manifest[],
  send: (object: Manifest) => Promise<Answer<unknown>>,
): Promise<Answer<unknown>> => {
  let last: Answer<unknown> = { ok: false, code: 0, body: { kind: 'Status', code: 0 } };
  for (const object of objects) {
    last = await send(object);
    if (!last.ok) return last;
  }
  return last;
};

/** The last step alone. */
export const bindByHand = (operator: ApiClient, of: EmergencyAccess): Promise<Answer<unknown>> =>
  inTurn(objectsOf(of, 'Open').slice(1), (object) => operator.replace(object));

export const first = (objects: readonly (Manifest | undefined)[]): Manifest => {
  const [found] = objects;
  if (found === undefined) throw new Error('there is none');
  return found;
};

// --- what they do ----------------------------------------------------------------------------------------------------

/** An act of a grantee, with how the record names it. */
export interface Act {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly name: string;
  readonly subresource: string;
  readonly code: number;
  readonly said: string;
  /** Whether the API server let it pass its admission. */
  readonly passed: boolean;
}

type Doing = (world: World, as: ApiClient) => Promise<Act>;

const done = (
  act: Pick<Act, 'operation' | 'name'> & Partial<Pick<Act, 'subresource'>>,
  answer: { readonly code: number; readonly text: string },
): Act => ({
  subresource: '',
  ...act,
  code: answer.code,
  said: answer.text,
  // A session that is let in ends at the kubelet, of which there is none; nothing else is answered like this.
  passed:
    answer.code < 300 ||
    (act.operation === 'CONNECT' &&
      ![401, 403].includes(answer.code) &&
      !/denied the request|calling webhook/.test(answer.text)),
});

const textOf = (answer: Answer<unknown>): { readonly code: number; readonly text: string } => ({
  code: answer.code,
  text: answer.ok ? '' : (answer.body.message ?? ''),
});

let made = 0;
const fresh = (prefix: string): string => `${prefix}-${(made += 1)}`;

const session =
  (subresource: string, query: string): Doing =>
  async ({ production }, as) => {
    const name = fresh('no-pod');
    // The pod need not be there: admission comes first.
    const path = `/api/v1/namespaces/${production}/pods/${name}/${subresource}?${query}`;
    return done({ operation: 'CONNECT', name, subresource }, await as.raw({ method: 'POST', path }));
  };

const patch = (world: World, as: ApiClient, kind: string, name: string, body: unknown, subresource?: string) =>
  as.patch({ ...world.ref(kind, name), ...(subresource === undefined ? {} : { subresource }) }, 'merge', body);

const note = (): object => ({ metadata: { annotations: { note: fresh('note') } } });

/** Every kind of act that an emergency covers. */
export const doings = {
  async create(world: World, as: ApiClient): Promise<Act> {
    const name = fresh('made');
    return done({ operation: 'CREATE', name }, textOf(await as.create(configMap(world, name))));
  },
  async update(world: World, as: ApiClient): Promise<Act> {
    return done(
      { operation: 'UPDATE', name: 'settings' },
      textOf(await patch(world, as, 'ConfigMap', 'settings', note())),
    );
  },
  async rollout(world: World, as: ApiClient): Promise<Act> {
    const spec = { template: { spec: { containers: [{ name: 'main', image: image('b') }] } } };
    const target = world.ref('Deployment', 'api');
    const answer = await as.patch(target, 'strategic', { ...note(), spec });
    return done({ operation: 'UPDATE', name: 'api' }, textOf(answer));
  },
  async scale(world: World, as: ApiClient): Promise<Act> {
    const replicas = 2 + (made % 2);
    made += 1;
    const answer = await patch(world, as, 'Deployment', 'api', { spec: { replicas } }, 'scale');
    return done({ operation: 'UPDATE', name: 'api', subresource: 'scale' }, textOf(answer));
  },
  async delete(world: World, as: ApiClient): Promise<Act> {
    const name = spareNames.find((each) => !used.has(`${world.production} ${each}`)) ?? '';
    const answer = await as.delete(world.ref('ConfigMap', name));
    if (answer.ok) used.add(`${world.production} ${name}`);
    return done({ operation: 'DELETE', name }, textOf(answer));
  },
  async remove(world: World, as: ApiClient): Promise<Act> {
    // Only takes something away: the API server shows no clock in it.
    const answer = await patch(world, as, 'ConfigMap', 'settings', { metadata: { annotations: { note: null } } });
    return done({ operation: 'UPDATE', name: 'settings' }, textOf(answer));
  },
  exec: session('exec', 'command=id&container=main&stdout=true'),
  attach: session('attach', 'container=main&stdout=true'),
  portforward: session('portforward', 'ports=80'),
  async debug(world: World, as: ApiClient): Promise<Act> {
    const [name = ''] = await pods(world);
    const container = { name: fresh('debug'), image: image('d'), targetContainerName: 'main' };
    const target = { ...world.ref('Pod', name), subresource: 'ephemeralcontainers' };
    const answer = await as.patch(target, 'strategic', { spec: { ephemeralContainers: [container] } });
    return done({ operation: 'UPDATE', name, subresource: 'ephemeralcontainers' }, textOf(answer));
  },
} satisfies Readonly<Record<string, Doing>>;

export type Kind = keyof typeof doings;
export const kinds = Object.keys(doings) as readonly Kind[];

/** What was deleted already. */
const used = new Set<string>();

export type Admitted = Extract<EntryData, { type: 'Admitted' }>;

/** The entries of acts under emergencies, also where several share one. */
export const actsUnder = (ledger: readonly LedgerEntrySpec[]) =>
  ledger
    .flatMap(actsIn)
    .filter(({ type, decision }) => type === 'Admitted' && decision === 'Emergency')
    .map((entry) => ({ ...entry, act: parseData(entry) as Admitted }));

/** Up to which entry each record was read. */
const places = new Map<string, number>();

/** The entries since the last time this was asked. */
export const gainedIn = async (world: World): Promise<readonly LedgerEntrySpec[]> => {
  const gained: LedgerEntrySpec[] = [];
  for (;;) {
    const place = places.get(world.production) ?? 0;
    const next = await world.as('auditor-a').get<Entry>(world.ref('LedgerEntry', entryName(place)));
    if (!next.ok) return gained;
    gained.push(next.body.spec);
    places.set(world.production, place + 1);
  }
};

/** Does it, and tells which acts the record has gained by the time the API server has answered. */
export const doAndLook = async (world: World, as: ApiClient, kind: Kind) => {
  await gainedIn(world);
  const act = await doings[kind](world, as);
  const gained = await gainedIn(world);
  return { act, gained, unrecorded: unrecorded([act], gained) };
};

/** Acts that passed, for which the record has no entry: an entry counts for one act. */
export const unrecorded = (acts: readonly Act[], ledger: readonly LedgerEntrySpec[]): readonly Act[] => {
  const left = actsUnder(ledger);
  return acts.filter(({ passed, operation, subresource, name }) => {
    if (!passed) return false;
    const found = left.findIndex(
      ({ act, subject }) => act.operation === operation && act.subresource === subresource && subject.name === name,
    );
    if (found >= 0) left.splice(found, 1);
    return found < 0;
  });
};
