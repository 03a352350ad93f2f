/** What the scenarios and attacks about emergency access share. */
import { accepted, waitFor, type Manifest } from '../cluster/cluster.ts';
import { image, isTrue, ours, type Reported, type World } from '../cluster/system.ts';
import { patienceMs } from './kit.ts';
import { dataOf, entriesOf } from './production.ts';

export interface Access extends Reported {
  readonly status?: NonNullable<Reported['status']> & {
    readonly state?: string;
    readonly notAfter?: string;
    readonly actions?: number;
    readonly followUpDue?: string;
    readonly drift?: readonly { readonly object: string; readonly change: string; readonly settled: string }[];
    readonly sessions?: readonly { readonly pod: string; readonly outcome: string }[];
  };
}

export const access = (world: World, name = 'inc-4711', spec: Readonly<Record<string, unknown>> = {}): Manifest => ({
  apiVersion: ours,
  kind: 'EmergencyAccess',
  metadata: { name, namespace: world.production },
  spec: { grantee: 'developer-b', duration: '1h', reason: 'payments stuck', incident: 'INC-4711', ...spec },
});

export const when = (
  world: World,
  predicate: (seen: Access) => boolean,
  name = 'inc-4711',
  timeoutMs = patienceMs,
): Promise<Access> => waitFor<Access>(world.as('auditor-a'), world.ref('EmergencyAccess', name), predicate, timeoutMs);

/** Lets developer-b in. */
export const letIn = async (
  world: World,
  name = 'inc-4711',
  spec?: Readonly<Record<string, unknown>>,
): Promise<Access> => {
  accepted(await world.as('sre-a').create<Access>(access(world, name, spec)));
  return when(world, (seen) => isTrue(seen, 'Active'), name);
};

/** Ends it before its time, and waits for the account. */
export const endNow = async (world: World, name = 'inc-4711'): Promise<Access> => {
  accepted(await world.as('sre-b').patch(world.ref('EmergencyAccess', name), 'merge', { spec: { revoked: true } }));
  return when(world, (seen) => isTrue(seen, 'Ended'), name);
};

/** What the gate admitted under emergencies, as `who verb resource name`. */
export const acts = async (world: World): Promise<readonly string[]> =>
  (await entriesOf(world, 'Admitted'))
    .filter(({ decision }) => decision === 'Emergency')
    .map((entry) => {
      const { operation, resource, subresource } = dataOf(entry);
      const what = String(subresource) === '' ? String(resource) : `${String(resource)}/${String(subresource)}`;
      return `${entry.actor.username} ${String(operation)} ${what} ${entry.subject.name}`;
    });

/** Roles and bindings of accesses that are still there. */
export const leftovers = async (world: World): Promise<readonly string[]> => {
  const rbac = 'rbac.authorization.k8s.io/v1';
  const lists = await Promise.all(
    ['Role', 'RoleBinding'].map((kind) =>
      world.as('installer').list({ apiVersion: rbac, kind, namespace: world.production }),
    ),
  );
  return lists
    .flatMap((list) => accepted(list).items.map(({ metadata }) => metadata.name ?? ''))
    .filter((name) => name.startsWith('countersign-emergency-'));
};

export const review = async (world: World, seen: Access, who = 'approver-a', role = 'approver'): Promise<void> => {
  const manifest: unknown = JSON.parse(seen.status?.approvalManifests?.[role] ?? '');
  accepted(await world.as(who).create(manifest as Manifest)); // oxlint-disable-line typescript/no-unsafe-type-assertion -- the API server judges it
};

/** Arguments of kubectl that give Deployment `api` another image. */
export const setImage = (letter: string): readonly string[] => [
  'set',
  'image',
  'deployment/api',
  `main=${image(letter)}`,
];
