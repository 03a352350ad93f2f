/** The audit policy that docs/emergency-access.md prints: what the ledger cannot see is in the audit log, by name, and nothing besides. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { eventually } from '../support/attack/world.ts';
import { accepted, startTimeoutMs } from '../support/cluster/cluster.ts';
import { startSystem, type System, type World } from '../support/cluster/system.ts';
import { acts, letIn } from '../support/scenario/night.ts';
import { plant } from '../support/scenario/production.ts';

const page = join(import.meta.dirname, '..', '..', 'docs', 'emergency-access.md');
const grantee = 'developer-b';
const elsewhere = 'elsewhere';
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db' }, stringData: { password: 'swordfish' } };

let dir = '';
let system: System;
/** Of the names that the policy has. */
let world: World;

beforeAll(async () => {
  const printed = [
    ...(await readFile(page, 'utf8')).matchAll(/^```yaml\n(apiVersion: audit\.k8s\.io\/v1\n.*?)^```/gms),
  ];
  expect(printed).toHaveLength(1);
  dir = await mkdtemp(join(tmpdir(), 'countersign-audit-'));
  const policy = join(dir, 'policy.yaml');
  await writeFile(policy, printed[0]?.[1] ?? '');
  system = await startSystem({ cluster: { apiServerArgs: [`--audit-policy-file=${policy}`] } });
  world = await system.world('payments', { emergency: {} }, { before: (production) => plant(production, secret) });
  const installer = system.as('installer');
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: elsewhere } }));
  accepted(await installer.create({ ...secret, metadata: { ...secret.metadata, namespace: elsewhere } }));
  accepted(
    await installer.create({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reads', namespace: elsewhere },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: grantee }],
    }),
  );
}, startTimeoutMs * 2);

afterAll(async () => {
  await system?.stop();
  await rm(dir, { recursive: true, force: true });
});

test('what somebody who was let in reads and runs in production is there under their name, and nothing else of theirs', async () => {
  await letIn(world);
  const as = world.as(grantee);
  const logs = `/api/v1/namespaces/${world.production}/pods/no-pod/log`;
  const exec = `/api/v1/namespaces/${world.production}/pods/no-pod/exec?command=cat&command=%2Fetc%2Fpasswd&container=main&stdout=true`;

  await eventually(
    'they read elsewhere',
    () => as.get({ apiVersion: 'v1', kind: 'Secret', namespace: elsewhere, name: 'db' }),
    ({ ok }) => ok,
  );
  accepted(await as.get(world.ref('Secret', 'db')));
  accepted(await as.list(world.ref('Deployment')));
  await as.raw({ method: 'GET', path: logs });
  // The pod need not be there: audit and admission come first.
  await as.raw({ method: 'POST', path: exec });

  const events = await eventually(
    'the session is in the log',
    () => system.controlPlane.auditEvents(),
    (seen) => seen.some(({ requestURI }) => requestURI === exec),
  );
  const theirs = events.filter(({ user }) => user.username === grantee);
  const inProduction = `/namespaces/${world.production}/`;
  expect(new Set(theirs.map(({ verb, requestURI }) => `${verb} ${requestURI}`))).toEqual(
    new Set([
      `get /api/v1${inProduction}secrets/db`,
      `list /apis/apps/v1${inProduction}deployments`,
      `get ${logs}`,
      `create ${exec}`,
    ]),
  );
  // Ours and the control plane's read all day.
  expect(events.filter(({ user }) => user.username.startsWith('system:'))).toEqual([]);
  expect(JSON.stringify(events)).not.toMatch(/swordfish|c3dvcmRmaXNo/);
  // The other half is in the ledger.
  expect(await acts(world)).toEqual([`${grantee} CONNECT pods/exec no-pod`]);
});
