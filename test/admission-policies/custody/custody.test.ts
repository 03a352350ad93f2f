/** Every validation of every custody policy on a real API server: what it refuses and how it says so, and the twin that passes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { z } from 'zod';

import { installChart, systemNamespace } from '../../../hack/controlplane/chart.ts';
import {
  apiVersion,
  approval,
  bundle,
  candidate,
  digest,
  emergencyAccess,
  evidence,
  exception,
  ledgerEntry,
  policy,
  policyChange,
  rollback,
  staging,
  type Sent,
} from '../../support/attack/objects.ts';
import { bind, eventually, said, startWorld, type World } from '../../support/attack/world.ts';
import { accepted, refused, targetOf, type ApiClient, type KubeObject } from '../../support/cluster/cluster.ts';
import { configMap, custodyKit, merge, operatorUser, prepareCustody, revoke } from './custody-kit.ts';
import { custodyRows } from './custody-rows.ts';

let world: World;
let serviceAccount: ApiClient;

const forged = { username: 'somebody-else', uid: '', groups: [] };

beforeAll(async () => {
  world = await startWorld();
  await bind(world, { user: operatorUser, role: 'cluster-admin' });
  serviceAccount = await prepareCustody(world);
}, 120_000);

afterAll(() => world.stop());

const kit = custodyKit(
  () => world,
  () => serviceAccount,
);
const { candidateInFlight, stored } = kit;
const rows = custodyRows(kit);

const as = (name: string): ApiClient => world.as(name);

describe('what custody refuses, and its twin', () => {
  test.each(rows.map((row) => [`${row.policy}: ${row.rule}: ${row.given}`, row] as const))('%s', async (_, row) => {
    const answer = await row.refused();
    expect(said(answer)).toContain(
      `ValidatingAdmissionPolicy '${row.policy}' with binding '${row.policy}' denied request: ${row.rule}: `,
    );
    expect(said(answer)).toContain(row.caller);
    expect(said(answer)).toMatch(/ Next: ./);
    expect(said(answer).split(' Next: ')[1]).toContain(row.next);
    expect(said(await row.twin())).toMatch(/^admitted/);
  });
});

describe('the release namespace is closed to our own programs twice over', () => {
  test.each(['operator', 'restorer'] as const)('the %s writes no ConfigMap there', async (who) => {
    const answer = await world[who].create(configMap(systemNamespace));
    expect(said(answer)).toMatch(/denied request: (ConfinedToProduction|InstallationGuard): /);
    expect(said(answer)).toMatch(/ Next: ./);
  });

  test.each(['operator', 'restorer'] as const)('confinement alone holds the %s, too', async (who) => {
    const binding = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding' };
    const target = { ...binding, name: 'countersign-installation' };
    const { metadata, ...rest } = accepted(await as('installer').get(target));
    accepted(await as('installer').delete(target));
    const answer = await eventually(
      'confinement speaks',
      () => world[who].create(configMap(systemNamespace)),
      (each) => !said(each).includes('InstallationGuard: '),
    );
    expect(said(answer)).toContain('ConfinedToProduction: ');
    const { labels = {}, annotations = {} } = metadata;
    accepted(await as('installer').create({ ...rest, metadata: { name: target.name, labels, annotations } }));
  });
});

describe('what the rows cover', () => {
  test('every rule of every policy but the guard has a row', async () => {
    interface Policy extends KubeObject {
      readonly spec: { readonly validations: readonly { readonly messageExpression: string }[] };
    }
    const policies = accepted(
      await as('admin').list<Policy>({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
      }),
    );
    const ofOurKinds = policies.items.filter(
      ({ metadata }) => !elsewhere.has(metadata.name ?? '') && metadata.name?.startsWith('countersign-guard-') !== true,
    );
    const rules = ofOurKinds.flatMap(({ metadata, spec }) =>
      spec.validations.map(({ messageExpression }) => `${metadata.name} ${/^'(\w+): /.exec(messageExpression)?.[1]}`),
    );
    const covered = new Set([...rows.map(({ policy, rule }) => `${policy} ${rule}`), ...coveredBelow]);
    expect(rules.filter((rule) => !covered.has(rule))).toEqual([]);
    expect([...covered].filter((rule) => !rules.includes(rule))).toEqual([]);
  });

  test('every served resource of ours is matched by a policy', async () => {
    interface Rules extends KubeObject {
      readonly spec: {
        readonly matchConstraints: { readonly resourceRules: readonly { readonly resources: readonly string[] }[] };
      };
    }
    const policies = accepted(
      await as('admin').list<Rules>({
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingAdmissionPolicy',
      }),
    );
    const matched = new Set(
      policies.items.flatMap(({ spec }) => spec.matchConstraints.resourceRules.flatMap(({ resources }) => resources)),
    );
    const { text } = await as('admin').raw({ method: 'GET', path: `/apis/${apiVersion}` });
    const served = z.object({ resources: z.array(z.object({ name: z.string() })) }).parse(JSON.parse(text));
    expect(served.resources.map(({ name }) => name).filter((name) => !matched.has(name))).toEqual([]);
  });
});

/** Policies that other tests show: about staged objects, writers.test.ts; about pods of staging, staged-pods.test.ts; about kubelets, test/admission-policies/installation/nodes.test.ts; about the installation, test/admission-policies/installation/installation.test.ts. */
const elsewhere = new Set([
  'countersign-staged-pods',
  'countersign-staging',
  'countersign-writers',
  'countersign-writers-elsewhere',
  'countersign-nodes',
  'countersign-installation',
  'countersign-installation-rights',
  'countersign-installation-unlisted',
  'countersign-impersonation',
]);

