/**
 * Every verb on every namespaced resource and subresource in every version that the API server serves, tried by somebody who was let in: it is in
 * the record, or refused, or reading, which only the API server's audit log shows. What is served and on none of these lists fails here.
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { accepted, startTimeoutMs, type ApiClient } from '../../support/cluster/cluster.ts';
import type { World } from '../../support/cluster/system.ts';
import { actsUnder, gainedIn, letIn, pods, startEmergencySystem, type EmergencySystem } from './emergency-system.ts';
import { guard } from '../../admission-policies/world/guard-file.ts';
import { kinds, one } from '../../admission-policies/world/guard-objects.ts';
import { eventually } from '../../support/attack/world.ts';

jest.setTimeout(600_000);

/** `granted` holds what the grant gives, and reads as auditors do; `mighty` holds every right besides on whatever production is made of. */
const tryers = { granted: 'developer-b', mighty: 'developer-a' } as const;
type Tryer = keyof typeof tryers;

/** What is only read: neither guard nor gate hears of it, and the API server's audit log alone shows it. */
const readSubresources: ReadonlySet<string> = new Set([
  'pods/log',
  ...[
    'cronjobs',
    'daemonsets',
    'deployments',
    'horizontalpodautoscalers',
    'ingresses',
    'jobs',
    'persistentvolumeclaims',
    'poddisruptionbudgets',
    'pods',
    'replicasets',
    'replicationcontrollers',
    'resourceclaims',
    'resourcequotas',
    'services',
    'statefulsets',
  ].map((name) => `${name}/status`),
  ...['deployments', 'replicasets', 'replicationcontrollers', 'statefulsets'].map((name) => `${name}/scale`),
  'pods/ephemeralcontainers',
  'pods/resize',
  // Of our own kinds.
  ...[
    'emergencyaccesses',
    'policychanges',
    'policyexceptions',
    'releasecandidates',
    'releasepolicies',
    'rollbacks',
  ].map((name) => `${name}/status`),
]);
const readVerbs: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** By which one connects to something: every verb does, reading too. */
const connecting: ReadonlySet<string> = new Set([
  'pods/exec',
  'pods/attach',
  'pods/portforward',
  'pods/proxy',
  'services/proxy',
]);

/** What passes without an entry, for anybody whom RBAC lets, and why that is no act of an emergency: the grant itself does not hold it. */
const asAnybody: Readonly<Record<string, string>> = {
  'create pods/eviction': 'draining nodes and disruption are as RBAC and budgets say',
};

