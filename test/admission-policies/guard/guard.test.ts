/** Lock A holds production by itself, on a real API server with real identities: no gate, no operator, and every right in RBAC. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { accepted, type KubeObject } from '../../support/cluster/cluster.ts';
import { emergencyAttacks } from '../emergency/emergency-list.ts';
import { ofUnlisted } from './check-unlisted.ts';
import { guardAttacks } from './guard-list.ts';
import { at, one } from '../world/guard-objects.ts';
import { tableRows } from '../world/guard-table.ts';
import { startGuardWorld, type GuardWorld } from '../world/guard-world.ts';
import { attacks } from '../../support/attack/harness.ts';
import { fresh, production } from '../../support/attack/objects.ts';
import { eventually, said } from '../../support/attack/world.ts';

let world: GuardWorld;
beforeAll(async () => {
  world = await startGuardWorld();
}, 120_000);
afterAll(() => world?.stop());

attacks(() => world, guardAttacks);

describe('what the attacks cover', () => {
  test('every rule of the guard refuses one of them', async () => {
    interface Policy extends KubeObject {
      readonly spec: { readonly validations: readonly { readonly messageExpression: string }[] };
    }
    const policies = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy' };
    const { items } = accepted(await world.as('installer').list<Policy>(policies));
    const rules = items
      .filter(({ metadata }) => metadata.name?.startsWith('countersign-guard-'))
      .flatMap(({ metadata, spec }) =>
        spec.validations.map(({ messageExpression }) => `${metadata.name} ${/^'(\w+: )/.exec(messageExpression)?.[1]}`),
      );
    const covered = new Set(
      [...guardAttacks, ...emergencyAttacks].map(({ locks, denied }) => `${locks[0]?.name} ${denied}`),
    );
    expect(rules.length).toBeGreaterThan(30);
    expect(rules.filter((rule) => !covered.has(rule))).toEqual([]);
  });
});

describe('what a refusal says', () => {
  test.each(guardAttacks.filter(({ denied }) => denied.endsWith(': ')).map((attack) => [attack.name, attack] as const))(
    '%s: the rule once, and what to do next',
    async (_, { act, denied }) => {
      const { said: words } = await act(world);
      expect(words.split(denied)).toHaveLength(2);
      expect(words).toMatch(/ Next: .{10}/);
    },
  );
});

describe('what is refused of a collection', () => {
  const collections = [
    ...new Set(
      tableRows.filter(({ act, resource }) => act === 'delete' && !resource.includes('/')).map((row) => row.resource),
    ),
    'widgets',
    'gadgets',
  ];

  test.each(collections)('%s: the refusal names the object, as one of many', async (resource) => {
    const { name: _, ...all } = at(resource, '');
    // Another test may have taken away what stands there.
    const standing = { metadata: { labels: { standing: 'yes' } } };
    if (resource === 'gadgets') accepted(await world.preparer.create(one(resource, fresh('many'), standing)));
    const answer = await world.as('attacker').delete(all, { dryRun: ['All'], labelSelector: 'standing=yes' });
    const text = said(answer);
    expect(text).toMatch(
      new RegExp(
        `ProductionGuard\\w+: attacker may not delete, along with others, ${resource}(\\.example\\.dev)? [a-z0-9.-]+ in ${production}`,
      ),
    );
    expect(text).toContain(' Next: ');
  });
});

describe('while people write no kind that nobody listed', () => {
  test.each(ofUnlisted.map((check) => [check.name, check] as const))('%s', async (_, { passes }) => {
    expect(await passes(world)).toBe(true);
  });
});

describe('the label', () => {
  test.each(['', 'unknown', 'Audit'])('with the value %j enforces', async (value) => {
    const namespace = await labelledNamespace(value);
    const answer = await eventually(
      'the policy is seen',
      () => world.as('attacker').create(one('configmaps', fresh('new'), { namespace })),
      (seen) => said(seen).includes('ProductionGuard'),
    );
    expect(said(answer)).toContain('ProductionGuardConfiguration: ');
  });

  test('with the value audit refuses nothing, warns, and leaves its mark in the audit log', async () => {
    const namespace = await labelledNamespace('audit');
    const create = (name: string) =>
      world.as('attacker').raw({
        method: 'POST',
        path: `/api/v1/namespaces/${namespace}/configmaps`,
        body: one('configmaps', name, { namespace }),
      });
    const answer = await eventually(
      'the policy is seen',
      () => create(fresh('new')),
      ({ headers }) => headers['warning'] !== undefined,
    );
    expect(answer.code).toBe(201);
    expect(String(answer.headers['warning'])).toContain('ProductionGuardConfiguration: attacker may not create');
    const marked = await eventually(
      'the audit log has it',
      async () =>
        (await world.cluster.controlPlane.auditEvents()).filter(
          ({ objectRef, annotations = {} }) =>
            objectRef?.namespace === namespace &&
            annotations['validation.policy.admission.k8s.io/validation_failure']?.includes(
              'countersign-guard-configuration-audit',
            ),
        ),
      (events) => events.length > 0,
    );
    expect(marked[0]).toMatchObject({ user: { username: 'attacker' } });
  });

  test('with the value audit refuses nothing even where there is no policy', async () => {
    const namespace = fresh('bare');
    const labels = { 'countersign.dev/guarded': 'audit' };
    const installer = world.as('installer');
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }));
    expect(await world.as('attacker').create(one('configmaps', 'new', { namespace }))).toMatchObject({ ok: true });
  });

  /** A namespace with a policy, and then the label. */
  async function labelledNamespace(value: string): Promise<string> {
    const installer = world.as('installer');
    const name = fresh('shop');
    const policy = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ReleasePolicy' };
    const { spec } = accepted(
      await installer.get<KubeObject & { spec: unknown }>({ ...policy, namespace: production, name: 'production' }),
    );
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    accepted(await installer.create({ ...policy, metadata: { name: 'production', namespace: name }, spec }));
    const target = { apiVersion: 'v1', kind: 'Namespace', name };
    const labels = { 'countersign.dev/guarded': value };
    accepted(await installer.patch(target, 'merge', { metadata: { labels } }));
    return name;
  }
});

describe('large objects', () => {
  test('a controller updates an object of 1 MB: comparing it does not cost too much', async () => {
    const name = fresh('large');
    const data = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key-${i}`, 'x'.repeat(900)]));
    accepted(await world.operator.create(one('configmaps', name, { data })));
    const answer = await world
      .controller('generic-garbage-collector')
      .patch(at('configmaps', name), 'merge', { metadata: { finalizers: [] } });
    expect(said(answer)).toBe('admitted (200)');
  });

  test('a restart of a workload with everything in it is let through, too', async () => {
    const name = fresh('large');
    const env = Array.from({ length: 500 }, (_, i) => ({ name: `NAME_${i}`, value: 'x'.repeat(500) }));
    const annotations = Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`example.dev/a-${i}`, 'x'.repeat(500)]),
    );
    const template = {
      metadata: { labels: { app: name }, annotations },
      spec: { containers: [{ name: 'main', image: 'registry.example/app', env }] },
    };
    const spec = { replicas: 0, selector: { matchLabels: { app: name } }, template };
    accepted(await world.operator.create(one('deployments', name, { spec, metadata: { annotations } })));
    const { controlPlane } = world.cluster;
    const restarted = await controlPlane.kubectl('sre-a', [
      'rollout',
      'restart',
      `deployment/${name}`,
      '-n',
      production,
    ]);
    expect(restarted).toMatchObject({ code: 0 });
  });
});
