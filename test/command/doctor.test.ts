/** `doctor`: what it finds of an installation that is whole, and of one in which something is missing, with what to type about it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Diagnosis } from '../../cli/doctor/diagnosis.ts';
import { startOperator } from '../../hack/controlplane/operator.ts';
import { accepted, startTimeoutMs, type Manifest } from '../support/cluster/cluster.ts';
import { clockAhead } from '../support/cluster/clock-ahead.ts';
import { bindRole } from '../support/cluster/rights.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { eventually } from '../support/attack/world.ts';
import { buildCommand, type Command } from '../support/command/command.ts';
import { explained } from '../support/scenario/findings.ts';

let system: System;
let world: World;
let command: Command;

beforeAll(async () => {
  system = await startSystem();
  command = await buildCommand(system.controlPlane);
  world = await system.world('doc');
  await explained(world);
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await system?.stop();
});

const look = async (who = 'admin', ...args: readonly string[]) => {
  const { stdout, stderr, code } = await command.as(who, ['doctor', '-o', 'json', ...args]);
  expect(stderr).toBe('');
  return { code, all: JSON.parse(stdout) as readonly Diagnosis[] };
};

/** The one diagnosis that says so. */
const diagnosis = (all: readonly Diagnosis[], says: string): Diagnosis => {
  const [found, ...others] = all.filter(({ what }) => what.includes(says));
  if (found === undefined || others.length > 0)
    throw new Error(`${others.length + 1} of ${says}:\n${all.map(({ what }) => what).join('\n')}`);
  return found;
};

/** Types the command that a remedy ends with, as it is printed. */
const typed = async (who: string, { next }: Diagnosis) => {
  const line = /(?:^|: )(kubectl [^;]+)/.exec(next)?.[1] ?? '';
  const { code, stdout, stderr } = await command.shell(who, line);
  expect([line, code, stderr]).toEqual([line, 0, expect.not.stringMatching(/error/i)]);
  return stdout;
};

describe('an installation that is whole', () => {
  test('nothing is an error: every lock acts, the gate is reached and an operator leads', async () => {
    const { all, code } = await look();
    expect([all.filter(({ severity }) => severity === 'error'), code]).toEqual([[], 0]);
    const fine = all.filter(({ severity }) => severity === 'ok').map(({ what }) => what);
    expect(fine).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^Kubernetes v1\.\d+/),
        'the clock of this machine agrees with that of the API server',
        'countersign.dev is served',
        expect.stringMatching(/^\d+ admission policies, each with a binding that acts$/),
        expect.stringMatching(/^\d+ stamps, each with a binding that acts$/),
        expect.stringMatching(/^the gate is registered, with \d+ entries$/),
        'an operator leads, and its clock agrees with that of the API server',
        'doc-prod: policy in force, every change explained',
        'doc-staging: who wrote what is staged is recorded',
        'doc-prod: RecordedByOperator acts',
        'doc-prod: ProductionGuardConfiguration acts',
        'doc-prod: the API server reaches the gate',
      ]),
    );
    // Trying leaves nothing behind.
    expect(await world.live('ConfigMap', 'countersign-doctor')).toBeUndefined();
    expect(JSON.stringify(await world.ledger())).not.toContain('countersign-doctor');
    expect(
      JSON.stringify(await world.as('admin').get({ apiVersion: 'v1', kind: 'Namespace', name: 'doc-prod' })),
    ).not.toContain('countersign.dev/doctor');
  });

  test('who may read little is told what was not looked at, and what says who may', async () => {
    const { all, code } = await look('auditor-a', '-n', world.production);
    expect(code).toBe(0);
    const unseen = all.filter(({ what }) => /^not looked at|not tried/.test(what));
    expect(unseen.length).toBeGreaterThan(4);
    for (const { severity, next } of unseen)
      expect([severity, next]).toEqual(['info', expect.stringContaining('kubectl auth can-i')]);
    expect(diagnosis(all, 'policy in force').severity).toBe('ok');
    // The staging namespace means the production namespace behind it, once something goes there.
    await world.stage(world.configMap('settings', { a: 'b' }));
    await world.propose(world.candidate('first', ['ConfigMap/settings']));
    expect(diagnosis((await look('auditor-a', '-n', world.staging)).all, 'policy in force').what).toContain('doc-prod');
  });
});