interface Served {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  /** Of what is sent: a subresource may be of another group. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

let system: EmergencySystem;
let world: World;
let pod = '';

const get = async <T>(path: string): Promise<T> => {
  const { code, text } = await system.as('installer').raw({ method: 'GET', path });
  if (code !== 200) throw new Error(`${path}: ${code} ${text}`);
  return JSON.parse(text) as T;
};

const served = async (): Promise<readonly Served[]> => {
  interface Resources {
    readonly resources: readonly {
      readonly name: string;
      readonly namespaced: boolean;
      readonly kind: string;
      readonly verbs: readonly string[];
      readonly group?: string;
      readonly version?: string;
    }[];
  }
  const { groups } = await get<{ groups: { name: string; versions: { groupVersion: string }[] }[] }>('/apis');
  const places = [
    ['', 'v1', '/api/v1'] as const,
    ...groups.flatMap(({ name, versions }) =>
      versions.map(({ groupVersion }) => [name, groupVersion.split('/')[1] ?? '', `/apis/${groupVersion}`] as const),
    ),
  ];
  const all = await Promise.all(
    places.map(async ([group, version, path]) =>
      (await get<Resources>(path)).resources
        .filter(({ namespaced }) => namespaced)
        .map((each) => {
          const of =
            each.version === undefined ? { group, version } : { group: each.group ?? '', version: each.version };
          const apiVersion = of.group === '' ? of.version : `${of.group}/${of.version}`;
          return { group, version, resource: each.name, apiVersion, kind: each.kind, verbs: each.verbs };
        }),
    ),
  );
  return all.flat();
};

const exempt = new Set(guard.exempt.map(({ group, resource }) => `${group}/${resource}`));

beforeAll(async () => {
  system = await startEmergencySystem();
  const all = await served();
  const installer = system.as('installer');
  world = await system.production('acts', async ({ production }) => {
    for (const resource of Object.keys(kinds)) {
      if (resource === 'bindings') continue;
      for (const tryer of Object.keys(tryers)) {
        for (const name of [`one-${tryer}`, `two-${tryer}`]) {
          const metadata = { labels: { of: tryer } };
          accepted(await installer.create(one(resource, name, { namespace: production, metadata })));
        }
      }
    }
    const rules = all
      .filter(({ group, resource }) => group !== 'countersign.dev' && !exempt.has(`${group}/${resource}`))
      .map(({ group, resource }) => ({ apiGroups: [group], resources: [resource], verbs: ['*'] }));
    const apiVersion = 'rbac.authorization.k8s.io/v1';
    accepted(await installer.create({ apiVersion, kind: 'ClusterRole', metadata: { name: 'mighty' }, rules }));
    accepted(
      await installer.create({
        apiVersion,
        kind: 'RoleBinding',
        metadata: { name: 'mighty', namespace: production },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'mighty' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: tryers.mighty }],
      }),
    );
  });
  await letIn(world, tryers.granted, 'inc-granted');
  await letIn(world, tryers.mighty, 'inc-mighty');
  [pod = ''] = await pods(world);
}, startTimeoutMs * 3);

afterAll(() => system?.stop());

// --- one attempt -----------------------------------------------------------------------------------------------------

interface Attempt {
  /** `deletecollection apps/v1 deployments (merge)` */
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

let count = 0;

const patches = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** Of our own kinds and the like, which nobody here may create: any object will do. */
const objectOf = ({ apiVersion, resource, kind }: Served, name: string): Record<string, unknown> => {
  const [main = ''] = resource.split('/');
  const usual = kinds[main] === undefined ? { metadata: { name } } : one(main, name);
  return { ...usual, apiVersion, kind, metadata: { name, namespace: world.production } };
};

const bodies: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {
  'pods/binding': (name) => ({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name },
    target: { kind: 'Node', name: 'node-0' },
  }),
  bindings: (name) => ({
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name },
    target: { kind: 'Node', name: 'node-0' },
  }),
  'pods/eviction': (name) => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } }),
  'serviceaccounts/token': () => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }),
};

interface Live extends Record<string, unknown> {
  readonly metadata: Record<string, unknown>;
  readonly spec?: { readonly ephemeralContainers?: readonly object[] };
}

/** A change that is one, in full: what a list held before, too. */
const changeOf = (resource: string, live: Live | undefined): Record<string, unknown> => {
  count += 1;
  if (resource.endsWith('/scale')) return { spec: { replicas: count % 2 } };
  if (resource === 'pods/ephemeralcontainers') {
    const container = { name: `debug-${count}`, image: `registry.example/x@sha256:${'d'.repeat(64)}` };
    return { spec: { ephemeralContainers: [...(live?.spec?.ephemeralContainers ?? []), container] } };
  }
  // No node here can resize; who may is judged all the same.
  if (resource === 'pods/resize') return {};
  return { metadata: { annotations: { count: String(count) } } };
};

/** What needs a pod that runs is done to one of them; all else to an object of its own. */
const nameOf = ({ resource }: Served, tryer: Tryer): string => {
  const [main = ''] = resource.split('/');
  if (resource === 'pods/ephemeralcontainers') return pod;
  return kinds[main] === undefined || main === 'bindings' ? 'none-such' : `one-${tryer}`;
};

/** What was deleted in one version is made anew for the next. */
const revived = async (row: Served, tryer: Tryer): Promise<void> => {
  const [main = '', subresource] = row.resource.split('/');
  if (subresource !== undefined || kinds[main] === undefined || main === 'bindings') return;
  const metadata = { labels: { of: tryer } };
  const made = one(main, `one-${tryer}`, { namespace: world.production, metadata });
  await system.as(tryers[tryer]).create(made);
  // Also one that is there is in the record: as an attempt.
  await gainedIn(world);
};

