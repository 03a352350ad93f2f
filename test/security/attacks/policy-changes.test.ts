/** Attacks on who changes the rules (docs/threats.md, T65), on a real API server with operator and gate running. */
import { afterAll, beforeAll } from '@jest/globals';
import { appliedChangeAnnotation, changedAloneAnnotation } from '../../../operator/api/kinds.ts';
import { identity } from '../../../operator/api/meta.ts';
import {
  admitted,
  cameToNothing,
  gateLock,
  policyLock,
  schemaLock,
  stampLock,
  type Attack,
  type Attempt,
} from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { approval, fresh, policy, policyChange, production, type Sent } from '../../support/attack/objects.ts';
import { role, said, startWorld, store, type World } from '../../support/attack/world.ts';
import {
  accepted,
  targetOf,
  waitFor,
  type Answer,
  type ApiClient,
  type KubeObject,
} from '../../support/cluster/cluster.ts';
import { bindRole } from '../../support/cluster/rights.ts';
import { condition, type Reported } from '../../support/cluster/system.ts';

let world: World;

const changes = { approvals: [{ role: 'security', count: 1 }] };
/** `owner-a` administers the namespace, and `approver-b` is another account of theirs. */
const people = [{ name: 'owner', identities: ['owner-a', 'approver-b'] }];

const bindIn = (given: World, namespace: string, user: string, name: string): Promise<void> =>
  bindRole(given.as('installer'), {
    name: fresh(`attack-${user}`),
    namespace,
    role: name,
    subject: { kind: 'User', name: user },
  });

beforeAll(async () => {
  world = await startWorld({ programs: true });
  // Careless RBAC, so that the locks alone decide.
  await role(world, 'careless', {
    resources: ['policychanges', 'policychanges/status', 'releasepolicies', 'releasepolicies/status'],
    verbs: ['get', 'create', 'patch', 'delete', 'update'],
  });
  for (const user of ['developer-b', 'owner-a']) await bindIn(world, production, user, 'careless');
  for (const user of ['owner-a', 'security-a']) await bindIn(world, production, user, 'countersign-admin');
  for (const user of ['owner-a', 'approver-b', 'security-a'])
    await bindIn(world, production, user, 'countersign-security');
  accepted(await world.as('admin').patch(targetOf(policy()), 'merge', { spec: { changes, people } }));
}, 240_000);

afterAll(() => world.stop());

interface Policy extends Sent {
  readonly spec: Sent['spec'] & { readonly soak?: string };
}

const read = async ({ as }: World): Promise<Policy> => accepted(await as('admin').get<Policy>(targetOf(policy())));

let soaks = 0;
/** One that no policy has had yet. */
const newSoak = (): string => {
  soaks += 1;
  return `${soaks}m`;
};

const dryRun = { dryRun: 'All' } as const;

/** By one person, who administers the namespace. */
const direct =
  (act: (client: ApiClient, stored: Policy) => Promise<Answer<unknown>>) =>
  async (given: World): Promise<Attempt> => {
    for (;;) {
      const answer = await act(given.as('owner-a'), await read(given));
      // The operator writes the status meanwhile: that is no answer.
      if (answer.code !== 409) return admitted(answer);
    }
  };

const loose = { soak: '0s', candidateValidFor: '2h' };
const target = targetOf(policy());

/** The way back: a cluster admin, who says why in the same write. */
const byClusterAdmin = async ({ as }: World): Promise<Attempt> => {
  const annotations = { [changedAloneAnnotation]: fresh('nobody is left') };
  return admitted(await as('admin').patch(target, 'merge', { metadata: { annotations }, spec: loose }, dryRun));
};

const custody = policyLock('countersign-releasepolicies');
const ofRequests = policyLock('countersign-policychanges');

