/**
 * What an emergency access is made of is changed behind its back, or made stronger than it may be. Each attack beside its twin; and once more with nobody
 * to watch, when it works, which shows that it is the watching that stops it.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startOperator, type OperatorProcess } from '../../../hack/controlplane/operator.ts';
import { accepted, startTimeoutMs, type Answer, type Manifest } from '../../support/cluster/cluster.ts';
import { condition, isTrue, startSystem, type System, type World } from '../../support/cluster/system.ts';
import { amendPolicy } from '../../support/scenario/kit.ts';
import { eventually } from '../../support/attack/world.ts';
import { access, endNow, leftovers, letIn, when, type Access } from '../../support/scenario/night.ts';
import { grantName } from '../../../operator/decide/record/grant-names.ts';

const patienceMs = 200_000;
const rbac = 'rbac.authorization.k8s.io/v1';
const mine = 'own-emergency';

let system: System;
let operator: OperatorProcess | undefined;

beforeAll(async () => {
  system = await startSystem({ chart: { emergency: { clusterRoles: ['countersign-emergency', mine] } } });
}, startTimeoutMs * 2);

afterAll(async () => {
  await operator?.stop();
  await system?.stop();
});

const rule = (resources: readonly string[], verbs: readonly string[], group = '') => ({
  apiGroups: [group],
  resources,
  verbs,
});

/** A ClusterRole of their own that a policy may name. */
const ownRole = async (rules: readonly object[], more: Readonly<Record<string, unknown>> = {}): Promise<void> => {
  const installer = system.as('installer');
  const manifest = { apiVersion: rbac, kind: 'ClusterRole', metadata: { name: mine }, rules, ...more };
  const made = await installer.create(manifest);
  if (!made.ok) accepted(await installer.replace(manifest));
};

const modest = [rule(['configmaps'], ['get', 'create', 'update'])];
const wider = [...modest, rule(['secrets'], ['list'])];

const world = (name: string): Promise<World> => system.world(name, { emergency: { clusterRole: mine } });

const listsSecrets = async (place: World): Promise<boolean> =>
  (await place.as('developer-b').list({ apiVersion: 'v1', kind: 'Secret', namespace: place.production })).ok;

const attempt = async (place: World, name: string): Promise<string> =>
  JSON.stringify(await place.as('sre-a').create<Access>(access(place, name)));

test(
  'no role is bound that holds what no emergency may',
  async () => {
    await ownRole(modest);
    const place = await world('strong');
    const refused: [sentence: string, rules: readonly object[], more?: Readonly<Record<string, unknown>>][] = [
      ['impersonate', [rule(['users'], ['impersonate'])]],
      ['bind', [rule(['clusterroles'], ['bind'], 'rbac.authorization.k8s.io')]],
      ['escalate', [rule(['roles'], ['escalate'], 'rbac.authorization.k8s.io')]],
      ['serviceaccounts/token', [rule(['serviceaccounts/token'], ['create'])]],
      ['certificatesigningrequests', [rule(['certificatesigningrequests'], ['create'], 'certificates.k8s.io')]],
      ['rolebindings', [rule(['rolebindings'], ['create'], 'rbac.authorization.k8s.io')]],
      ['approvals', [rule(['approvals'], ['create'], 'countersign.dev')]],
      ['nodes/proxy', [rule(['nodes/proxy'], ['get'])]],
      ['\\*', [rule(['*'], ['get'])]],
    ];
    for (const [right, rules] of refused) {
      await ownRole([...modest, ...rules]);
      expect(await attempt(place, `no-${refused.findIndex(([each]) => each === right)}`)).toMatch(
        new RegExp(`RoleTooStrong: sre-a .*${right}`),
      );
    }
    // Put together from others by label: whoever makes one of those widens it.
    await ownRole(modest, { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { widens: 'it' } }] } });
    expect(await attempt(place, 'no-aggregate')).toMatch(/RoleTooStrong: sre-a .*aggregat/);
    await amendPolicy(place, { emergency: { clusterRole: 'edit' } });
    expect(await attempt(place, 'no-listed')).toMatch(/RoleMissing: sre-a .*emergency\.clusterRoles/);
    await amendPolicy(place, { emergency: { clusterRole: mine } });
    await ownRole(modest);
    await letIn(place, 'yes');
    await endNow(place, 'yes');
  },
  patienceMs,
);

