/** Attacks by exceptions (docs/threats.md, T63), on a real API server with operator and gate running. */
import { afterAll, beforeAll } from '@jest/globals';
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
  type Lock,
} from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import {
  approval,
  candidate,
  digest,
  exception,
  fresh,
  policy,
  production,
  staging,
  type Sent,
} from '../../support/attack/objects.ts';
import { bind, role, said, startWorld, store, type World } from '../../support/attack/world.ts';
import { accepted, targetOf, waitFor, type ApiClient } from '../../support/cluster/cluster.ts';
import { bindRole } from '../../support/cluster/rights.ts';
import { condition, gate, type Reported } from '../../support/cluster/system.ts';

let world: World;

/** No window ever opens, a freeze is on, and nothing has soaked. An exception may pass two of the three. */
const closed = {
  windows: [{ schedule: '0 0 29 2 *', duration: '1m', timeZone: 'UTC' }],
  freezes: [{ from: '2020-01-01T00:00:00Z', to: '2040-01-01T00:00:00Z', reason: 'year-end' }],
  soak: '720h',
};
const offered = {
  exceptions: { gates: ['Window', 'Freeze'], maxDuration: '24h', approvals: [{ role: 'security', count: 1 }] },
  people: [{ name: 'owner', identities: ['owner-a', 'approver-b'] }],
};

const amend = async ({ as }: World, spec: Readonly<Record<string, unknown>>): Promise<void> => {
  accepted(await as('admin').patch(targetOf(policy()), 'merge', { spec }));
};

beforeAll(async () => {
  world = await startWorld({ programs: true });
  // Careless RBAC, so that custody alone decides.
  await role(world, 'careless', {
    resources: ['policyexceptions', 'policyexceptions/status'],
    verbs: ['create', 'patch', 'delete', 'update'],
  });
  for (const user of ['developer-b', 'owner-a']) await bind(world, { user, role: 'careless' });
  for (const user of ['owner-a', 'approver-b', 'developer-a', 'security-a'])
    await bindRole(world.as('installer'), {
      name: `signs-${user}`,
      namespace: production,
      role: 'countersign-security',
      subject: { kind: 'User', name: user },
    });
  // So that who is named in a forgery may ask, too.
  await bindRole(world.as('installer'), {
    name: 'asks-security-a',
    namespace: production,
    role: 'countersign-owner',
    subject: { kind: 'User', name: 'security-a' },
  });
  await amend(world, { ...closed, ...offered });
}, 240_000);

afterAll(() => world.stop());

/** A candidate of a package of its own, as soon as its gates are judged. */
const proposed = async ({ as }: World): Promise<Reported> => {
  const name = fresh('settings');
  const developer = as('developer-a');
  accepted(await developer.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: staging } }));
  const components = [{ kind: 'ConfigMap', name }];
  const made = await store(developer, candidate({ spec: { package: fresh('pkg'), components, overlay: [] } }));
  return waitFor<Reported>(developer, targetOf(made), (each) => gate(each, 'Window') !== undefined);
};

const packageOf = ({ spec }: Reported): unknown => (spec as Readonly<Record<string, unknown>>)['package'];

/** An exception for the candidate as its owner asks for it. */
const asked = (of: Reported, spec: Readonly<Record<string, unknown>> = {}): Sent =>
  exception({
    spec: {
      package: packageOf(of),
      candidate: { name: of.metadata.name, uid: of.metadata.uid },
      until: new Date(Date.now() + 3_600_000).toISOString(),
      ...spec,
    },
  });

const ask = (given: World, object: Sent): Promise<Sent> => store(given.as('owner-a'), object);

/** A signature for an exception, under the digest that the operator says. */
const signatureFor = async ({ as }: World, made: Sent): Promise<Sent> => {
  const seen = await waitFor<Reported>(
    as('owner-a'),
    targetOf(made),
    (each) => each.status?.digest !== undefined && condition(each, 'Granted') !== undefined,
  );
  const { name, uid } = seen.metadata;
  const subject = { kind: 'PolicyException', name, uid };
  return approval({ spec: { subject, digest: seen.status?.digest, role: 'security' } });
};

