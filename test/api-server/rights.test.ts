/** What our programs' identities may do is what they do: no right that nothing uses, no request that is refused; and nobody else holds one. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { systemNamespace, serviceAccountToken } from '../../hack/controlplane/chart.ts';
import { startGate } from '../../hack/controlplane/gate.ts';
import { releasePort, reservePort } from '../../hack/controlplane/ports.ts';
import type { ProgramProcess } from '../../hack/controlplane/program.ts';
import { startOperator, type OperatorProcess } from '../../hack/controlplane/operator.ts';
import { entryName, type LedgerEntrySpec } from '../../operator/api/ledger.ts';
import { nextEntry } from '../../operator/decide/record/chain.ts';
import { promotableKinds } from '../../operator/decide/manifest/kinds/index.ts';
import { groupOf } from '../../operator/decide/manifest/kinds/shared/kind.ts';
import {
  accepted,
  startTimeoutMs,
  waitFor,
  waitForGone,
  type KubeObject,
  type Manifest,
} from '../support/cluster/cluster.ts';
import { isTrue, ours, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';
import { startWebhook } from '../support/cluster/webhook.ts';
import { ed25519Key, signed, testResult } from '../../hack/signing/statements.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { amendPolicy, closed, everybody, gateSays, patienceMs, sign, staged } from '../support/scenario/kit.ts';
import { endNow, letIn } from '../support/scenario/night.ts';
import {
  differences,
  givesTheSame,
  held,
  here,
  rbacMutants,
  sorted,
  type Binding,
  type Rbac,
  type Role,
  type Rule,
} from './rbac.ts';
import { behaving, componentsOf, ofEveryKind, recorded } from '../support/scenario/production.ts';

const storyTimeoutMs = 400_000;
/** Of races for a place in the ledger. */
const mostRounds = 40;

let system: System;
let standby: OperatorProcess;

beforeAll(async () => {
  system = await startSystem({ operator: { instance: 'operator-0' } });
  standby = await startOperator(system.controlPlane, { instance: 'operator-1' });
}, startTimeoutMs * 2);

afterAll(async () => {
  await standby?.stop();
  await system?.stop();
});

const programs = ['countersign-operator', 'countersign-restorer', 'countersign-gate'] as const;
type Program = (typeof programs)[number];

/** Whoever runs as it: the operator acts as the restorer, too. */
const agents: Readonly<Record<Program, string>> = {
  'countersign-operator': 'countersign-operator/',
  'countersign-restorer': 'countersign-operator/',
  'countersign-gate': 'countersign-gate/',
};

/** Of these, single objects are named. */
const named = new Set(['clusterroles', 'secrets', 'serviceaccounts/token', 'validatingwebhookconfigurations']);

interface Stored extends KubeObject {
  readonly rules?: readonly Rule[];
  readonly roleRef?: Binding['roleRef'];
  readonly subjects?: readonly { readonly kind: string; readonly name: string }[];
}

/** What the chart gives its programs. */
/** Groups of kinds that definitions give: the cluster has none of them here. They are given like any other, from the same file. */
const customGroups = new Set(promotableKinds.filter(({ custom }) => custom !== undefined).map(groupOf));

const withoutDefinitions = (role: Role): Role => ({
  ...role,
  rules: role.rules.filter(({ apiGroups = [] }) => !apiGroups.some((group) => customGroups.has(group))),
});

