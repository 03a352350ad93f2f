/** Attacks by evidence (docs/threats.md, T62, T64 and T66), on a real API server with operator and gate running. */
import { afterAll, beforeAll } from '@jest/globals';
import { identity } from '../../../operator/api/meta.ts';
import {
  admitted,
  cameToNothing,
  policyLock,
  schemaLock,
  stampLock,
  type Attack,
  type Attempt,
  type Lock,
} from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { candidate, digest, evidence, fresh, policy, staging, type Sent } from '../../support/attack/objects.ts';
import { bind, eventually, robot, role, said, startWorld, store, type World } from '../../support/attack/world.ts';
import { accepted, targetOf, type ApiClient, type KubeObject } from '../../support/cluster/cluster.ts';
import { bindRole } from '../../support/cluster/rights.ts';
import { gate, type Reported } from '../../support/cluster/system.ts';
import { sourceAttacks } from './source.ts';
import { statementAttacks, trustedRoots } from './statements.ts';

interface Evidenced extends World {
  /** A ServiceAccount of the staging namespace that may report tests. */
  readonly robot: ApiClient;
  /** One of another namespace. */
  readonly runner: ApiClient;
}

let world: Evidenced;

const lines = [
  { type: 'TestReport', maxAge: '24h' },
  { type: 'SBOM', maxAge: '24h' },
];

/** With the root of the Sigstore that identities of those lines are under. */
const demand = async ({ as }: World, ...demanded: readonly object[]): Promise<void> => {
  accepted(await as('admin').patch(targetOf(policy()), 'merge', { spec: { evidence: demanded, trustedRoots } }));
};

const reports = (user: string, type: string, name = fresh('reports')): Promise<void> =>
  bindRole(world.as('installer'), {
    name,
    namespace: staging,
    role: `countersign-report-${type}`,
    subject: { kind: 'User', name: user },
  });

beforeAll(async () => {
  const started = await startWorld({ programs: true });
  world = {
    ...started,
    robot: await robot(started, 'robot', staging),
    runner: await robot(started, 'runner', 'default'),
  };
  // Careless RBAC, so that custody alone decides.
  await role(world, 'careless', { resources: ['evidence'], verbs: ['create', 'patch', 'delete'] });
  const robotUser = `system:serviceaccount:${staging}:robot`;
  for (const user of ['developer-b', robotUser]) await bind(world, { user, role: 'careless' });
  for (const user of [robotUser, 'system:serviceaccount:default:runner'])
    await bind(world, { user, role: 'countersign-report-TestReport', namespace: staging });
  for (const who of ['security-a', 'developer-a', 'tester-a']) await reports(who, 'TestReport');
  for (const type of ['SBOM', 'Provenance', 'Source']) await reports('security-a', type);
  await demand(world, ...lines);
  await eventually(
    'the last binding acts',
    () => world.robot.create(evidence(), { dryRun: 'All' }),
    (answer) => said(answer).includes('ReporterFromElsewhere'),
  );
}, 240_000);

afterAll(() => world.stop());

const verdictOf = (seen: Reported) => gate(seen, 'Evidence');

/** A candidate of a package of its own, as soon as its evidence is asked for. */
const proposed = async ({ as }: World): Promise<Reported> => {
  const name = fresh('settings');
  const developer = as('developer-a');
  accepted(await developer.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: staging } }));
  const components = [{ kind: 'ConfigMap', name }];
  const made = await store(developer, candidate({ spec: { package: fresh('pkg'), components, overlay: [] } }));
  const seen = await eventually(
    'it is judged',
    () => developer.get<Reported>(targetOf(made)),
    (answer) => answer.ok && verdictOf(answer.body) !== undefined,
  );
  return accepted(seen);
};

interface About {
  readonly name?: string;
  readonly uid?: string;
  readonly digest?: string;
}

/** Reports a test that passed, performed now. */
const tested = (of: Reported, about: About = {}, more: Readonly<Record<string, unknown>> = {}): Sent =>
  evidence({
    spec: {
      subject: {
        candidate: { name: of.metadata.name, uid: of.metadata.uid, digest: of.status?.digest, ...about },
      },
      performedAt: new Date().toISOString(),
      ...more,
    },
  });

/** Whether the test is missed no more. What is reported afterwards about something else shows that everything before it has been judged. */
const judged = async ({ as }: World, of: Reported): Promise<Attempt> => {
  accepted(await as('security-a').create(tested(of, {}, { type: 'SBOM' })));
  const seen = await eventually(
    'the report is judged',
    () => as('developer-a').get<Reported>(targetOf(of)),
    (answer) => {
      const verdict = answer.ok ? verdictOf(answer.body) : undefined;
      return verdict !== undefined && verdict.reason !== 'RightsUnknown' && !verdict.message.includes('SBOM about');
    },
  );
  await withdrawn(as, of);
  const verdict = verdictOf(accepted(seen));
  return { reached: verdict?.outcome === 'Passed', said: `${verdict?.reason}: ${verdict?.message}` };
};

/** Those that wait are judged again whenever the policy changes. */
const withdrawn = async (as: World['as'], of: Reported): Promise<void> => {
  accepted(await as('owner-a').delete(targetOf(of)));
};

/** Somebody reports something about a new candidate. */
const reported =
  (who: string, make: (of: Reported) => Sent | Promise<Sent>) =>
  async (given: Evidenced): Promise<Attempt> => {
    const of = await proposed(given);
    accepted(await given.as(who).create(await make(of)));
    return judged(given, of);
  };