const sign = async (given: World, who: string, made: Sent): Promise<void> => {
  accepted(await given.as(who).create(await signatureFor(given, made)));
};

/** Whether the gate is passed. That an exception for another gate, made and signed for afterwards, passes that one shows that all has been judged. */
const judged = async (given: World, of: Reported, name = 'Window'): Promise<Attempt> => {
  const marker = await ask(given, asked(of, { gates: ['Freeze'] }));
  await sign(given, 'security-a', marker);
  const seen = await waitFor<Reported>(
    given.as('developer-a'),
    { ...targetOf(candidate()), name: of.metadata.name ?? '' },
    (each) => gate(each, 'Freeze')?.message.includes(marker.metadata.name ?? '') === true,
  );
  const verdict = gate(seen, name);
  return { reached: verdict?.outcome === 'Passed', said: `${verdict?.reason}: ${verdict?.message}` };
};

type Request = (of: Reported) => Sent | Promise<Sent>;

/** An exception for a new candidate is asked for and signed for. */
const excepted =
  (who: string, make: Request = (of) => asked(of), name = 'Window') =>
  async (given: World): Promise<Attempt> => {
    const of = await proposed(given);
    await sign(given, who, await ask(given, await make(of)));
    return judged(given, of, name);
  };

const twin = excepted('security-a');

/** What the gate asks for is not asked for: the control. */
const openedBy = (
  name: string,
  spec: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>>,
): Lock<World> => ({
  name,
  open: async (given) => {
    await amend(given, spec);
    return () => amend(given, before);
  },
});
const windowLock = openedBy('the window of the policy', { windows: [] }, { windows: closed.windows });
const soakLock = openedBy('the soak of the policy', { soak: '0s' }, { soak: closed.soak });

const unsigned = async (given: World): Promise<Attempt> => {
  const of = await proposed(given);
  await ask(given, asked(of));
  return judged(given, of);
};

/** Signed for something else than what is there. */
const signedFor =
  (change: (spec: Sent['spec']) => Readonly<Record<string, unknown>>) =>
  async (given: World): Promise<Attempt> => {
    const of = await proposed(given);
    const { spec } = await signatureFor(given, await ask(given, asked(of)));
    accepted(await given.as('security-a').create(approval({ spec: { ...spec, ...change(spec) } })));
    return judged(given, of);
  };

const refused = async (given: World): Promise<Attempt> => {
  const of = await proposed(given);
  const made = await ask(given, asked(of));
  await sign(given, 'security-a', made);
  const { spec } = await signatureFor(given, made);
  accepted(await given.as('security-a').create(approval({ spec: { ...spec, decision: 'Reject', comment: 'not so' } })));
  // Once more, by others: a refusal is final.
  await sign(given, 'approver-b', made);
  return judged(given, of);
};

const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

const ofGates: readonly Attack<World>[] = (
  [
    ['nobody signs for an exception', unsigned],
    ['who asked for an exception signs for it', excepted('owner-a')],
    ['who asked for it signs under another of their accounts', excepted('approver-b')],
    ['the author of the candidate signs for its exception', excepted('developer-a')],
    [
      'an exception lasts longer than the policy allows',
      excepted('security-a', (of) => asked(of, { until: inHours(25) })),
    ],
    [
      'it lasts too long, and says that it is created later',
      excepted('security-a', (of) => ({
        ...asked(of, { until: '2040-01-01T01:00:00Z' }),
        metadata: { ...exception().metadata, creationTimestamp: '2040-01-01T00:00:00Z' },
      })),
    ],
    ['an exception of another package', excepted('security-a', (of) => asked(of, { package: 'payments' }))],
    [
      'an exception of another candidate',
      excepted('security-a', async (of) => {
        const { name, uid } = (await proposed(world)).metadata;
        return asked(of, { candidate: { name, uid } });
      }),
    ],
    [
      'an exception of an earlier candidate of the same name',
      excepted('security-a', (of) => asked(of, { candidate: { name: of.metadata.name, uid: 'an-earlier-one' } })),
    ],
    ['a signature for other content', signedFor(() => ({ digest: digest('c') }))],
    [
      'a signature for an earlier exception of the same name',
      signedFor(({ subject }) => ({ subject: { ...(subject as object), uid: 'an-earlier-one' } })),
    ],
    ['an exception that somebody has refused', refused],
  ] as const
).map(([name, act]) => ({ id: 'T63', name, act, denied: 'WindowClosed: ', twin, locks: [windowLock] }));