const given = async (): Promise<Rbac> => {
  const list = async (kind: string) => {
    const ours = { labelSelector: 'app.kubernetes.io/name=countersign' };
    const answer = await system
      .as('installer')
      .list<Stored>({ apiVersion: 'rbac.authorization.k8s.io/v1', kind }, ours);
    return accepted(answer).items.map((item) => ({ ...item, name: item.metadata.name ?? '' }));
  };
  const roles = async <K extends Role['kind']>(kind: K) =>
    (await list(kind)).map(({ name, rules = [] }) => ({ kind, name, rules }));
  const bindings = async <K extends Binding['kind']>(kind: K) =>
    (await list(kind)).map(({ name, roleRef = { kind: '', name: '' }, subjects = [] }) => ({
      kind,
      name,
      roleRef,
      subjects: subjects.map((subject) => `${subject.kind} ${subject.name}`),
    }));
  const bound = (await Promise.all([bindings('ClusterRoleBinding'), bindings('RoleBinding')])).flat();
  const all = (await Promise.all([roles('ClusterRole'), roles('Role')])).flat();
  const isBound = ({ kind, name }: Role): boolean =>
    bound.some(({ roleRef }) => roleRef.kind === kind && roleRef.name === name);
  return { bindings: bound, roles: all.filter(isBound).map(withoutDefinitions) }; // nobody is bound to those for people: people.test.ts
};

/** What the programs themselves asked for, and what of it was refused for want of a right. */
const asked = async (program: Program) => {
  const events = (await system.controlPlane.auditEvents()).filter(
    ({ user, userAgent, objectRef }) =>
      user.username === `system:serviceaccount:${systemNamespace}:${program}` &&
      userAgent?.startsWith(agents[program]) === true &&
      objectRef?.resource !== undefined,
  );
  const rights = events.map(({ verb, objectRef, responseStatus }) => {
    const { apiGroup = '', resource = '', subresource, namespace, name = '' } = objectRef ?? {};
    const what = subresource === undefined ? resource : `${resource}/${subresource}`;
    const one = named.has(what) && name !== '' ? ` ${name}` : '';
    const where = namespace === systemNamespace ? here : '';
    return { right: `${verb} ${apiGroup}/${what}${one}${where}`, refused: responseStatus?.code === 403 };
  });
  return {
    used: sorted(rights.filter(({ refused }) => !refused).map(({ right }) => right)),
    refused: sorted(rights.filter(({ refused }) => refused).map(({ right }) => right)),
  };
};

/** Without these nobody may write a Role that gives more than they hold. */
const grantingRights = ['bind', 'escalate'].map((verb) => `${verb} rbac.authorization.k8s.io/roles`);

/** What the operator gives on to whoever is let in: nobody may give what they do not hold. */
const givenOn: Readonly<Partial<Record<Program, readonly string[]>>> = {
  'countersign-operator': [
    'bind rbac.authorization.k8s.io/clusterroles countersign-emergency',
    'use countersign.dev/emergencyminutes',
    ...grantingRights,
  ],
  'countersign-restorer': grantingRights,
};

/** Where the API server refuses streaming lists, what is watched is listed first: test/api-server/kube-reflector.test.ts. */
const withLists = (used: readonly string[]): readonly string[] =>
  sorted(used.flatMap((right) => (right.startsWith('watch ') ? [right, right.replace('watch', 'list')] : [right])));

const propose = async (world: World, ...candidate: Parameters<World['candidate']>): Promise<void> => {
  await world.propose(world.candidate(...candidate));
  await sign(world, candidate[0], ...everybody);
};

const promote = async (world: World, ...candidate: Parameters<World['candidate']>): Promise<void> => {
  await propose(world, ...candidate);
  await recorded(world, 'Promoted', candidate[0]);
};

