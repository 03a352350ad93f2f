/** Attacks by way of kinds that nobody listed: another definition's objects, subresources that no row names, and Leases. */
import { guard } from '../../../hack/controlplane/chart.ts';
import { accepted, targetOf, type Answer, type ApiClient } from '../../support/cluster/cluster.ts';
import { admitted, policyLock, type Attack } from '../../support/attack/attack.ts';
import { at, one } from '../world/guard-objects.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { fresh, policy, production, staging } from '../../support/attack/objects.ts';
import { said } from '../../support/attack/world.ts';

type Who = (world: GuardWorld) => ApiClient;
type Act = Attack<GuardWorld>['act'];

const lock = policyLock('countersign-guard-unlisted');
const stranger: Who = (world) => world.stranger;
const person =
  (name: string): Who =>
  ({ as }) =>
    as(name);

const acts = ['creates', 'changes', 'deletes', 'reports on'] as const;

/** Of one that is there; of the resource's name where it is another than gadgets. */
const does =
  (who: Who, act: (typeof acts)[number], resource = 'gadgets'): Act =>
  async (world) => {
    const object = one(resource, fresh('new'));
    if (act === 'creates') return admitted(await who(world).create(object));
    accepted(await world.preparer.create(object));
    if (act === 'deletes') return admitted(await who(world).delete(targetOf(object)));
    const target = act === 'changes' ? targetOf(object) : { ...targetOf(object), subresource: 'status' };
    const body = act === 'changes' ? { metadata: { labels: { extra: 'yes' } } } : { status: { ready: true } };
    return admitted(await who(world).patch(target, 'merge', body));
  };

/** Of a Status as it was sent. */
const messageIn = (text: string): string => String((JSON.parse(text) as { message?: string }).message);

/** As a ServiceAccount whose token the test does not have. */
const createsAs =
  (username: string, resource = 'gadgets'): Act =>
  async ({ as }) => {
    const object = one(resource, fresh('new'));
    const { code, text } = await as('installer').raw({
      method: 'POST',
      path: `/apis/${object.apiVersion}/namespaces/${production}/${resource}`,
      body: object,
      headers: { 'impersonate-user': username, 'impersonate-group': 'system:masters' },
    });
    const answer: Answer<unknown> =
      code < 300
        ? { ok: true, code, body: text }
        : { ok: false, code, body: { kind: 'Status', code, message: messageIn(text) } };
    return admitted(answer);
  };

const account = (name: string, namespace: string): string => `system:serviceaccount:${namespace}:${name}`;

/** A production whose policy says Deny; made once a world. */
const strict = new WeakMap<GuardWorld, Promise<string>>();
export const strictNamespace = (world: GuardWorld): Promise<string> => {
  const made = strict.get(world) ?? makeStrict(world);
  strict.set(world, made);
  return made;
};

const makeStrict = async (world: GuardWorld): Promise<string> => {
  const namespace = fresh('strict');
  const installer = world.as('installer');
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  accepted(await installer.create(policy({ metadata: { namespace }, spec: { unlistedKinds: 'Deny' } })));
  await guard(installer, namespace, 'enforce');
  return namespace;
};

const createsInStrict =
  (who: Who): Act =>
  async (world) =>
    admitted(await who(world).create(one('gadgets', fresh('new'), { namespace: await strictNamespace(world) })));

const row = (given: Pick<Attack<GuardWorld>, 'name' | 'act' | 'denied' | 'twin'>): Attack<GuardWorld> => ({
  ...given,
  id: 'T10',
  locks: [lock],
});

const unlisted = 'ProductionGuardUnlisted: ';

export const unlistedAttacks: readonly Attack<GuardWorld>[] = [
  ...acts.map((act) =>
    row({
      name: `a developer ${act} an object of a kind that nobody listed`,
      act: does(person('attacker'), act),
      denied: unlisted,
      twin: does(stranger, act),
    }),
  ),
  row({
    name: 'a developer deletes all objects of a kind that nobody listed',
    act: async (world) => {
      const { apiVersion, kind, namespace } = at('gadgets', '');
      const answer = await world.as('attacker').delete({ apiVersion, kind, namespace });
      return { reached: answer.ok, said: said(answer) };
    },
    denied: unlisted,
    twin: does(stranger, 'deletes'),
  }),
  ...['admin', 'kubelets', 'system:node:pretended'].map((who) =>
    row({
      name: `${who} creates an object of a kind that nobody listed`,
      act: does(person(who), 'creates'),
      denied: unlisted,
      twin: does(stranger, 'creates'),
    }),
  ),
  row({
    name: 'a GitOps tool creates an object of a kind that nobody listed',
    act: does(({ gitOps }) => gitOps, 'creates'),
    denied: unlisted,
    twin: does(({ custom }) => custom, 'creates'),
  }),
  ...(
    [
      [account('ci', staging), createsAs(account('ci', staging))],
      [account('default', production), createsAs(account('default', production))],
      [account('countersign-operator', 'countersign-system'), does(({ operator }) => operator, 'creates')],
    ] as const
  ).map(([username, act]) =>
    row({
      name: `the token of ${username} creates an object of a kind that nobody listed`,
      act,
      denied: unlisted,
      twin: createsAs(account('custom', 'argocd')),
    }),
  ),
  row({
    name: 'a developer reports on an object whose kind the chart lists without its status',
    act: does(person('attacker'), 'reports on', 'widgets'),
    denied: unlisted,
    twin: does(stranger, 'reports on', 'widgets'),
  }),
  row({
    name: 'a ServiceAccount that nobody knows writes a kind that nobody listed where the policy denies it',
    act: createsInStrict(stranger),
    denied: 'ProductionGuardUnlistedDenied: ',
    twin: createsInStrict(({ custom }) => custom),
  }),
  ...(['creates', 'changes', 'deletes'] as const).map((act) =>
    row({
      name: `a developer ${act} the Lease by which a program elects its leader`,
      act: does(person('attacker'), act, 'leases'),
      denied: 'ProductionGuardLease: ',
      twin: act === 'creates' ? createsAs(account('default', production), 'leases') : does(stranger, act, 'leases'),
    }),
  ),
];
