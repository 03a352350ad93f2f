/** Attacks by what policies inherit (docs/threats.md, T67), on a real API server with operator and gate running. */
import { afterAll, beforeAll } from '@jest/globals';
import { admitted, gateLock, policyLock, type Attack, type Attempt } from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { apiVersion, clusterPolicy, fresh, policy, production, type Sent } from '../../support/attack/objects.ts';
import { bind, role, startWorld, store, type World } from '../../support/attack/world.ts';
import { accepted, targetOf } from '../../support/cluster/cluster.ts';
import { bindRole } from '../../support/cluster/rights.ts';

let world: World;
const inherited = 'house';
const looser = 'cottage';

const administers = (namespace: string, user: string): Promise<void> =>
  bindRole(world.as('installer'), {
    name: fresh(`attack-${user}`),
    namespace,
    role: 'countersign-admin',
    subject: { kind: 'User', name: user },
  });

const template = (spec: Readonly<Record<string, unknown>> = {}, name?: string): Sent =>
  clusterPolicy({ soak: '1h', platformWriters: [], ...spec }, name);

beforeAll(async () => {
  world = await startWorld({ programs: true });
  await bind(world, { user: 'template-a', role: 'countersign-template-admin' });
  // Careless RBAC, so that custody alone decides.
  await role(world, 'careless', {
    resources: ['clusterreleasepolicies'],
    verbs: ['create', 'patch', 'delete', 'update'],
  });
  for (const user of ['developer-b', 'system:careless']) await bind(world, { user, role: 'careless' });
  for (const name of ['template-a', 'system:careless']) await world.cluster.controlPlane.identity({ name });
  await store(world.as('installer'), template({}, inherited));
  await store(world.as('installer'), template({ soak: '1m' }, looser));
  for (const user of ['owner-a', 'template-a']) await administers(production, user);
  accepted(await world.as('admin').patch(targetOf(policy()), 'merge', { spec: { inherits: inherited } }));
}, 240_000);

afterAll(() => world.stop());

const made = (): Promise<Sent> => store(world.as('template-a'), template());

const changed =
  (spec: Readonly<Record<string, unknown>>) =>
  async ({ as }: World): Promise<Attempt> =>
    admitted(await as('template-a').patch(targetOf(await made()), 'merge', { spec }));

const applied = async ({ as }: World): Promise<Attempt> => {
  const target = targetOf(await made());
  const body = { apiVersion, kind: 'ClusterReleasePolicy', metadata: { name: target.name }, spec: { soak: '1m' } };
  return admitted(await as('template-a').patch(target, 'apply', body, { force: true }));
};

const replaced = async ({ as }: World): Promise<Attempt> => {
  const { metadata, ...rest } = await made();
  return admitted(await as('template-a').replace({ ...rest, metadata, spec: { platformWriters: [] } }));
};

const tightened = changed({ soak: '2h' });
const writer = { identity: 'system:serviceaccount:eso:it', kind: 'Secret', names: ['db'] };

/** Where nothing is guarded, a policy may go. */
const deletedBy =
  (user: string) =>
  async ({ as }: World): Promise<Attempt> => {
    const name = fresh('unguarded');
    accepted(await as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    const stored = await store(as('admin'), policy({ metadata: { namespace: name }, spec: { inherits: inherited } }));
    await administers(name, user);
    return admitted(await as(user).delete(targetOf(stored)));
  };

/** A write of the policy that is tried only: the namespace goes on as it is. */
const policyWith =
  (spec: Readonly<Record<string, unknown>>, who = 'admin') =>
  async ({ as }: World): Promise<Attempt> =>
    admitted(await as(who).patch(targetOf(policy()), 'merge', { spec }, { dryRun: 'All' }));

const loosened = (name: string, act: (given: World) => Promise<Attempt>): Attack<World> => ({
  id: 'T67',
  name,
  act,
  denied: 'TemplateNeverLoosened: ',
  twin: tightened,
  locks: [gateLock],
});

const left = (name: string, act: Attack<World>['act'], twin: Attack<World>['twin']): Attack<World> => ({
  id: 'T67',
  name,
  act,
  denied: 'TemplateNotLeftAlone: ',
  twin,
  locks: [policyLock('countersign-releasepolicies')],
});

const ofHeirs: readonly Attack<World>[] = [
  left(
    'who administers a namespace takes its policy out of its template',
    policyWith({ inherits: null }, 'owner-a'),
    policyWith({ inherits: null }, 'template-a'),
  ),
  left(
    'who administers a namespace moves its policy to a looser template',
    policyWith({ inherits: looser }, 'owner-a'),
    policyWith({ inherits: looser }, 'template-a'),
  ),
  left(
    'who administers a namespace that is not guarded deletes its policy, to make one that inherits nothing',
    deletedBy('owner-a'),
    deletedBy('template-a'),
  ),
];

const list: readonly Attack<World>[] = [
  loosened('the soak of a template is made shorter by a patch', changed({ soak: '1m' })),
  loosened('the soak of a template is made shorter by server-side apply', applied),
  loosened('a template is replaced by one that says nothing of the soak', replaced),
  loosened('a field of a template is taken away', changed({ soak: null })),
  loosened('a writer more is written into a template', changed({ platformWriters: [writer] })),
  {
    id: 'T67',
    name: 'a template is deleted while a policy inherits it, to be made again as it suits',
    act: async ({ as }) => {
      const answer = admitted(
        await as('template-a').delete({ apiVersion, kind: 'ClusterReleasePolicy', name: inherited }),
      );
      if (answer.reached) await store(as('installer'), template({}, inherited));
      return answer;
    },
    denied: `the policies of these namespaces inherit it: ${production}`,
    twin: async ({ as }) => admitted(await as('template-a').delete(targetOf(await made()))),
    locks: [gateLock],
  },
  {
    id: 'T67',
    name: 'a policy names a writer that its template does not',
    act: policyWith({ platformWriters: [writer] }),
    denied: 'LooserThanTemplate: ',
    twin: policyWith({ soak: '3h' }),
    locks: [gateLock],
  },
  {
    id: 'T67',
    name: 'a policy names a template that is not there',
    act: policyWith({ inherits: 'none' }),
    denied: 'TemplateMissing: ',
    twin: policyWith({ soak: '3h' }),
    locks: [gateLock],
  },
  {
    id: 'T67',
    name: 'somebody without the right makes a template',
    act: async ({ as }) => admitted(await as('developer-b').create(template())),
    denied: 'TemplateRightMissing: ',
    twin: async ({ as }) => admitted(await as('template-a').create(template())),
    locks: [policyLock('countersign-clusterreleasepolicies')],
  },
  {
    id: 'T67',
    name: 'a program makes a template',
    act: async ({ as }) => admitted(await as('system:careless').create(template())),
    denied: 'TemplateNeedsPerson: ',
    twin: async ({ as }) => admitted(await as('template-a').create(template())),
    locks: [policyLock('countersign-clusterreleasepolicies')],
  },
];

attacks(() => world, [...list, ...ofHeirs]);