/** Under a policy that wants a signed test, one is reported: who signed it is read when it counts. */
const promoteSigned = async (world: World): Promise<void> => {
  const key = ed25519Key();
  const signedBy = [{ name: 'ci', key: key.pem }];
  await amendPolicy(world, { evidence: [{ type: 'TestReport', maxAge: '24h', signedBy }] });
  await bindRole(world.as('installer'), {
    name: 'reports',
    namespace: world.staging,
    role: 'countersign-report-TestReport',
    subject: { kind: 'User', name: 'security-a' },
  });
  await world.stage(world.configMap('settings', { level: 'signed' }));
  await propose(world, 'tested', ['ConfigMap/settings']);
  const { metadata, status } = await staged(world, 'tested');
  const { name, uid = '' } = metadata;
  const digest = status?.digest ?? '';
  const performedAt = new Date().toISOString();
  const statement = signed(testResult({ digest, name: uid }, performedAt), key);
  const subject = { candidate: { name, uid, digest } };
  accepted(
    await world.as('security-a').create({
      apiVersion: ours,
      kind: 'Evidence',
      metadata: { generateName: 'tests-', namespace: world.staging },
      spec: { type: 'TestReport', subject, result: 'Passed', performedAt, statement },
    }),
  );
  await recorded(world, 'Promoted', 'tested');
  await amendPolicy(world, { evidence: [] });
};

/** An order to go back, carried out. */
const goBack = async (world: World): Promise<void> => {
  const order = accepted(
    await world.as('sre-a').create<Reported>({
      apiVersion: ours,
      kind: 'Rollback',
      metadata: { generateName: 'back-', namespace: world.production },
      spec: { package: 'payments', reason: 'it was asked for' },
    }),
  );
  await waitFor<Reported>(
    world.as('sre-a'),
    world.ref('Rollback', order.metadata.name),
    (seen) => isTrue(seen, 'Finished'),
    patienceMs,
  );
};

/** Somebody is let in, goes into a pod, and is out again. */
const emergency = async (world: World): Promise<void> => {
  await letIn(world);
  const pods = accepted(await world.as('installer').list(world.ref('Pod'))).items;
  const pod = pods.find(({ metadata }) => metadata.name?.startsWith('web-'));
  // There is no container to go into; that somebody may is what counts.
  await system.controlPlane.kubectl('developer-b', [
    'exec',
    pod?.metadata.name ?? 'web',
    `--namespace=${world.production}`,
    '--',
    'true',
  ]);
  const over = await endNow(world);
  expect(over.status?.sessions).toHaveLength(1);
};

/** The policy comes to inherit from a template. */
const inherit = async (world: World): Promise<void> => {
  const metadata = { name: 'house' };
  accepted(await world.as('installer').create({ apiVersion: ours, kind: 'ClusterReleasePolicy', metadata, spec: {} }));
  accepted(
    await world.as('admin').patch(world.ref('ReleasePolicy', 'production'), 'merge', { spec: { inherits: 'house' } }),
  );
};

/** Nobody may start now, and one release does by an exception. */
const passByException = async (world: World): Promise<void> => {
  for (const [name, role] of [
    ['owner-a', 'owner'],
    ['security-a', 'security'],
  ] as const) {
    const subject = { kind: 'User', name } as const;
    await bindRole(world.as('installer'), {
      name: `excepts-${role}`,
      namespace: world.production,
      role: `countersign-${role}`,
      subject,
    });
  }
  await world.stage(world.configMap('settings', { level: 'info' }));
  await propose(world, 'hurry', ['ConfigMap/settings']);
  await gateSays(world, 'hurry', 'Window', 'WindowClosed');
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const spec = { gates: ['Window'], package: 'payments', reason: 'refunds fail', risk: 'nobody watches', until };
  const metadata = { name: 'night', namespace: world.production };
  accepted(await world.as('owner-a').create({ apiVersion: ours, kind: 'PolicyException', metadata, spec }));
  const asked = await waitFor<Reported>(
    world.as('owner-a'),
    world.ref('PolicyException', 'night'),
    ({ status }) => status?.approvalManifests?.['security'] !== undefined,
  );
  const manifest = asked.status?.approvalManifests?.['security'] ?? '';
  accepted(await world.as('security-a').create(JSON.parse(manifest) as Manifest));
  await recorded(world, 'Promoted', 'hurry');
};