describe('who could get around it', () => {
  const rbac = 'rbac.authorization.k8s.io/v1';
  const rules: Readonly<Record<string, object>> = {
    impersonates: { apiGroups: [''], resources: ['*'], verbs: ['impersonate'] },
    mints: { apiGroups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
    certifies: { apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests/approval'], verbs: ['*'] },
    wildcards: { apiGroups: ['countersign.dev'], resources: ['*'], verbs: ['*'] },
    everywhere: {
      apiGroups: ['countersign.dev'],
      resources: ['approvalroles'],
      resourceNames: ['approver'],
      verbs: ['approve'],
    },
  };
  const subjects = [{ kind: 'User', name: 'somebody', apiGroup: 'rbac.authorization.k8s.io' }];
  const roleRef = (kind: string, name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });

  test('is named with what they may do, by which role, and what shows it', async () => {
    for (const [name, rule] of Object.entries(rules)) {
      const role: Manifest = { apiVersion: rbac, kind: 'ClusterRole', metadata: { name }, rules: [rule] };
      const binding: Manifest = {
        apiVersion: rbac,
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: roleRef('ClusterRole', name),
        subjects,
      };
      accepted(await system.as('admin').create(role));
      accepted(await system.as('admin').create(binding));
    }
    // A Role of one namespace says it, too.
    const mints: Manifest = {
      apiVersion: rbac,
      kind: 'Role',
      metadata: { name: 'mints', namespace: 'countersign-system' },
      rules: [rules['mints'] ?? {}],
    };
    accepted(await system.as('admin').create(mints));
    accepted(
      await system.as('admin').create({
        apiVersion: rbac,
        kind: 'RoleBinding',
        metadata: { name: 'mints', namespace: 'countersign-system' },
        roleRef: roleRef('Role', 'mints'),
        subjects,
      }),
    );
    const { all } = await look();
    const wanted = [
      'User somebody may impersonate others in the whole cluster (ClusterRole impersonates)',
      'User somebody may make tokens of ServiceAccounts in the whole cluster (ClusterRole mints)',
      'User somebody may make tokens of ServiceAccounts in countersign-system (Role mints)',
      'User somebody may approve certificate requests in the whole cluster (ClusterRole certifies)',
      'User somebody would sign in every role by a wildcard in the whole cluster (ClusterRole wildcards)',
      'User somebody may sign as approver in every production namespace (ClusterRole everywhere)',
      'User admin may do everything in the whole cluster',
    ];
    for (const says of wanted) {
      const seen = diagnosis(all, says);
      expect(seen.severity).toBe('warning');
      expect(seen.next).toMatch(/kubectl get (clusterrolebinding|rolebinding) \S+ (-n \S+ )?-o yaml$/);
    }
    expect(await typed('admin', { ...diagnosis(all, wanted[2] ?? '') })).toContain('name: mints');
  });
});

describe('what is missing', () => {
  const admission = 'admissionregistration.k8s.io/v1';
  const bindings = { apiVersion: admission, kind: 'ValidatingAdmissionPolicyBinding' };

  /** Waits until the API server stamps what is written to staging, or no longer does. */
  const stamps = (does: boolean) =>
    eventually(
      `the stamp ${does ? 'acts' : 'rests'}`,
      () => system.as('developer-a').create(world.configMap('probe', {}), { dryRun: 'All' }),
      ({ ok, body }) => ok && (body.metadata.annotations?.['countersign.dev/writers'] !== undefined) === does,
    );

  test('a staged object of which nobody knows who wrote it is named, and the command answers for it', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', name: world.staging };
    const label = (value: string | null) =>
      system.as('admin').patch(namespace, 'merge', { metadata: { labels: { 'countersign.dev/staging': value } } });
    accepted(await label(null));
    await stamps(false);
    accepted(await system.as('developer-a').create(world.configMap('old', { a: 'b' })));
    const { all, code } = await look('admin', '-n', world.production);
    const unlabeled = diagnosis(all, 'is not labelled countersign.dev/staging=true');
    expect([unlabeled.severity, code]).toEqual(['error', 1]);
    expect(await typed('admin', unlabeled)).toContain('labeled');
    await stamps(true);
    const unknown = diagnosis(
      (await look('admin', '-n', world.production)).all,
      'It is not recorded who wrote ConfigMap old',
    );
    expect(unknown.severity).toBe('warning');
    await typed('developer-a', unknown);
    expect(diagnosis((await look('admin', '-n', world.production)).all, 'doc-staging: who wrote').severity).toBe('ok');
  });

  test('a namespace that is only observed, one without a policy, and one that nobody guards', async () => {
    const make = (name: string, guarded: string | undefined): Manifest => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: guarded === undefined ? {} : { 'countersign.dev/guarded': guarded } },
    });
    const admin = { namespace: 'bare-prod', role: 'countersign-admin', name: 'admins' };
    accepted(await system.as('admin').create(make('bare-prod', undefined)));
    await bindRole(system.as('admin'), { ...admin, subject: { kind: 'User', name: 'admin' } });
    accepted(
      await system.as('installer').patch({ apiVersion: 'v1', kind: 'Namespace', name: 'bare-prod' }, 'merge', {
        metadata: { labels: { 'countersign.dev/guarded': 'audit' } },
      }),
    );
    const without = diagnosis((await look()).all, 'bare-prod is guarded and has no ReleasePolicy');
    expect([without.severity, without.next]).toEqual([
      'error',
      expect.stringContaining('kubectl create -f policy.yaml -n bare-prod'),
    ]);
    const nowhere = await look('admin', '-n', 'default');
    expect(diagnosis(nowhere.all, 'default is no production namespace').severity).toBe('error');
    expect(await typed('admin', diagnosis(nowhere.all, 'default is no production namespace'))).toContain('doc-prod');
    expect(diagnosis((await look('admin', '-n', 'gone')).all, 'there is no namespace gone').severity).toBe('error');
  });

  test('a lock without its binding does not act: both are said', async () => {
    accepted(await system.as('installer').delete({ ...bindings, name: 'countersign-ledgerentries' }));
    const seen = await eventually(
      'the API server has forgotten the binding',
      () => look('admin', '-n', world.production),
      ({ all }) => all.some(({ what }) => what.includes('RecordedByOperator does not act')),
    );
    expect(seen.code).toBe(1);
    const loose = diagnosis(seen.all, 'countersign-ledgerentries of the admission policies has no binding that acts');
    expect([loose.severity, loose.next]).toEqual(['error', expect.stringContaining('helm upgrade countersign')]);
    const idle = diagnosis(seen.all, 'RecordedByOperator does not act, so people may write the record');
    expect(await typed('admin', { ...idle, next: idle.next.slice(idle.next.lastIndexOf(': kubectl')) })).toContain(
      'countersign-approvals',
    );
    accepted(
      await system
        .as('installer')
        .delete({ apiVersion: admission, kind: 'ValidatingAdmissionPolicy', name: 'countersign-rollbacks' }),
    );
    expect(
      diagnosis((await look()).all, 'countersign-rollbacks of the admission policies is bound and not there').severity,
    ).toBe('error');
    await system.upgrade();
    expect(
      (await look()).all.filter(({ what }) => what.includes('binding that acts') && what.includes('no ')).length,
    ).toBe(0);
  });

  test('an operator that is gone, with a policy that it has not looked at, and a gate that nobody reaches', async () => {
    await system.operator.stop();
    const gone = await eventually(
      'the Lease says so',
      () => look('admin', '-n', world.production),
      ({ all: now }) => now.some(({ what }) => what.startsWith('no operator leads')),
    );
    expect(diagnosis(gone.all, 'no operator leads').next).toBe(
      'kubectl rollout status deployment/countersign-operator -n countersign-system',
    );
    // A policy that nobody has looked at yet is waited for, but not for long.
    const unseen = { name: 'production', namespace: 'bare-prod' };
    accepted(await system.as('admin').create({ ...world.policyManifest(), metadata: unseen }));
    const early = diagnosis((await look('admin', '-n', 'bare-prod')).all, 'bare-prod: the operator has not looked');
    expect([early.severity, early.what]).toEqual([
      'warning',
      expect.stringContaining('after a minute that is an error'),
    ]);
    const env = { NODE_OPTIONS: clockAhead(120_000).join(' ') };
    const { stdout } = await command.as('admin', ['doctor', '-o', 'json', '-n', 'bare-prod'], { env });
    const late = diagnosis(JSON.parse(stdout) as readonly Diagnosis[], 'bare-prod: the operator has not looked');
    expect([late.severity, late.what]).toEqual(['error', expect.stringMatching(/which is \d+(s|m) old/)]);
    await typed('admin', late);
    await system.gate.stop();
    const { all, code } = await look('admin', '-n', world.production);
    expect(code).toBe(1);
    const away = diagnosis(all, 'the API server does not reach the gate');
    expect(away.severity).toBe('error');
    await typed('admin', away);
    const next = await startOperator(system.controlPlane, { instance: 'operator-1' });
    await eventually(
      'the next one leads',
      () => look('admin', '-n', world.production),
      ({ all: now }) => now.some(({ what, severity }) => severity === 'ok' && what.startsWith('an operator leads')),
    );
    await typed('admin', early);
    await next.stop();
  });
});