/** Rules that no request reaches while the CRD and the stamp do their part: they are taken away below. */
const coveredBelow = [
  ...[
    'approvals',
    'emergencyaccesses',
    'evidence',
    'policychanges',
    'policyexceptions',
    'rollbacks',
    'releasecandidates',
  ].map((plural) => `countersign-${plural} StampIsCaller`),
  ...['OnlyRevoked', 'RevokedStays'].map((rule) => `countersign-emergencyaccesses ${rule}`),
  ...['approvals', 'evidence', 'policychanges', 'policyexceptions', 'rollbacks', 'ledgerentries'].map(
    (plural) => `countersign-${plural} SpecNeverChanges`,
  ),
];

describe('behind the CRD: its rule that spec never changes is taken away', () => {
  const cases = [
    { plural: 'approvals', change: { digest: digest('c') }, next: 'kubectl create a new Approval' },
    { plural: 'evidence', change: { result: 'Failed' }, next: 'kubectl create new Evidence' },
    { plural: 'policychanges', change: { reason: 'other' }, next: 'kubectl create a new PolicyChange' },
    { plural: 'policyexceptions', change: { gates: ['Soak'] }, next: 'kubectl create a new PolicyException' },
    { plural: 'rollbacks', change: { package: 'other' }, next: 'kubectl create a new Rollback' },
    { plural: 'emergencyaccesses', change: { duration: '24h' }, next: 'kubectl create a new EmergencyAccess' },
    { plural: 'ledgerentries', change: { reason: 'other' }, next: 'put right by a later one' },
  ] as const;

  test.each(cases)('countersign-$plural: its spec stays', async ({ plural, change, next }) => {
    const name = `${plural}.countersign.dev`;
    const target = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
    const rules = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations';
    const object = await stored[plural]();
    accepted(await as('installer').patch(target, 'json', [{ op: 'remove', path: rules }]));
    const answer = await eventually(
      'the CRD no longer refuses',
      () => merge(as('admin'), object, { spec: change }),
      (seen) => !said(seen).includes('cannot be changed after creation'),
    );
    const rule = plural === 'emergencyaccesses' ? 'OnlyRevoked' : 'SpecNeverChanges';
    expect(said(answer)).toContain(`denied request: ${rule}: admin `);
    expect(said(answer)).toContain(next);
    expect(said(await merge(as('admin'), object, { spec: {} }))).toMatch(/^admitted/);
  });

  test('countersign-emergencyaccesses: RevokedStays', async () => {
    const access = await stored.emergencyaccesses();
    accepted(await revoke(as('sre-a'), access));
    const answer = await merge(as('sre-a'), access, { spec: { revoked: false } });
    expect(said(answer)).toContain('denied request: RevokedStays: sre-a ');
    expect(said(answer)).toContain('kubectl create a new EmergencyAccess');
  });
});