/** Somebody asks for another policy, and somebody else signs for it. */
const changePolicy = async (world: World): Promise<void> => {
  const stored = await world
    .as('admin')
    .get<Manifest & { readonly spec: object }>(world.ref('ReleasePolicy', 'production'));
  const { spec } = accepted(stored);
  const metadata = { name: 'longer-soak', namespace: world.production };
  const asked = { policy: { ...spec, soak: '1m' }, reason: 'it broke after a minute' };
  accepted(await world.as('admin').create({ apiVersion: ours, kind: 'PolicyChange', metadata, spec: asked }));
  const target = world.ref('PolicyChange', 'longer-soak');
  const waiting = await waitFor<Reported>(
    world.as('admin'),
    target,
    ({ status }) => status?.approvalManifests?.['security'] !== undefined,
  );
  const manifest = waiting.status?.approvalManifests?.['security'] ?? '';
  accepted(await world.as('security-a').create(JSON.parse(manifest) as Manifest));
  await waitFor<Reported>(world.as('admin'), target, (each) => isTrue(each, 'Applied'), patienceMs);
};

const reject = async (world: World, name: string): Promise<void> => {
  const candidate = await world.when(name, (each) => isTrue(each, 'Staged'), patienceMs);
  accepted(
    await world.as('approver-a').create({
      apiVersion: ours,
      kind: 'Approval',
      metadata: { generateName: `${name}-`, namespace: world.production },
      spec: {
        subject: { kind: 'ReleaseCandidate', name, uid: candidate.metadata.uid },
        digest: candidate.status?.digest,
        role: 'approver',
        decision: 'Reject',
        comment: 'not this one',
      },
    }),
  );
  await recorded(world, 'Rejected', name);
};

/** Only who holds a right stages it. */
const rightsOf = (world: World): readonly Manifest[] => [
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'web', namespace: world.staging },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'web', namespace: world.staging },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'web' },
    subjects: [{ kind: 'ServiceAccount', name: 'runner', namespace: world.staging }],
  },
];

/** A pod of an ordered StatefulSet keeps it from going back, and a Job that failed runs again, because somebody says that it was not the cause. */
const goWrong = async (world: World): Promise<void> => {
  const parts = ofEveryKind(world, 'a');
  const components = componentsOf(parts);
  await world.stage(...parts);
  await promote(world, 'well', components);
  await propose(world, 'broken', components, { overlay: [behaving('StatefulSet', 'state', 'never-ready')] });
  await waitFor(
    world.as('installer'),
    world.ref('Pod'),
    ({ metadata }) =>
      metadata.name === 'state-0' && metadata.annotations?.['countersign.test/behaviour'] === 'never-ready',
    patienceMs,
  );
  await reject(world, 'broken');
  await recorded(world, 'RolledBack', 'broken');

  const failing = { overlay: [behaving('Job', 'migrate', 'fail')] };
  await propose(world, 'failing', components, failing);
  await recorded(world, 'RolledBack', 'failing');
  await world.propose(world.candidate('again', components, failing));
  const { remedy } = await gateSays(world, 'again', 'RollbackHold', 'HeldAfterRollback');
  const manifest = /echo '(?<manifest>.*)' \| kubectl create -f -/.exec(remedy)?.groups?.['manifest'] ?? '';
  accepted(await world.as('tester-a').create(JSON.parse(manifest) as Manifest));
  await gateSays(world, 'again', 'RollbackHold', 'NotHeld');
  await sign(world, 'again', ...everybody);
  await recorded(world, 'RolledBack', 'again');
};

type StoredEntry = KubeObject & { readonly spec: LedgerEntrySpec };

/**
 * Appends beside the operator, as another replica would, until it has had to read an entry that it did not write. Each entry of the operator is
 * held up until another is at the same point, for the same place: whichever of them is stored, the other is refused before a watch could tell it.
 */