const notOffered: Attack<World> = {
  id: 'T63',
  name: 'an exception for a gate that the policy does not offer',
  act: excepted('security-a', (of) => asked(of, { gates: ['Soak', 'Window'] }), 'Soak'),
  // Its soak has begun, or is about to.
  denied: '720h',
  twin,
  locks: [soakLock],
};

const custody = policyLock('countersign-policyexceptions');
const specRule = schemaLock('policyexceptions', { path: '/x-kubernetes-validations', value: [] });
const gateRule = schemaLock('policyexceptions', {
  path: '/properties/gates/items/enum',
  value: ['Approvals', 'Window'],
});

const made = (given: World): Promise<Sent> => ask(given, exception());
const asks = async ({ as }: World): Promise<Attempt> => admitted(await as('owner-a').create(exception()));

const forge = async (client: ApiClient): Promise<Attempt> => {
  const requester = { username: 'security-a', uid: '', groups: ['system:authenticated'] };
  const answer = await client.create<Sent>(exception({ spec: { requester } }));
  const reached = answer.ok && identity.parse(answer.body.spec['requester']).username === 'security-a';
  return { reached, said: reached ? 'stored in that name' : said(answer) };
};

const ofCustody: readonly Attack<World>[] = [
  {
    id: 'T63',
    name: 'somebody without the right asks for an exception',
    act: async ({ as }) => admitted(await as('developer-b').create(exception())),
    denied: 'ExceptRightMissing: ',
    twin: asks,
    locks: [custody],
  },
  {
    id: 'T63',
    name: 'a cluster admin, who holds wildcards, asks for an exception',
    act: async ({ as }) => admitted(await as('admin').create(exception())),
    denied: 'ExceptOnlyByWildcard: ',
    twin: asks,
    locks: [custody],
  },
  {
    id: 'T63',
    name: 'an exception is asked for that is over',
    act: async ({ as }) => admitted(await as('owner-a').create(exception({ spec: { until: inHours(-1) } }))),
    denied: 'ExceptionEndsLater: ',
    twin: asks,
    locks: [custody],
  },
  {
    id: 'T63',
    name: 'an exception is asked for from Approvals',
    act: async ({ as }) => admitted(await as('owner-a').create(exception({ spec: { gates: ['Approvals'] } }))),
    denied: 'Unsupported value: "Approvals"',
    twin: asks,
    locks: [gateRule],
  },
  {
    id: 'T63',
    name: 'an exception that was signed for is made longer',
    act: async (given) =>
      admitted(await given.as('owner-a').patch(targetOf(await made(given)), 'merge', { spec: { until: inHours(2) } })),
    denied: 'spec cannot be changed after creation: create a new PolicyException',
    twin: asks,
    locks: [specRule, custody],
  },
  {
    id: 'T63',
    name: 'an exception is deleted, to be created again under its name',
    act: async (given) => admitted(await given.as('owner-a').delete(targetOf(await made(given)))),
    denied: 'RecordKept: ',
    twin: asks,
    locks: [custody, gateLock],
  },
  {
    id: 'T63',
    name: 'who asked for an exception writes into its status that it is granted',
    act: async (given) => {
      const conditions = [
        { type: 'Granted', status: 'True', reason: 'ExceptionGranted', message: '', lastTransitionTime: inHours(0) },
      ];
      const target = { ...targetOf(await made(given)), subresource: 'status' };
      return admitted(await given.as('owner-a').patch(target, 'merge', { status: { conditions } }));
    },
    denied: 'StatusByOperator: ',
    twin: asks,
    locks: [custody],
  },
  {
    id: 'T63',
    name: 'owner-a asks for an exception in the name of security-a',
    act: ({ as }) => forge(as('owner-a')),
    denied: cameToNothing,
    twin: ({ as }) => forge(as('security-a')),
    locks: [stampLock('policyexceptions'), custody],
  },
];

attacks(() => world, [...ofGates, notOffered, ...ofCustody]);