const byOnePerson: readonly Attack<World>[] = (
  [
    ['PUT', (client, stored) => client.replace({ ...stored, spec: { ...stored.spec, ...loose } }, dryRun)],
    ['a merge patch', (client) => client.patch(target, 'merge', { spec: loose }, dryRun)],
    [
      'a JSON patch',
      (client) =>
        client.patch(target, 'json', [{ op: 'replace', path: '/spec/candidateValidFor', value: '2h' }], dryRun),
    ],
    [
      'server-side apply that forces conflicts',
      (client) =>
        client.patch(target, 'apply', policy({ spec: { ...loose, changes, people } }), {
          ...dryRun,
          fieldManager: 'attack',
          force: true,
        }),
    ],
    [
      'what kubectl edit sends',
      (client, { metadata }) =>
        client.patch(target, 'merge', { metadata: { resourceVersion: metadata.resourceVersion }, spec: loose }, dryRun),
    ],
    ['taking spec.changes out', (client) => client.patch(target, 'merge', { spec: { changes: null } }, dryRun)],
    [
      'naming oneself a signer',
      (client) =>
        client.patch(
          target,
          'merge',
          { spec: { people: [], changes: { approvals: [{ role: 'tester', count: 1 }] } } },
          dryRun,
        ),
    ],
    [
      'the way back of a cluster admin, who this person is not',
      (client) =>
        client.patch(
          target,
          'merge',
          { metadata: { annotations: { [changedAloneAnnotation]: fresh('why') } }, spec: loose },
          dryRun,
        ),
    ],
  ] satisfies [string, (client: ApiClient, stored: Policy) => Promise<Answer<unknown>>][]
).map(([how, act]) => ({
  id: 'T65',
  name: `one person loosens the policy by ${how}`,
  act: direct(act),
  denied: 'ChangeNeedsSigners: ',
  twin: byClusterAdmin,
  locks: [custody, gateLock],
  // With the locks open nothing says who may give a reason, and the rule about it is gone as well.
}));