const appendBeside = async (world: World): Promise<void> => {
  const token = await serviceAccountToken(system.controlPlane, 'countersign-operator');
  const beside = system.as('installer').withToken(token);
  const appended: Promise<unknown>[] = [];
  const arrived = new Map<string, () => void>();

  const rival = ({ seq, previous }: LedgerEntrySpec): StoredEntry => {
    const spec = nextEntry(
      { seq: seq - 1, hash: previous },
      {
        actor: 'operator',
        // Of a candidate that nothing was entered of before, so that it follows from whatever comes between.
        subject: { kind: 'ReleaseCandidate', name: 'beside', uid: randomUUID(), namespace: world.staging },
        package: 'beside',
        digest: '',
        decision: '',
        reason: '',
        data: { type: 'Refused', intent: '', outcome: 'Expired', object: '', message: 'beside' },
      },
      {
        id: randomUUID(),
        now: Date.now(),
        self: { username: `system:serviceaccount:${systemNamespace}:countersign-operator`, uid: '', groups: [] },
      },
    );
    const metadata = { name: entryName(seq), namespace: world.production };
    return { apiVersion: ours, kind: 'LedgerEntry', metadata, spec };
  };

  const rule = {
    apiGroups: ['countersign.dev'],
    apiVersions: ['*'],
    resources: ['ledgerentries'],
    operations: ['CREATE'],
  };
  const webhook = await startWebhook<StoredEntry>(system.as('installer'), rule, async ({ request: { object } }) => {
    if (object.metadata.namespace !== world.production) return;
    const isRival = arrived.get(object.spec.id);
    if (isRival !== undefined) return isRival();
    const other = rival(object.spec);
    const both = new Promise<void>((resolve) => arrived.set(other.spec.id, resolve));
    const creating = beside.create(other);
    appended.push(creating);
    await Promise.race([both, creating]);
  });

  const isRead = async () => (await asked('countersign-operator')).used.includes('get countersign.dev/ledgerentries');
  for (let round = 0; !(await isRead()) && round < mostRounds; round += 1) {
    const name = `raced-${round}`;
    await world.stage(world.configMap(name, { level: 'info' }));
    await world.propose(world.candidate(name, [`ConfigMap/${name}`], { package: name }));
    await recorded(world, 'Staged', name);
    // One author has so many places; the next round needs them.
    accepted(await world.as('owner-a').delete(world.ref('ReleaseCandidate', name)));
    await recorded(world, 'Withdrawn', name);
  }
  await webhook.stop();
  await Promise.all(appended);
  beside.close();
};

/** Has the gate look again whether the record knows of a write: whoever writes as the operator without an intent is refused only then. */
const writeBeside = async (world: World): Promise<void> => {
  const token = await serviceAccountToken(system.controlPlane, 'countersign-operator');
  const beside = system.as('installer').withToken(token);
  const written = await beside.create({
    ...world.configMap('beside', {}),
    metadata: { name: 'beside', namespace: world.production },
  });
  beside.close();
  expect(written).toMatchObject({ ok: false, code: 403 });
};

/** Whichever of operator and gate comes first fills the key: emptied, and with the others long there, it is the one that starts. */
const fillDigestKey = async (filler: () => Promise<ProgramProcess>): Promise<void> => {
  const target = { apiVersion: 'v1', kind: 'Secret', namespace: systemNamespace, name: 'countersign-digest-key' };
  accepted(await system.as('installer').patch(target, 'merge', { data: null }));
  const filling = await filler();
  await filling.stop();
};