/** Each is made when its turn comes: it rests on what the one before it has left. */
const attemptsOf = (row: Served, verb: string, tryer: Tryer): readonly (() => Promise<Attempt>)[] => {
  const { group, version, resource } = row;
  const [main = '', subresource] = resource.split('/');
  const base = `${group === '' ? `/api/${version}` : `/apis/${group}/${version}`}/namespaces/${world.production}/${main}`;
  const name = nameOf(row, tryer);
  const path = `${base}/${name}${subresource === undefined ? '' : `/${subresource}`}`;
  const what = `${verb} ${group === '' ? '' : `${group}/`}${version} ${resource}`;
  if (connecting.has(resource)) {
    const method = { get: 'GET', create: 'POST', update: 'PUT', patch: 'PATCH', delete: 'DELETE' }[verb] ?? 'GET';
    const query = subresource === 'exec' ? '?command=id&stdout=true&container=main' : '';
    return [() => Promise.resolve({ what, method, path: `${path}${query}` })];
  }
  switch (verb) {
    case 'create': {
      count += 1;
      const fresh = `new-${tryer}-${count}`;
      const body = bodies[resource]?.(name) ?? objectOf(row, fresh);
      return [() => Promise.resolve({ what, method: 'POST', path: subresource === undefined ? base : path, body })];
    }
    case 'update': {
      return [
        async () => {
          const live = await liveAt(path);
          return { what, method: 'PUT', path, body: merged(live ?? objectOf(row, name), changeOf(resource, live)) };
        },
      ];
    }
    case 'patch':
      return Object.entries(patches).map(([type, contentType]) => async () => {
        const change = changeOf(resource, await liveAt(path));
        const query = type === 'apply' ? '?fieldManager=test&force=true' : '';
        const body = patchOf(type, change, { apiVersion: row.apiVersion, kind: row.kind, metadata: { name } });
        return { what: `${what} (${type})`, method: 'PATCH', path: `${path}${query}`, body, contentType };
      });
    case 'delete':
      return [() => Promise.resolve({ what, method: 'DELETE', path })];
    case 'deletecollection':
      return [
        () =>
          Promise.resolve({
            what,
            method: 'DELETE',
            path: `${base}?labelSelector=${encodeURIComponent(`of=${tryer}`)}`,
          }),
      ];
    default:
      return [() => Promise.resolve({ what, method: 'GET', path })];
  }
};

const liveAt = async (path: string): Promise<Live | undefined> => {
  const { code, text } = await system.as('installer').raw({ method: 'GET', path });
  return code === 200 ? (JSON.parse(text) as Live) : undefined;
};

const patchOf = (type: string, change: Record<string, unknown>, identity: Record<string, unknown>): unknown => {
  switch (type) {
    case 'json':
      return jsonPatchOf(change);
    case 'apply':
      return merged(identity, change);
    default:
      return change;
  }
};

const merged = (object: Record<string, unknown>, change: Record<string, unknown>): Record<string, unknown> => {
  const result = { ...object };
  for (const [key, value] of Object.entries(change)) {
    const before = result[key];
    const isNested = typeof value === 'object' && !Array.isArray(value) && typeof before === 'object';
    result[key] = isNested ? merged(before as Record<string, unknown>, value as Record<string, unknown>) : value;
  }
  return result;
};

const jsonPatchOf = (change: Record<string, unknown>): readonly object[] =>
  Object.entries(change).flatMap(([key, value]) =>
    Object.entries(value as object).map(([inner, each]) => ({
      op: 'add',
      path: `/${key}/${inner}`,
      value: each as unknown,
    })),
  );

const operations: Readonly<Record<string, string>> = {
  create: 'CREATE',
  update: 'UPDATE',
  patch: 'UPDATE',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};

type Outcome = 'Recorded' | 'Refused' | 'Tried' | 'Unlisted' | 'NotReached';

const withDryRun = ({ path }: Attempt): string => `${path}${path.includes('?') ? '&' : '?'}dryRun=All`;

const send = async (as: ApiClient, attempt: Attempt, isDryRun: boolean) => {
  const { method, path, body, contentType } = attempt;
  return as.raw({
    method,
    path: isDryRun ? withDryRun(attempt) : path,
    ...(body === undefined ? {} : { body }),
    ...(contentType === undefined ? {} : { contentType }),
  });
};

const isRefused = ({ code, text }: { code: number; text: string }): boolean =>
  code === 403 || text.includes('denied the request') || text.includes('failed calling webhook');