/** The line of the policy that asks for tests. */
const testLine: Lock<Evidenced> = {
  name: 'the line TestReport of the policy',
  open: async (given) => {
    await demand(given, ...lines.slice(1));
    return () => demand(given, ...lines);
  },
};

const twin = reported('security-a', (of) => tested(of));

const takenRight = async (given: Evidenced): Promise<Attempt> => {
  const name = fresh('reports');
  await reports('approver-b', 'TestReport', name);
  const of = await proposed(given);
  accepted(await given.as('approver-b').create(tested(of)));
  const binding = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'RoleBinding', name, namespace: staging };
  accepted(await given.as('installer').delete(binding));
  await eventually(
    'the right is gone',
    () => given.as('approver-b').create(tested(of), { dryRun: 'All' }),
    (answer) => !answer.ok,
  );
  return judged(given, of);
};

const hiddenFailure = async (given: Evidenced): Promise<Attempt> => {
  const of = await proposed(given);
  accepted(await given.as('security-a').create(tested(of, {}, { result: 'Failed' })));
  accepted(await given.as('developer-a').create(tested(of)));
  return judged(given, of);
};

const ofContent: readonly Attack<Evidenced>[] = (
  [
    [
      'evidence is for another digest',
      reported('security-a', (of) => tested(of, { digest: digest('c') })),
      'EvidenceMissing: ',
    ],
    [
      'evidence of another candidate is reported under this name',
      reported('security-a', async (of) => tested(of, { uid: (await proposed(world)).metadata.uid ?? '' })),
      'EvidenceMissing: ',
    ],
    [
      'evidence is too old',
      reported('security-a', (of) => tested(of, {}, { performedAt: new Date(Date.now() - 86_400_000).toISOString() })),
      'EvidenceExpired: ',
    ],
    ['the author reports that it is tested', reported('developer-a', (of) => tested(of)), 'ReporterIsAuthor: '],
    ['the right to report is taken away after the report', takenRight, 'ReporterLacksRight: '],
    ['the author reports a pass over a failure of others', hiddenFailure, 'EvidenceFailed: '],
  ] as const
).map(([name, act, denied]) => ({ id: 'T62', name, act, denied, twin, locks: [testLine] }));

const custody = policyLock('countersign-evidence');
const specRule = schemaLock('evidence', { path: '/x-kubernetes-validations', value: [] });

const forge = async (client: ApiClient): Promise<Attempt> => {
  const reporter = { username: 'security-a', uid: '', groups: ['system:authenticated'] };
  const answer = await client.create<Sent>(evidence({ spec: { reporter } }));
  const reached = answer.ok && identity.parse(answer.body.spec['reporter']).username === 'security-a';
  return { reached, said: reached ? 'stored in that name' : said(answer) };
};

const failed = ({ as }: World): Promise<Sent> => store(as('security-a'), evidence({ spec: { result: 'Failed' } }));

const change = async ({ as }: World, object: KubeObject): Promise<Attempt> =>
  admitted(await as('developer-b').patch(targetOf(object), 'merge', { spec: { result: 'Passed' } }));

const ofCustody: readonly Attack<Evidenced>[] = [
  {
    id: 'T62',
    name: 'somebody without the right reports that it is tested',
    act: async ({ as }) => admitted(await as('developer-b').create(evidence())),
    denied: 'ReportRightMissing: ',
    twin: async ({ as }) => admitted(await as('security-a').create(evidence())),
    locks: [custody],
  },
  {
    id: 'T62',
    name: 'an account of the staging namespace, which its authors run pods as, reports that it is tested',
    act: async (given) => admitted(await given.robot.create(evidence())),
    denied: 'ReporterFromElsewhere: ',
    twin: async (given) => {
      const of = await proposed(given);
      accepted(await given.runner.create(tested(of)));
      return judged(given, of);
    },
    locks: [custody],
  },
  {
    id: 'T62',
    name: 'a cluster admin, who holds wildcards, reports that it is tested',
    act: async ({ as }) => admitted(await as('admin').create(evidence())),
    denied: 'ReportOnlyByWildcard: ',
    twin: async ({ as }) => admitted(await as('security-a').create(evidence())),
    locks: [custody],
  },
  {
    id: 'T62',
    name: 'a test is reported that is to come',
    act: async ({ as }) =>
      admitted(await as('security-a').create(evidence({ spec: { performedAt: '2040-01-01T00:00:00Z' } }))),
    denied: 'PerformedBefore: ',
    twin: async ({ as }) => admitted(await as('security-a').create(evidence())),
    locks: [custody],
  },
  {
    id: 'T62',
    name: 'a failure is deleted',
    act: async (given) => admitted(await given.as('developer-b').delete(targetOf(await failed(given)))),
    denied: 'RecordKept: ',
    twin: async ({ as }) => admitted(await as('security-a').create(evidence())),
    locks: [custody],
  },
  {
    id: 'T62',
    name: 'a failure is edited into a pass',
    act: async (given) => change(given, await failed(given)),
    denied: 'spec cannot be changed after creation: create new Evidence',
    twin: async ({ as }) => admitted(await as('security-a').create(evidence())),
    locks: [specRule, custody],
  },
  {
    id: 'T62',
    name: 'tester-a reports in the name of security-a',
    act: ({ as }) => forge(as('tester-a')),
    denied: cameToNothing,
    twin: ({ as }) => forge(as('security-a')),
    locks: [stampLock('evidence'), custody],
  },
];

attacks(
  () => world,
  [
    ...ofContent,
    ...ofCustody,
    ...statementAttacks({ world: () => world, demand, proposed, reported, tested, lines }),
    ...sourceAttacks<Evidenced>({ proposed, tested, lines, withdrawn }),
  ],
);
