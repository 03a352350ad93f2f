/** The smallest manifest of each kind that the API server takes. Rows change one thing in them. */
import { apiVersion, isNamespaced, type Kind } from '../../../operator/api/kinds.ts';
import type { KubeObject } from '../../../hack/controlplane/objects.ts';

export interface Manifest extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
}

export const namespace = 'default';

const uid = '3f0e1d2c-0000-4000-8000-000000000001';
const person = { username: 'developer-a' };
export const someDigest = `sha256:${'1a'.repeat(32)}`;
export const noDigest = `sha256:${'0'.repeat(64)}`;

const names: Record<Kind, string> = {
  ReleasePolicy: 'production',
  ClusterReleasePolicy: 'house',
  ReleaseCandidate: 'payments-2.4.0',
  ReleaseBundle: 'payments-2.4.0-1a2b3c4d',
  Approval: 'payments-2.4.0-approver-a',
  Evidence: 'payments-2.4.0-tests',
  Rollback: 'payments-back',
  EmergencyAccess: 'inc-4711',
  PolicyException: 'payments-night',
  PolicyChange: 'shorter-soak',
  LedgerEntry: '000000000000',
};

export const policySpec = {
  sourceNamespace: 'payments-staging',
  approvals: [{ role: 'approver', count: 1 }],
  reviewBy: '2028-06-30',
};

const specs: Record<Kind, Manifest['spec']> = {
  ReleasePolicy: policySpec,
  ClusterReleasePolicy: { soak: '1h' },
  ReleaseCandidate: {
    targetNamespace: 'payments-prod',
    package: 'payments',
    version: '2.4.0',
    components: [{ kind: 'Deployment', name: 'api' }],
    author: person,
  },
  ReleaseBundle: {
    candidate: { name: 'payments-2.4.0', namespace: 'payments-staging', uid },
    targetNamespace: 'payments-prod',
    policyUID: uid,
    package: 'payments',
    version: '2.4.0',
    digest: someDigest,
    base: 'none',
  },
  Approval: {
    subject: { kind: 'ReleaseCandidate', name: 'payments-2.4.0', uid },
    digest: someDigest,
    role: 'approver',
    decision: 'Approve',
    approver: { username: 'approver-a' },
  },
  Evidence: {
    type: 'TestReport',
    subject: { candidate: { name: 'payments-2.4.0', uid, digest: someDigest } },
    result: 'Passed',
    performedAt: '2026-05-04T09:00:00Z',
    reporter: { username: 'ci-a' },
  },
  Rollback: { package: 'payments', reason: 'errors since 2.4.0', requester: { username: 'sre-a' } },
  EmergencyAccess: {
    grantee: 'developer-a',
    duration: '4h',
    reason: 'payments stuck',
    incident: 'INC-4711',
    grantor: { username: 'sre-a' },
  },
  PolicyException: {
    gates: ['Window'],
    package: 'payments',
    reason: 'refunds fail',
    risk: 'nobody watches at night',
    until: '2026-05-04T18:00:00Z',
    requester: { username: 'owner-a' },
  },
  PolicyChange: { policy: policySpec, reason: 'the soak is too long', author: { username: 'admin-a' } },
  LedgerEntry: {
    seq: 0,
    id: 'a1',
    time: '2026-05-04T09:00:00.000Z',
    type: 'Staged',
    actor: person,
    subject: { kind: 'ReleaseCandidate', namespace: 'payments-staging', name: 'payments-2.4.0', uid },
    previous: noDigest,
  },
};

/** What a row changes: fields of spec (`undefined` removes one), and the name. */
export interface Change {
  readonly name?: string;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export const manifest = (kind: Kind, change: Change = {}): Manifest => ({
  apiVersion,
  kind,
  metadata: { name: change.name ?? names[kind], ...(isNamespaced(kind) ? { namespace } : {}) },
  spec: { ...specs[kind], ...change.spec },
});

/** What breaks a CEL rule, and the nearest thing that does not. */
export interface RuleRow {
  readonly kind: Kind;
  /** Where the rule stands, as the reference names it; empty for the whole object. */
  readonly at: string;
  /** A part of the rule's message, where several rules stand at one place. */
  readonly says?: string;
  readonly bad: Change;
  readonly twin: Change;
}
