/** What holders of the right to keep Secrets do to them: create and change, and nothing else. */
import type { ApiClient, Answer, KubeObject } from '../../support/cluster/cluster.ts';
import { fresh } from '../../support/attack/objects.ts';
import { dryRun, refusedBy, type Check } from '../world/check.ts';
import { at, one } from '../world/guard-objects.ts';
import type { GuardWorld } from '../world/guard-world.ts';

const password = () => ({ stringData: { password: fresh('p') } });
const keeper = ({ as }: GuardWorld): ApiClient => as('keeper-a');

const changes = (who: ApiClient, name = 'db', body: object = password()): Promise<Answer<KubeObject>> =>
  who.patch(at('secrets', name), 'merge', body, dryRun);
const creates = (who: ApiClient, fields: Parameters<typeof one>[2] = {}): Promise<Answer<KubeObject>> =>
  who.create(one('secrets', fresh('kept'), fields), dryRun);

const rule = 'ProductionGuardConfiguration';
const limit = 'ProductionGuardSecretKeeper';

/** What is refused to somebody to whom the plain write is let through. */
const refusals: readonly (readonly [
  what: string,
  rule: string,
  act: (who: ApiClient) => Promise<Answer<KubeObject>>,
])[] = [
  [
    'changes a ConfigMap',
    rule,
    (who) => who.patch(at('configmaps', 'standing'), 'merge', { data: { more: 'yes' } }, dryRun),
  ],
  ['creates a ConfigMap', rule, (who) => who.create(one('configmaps', fresh('kept')), dryRun)],
  ['deletes a Secret', rule, (who) => who.delete(at('secrets', 'db'), { dryRun: ['All'] })],
  ['changes the token of an account', limit, (who) => changes(who, 'token', { metadata: { labels: { more: 'yes' } } })],
  [
    'has a Secret made with the token of a program',
    limit,
    (who) =>
      creates(who, {
        type: 'kubernetes.io/service-account-token',
        metadata: { annotations: { 'kubernetes.io/service-account.name': 'default' } },
      }),
  ],
  ['creates a token by which nodes join', limit, (who) => creates(who, { type: 'bootstrap.kubernetes.io/token' })],
  [
    'plants a finalizer on a Secret',
    limit,
    (who) => changes(who, 'db', { metadata: { finalizers: ['example.com/stays'] } }),
  ],
  ['forges a release of Helm', limit, (who) => creates(who, { type: 'helm.sh/release.v1' })],
  ...['countersign.dev/x', 'a.countersign.dev/x', 'countersign.dev'].flatMap((key) =>
    ['labels', 'annotations'].map(
      (field) =>
        [
          `sets ${key} among the ${field}`,
          limit,
          (who: ApiClient) => changes(who, 'db', { metadata: { [field]: { [key]: 'yes' } } }),
        ] as const,
    ),
  ),
];

export const ofSecrets: readonly Check[] = [
  { name: 'who keeps Secrets changes one', passes: async (world) => (await changes(keeper(world))).ok },
  { name: 'who keeps Secrets creates one', passes: async (world) => (await creates(keeper(world))).ok },
  ...['labels', 'annotations'].map((field) => ({
    name: `who keeps Secrets sets ${field} of other domains`,
    passes: async (world: GuardWorld) =>
      (await changes(keeper(world), 'db', { metadata: { [field]: { 'another-countersign.dev/x': 'a', y: 'b' } } })).ok,
  })),
  ...refusals.map(([what, rule, act]) => ({
    name: `who keeps Secrets does not pass who ${what}`,
    passes: async (world: GuardWorld) => refusedBy(await act(keeper(world)), rule),
  })),
  ...(['attacker', 'keeper-any-verb', 'keeper-any-resource'] as const).map((name) => ({
    name: `${name} holds no right to keep Secrets by its name alone, and changes none`,
    passes: async (world: GuardWorld) => refusedBy(await changes(world.as(name)), rule),
  })),
  {
    name: 'a ServiceAccount that holds the right to keep Secrets changes none',
    passes: async ({ stranger }) => refusedBy(await changes(stranger), rule),
  },
];
