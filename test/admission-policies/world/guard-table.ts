/** Everything that files/guard.yaml says, and nothing else: each act on each resource, by everybody who might try. */
import type { Answer, ApiClient } from '../../support/cluster/cluster.ts';
import { acts, controllers, guard, promotable, type Act, type Row } from './guard-file.ts';
import { at, one, releasedCustom } from './guard-objects.ts';
import type { GuardWorld } from './guard-world.ts';
import { forgedOwner, fresh, production } from '../../support/attack/objects.ts';
import { said } from '../../support/attack/world.ts';

/** An act of which nothing stays, or (of a session) nothing could come. */
export async function attempt(
  as: ApiClient,
  { resource }: Row,
  act: Act,
  { own = ownName, namespace = production }: Where = {},
): Promise<Answer<unknown>> {
  const [main = '', subresource] = resource.split('/');
  if (act === 'connect') return connect(as, `${namespace}/${main}`, subresource ?? '');
  const name = act === 'create' ? 'standing' : (own[main] ?? 'standing');
  const target = at(resource, name, namespace);
  const dryRun = { dryRun: 'All' } as const;
  if (act === 'delete') return as.delete(target, { dryRun: ['All'] });
  if (act === 'update') {
    if (subresource === 'scale') return as.patch(target, 'merge', { spec: { replicas: 3 } }, dryRun);
    if (subresource !== undefined) return as.patch(target, 'merge', {}, dryRun);
    return as.patch(target, 'merge', { metadata: { ownerReferences: [forgedOwner] } }, dryRun);
  }
  if (resource === 'pods/binding') return as.createAt(target, one('bindings', 'standing', { namespace }), dryRun);
  if (resource === 'serviceaccounts/token') {
    return as.createAt(target, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} }, dryRun);
  }
  return as.create(one(main, main === 'configmaps' ? 'kube-root-ca.crt' : fresh('new'), { namespace }), dryRun);
}

/** Where it is tried, and on what: names by resource, of which `standing` is the usual one. */
export interface Where {
  readonly own?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

/** What the control plane writes of these kinds has one name. */
const ownName: Readonly<Record<string, string>> = { configmaps: 'kube-root-ca.crt', secrets: 'token' };

async function connect(as: ApiClient, collection: string, subresource: string): Promise<Answer<unknown>> {
  const path = `/api/v1/namespaces/${collection}/none-such/${subresource}`;
  const { code, text } = await as.raw({ method: 'POST', path });
  return code < 300
    ? { ok: true, code, body: text }
    : { ok: false, code, body: { kind: 'Status', code, message: text } };
}

/**
 * Whoever is let through gets as far as the API server's own checks: exists already, is bound already, is not there. The guard lets the operator and
 * the restorer write Jobs; that it is only the finalizer that they take off is for the policy that confines them to say.
 */
export const passes = (answer: Answer<unknown>): boolean =>
  answer.ok || [404, 409].includes(answer.code) || (answer.code === 403 && /: JobsOnlyLetGo: /.test(said(answer)));

const deliverers = ['operator', 'restorer', 'gitOps'] as const;
const others = ['attacker', 'kubelets', 'system:node:pretended', 'in-nodes', 'stranger', 'platform', 'admin'] as const;

/** Somebody by the name that these tables have for them. */
export const client = (world: GuardWorld, name: string): ApiClient => {
  switch (name) {
    case 'operator':
    case 'restorer':
    case 'gitOps':
    case 'stranger':
    case 'platform':
      return world[name];
    default:
      return world.as(name);
  }
};

/** Of kinds that definitions give, which are all held alike, those that the world defines. */
const isTried = (topic: string, { resource }: Row): boolean => topic !== 'custom' || releasedCustom.includes(resource);

/** The rows of the table. */
export const tableRows = Object.entries(guard.topics).flatMap(([topic, list]) =>
  list
    .filter((row) => isTried(topic, row))
    .flatMap((row) =>
      acts.flatMap((act) => {
        const writers = row[act];
        return writers === undefined ? [] : [{ topic, row, act, writers, resource: row.resource, group: row.group }];
      }),
    ),
);

export type TableRow = (typeof tableRows)[number];

/** Who should be let through, who is, and what else was answered to somebody. */
export interface Answered {
  readonly expected: readonly string[];
  readonly seen: readonly string[];
  readonly otherwise: readonly string[];
}

/** Everybody who tries, by their names. */
export const everybodyIn = (
  world: GuardWorld,
  more: readonly string[] = [],
): readonly (readonly [string, ApiClient])[] => [
  ...[...controllers, ...more].map((name) => [`controller ${name}`, world.controller(name)] as const),
  ...[...deliverers, ...others].map((name) => [name, client(world, name)] as const),
];

/** Who tries, and whether it is theirs. */
function attempts(world: GuardWorld, { topic, row, writers }: TableRow) {
  const isContent = promotable.has(`${row.group}/${row.resource}`);
  const expected = new Set<string>([
    ...writers.map((name) => `controller ${name}`),
    ...(isContent ? deliverers : []),
    ...(topic === 'rights' ? ['admin'] : []),
  ]);
  return { expected, everybody: everybodyIn(world) };
}

/** Whoever is not let through is forbidden it, by a rule of the guard, and not as one who was let in for an emergency: none of them was. */
const isForbidden = (answer: Answer<unknown>): boolean =>
  answer.code === 403 && /ProductionGuard(?!Emergency)/.test(said(answer));

/** Has everybody try. */
export async function tryRow(world: GuardWorld, tried: TableRow): Promise<Answered> {
  const { expected, everybody } = attempts(world, tried);
  const seen = new Set<string>();
  const otherwise: string[] = [];
  for (const [name, as] of everybody) {
    const answer = await attempt(as, tried.row, tried.act);
    if (passes(answer)) seen.add(name);
    else if (!isForbidden(answer)) otherwise.push(`${name}: ${said(answer)}`);
  }
  return { expected: [...expected].toSorted(), seen: [...seen].toSorted(), otherwise };
}

/** Whether everybody gets what is theirs; those first of whom the text speaks, and no more than it takes to know. */
export async function rowHolds(world: GuardWorld, tried: TableRow, text: string): Promise<boolean> {
  const { expected, everybody } = attempts(world, tried);
  return allGetTheirs({ expected, everybody, text, isForbidden }, (as) => attempt(as, tried.row, tried.act));
}

/** The same of any table: who should be let through, who tries, and what a refusal is. */
export async function allGetTheirs(
  given: {
    readonly expected: ReadonlySet<string>;
    readonly everybody: readonly (readonly [string, ApiClient])[];
    readonly text: string;
    readonly isForbidden: (answer: Answer<unknown>) => boolean;
  },
  act: (as: ApiClient) => Promise<Answer<unknown>>,
): Promise<boolean> {
  const { expected, everybody, text } = given;
  const score = (name: string): number =>
    (text.includes(name.replace('controller ', '')) ? 2 : 0) + (expected.has(name) || name === 'attacker' ? 1 : 0);
  for (const [name, as] of everybody.toSorted(([a], [b]) => score(b) - score(a))) {
    const answer = await act(as);
    if (passes(answer) !== expected.has(name) || !(passes(answer) || given.isForbidden(answer))) return false;
  }
  return true;
}
