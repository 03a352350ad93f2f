/** Attacks by holders of the right to keep Secrets, and by others who would like to have it. */
import { accepted, type ApiClient } from '../../support/cluster/cluster.ts';
import { admitted, policyLock, type Attack } from '../../support/attack/attack.ts';
import { fresh } from '../../support/attack/objects.ts';
import { at, one } from '../world/guard-objects.ts';
import type { GuardWorld } from '../world/guard-world.ts';

type Who = (world: GuardWorld) => ApiClient;
type Act = Attack<GuardWorld>['act'];
type Fields = Parameters<typeof one>[2];

const lock = policyLock('countersign-guard-configuration');
const keeper: Who = ({ as }) => as('keeper-a');

/** Beside `db`, which a program keeps, people keep this one. */
const kept = at('secrets', 'standing');
const password = () => ({ stringData: { password: fresh('p') } });
const changes =
  (who: Who, body: () => object = password): Act =>
  async (world) =>
    admitted(await who(world).patch(kept, 'merge', body()));
const creates =
  (who: Who, fields: Fields = {}, resource = 'secrets'): Act =>
  async (world) =>
    admitted(await who(world).create(one(resource, fresh('kept'), fields)));

const attack = (id: string, row: Pick<Attack<GuardWorld>, 'name' | 'act' | 'denied' | 'twin'>): Attack<GuardWorld> => ({
  ...row,
  id,
  locks: [lock],
});

const tokenOf = (name: string) => ({
  type: 'kubernetes.io/service-account-token',
  metadata: { annotations: { 'kubernetes.io/service-account.name': name } },
});

/** The owner is there: the garbage collector would take one of whom there is none at once. */
const owned: Act = async (world) => {
  const { metadata } = accepted(await world.as('installer').get(at('secrets', 'db')));
  const owner = { apiVersion: 'v1', kind: 'Secret', name: 'db', uid: metadata.uid };
  return creates(keeper, { metadata: { ownerReferences: [owner] } })(world);
};

/** What no holder of the right writes by it; the plain write is its twin. */
const limits: readonly (readonly [id: string, what: string, act: Act])[] = [
  ['T14', 'asks for a token of a program', creates(keeper, tokenOf('default'))],
  ['T14', 'creates a token by which nodes join', creates(keeper, { type: 'bootstrap.kubernetes.io/token' })],
  ['T14', 'forges a release of Helm', creates(keeper, { type: 'helm.sh/release.v1' })],
  ['T19', 'plants a finalizer', changes(keeper, () => ({ metadata: { finalizers: ['example.com/stays'] } }))],
  ['T19', 'creates one with an owner, with which it goes', owned],
  ['T40', 'sets a label of ours', changes(keeper, () => ({ metadata: { labels: { 'countersign.dev/kept': 'yes' } } }))],
  [
    'T40',
    'sets an annotation of a domain below ours',
    changes(keeper, () => ({ metadata: { annotations: { 'a.countersign.dev/b': fresh('x') } } })),
  ],
];

export const secretAttacks: readonly Attack<GuardWorld>[] = [
  ...limits.map(([id, what, act]) =>
    attack(id, {
      name: `a keeper of Secrets ${what}`,
      act,
      denied: 'ProductionGuardSecretKeeper: ',
      twin: changes(keeper),
    }),
  ),
  attack('T14', {
    name: 'a keeper of Secrets creates a ConfigMap',
    act: creates(keeper, {}, 'configmaps'),
    denied: 'ProductionGuardConfiguration: ',
    twin: creates(keeper),
  }),
  attack('T14', {
    name: 'a keeper of Secrets deletes one that production runs on',
    act: async (world) => admitted(await keeper(world).delete(kept, { dryRun: ['All'] })),
    denied: 'ProductionGuardConfiguration: ',
    twin: changes(keeper),
  }),
  ...['attacker', 'admin', 'sre-a'].map((name) =>
    attack('T14', {
      name: `${name}, who does not hold the right to keep Secrets, changes one`,
      act: changes(({ as }) => as(name)),
      denied: 'ProductionGuardConfiguration: ',
      twin: changes(keeper),
    }),
  ),
  ...['keeper-any-verb', 'keeper-any-resource'].map((name) =>
    attack('T26', {
      name: `${name}, who holds the right to keep Secrets by a wildcard, changes one`,
      act: changes(({ as }) => as(name)),
      denied: 'ProductionGuardConfiguration: ',
      twin: changes(keeper),
    }),
  ),
  attack('T25', {
    name: 'a ServiceAccount that holds the right to keep Secrets changes one',
    act: changes(({ stranger }) => stranger),
    denied: 'ProductionGuardConfiguration: ',
    twin: changes(keeper),
  }),
];
