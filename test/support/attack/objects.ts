/** The objects that attackers and their twins send: valid in every field that a case does not give. */
import { randomUUID } from 'node:crypto';

import type { KubeObject, ObjectMeta } from '../cluster/cluster.ts';

/** An object of ours as it is sent, or as it came back. */
export interface Sent extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/** What a case gives: parts of metadata, and fields of spec. */
export interface Given {
  readonly metadata?: ObjectMeta;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export const apiVersion = 'countersign.dev/v1alpha1';
export const staging = 'payments-staging';
export const production = 'payments-prod';

/** `sha256:` and sixty-four times that digit. */
export const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

/** A name that no other test uses. */
export const fresh = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`;

const object =
  (kind: string, namespace: string, spec: () => Readonly<Record<string, unknown>>) =>
  (given: Given = {}): Sent => ({
    apiVersion,
    kind,
    metadata: { name: fresh(kind.toLowerCase()), namespace, ...given.metadata },
    spec: { ...spec(), ...given.spec },
  });

export const approval = object('Approval', production, () => ({
  subject: { kind: 'ReleaseCandidate', name: 'payments-2.4.0', uid: '3f0e' },
  digest: digest('a'),
  role: 'tester',
  decision: 'Approve',
}));

/** Performed an hour ago. */
export const evidence = object('Evidence', staging, () => ({
  type: 'TestReport',
  subject: { candidate: { name: 'payments-2.4.0', uid: '3f0e', digest: digest('a') } },
  result: 'Passed',
  performedAt: new Date(Date.now() - 3_600_000).toISOString(),
}));

export const candidate = object('ReleaseCandidate', staging, () => ({
  targetNamespace: production,
  package: 'payments',
  version: '2.4.0',
  components: [{ kind: 'Deployment', name: 'api' }],
  overlay: [{ kind: 'Deployment', name: 'api', patch: { spec: { replicas: 6 } } }],
}));

export const rollback = object('Rollback', production, () => ({ package: 'payments', reason: 'it does not work' }));

export const emergencyAccess = object('EmergencyAccess', production, () => ({
  grantee: 'developer-a',
  duration: '4h',
  reason: 'payments stuck',
  incident: 'INC-4711',
}));

/** For a day. */
export const exception = object('PolicyException', production, () => ({
  gates: ['Window'],
  package: 'payments',
  reason: 'refunds fail',
  risk: 'nobody watches at night',
  until: new Date(Date.now() + 86_400_000).toISOString(),
}));

/** A longer soak. */
export const policyChange = object('PolicyChange', production, () => ({
  policy: { ...policy().spec, soak: '1h' },
  reason: 'it broke after an hour',
}));

/** Its name is always `production`: give the namespace. */
export const policy = (given: Given = {}): Sent =>
  object('ReleasePolicy', production, () => ({
    sourceNamespace: staging,
    approvals: [{ role: 'tester', count: 1 }],
    reviewBy: day(365),
  }))({ ...given, metadata: { name: 'production', ...given.metadata } });

/** What namespaces inherit. */
export const clusterPolicy = (spec: Sent['spec'] = { soak: '1h' }, name = fresh('house')): Sent => ({
  apiVersion,
  kind: 'ClusterReleasePolicy',
  metadata: { name },
  spec,
});

export const bundle = object('ReleaseBundle', production, () => ({
  candidate: { name: 'payments-2.4.0', uid: '3f0e', namespace: staging },
  targetNamespace: production,
  policyUID: '3f0e',
  package: 'payments',
  version: '2.4.0',
  authors: ['developer-a', 'developer-b'],
  digest: digest('a'),
  base: 'none',
}));

let entries = Date.now() % 1_000_000_000;

/** Its name follows from `seq`, which is a new one each time. */
export const ledgerEntry = (given: Given = {}): Sent => {
  entries += 1;
  return object('LedgerEntry', production, () => ({
    seq: entries,
    id: randomUUID(),
    time: '2026-03-11T15:00:00.000Z',
    type: 'Staged',
    actor: { username: 'developer-a' },
    subject: { kind: 'ReleaseCandidate', namespace: staging, name: 'payments-2.4.0', uid: '3f0e' },
    previous: digest('b'),
  }))({ ...given, metadata: { name: String(entries).padStart(12, '0'), ...given.metadata } });
};

/** The calendar day that many days from now. */
export const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/** An owner that does not exist: the garbage collector deletes what it owns. */
export const forgedOwner = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'gone',
  uid: '00000000-0000-4000-8000-000000000000',
};

export const inFlight = 'countersign.dev/in-flight';