/** A namespace that is only observed, so that its label comes off. */
const relabelled = async (given: World, who: string): Promise<Attempt> => {
  const { as } = given;
  const name = fresh('observed');
  const labels = { 'countersign.dev/guarded': 'audit' };
  accepted(await as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  const made = await store(as('admin'), policy({ metadata: { namespace: name }, spec: { changes } }));
  const namespace = { apiVersion: 'v1', kind: 'Namespace', name };
  accepted(await as('installer').patch(namespace, 'merge', { metadata: { labels } }));
  await bindIn(given, name, 'owner-a', 'countersign-admin');
  accepted(
    await as('installer').patch(namespace, 'merge', { metadata: { labels: { 'countersign.dev/guarded': null } } }),
  );
  if (who === 'admin') {
    const annotations = { [changedAloneAnnotation]: 'nobody is left' };
    accepted(await as('admin').patch(targetOf(made), 'merge', { metadata: { annotations }, spec: { changes: null } }));
  }
  const gone = await as(who).delete(targetOf(made));
  if (!gone.ok) return admitted(gone);
  accepted(await as(who).create(policy({ metadata: { namespace: name } })));
  return admitted(await as('installer').patch(namespace, 'merge', { metadata: { labels } }));
};

const deletion: readonly Attack<World>[] = [
  {
    id: 'T65',
    name: 'one person deletes the policy, to create another',
    act: direct((client) => client.delete(target, { dryRun: ['All'] })),
    denied: 'ChangeNeedsSigners: ',
    twin: byClusterAdmin,
    locks: [custody, gateLock],
  },
  {
    id: 'T65',
    name: 'one person takes the label off, deletes the policy, creates another, and labels again',
    act: (given) => relabelled(given, 'owner-a'),
    denied: 'ChangeNeedsSigners: ',
    twin: (given) => relabelled(given, 'admin'),
    locks: [custody],
  },
  {
    id: 'T65',
    name: 'one person writes the status of the policy',
    act: direct((client, stored) =>
      client.replace(
        { ...stored, spec: { ...stored.spec, ...loose }, status: {} },
        { ...dryRun, subresource: 'status' },
      ),
    ),
    denied: 'StatusByOperator: ',
    twin: byClusterAdmin,
    locks: [custody],
  },
];

const ask = async (given: World, soak = newSoak(), who = 'owner-a'): Promise<Sent> => {
  const { spec } = await read(given);
  return store(given.as(who), policyChange({ spec: { policy: { ...spec, soak } } }));
};

const seenAs = (given: World, made: Sent, isSo: (each: Reported) => boolean): Promise<Reported> =>
  waitFor<Reported>(given.as('owner-a'), targetOf(made), isSo);

const saying = (each: Reported): string => {
  const { reason = '', message = '' } = condition(each, 'Applied') ?? {};
  return `${reason}: ${message}`;
};

/** Under the digest that the operator says. */
const signatureFor = async (given: World, made: Sent): Promise<Sent> => {
  const seen = await seenAs(given, made, (each) => each.status?.digest !== undefined);
  const { name, uid } = seen.metadata;
  return approval({
    spec: { subject: { kind: 'PolicyChange', name, uid }, digest: seen.status?.digest, role: 'security' },
  });
};

const sign = async (given: World, who: string, made: Sent): Promise<void> => {
  accepted(await given.as(who).create(await signatureFor(given, made)));
};

const isApplied = (each: Reported): boolean => condition(each, 'Applied')?.status === 'True';

/** Once it is applied, or it is said that something does not count. */
const outcome = async (given: World, made: Sent): Promise<Attempt> => {
  const seen = await seenAs(
    given,
    made,
    (each) => isApplied(each) || / not counted: /.test(saying(each)) || saying(each).startsWith('PolicyChangeRejected'),
  );
  return { reached: isApplied(seen), said: saying(seen) };
};

const changedBy =
  (...signers: readonly string[]) =>
  async (given: World): Promise<Attempt> => {
    const made = await ask(given);
    for (const who of signers) await sign(given, who, made);
    return outcome(given, made);
  };

const twin = changedBy('security-a');

/** Another change is applied between reading and signing. */
const outdated = async (given: World): Promise<Attempt> => {
  const made = await ask(given);
  const old = await signatureFor(given, made);
  await changedBy('security-a')(given);
  accepted(await given.as('security-a').create(old));
  return outcome(given, made);
};

const refused = async (given: World): Promise<Attempt> => {
  const made = await ask(given);
  const { spec } = await signatureFor(given, made);
  accepted(await given.as('security-a').create(approval({ spec: { ...spec, decision: 'Reject', comment: 'not so' } })));
  return outcome(given, made);
};

const ofSignatures: readonly Attack<World>[] = (
  [
    ['who asks for a change signs for it', changedBy('owner-a'), 'asked for it'],
    ['who asks for a change signs under another of their accounts', changedBy('approver-b'), 'asked for it'],
    ['a signature for the policy as it was before another change', outdated, 'signed for another difference'],
    ['a change that somebody has refused', refused, 'PolicyChangeRejected: '],
  ] as const
).map(([name, act, denied]) => ({
  id: 'T65',
  name,
  act,
  denied,
  twin,
  locks: [],
  without: twin,
  left: 'what makes it not count',
}));

const stolen = (given: World, change: string, spec: object): Promise<Answer<KubeObject>> =>
  given.operator.patch(
    target,
    'merge',
    { metadata: { annotations: { [appliedChangeAnnotation]: change, [changedAloneAnnotation]: null } }, spec },
    dryRun,
  );

/** A change that was applied, and taken back by another one. */
const takenBack = async (given: World): Promise<Sent> => {
  const { spec } = await read(given);
  const made = await ask(given);
  await sign(given, 'security-a', made);
  await seenAs(given, made, isApplied);
  const back = await store(given.as('owner-a'), policyChange({ spec: { policy: spec } }));
  await sign(given, 'security-a', back);
  await seenAs(given, back, isApplied);
  return made;
};

const soakOf = ({ spec }: Sent): string => (spec['policy'] as { readonly soak: string }).soak;

const ofTokens: readonly Attack<World>[] = (
  [
    ['writes the policy', async (given) => stolen(given, '', loose), 'it names no PolicyChange'],
    [
      'writes what nobody signed for',
      async (given) => {
        const made = await ask(given);
        return stolen(given, made.metadata.name ?? '', { soak: soakOf(made) });
      },
      'lacks signatures',
    ],
    [
      'writes other content than was signed for',
      async (given) => stolen(given, (await takenBack(given)).metadata.name ?? '', loose),
      'its spec is not that of PolicyChange',
    ],
    [
      'writes once more what was signed for and taken back since',
      async (given) => {
        const made = await takenBack(given);
        return stolen(given, made.metadata.name ?? '', { soak: soakOf(made) });
      },
      'lacks signatures',
    ],
  ] satisfies [string, (given: World) => Promise<Answer<KubeObject>>, string][]
).map(([what, act, denied]) => ({
  id: 'T65',
  name: `a stolen token of the operator ${what}`,
  act: async (given) => admitted(await act(given)),
  denied,
  twin,
  locks: [gateLock],
  // Without the gate nobody records that a change was applied, which is what another one waits for.
  without: async (given) => admitted(await stolen(given, '', loose)),
  left: 'what it waits for',
}));

const asks = async ({ as }: World): Promise<Attempt> => admitted(await as('owner-a').create(policyChange(), dryRun));

const forge = async (client: ApiClient): Promise<Attempt> => {
  const author = { username: 'security-a', uid: '', groups: ['system:authenticated'] };
  const answer = await client.create<Sent>(policyChange({ spec: { author } }));
  const reached = answer.ok && identity.parse(answer.body.spec['author']).username === 'security-a';
  return { reached, said: reached ? 'stored in that name' : said(answer) };
};

const ofCustody: readonly Attack<World>[] = [
  {
    id: 'T65',
    name: 'somebody without the right asks for a change',
    act: async ({ as }) => admitted(await as('developer-b').create(policyChange(), dryRun)),
    denied: 'ProposeRightMissing: ',
    twin: asks,
    locks: [ofRequests],
  },
  {
    id: 'T65',
    name: 'a change is edited after it was asked for',
    act: async (given) =>
      admitted(
        await given.as('owner-a').patch(targetOf(await ask(given)), 'merge', { spec: { policy: { soak: '0s' } } }),
      ),
    denied: 'spec cannot be changed after creation: create a new PolicyChange',
    twin: asks,
    locks: [schemaLock('policychanges', { path: '/x-kubernetes-validations', value: [] }), ofRequests],
  },
  {
    id: 'T65',
    name: 'a change is deleted, to be created again under its name',
    act: async (given) => admitted(await given.as('owner-a').delete(targetOf(await ask(given)))),
    denied: 'RecordKept: ',
    twin: asks,
    locks: [ofRequests, gateLock],
  },
  {
    id: 'T65',
    name: 'who asked for a change writes into its status that it is applied',
    act: async (given) => {
      const conditions = [
        {
          type: 'Applied',
          status: 'True',
          reason: 'PolicyChanged',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
        },
      ];
      const of = { ...targetOf(await ask(given)), subresource: 'status' };
      return admitted(await given.as('owner-a').patch(of, 'merge', { status: { conditions } }));
    },
    denied: 'StatusByOperator: ',
    twin: asks,
    locks: [ofRequests],
  },
  {
    id: 'T65',
    name: 'owner-a asks for a change in the name of security-a',
    act: ({ as }) => forge(as('owner-a')),
    denied: cameToNothing,
    twin: ({ as }) => forge(as('security-a')),
    locks: [stampLock('policychanges'), ofRequests],
  },
];

attacks(() => world, [...byOnePerson, ...deletion, ...ofSignatures, ...ofTokens, ...ofCustody]);