/** The API server's authorizer hears of a change of RBAC a moment later. */
const comesTo = (place: World, can: boolean): Promise<boolean> =>
  eventually(
    `Secrets are ${can ? '' : 'not '}listed`,
    () => listsSecrets(place),
    (seen) => seen === can,
  );

test(
  'a role that is made wider while somebody holds it ends what it was bound for, and without the operator it does not',
  async () => {
    await ownRole(modest);
    const place = await world('wider');
    await letIn(place);
    expect(await listsSecrets(place)).toBe(false);
    await ownRole(wider);
    const over = await when(place, (seen) => isTrue(seen, 'Ended'));
    expect(condition(over, 'Active')).toMatchObject({ status: 'False', reason: 'AccessChanged' });
    expect(await comesTo(place, false)).toBe(false);
    expect(await leftovers(place)).toEqual([]);

    // The control: nobody watches.
    await ownRole(modest);
    await letIn(place, 'unwatched');
    await system.operator.stop();
    await ownRole(wider);
    expect(await comesTo(place, true)).toBe(true);

    // Whoever comes next ends it at once.
    operator = await startOperator(system.controlPlane, { instance: 'operator-1' });
    await when(place, (seen) => isTrue(seen, 'Ended'), 'unwatched');
    expect(await comesTo(place, false)).toBe(false);
    await ownRole(modest);
  },
  patienceMs,
);

test(
  'nobody changes the Role or the bindings of an access; where the locks are away, who does ends it',
  async () => {
    await ownRole(modest);
    const place = await world('bindings');
    const admin = place.as('admin');
    const changes: readonly ((name: string) => Promise<Answer<unknown>>)[] = [
      // Other minutes than were granted.
      (name) =>
        admin.patch({ apiVersion: rbac, kind: 'Role', namespace: place.production, name }, 'merge', {
          rules: [{ ...rule(['emergencyminutes'], ['use'], 'countersign.dev'), resourceNames: ['2030-01-01T00:00'] }],
        }),
      // One more person.
      (name) =>
        admin.patch(
          { apiVersion: rbac, kind: 'RoleBinding', namespace: place.production, name: `${name}-role` },
          'merge',
          {
            subjects: ['developer-a', 'developer-b'].map((each) => ({
              apiGroup: 'rbac.authorization.k8s.io',
              kind: 'User',
              name: each,
            })),
          },
        ),
      // Whoever administers may take an access away, and that ends it.
      (name) => admin.delete({ apiVersion: rbac, kind: 'RoleBinding', namespace: place.production, name }),
    ];
    const refused = await letIn(place, 'refused');
    for (const change of changes.slice(0, 2)) {
      expect(JSON.stringify(await change(grantName(refused.metadata.uid ?? '')))).toMatch(
        /(ProductionGuardGrant|Minutes)ByOperator: admin /,
      );
    }
    expect(isTrue(await when(place, () => true, 'refused'), 'Active')).toBe(true);
    await endNow(place, 'refused');

    // The control: the locks are away, and what is left is to notice.
    for (const name of ['countersign-guard-rights', 'countersign-minutes']) {
      const kind = 'ValidatingAdmissionPolicyBinding';
      accepted(await system.as('installer').delete({ apiVersion: 'admissionregistration.k8s.io/v1', kind, name }));
    }
    for (const [i, change] of changes.entries()) {
      const name = `changed-${i}`;
      const { metadata } = await letIn(place, name);
      await eventually(
        'the change is let through',
        () => change(grantName(metadata.uid ?? '')),
        ({ ok }) => ok,
      );
      const over = await when(place, (seen) => isTrue(seen, 'Ended'), name);
      expect(condition(over, 'Active')).toMatchObject({ reason: 'AccessChanged' });
      expect(await leftovers(place)).toEqual([]);
    }
    // The twin: what concerns another object ends nothing.
    await letIn(place, 'untouched');
    const other: Manifest = {
      apiVersion: rbac,
      kind: 'Role',
      metadata: { name: 'another', namespace: place.production },
    };
    accepted(await admin.create({ ...other, rules: [] }));
    await amendPolicy(place, { soak: '1m' });
    expect(isTrue(await when(place, () => true, 'untouched'), 'Active')).toBe(true);
  },
  patienceMs,
);
