/** What the scenarios about findings share: who finds, who signs, and how to tell that nothing was found. */
import { accepted, waitFor, type KubeObject, type Manifest } from '../cluster/cluster.ts';
import { condition, image, type Entry, type Reported, type World } from '../cluster/system.ts';
import { patienceMs } from './kit.ts';
import { dataOf, entriesOf, plant } from './production.ts';

export interface Policy extends Reported {
  readonly status?: NonNullable<Reported['status']> & {
    readonly findings?: readonly {
      readonly name: string;
      readonly object: string;
      readonly message: string;
      readonly digest: string;
      readonly approvalManifests: Readonly<Record<string, string>>;
    }[];
  };
}

export const policy = (world: World, predicate: (seen: Policy) => boolean): Promise<Policy> =>
  waitFor<Policy>(world.as('admin'), world.ref('ReleasePolicy', 'production'), predicate, patienceMs);

/** Production has been looked at, and nothing is open. */
export const explained = (world: World): Promise<Policy> =>
  policy(world, (seen) => condition(seen, 'Explained')?.status === 'True');

/** What the findings about a changed installation are about. */
export const installation = 'Installation/countersign';

/** The locks that refuse only warn: to detect is all that is left. */
export const audit = { guarded: 'audit' } as const;

/** The finding about an object, as the ledger has it. */
export const found = async (world: World, object: string): Promise<Entry['spec']> =>
  (
    await waitFor<Entry>(
      world.as('auditor-a'),
      world.ref('LedgerEntry'),
      ({ spec }) => spec.type === 'FindingOpened' && dataOf(spec)['object'] === object,
      patienceMs,
    )
  ).spec;

/** `Changed Deployment/api`, one for each entry so far. */
export const findings = async (world: World): Promise<readonly string[]> =>
  (await entriesOf(world, 'FindingOpened')).map((entry) => {
    const { object, change } = dataOf(entry);
    return `${String(change)} ${String(object)}`;
  });

/** What was found until now: something that must be found is put there last, so whatever was to be found before it has been. */
export const foundUntilNow = async (world: World): Promise<readonly string[]> => {
  const name = await nextMarker(world);
  await plant(world, { apiVersion: 'v1', kind: 'Secret', metadata: { name } });
  await found(world, `Secret/${name}`);
  return (await findings(world)).filter((each) => !each.includes('/marker-'));
};

const nextMarker = async (world: World): Promise<string> =>
  `marker-${(await entriesOf(world, 'FindingOpened')).length}`;

/** Whom the guard lets create pods, and nobody believes a pod that belongs to nothing. Have a control plane issue it once. */
export const podMaker = 'system:serviceaccount:kube-system:replicaset-controller';

/** The same where the guard enforces: the marker is a pod, of a controller that went astray. */
export const foundUnderGuard = async (world: World): Promise<readonly string[]> => {
  const name = await nextMarker(world);
  accepted(
    await world.as(podMaker).create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: world.production },
      spec: { containers: [{ name: 'main', image: image('f') }] },
    }),
  );
  await found(world, `Pod/${name}`);
  return (await findings(world)).filter((each) => !each.includes('/marker-'));
};

/** Signs for the finding about an object with the manifest that the policy's status hands out. */
export const signFor = async (world: World, object: string, who: string, role: string): Promise<void> => {
  const seen = await policy(world, ({ status }) => status?.findings?.some((each) => each.object === object) === true);
  const manifest = seen.status?.findings?.find((each) => each.object === object)?.approvalManifests[role] ?? '';
  accepted(await world.as(who).create(JSON.parse(manifest) as Manifest));
};

/** How the first finding about an object was closed. */
export const closed = async (world: World, object: string): Promise<Readonly<Record<string, unknown>>> => {
  const opened = await found(world, object);
  const entry = await waitFor<Entry>(
    world.as('auditor-a'),
    world.ref('LedgerEntry'),
    ({ spec }) => spec.type === 'FindingClosed' && dataOf(spec)['finding'] === opened.id,
    patienceMs,
  );
  return dataOf(entry.spec);
};

export const eventsOf = async (world: World, reason: string): Promise<readonly string[]> => {
  const list = accepted(
    await world.as('installer').list<KubeObject & { readonly reason: string; readonly note: string }>({
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      namespace: world.production,
    }),
  );
  return list.items.filter((each) => each.reason === reason).map(({ note }) => note);
};

/** Sets the number of replicas of a Deployment as the autoscaler does. */
export const scaleAs = async (world: World, who: string, name: string, replicas: number): Promise<void> => {
  const { code, text } = await world.as(who).raw({
    method: 'PUT',
    path: `/apis/apps/v1/namespaces/${world.production}/deployments/${name}/scale`,
    body: {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name, namespace: world.production },
      spec: { replicas },
    },
  });
  if (code !== 200) throw new Error(text);
};