const outcomeOf = async (
  row: Served,
  as: ApiClient,
  { attempt, verb, isDryRun }: { readonly attempt: Attempt; readonly verb: string; readonly isDryRun: boolean },
): Promise<{ readonly outcome: Outcome; readonly said: string }> => {
  const answer = await send(as, attempt, isDryRun);
  const said = `${answer.code} ${answer.text.slice(0, 200)}`;
  if (isRefused(answer)) return { outcome: 'Refused', said };
  // What is refused has no entry, so one looks only after what was not.
  const gained = actsUnder(await gainedIn(world));
  // A session that is let in ends at the kubelet, of which there is none.
  if (answer.code >= 300 && !connecting.has(row.resource)) return { outcome: 'NotReached', said };
  if (isDryRun) return { outcome: gained.length === 0 ? 'Tried' : 'Unlisted', said };
  const [main = '', subresource = ''] = row.resource.split('/');
  const resource = row.group === '' ? main : `${main}.${row.group}`;
  const operation = connecting.has(row.resource) ? 'CONNECT' : operations[verb];
  const isTold = gained.some(
    ({ act }) => act.resource === resource && act.subresource === subresource && act.operation === operation,
  );
  return { outcome: isTold || asAnybody[`${verb} ${row.resource}`] !== undefined ? 'Recorded' : 'Unlisted', said };
};

/** A controller may write, or take away, what is tried between a look at it and the try. */
const mostTries = 5;

/** Tries until the act is judged. */
const tried = async (
  row: Served,
  as: ApiClient,
  { make, verb, isDryRun, tryer }: { make: () => Promise<Attempt>; verb: string; isDryRun: boolean; tryer: Tryer },
): Promise<{ readonly outcome: Outcome; readonly said: string; readonly what: string }> => {
  for (let tries = 1; ; tries += 1) {
    if (verb.startsWith('delete') || tries > 1) await revived(row, tryer);
    const attempt = await make();
    const judged = await outcomeOf(row, as, { attempt, verb, isDryRun });
    if (judged.outcome !== 'NotReached' || tries === mostTries) return { ...judged, what: attempt.what };
  }
};

describe('everything that is served', () => {
  test('what is read is listed, subresource by subresource', async () => {
    const read = (await served())
      .filter(({ resource, verbs }) => resource.includes('/') && verbs.some((verb) => readVerbs.has(verb)))
      .map(({ resource }) => resource)
      .filter((resource) => !connecting.has(resource));
    expect([...new Set(read)].toSorted()).toEqual([...readSubresources].toSorted());
  });

  test.each(Object.keys(tryers) as Tryer[])('each other act is recorded or refused: %s', async (tryer) => {
    const as = system.as(tryers[tryer]);
    await eventually(
      'they are in',
      () => as.create(one('configmaps', `canary-${tryer}`, { namespace: world.production }), { dryRun: 'All' }),
      ({ ok }) => ok,
    );
    const order = ['get', 'create', 'update', 'patch', 'delete', 'deletecollection'];
    const rows = (await served()).flatMap((row) =>
      row.verbs
        .filter((verb) => !readVerbs.has(verb) || (connecting.has(row.resource) && verb === 'get'))
        .map((verb) => ({ row, verb })),
    );
    // Subresources first, while what they are of is there.
    rows.sort(
      (a, b) =>
        order.indexOf(a.verb) - order.indexOf(b.verb) ||
        Number(b.row.resource.includes('/')) - Number(a.row.resource.includes('/')),
    );
    const counted = new Map<Outcome, number>();
    const wrong: string[] = [];
    for (const { row, verb } of rows) {
      for (const isDryRun of [true, false]) {
        if (isDryRun && connecting.has(row.resource)) continue;
        for (const make of attemptsOf(row, verb, tryer)) {
          const { outcome, said, what } = await tried(row, as, { make, verb, isDryRun, tryer });
          counted.set(outcome, (counted.get(outcome) ?? 0) + 1);
          if (outcome === 'Unlisted' || outcome === 'NotReached') {
            wrong.push(`${outcome}: ${what}${isDryRun ? ', dry-run' : ''}: ${said}`);
          }
        }
      }
    }
    const numbers = [...counted].map(([outcome, n]) => `${outcome.toLowerCase()} ${n}`).join(', ');
    process.stdout.write(`${tryer}: ${rows.length} acts on what is served, tried and done: ${numbers}\n`);
    expect(wrong).toEqual([]);
  });
});