describe('behind the stamp: it is taken away', () => {
  const cases = [
    { plural: 'approvals', field: 'approver', who: 'tester-a', make: approval },
    { plural: 'evidence', field: 'reporter', who: 'reporter-a', make: evidence },
    { plural: 'policychanges', field: 'author', who: 'admin', make: policyChange },
    { plural: 'policyexceptions', field: 'requester', who: 'owner-a', make: exception },
    { plural: 'rollbacks', field: 'requester', who: 'sre-a', make: rollback },
    { plural: 'emergencyaccesses', field: 'grantor', who: 'sre-a', make: emergencyAccess },
    { plural: 'releasecandidates', field: 'author', who: 'developer-a', make: candidate },
  ] as const;

  test.each(cases)('countersign-$plural: StampIsCaller', async ({ plural, field, who, make }) => {
    const binding = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingAdmissionPolicyBinding',
      name: `countersign-stamp-${plural}`,
    };
    accepted(await as('installer').delete(binding));
    const said = await eventually(
      'the stamp is gone',
      () => as(who).create(make({ spec: { [field]: forged } })),
      (answer) => !answer.ok,
    );
    expect(refused(said).message).toContain(`denied request: StampIsCaller: spec.${field} says ${forged.username}`);
    expect(refused(said).message).toContain('kubectl get mutatingwebhookconfigurations');
    const truth = { username: who, uid: '', groups: ['system:authenticated'] };
    accepted(await as(who).create(make({ spec: { [field]: truth } })));
    for (const lie of [
      { ...truth, uid: '1' },
      { ...truth, groups: ['system:authenticated', 'change-board'] },
    ]) {
      expect(refused(await as(who).create(make({ spec: { [field]: lie } }))).message).toContain('StampIsCaller: ');
    }
    await installChart(world.cluster.controlPlane);
  });
});

describe('what must go on', () => {
  test('a namespace that is not guarded is deleted with everything of ours in it', async () => {
    const installer = as('installer');
    accepted(
      await installer.patch({ apiVersion: 'v1', kind: 'Namespace', name: 'doomed' }, 'merge', {
        metadata: { labels: { 'countersign.dev/staging': 'true' } },
      }),
    );
    await bind(world, { user: 'tester-a', role: 'countersign-tester', namespace: 'doomed' });
    await bind(world, { user: 'reporter-a', role: 'countersign-report-TestReport', namespace: 'doomed' });
    await bind(world, { user: 'sre-a', role: 'countersign-sre', namespace: 'doomed' });
    await bind(world, { user: 'developer-a', role: 'countersign-developer', namespace: 'doomed' });
    const metadata = { namespace: 'doomed' };
    const named = (made: Sent): Sent => ({ ...made, metadata: { ...made.metadata, ...metadata } });
    for (const [client, object] of [
      [as('tester-a'), approval()],
      [as('reporter-a'), evidence()],
      [as('sre-a'), rollback()],
      [as('developer-a'), candidate()],
      [as('admin'), policy()],
      [world.operator, bundle()],
      [world.operator, ledgerEntry()],
    ] as const) {
      await eventually(
        'created',
        () => client.create(named(object)),
        (answer) => answer.ok,
      );
    }
    accepted(await installer.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'doomed' }));
    const left = await eventually(
      'gone',
      () => installer.get({ apiVersion: 'v1', kind: 'Namespace', name: 'doomed' }),
      (answer) => !answer.ok,
    );
    expect(refused(left).code).toBe(404);
  });

  test('a definition of ours is labelled by whoever may edit definitions: its spec is what is guarded', async () => {
    const target = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: 'approvals.countersign.dev',
    };
    expect(said(await as('definer').patch(target, 'merge', { metadata: { labels: { migrated: 'yes' } } }))).toMatch(
      /^admitted/,
    );
  });

  test('foreground and orphaning deletion end: the garbage collector takes its finalizers off', async () => {
    for (const propagationPolicy of ['Foreground', 'Orphan'] as const) {
      const record = await stored.releasecandidates();
      accepted(await as('owner-a').delete(targetOf(record), { propagationPolicy }));
      const left = await eventually(
        'gone',
        () => as('admin').get(targetOf(record)),
        (answer) => !answer.ok,
      );
      expect(refused(left).code).toBe(404);
    }
  });

  test('the operator deletes a finished candidate, and takes its own finalizer off', async () => {
    const held = await candidateInFlight();
    accepted(await merge(world.operator, held, { metadata: { finalizers: null } }));
    expect(said(await world.operator.delete(targetOf(held)))).toMatch(/^admitted/);
  });

  test('a ServiceAccount may stage: whether it is trusted is the policy of the release to say', async () => {
    const made = accepted(await serviceAccount.create<Sent>(candidate()));
    expect(made.spec['author']).toMatchObject({ username: `system:serviceaccount:${staging}:robot` });
  });
});