test(
  'every right is used, and nothing that is used is refused',
  async () => {
    const policy = { retain: { bundles: 2, candidates: 1 }, emergency: {} };
    const world = await system.world('rights', policy);
    const all = [...ofEveryKind(world, 'a'), ...rightsOf(world)];
    const withoutJob = componentsOf(all).filter((key) => !key.startsWith('Job/'));
    await world.stage(...ofEveryKind(world, 'a'));
    for (const object of rightsOf(world)) accepted(await world.as('admin').create(object));
    await promote(world, 'created', componentsOf(all));

    for (const key of withoutJob) {
      const [kind = '', name = ''] = key.split('/');
      const labels = { release: 'updated' };
      accepted(
        await world
          .as(kind.startsWith('Role') ? 'admin' : 'developer-a')
          .patch(world.ref(kind, name, world.staging), 'merge', { metadata: { labels } }),
      );
    }
    await promote(world, 'updated', withoutJob);
    await goBack(world);
    await emergency(world);
    await world.stage(world.configMap('alone', { level: 'info' }));
    const irreversible = [{ kind: 'PersistentVolumeClaim', name: 'data', reason: 'nothing is kept there any more' }];
    await promote(world, 'pruned', ['ConfigMap/alone'], { irreversible });
    // What holds data goes last: only what is gone is created again.
    for (const [kind, name] of [
      ['PersistentVolumeClaim', 'data'],
      ['StatefulSet', 'state'],
    ] as const)
      await waitForGone(world.as('installer'), world.ref(kind, name), patienceMs);
    await goBack(world);

    await goWrong(await system.world('wrong', policy));
    const exceptions = { gates: ['Window'], approvals: [{ role: 'security', count: 1 }] };
    const changes = { approvals: [{ role: 'security', count: 1 }] };
    const hurried = await system.world('hurried', { ...policy, ...closed, exceptions, changes });
    await passByException(hurried);
    await changePolicy(hurried);

    // The leader ends; what comes now is done by the other.
    await system.operator.stop();
    const second = await system.world('handed', policy);
    await inherit(second);
    const parts = ofEveryKind(second, 'a');
    await second.stage(...parts);
    await propose(second, 'stuck', componentsOf(parts), {
      overlay: [behaving('Job', 'migrate', 'never-ready')],
    });
    await recorded(second, 'PromotionStarted', 'stuck');
    await waitFor(second.as('installer'), second.ref('Job'), () => true, patienceMs);
    await reject(second, 'stuck');
    await recorded(second, 'RolledBack', 'stuck');
    await promote(
      second,
      'whole',
      componentsOf(parts).filter((key) => !key.startsWith('Job/')),
    );
    await goBack(second);
    await promoteSigned(second);

    for (const name of ['spare-1', 'spare-2', 'spare-3', 'spare-4']) {
      await second.stage(second.configMap('settings', { level: name }));
      await second.propose(second.candidate(name, ['ConfigMap/settings']));
      await reject(second, name);
    }
    await waitForGone(second.as('developer-a'), second.ref('ReleaseCandidate', 'spare-1'), patienceMs);
    await second.propose(second.candidate('withdrawn', ['ConfigMap/settings']));
    await second.when('withdrawn', (each) => isTrue(each, 'Staged'), patienceMs);
    accepted(await second.as('owner-a').delete(second.ref('ReleaseCandidate', 'withdrawn')));
    await recorded(second, 'Withdrawn', 'withdrawn');
    await appendBeside(second);
    await writeBeside(second);
    await fillDigestKey(() => startOperator(system.controlPlane, { instance: 'operator-2' }));
    await standby.stop();
    const port = await reservePort();
    await fillDigestKey(() => startGate(system.controlPlane, { port, instance: 'gate-1' }));
    releasePort(port);

    const used = new Map<string, readonly string[]>();
    for (const program of programs) {
      const seen = await asked(program);
      expect({ program, refused: seen.refused }).toEqual({ program, refused: [] });
      used.set(`ServiceAccount ${program}`, withLists([...seen.used, ...(givenOn[program] ?? [])]));
    }
    const rbac = await given();
    expect(differences(held(rbac), used)).toEqual([]);

    const mutants = rbacMutants(rbac).filter(({ is }) => !givesTheSame(is, rbac));
    const unnoticed = mutants.filter(({ is }) => differences(held(is), used).length === 0);
    expect(unnoticed.map(({ name }) => name)).toEqual([]);
    expect(mutants.length).toBeGreaterThan(500);
  },
  storyTimeoutMs,
);
