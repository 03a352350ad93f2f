/** One row a CEL rule: what breaks it, and the nearest thing that does not. */
import type { Kind } from '../../../operator/api/kinds.ts';
import { overlayRows } from './overlay-rows.ts';
import { ecKey, ed25519Key, rsaKey } from '../../../hack/signing/statements.ts';
import { noDigest, policySpec, someDigest, type Change, type RuleRow } from './manifests.ts';

type Fields = Readonly<Record<string, unknown>>;

const spec = (fields: Fields): Change => ({ spec: fields });

const approvals = (line: Fields): Fields => ({ approvals: [{ role: 'approver', count: 1, ...line }] });
const demand = (line: Fields): Fields => ({ evidence: [{ type: 'TestReport', maxAge: '168h', ...line }] });
const exceptionLine = (line: Fields, more: Fields = {}): Fields => ({
  exceptions: { gates: ['Window'], approvals: [{ role: 'security', count: 1, ...line }], ...more },
});
const changeLine = (line: Fields): Fields => ({ changes: { approvals: [{ role: 'policy', count: 1, ...line }] } });
const window = (fields: Fields): Fields => ({
  windows: [{ schedule: '0 9 * * 1-5', duration: '8h', timeZone: 'America/New_York', ...fields }],
});
const check = (fields: Fields): Fields => ({
  health: { checks: [{ name: 'smoke', http: { url: 'http://api.payments-prod.svc:8080/healthz' }, ...fields }] },
});
const http = (fields: Fields): Fields => check({ http: { url: 'https://api/healthz', ...fields } });
const expedited = (fields: Fields): Fields => ({
  expedited: { soak: '0s', approvals: [{ role: 'sre', count: 1 }], ...fields },
});
const unmanaged = (path: string): Fields => ({
  unmanagedFields: [{ kind: 'Deployment', name: 'api', fields: [path] }],
});
const ticket = (pattern: string): Fields => ({ changeTicket: { mode: 'Required', pattern } });
const freeze = (from: string, to: string): Fields => ({ freezes: [{ from, to, reason: 'year-end' }] });

const emergency = (fields: Fields): Change => spec({ emergency: fields });

const workflow = { issuer: 'https://token.example', subject: 'https://git.example/ci', root: 'public' };
const trustedRoots = [{ name: 'public', root: '{}' }];

const policy: Omit<RuleRow, 'kind'>[] = [
  { at: '', bad: { name: 'staging' }, twin: {} },
  { at: 'spec.evidence[].type', bad: spec(demand({ type: 'test' })), twin: spec(demand({ type: 'Test2' })) },
  { at: 'spec.evidence[].maxAge', bad: spec(demand({ maxAge: '8761h' })), twin: spec(demand({ maxAge: '8760h' })) },
  {
    at: 'spec.evidence[].most',
    bad: spec(demand({ most: { 'very critical': 0 } })),
    twin: spec(demand({ most: { critical: 0 } })),
  },
  {
    at: 'spec.evidence[].signedBy[].name',
    bad: spec(demand({ signedBy: [{ name: 'CI', key: ed25519Key().pem }] })),
    twin: spec(demand({ signedBy: [{ name: 'ci', key: ed25519Key().pem }] })),
  },
  {
    at: 'spec.evidence[].signedBy[]',
    bad: spec({ ...demand({ signedBy: [{ name: 'ci', key: ecKey().pem, identity: workflow }] }), trustedRoots }),
    twin: spec({ ...demand({ signedBy: [{ name: 'ci', identity: workflow }] }), trustedRoots }),
  },
  {
    at: 'spec.evidence[].signedBy[].identity.root',
    bad: spec({ ...demand({ signedBy: [{ name: 'ci', identity: { ...workflow, root: 'Public' } }] }), trustedRoots }),
    twin: spec({ ...demand({ signedBy: [{ name: 'ci', identity: workflow }] }), trustedRoots }),
  },
  {
    at: 'spec.trustedRoots[].name',
    bad: spec({ trustedRoots: [{ name: 'Public', root: '{}' }] }),
    twin: spec({ trustedRoots: [{ name: 'public', root: '{}' }] }),
  },
  {
    at: 'spec',
    says: 'spec.trustedRoots',
    bad: spec({ ...demand({ signedBy: [{ name: 'ci', identity: workflow }] }) }),
    twin: spec({ ...demand({ signedBy: [{ name: 'ci', identity: workflow }] }), trustedRoots }),
  },
  {
    at: 'spec.evidence[]',
    says: 'builders are read from signed provenance',
    bad: spec(demand({ type: 'Provenance', builders: ['https://ci'] })),
    twin: spec(demand({ type: 'Provenance', builders: ['https://ci'], signedBy: [{ name: 'ci', key: ecKey().pem }] })),
  },
  {
    at: 'spec.evidence[]',
    says: 'sources, unknownAuthors and bots',
    bad: spec(demand({ type: 'TestReport', bots: ['dependabot[bot]'], signedBy: [{ name: 'ci', key: ecKey().pem }] })),
    twin: spec(demand({ type: 'Source', bots: ['dependabot[bot]'], signedBy: [{ name: 'ci', key: ecKey().pem }] })),
  },
  {
    at: 'spec.evidence[]',
    says: 'anybody could type who made the source',
    bad: spec(demand({ type: 'Source' })),
    twin: spec(demand({ type: 'Source', signedBy: [{ name: 'ci', key: ecKey().pem }] })),
  },
  {
    at: 'spec',
    says: 'spec.gitOpsWriters',
    bad: spec({ gitOpsWriters: ['system:serviceaccount:argocd:controller'] }),
    twin: spec({ deliveredBy: 'GitOps', gitOpsWriters: ['system:serviceaccount:argocd:controller'] }),
  },
  {
    at: 'spec.operate.scale[]',
    says: 'min must not be above max',
    bad: spec({ operate: { scale: [{ kind: 'Deployment', name: 'api', min: 5, max: 2 }] } }),
    twin: spec({ operate: { scale: [{ kind: 'Deployment', name: 'api', min: 2, max: 5 }] } }),
  },
  { at: 'spec.emergency.maxDuration', bad: emergency({ maxDuration: '24h1s' }), twin: emergency({ maxDuration: '24h' }) },
  { at: 'spec.emergency.maxDuration', bad: emergency({ maxDuration: '59s' }), twin: emergency({ maxDuration: '1m' }) },
  { at: 'spec.emergency.followUpWithin', bad: emergency({ followUpWithin: '169h' }), twin: emergency({ followUpWithin: '168h' }) },
  {
    at: 'spec.trustedAutomation[]',
    bad: spec({ trustedAutomation: ['developer-a'] }),
    twin: spec({ trustedAutomation: ['system:serviceaccount:ci:releaser'] }),
  },
  {
    at: 'spec.approvals[]',
    bad: spec(approvals({ oneFromEach: ['payments-owners', 'change-board'] })),
    twin: spec(approvals({ count: 2, oneFromEach: ['payments-owners', 'change-board'] })),
  },
  { at: 'spec.approvals[].role', bad: spec(approvals({ role: 'constructor' })), twin: spec(approvals({ role: 'builder' })) },
  { at: 'spec.approvals[].role', bad: spec(approvals({ role: '__proto__' })), twin: spec(approvals({ role: 'proto' })) },
  { at: 'spec.approvals[].role', bad: spec(approvals({ role: 'аpprover' })), twin: spec(approvals({ role: 'approver' })) },
  { at: 'spec.approvalValidFor', bad: spec({ approvalValidFor: '59s' }), twin: spec({ approvalValidFor: '60s' }) },
  { at: 'spec.approvalValidFor', bad: spec({ approvalValidFor: '' }), twin: spec({ approvalValidFor: '1h30m' }) },
  { at: 'spec.approvalValidFor', bad: spec({ approvalValidFor: '3d' }), twin: spec({ approvalValidFor: '72h' }) },
  { at: 'spec.notify.remindAfter', bad: spec({ notify: { remindAfter: '30s' } }), twin: spec({ notify: { remindAfter: '30m' } }) },
  { at: 'spec.notify.routes[].sink', bad: spec({ notify: { routes: [{ sink: 'Chat' }] } }), twin: spec({ notify: { routes: [{ sink: 'chat' }] } }) },
  {
    at: 'spec.notify.routes[].roles[]',
    bad: spec({ notify: { routes: [{ sink: 'chat', roles: ['Tester'] }] } }),
    twin: spec({ notify: { routes: [{ sink: 'chat', roles: ['tester'] }] } }),
  },
  {
    at: 'spec.notify.routes[].packages[]',
    bad: spec({ notify: { routes: [{ sink: 'chat', packages: ['Payments'] }] } }),
    twin: spec({ notify: { routes: [{ sink: 'chat', packages: ['payments'] }] } }),
  },
  { at: 'spec.candidateValidFor', bad: spec({ candidateValidFor: '2161h' }), twin: spec({ candidateValidFor: '2160h' }) },
  { at: 'spec.changeTicket.pattern', bad: spec(ticket('CHG[0-9]{7}')), twin: spec(ticket('^CHG[0-9]{7}$')) },
  { at: 'spec.changeTicket.pattern', bad: spec(ticket('^(A+)+$')), twin: spec(ticket(String.raw`^[A-Z]+-\d+[A-Z]?$`)) },
  { at: 'spec.changeTicket.pattern', bad: spec(ticket('^A*B*C*D*$')), twin: spec(ticket('^A*B*C*D$')) },
  { at: 'spec.soak', bad: spec({ soak: '720h1s' }), twin: spec({ soak: '720h' }) },
  { at: 'spec.soak', bad: spec({ soak: '-1h' }), twin: spec({ soak: '0s' }) },
  { at: 'spec.windows[].schedule', bad: spec(window({ schedule: '0 9 * *' })), twin: spec(window({ schedule: '0 9 * * *' })) },
  { at: 'spec.windows[].schedule', bad: spec(window({ schedule: '60 9 * * 1' })), twin: spec(window({ schedule: '*/5 9-17 1,15 JAN-MAR MON-FRI' })) },
  { at: 'spec.windows[].schedule', bad: spec(window({ schedule: '0 24 * * 1' })), twin: spec(window({ schedule: '0 23 * * 1' })) },
  { at: 'spec.windows[].duration', bad: spec(window({ duration: '169h' })), twin: spec(window({ duration: '168h' })) },
  { at: 'spec.windows[].timeZone', bad: spec(window({ timeZone: '' })), twin: spec(window({ timeZone: 'UTC' })) },
  { at: 'spec.windows[].timeZone', bad: spec(window({ timeZone: 'Local' })), twin: spec(window({ timeZone: 'Asia/Kolkata' })) },
  { at: 'spec.windows[].timeZone', bad: spec(window({ timeZone: 'Europe/Atlantis' })), twin: spec(window({ timeZone: 'Europe/Athens' })) },
  {
    at: 'spec.freezes[]',
    bad: spec(freeze('2027-01-04T00:00:00Z', '2026-12-18T00:00:00Z')),
    twin: spec(freeze('2026-12-18T00:00:00Z', '2027-01-04T00:00:00Z')),
  },
  { at: 'spec.expedited.soak', bad: spec(expedited({ soak: '1w' })), twin: spec(expedited({ soak: '10m' })) },
  {
    at: 'spec.exceptions.maxDuration',
    bad: spec(exceptionLine({}, { maxDuration: '59m' })),
    twin: spec(exceptionLine({}, { maxDuration: '1h' })),
  },
  {
    at: 'spec.exceptions.approvals[]',
    bad: spec(exceptionLine({ oneFromEach: ['a', 'b'] })),
    twin: spec(exceptionLine({ oneFromEach: ['a'] })),
  },
  {
    at: 'spec.exceptions.approvals[].role',
    bad: spec(exceptionLine({ role: 'Security' })),
    twin: spec(exceptionLine({ role: 'security' })),
  },
  {
    at: 'spec.changes.approvals[]',
    bad: spec(changeLine({ oneFromEach: ['a', 'b'] })),
    twin: spec(changeLine({ oneFromEach: ['a'] })),
  },
  {
    at: 'spec.changes.approvals[].role',
    bad: spec(changeLine({ role: 'Policy' })),
    twin: spec(changeLine({ role: 'policy' })),
  },
  {
    at: 'spec.expedited.approvals[]',
    bad: spec(expedited({ approvals: [{ role: 'sre', count: 1, oneFromEach: ['a', 'b'] }] })),
    twin: spec(expedited({ approvals: [{ role: 'sre', count: 1, oneFromEach: ['a'] }] })),
  },
  {
    at: 'spec.expedited.approvals[].role',
    bad: spec(expedited({ approvals: [{ role: 'SRE', count: 1 }] })),
    twin: spec(expedited({ approvals: [{ role: 'sre', count: 1 }] })),
  },
  {
    at: 'spec.injected[].container',
    bad: spec({ injected: [{ kind: 'Deployment', name: 'gateway', container: 'Istio_Proxy' }] }),
    twin: spec({ injected: [{ kind: 'Deployment', name: 'gateway', container: 'istio-proxy' }] }),
  },
  { at: 'spec.unmanagedFields[].fields[]', bad: spec(unmanaged('spec.')), twin: spec(unmanaged('spec.replicas')) },
  {
    at: 'spec.unmanagedFields[].fields[]',
    bad: spec(unmanaged("metadata.annotations['example.com/x']")),
    twin: spec(unmanaged('metadata.annotations[example.com/x]')),
  },
  {
    at: 'spec.unmanagedFields[]',
    says: 'name a field below metadata or spec',
    bad: spec(unmanaged('spec')),
    twin: spec(unmanaged('data')),
  },
  {
    at: 'spec.unmanagedFields[].fields[]',
    bad: spec(unmanaged('spec.template.spec.containers[0].resources')),
    twin: spec(unmanaged('spec.template.spec.containers[name=app].resources')),
  },
  {
    at: 'spec.health.progressTimeout',
    bad: spec({ health: { progressTimeout: '9s' } }),
    twin: spec({ health: { progressTimeout: '10s' } }),
  },
  {
    at: 'spec.health.rollbackTimeout',
    bad: spec({ health: { rollbackTimeout: '9s' } }),
    twin: spec({ health: { rollbackTimeout: '10s' } }),
  },
  { at: 'spec.health.settle', bad: spec({ health: { settle: '11m' } }), twin: spec({ health: { settle: '0s' } }) },
  { at: 'spec.health.nodeGrace', bad: spec({ health: { nodeGrace: '31m' } }), twin: spec({ health: { nodeGrace: '0s' } }) },
  {
    at: 'spec.health.restarts.within',
    bad: spec({ health: { restarts: { within: '0s' } } }),
    twin: spec({ health: { restarts: { within: '1s' } } }),
  },
  { at: 'spec.health.observeFor', bad: spec({ health: { observeFor: '169h' } }), twin: spec({ health: { observeFor: '0s' } }) },
  {
    at: 'spec.health.checks[]',
    says: 'prometheus',
    bad: spec(check({ prometheus: { query: 'up' } })),
    twin: spec(check({})),
  },
  { at: 'spec.health.checks[]', says: 'add http', bad: spec(check({ http: undefined })), twin: spec(check({})) },
  { at: 'spec.health.checks[].name', bad: spec(check({ name: 'prototype' })), twin: spec(check({ name: 'smoke-2' })) },
  { at: 'spec.health.checks[].http.url', bad: spec(http({ url: 'file:///etc/passwd' })), twin: spec(http({ url: 'http://10.0.0.1/' })) },
  { at: 'spec.health.checks[].http.url', bad: spec(http({ url: 'http://u:p@api/' })), twin: spec(http({ url: 'https://api:8443' })) },
  { at: 'spec.health.checks[].http.interval', bad: spec(http({ interval: '0s' })), twin: spec(http({ interval: '1s' })) },
];

const ofGroup = (group: string) => ({
  kind: 'Gateway',
  name: 'web',
  group,
  apiVersion: 'gateway.networking.k8s.io/v1',
});
const leavesOut = (object: ReturnType<typeof ofGroup>) => ({
  components: undefined,
  selector: { matchLabels: { app: 'payments' } },
  leaveOut: [{ ...object, reason: 'production has its own' }],
});

const candidate: Omit<RuleRow, 'kind'>[] = [
  { at: '', bad: { name: 'a'.repeat(53) }, twin: { name: 'a'.repeat(52) } },
  {
    at: 'spec',
    says: 'exactly once',
    bad: spec({ components: undefined }),
    twin: spec({ components: undefined, selector: { matchLabels: { app: 'payments' } } }),
  },
  { at: 'spec', says: 'exactly once', bad: spec({ selector: { matchLabels: { app: 'payments' } } }), twin: {} },
  {
    at: 'spec.selector.matchLabels',
    bad: spec({ components: undefined, selector: { matchLabels: { [`${'a'.repeat(254)}/${'b'.repeat(63)}`]: 'api' } } }),
    twin: spec({ components: undefined, selector: { matchLabels: { [`${'a'.repeat(253)}/${'b'.repeat(63)}`]: 'api' } } }),
  },
  { at: 'spec', says: 'Expedited', bad: spec({ urgency: 'Expedited' }), twin: spec({ urgency: 'Expedited', incident: 'INC-4711' }) },
  {
    at: 'spec',
    says: 'Page',
    bad: spec({ onFailure: 'Page' }),
    twin: spec({ onFailure: 'Page', pageReason: 'drops a column' }),
  },
  {
    at: 'spec',
    says: 'spec.leaveOut goes with spec.selector',
    bad: spec({ leaveOut: [{ kind: 'Secret', name: 'seed', reason: 'production has its own' }] }),
    twin: spec({
      components: undefined,
      selector: { matchLabels: { app: 'payments' } },
      leaveOut: [{ kind: 'Secret', name: 'seed', reason: 'production has its own' }],
    }),
  },
  {
    at: 'spec.irreversible[]',
    says: 'name the fields',
    bad: spec({ irreversible: [{ kind: 'ConfigMap', name: 'settings', reason: 'it goes' }] }),
    twin: spec({ irreversible: [{ kind: 'PersistentVolumeClaim', name: 'settings', reason: 'it goes' }] }),
  },
  {
    at: 'spec.irreversible[]',
    says: 'name the fields',
    bad: spec({ irreversible: [{ kind: 'StatefulSet', group: 'apps.example.com', name: 'db', reason: 'it goes' }] }),
    twin: spec({ irreversible: [{ kind: 'StatefulSet', group: 'apps', name: 'db', reason: 'it goes' }] }),
  },
  {
    at: 'spec',
    says: 'spec.reverts',
    bad: spec({ reverts: [{ kind: 'Deployment', name: 'api' }] }),
    twin: spec({ reverts: [{ kind: 'Deployment', name: 'api' }], followsUp: 'inc-4711' }),
  },
  {
    at: 'spec.reverts[]',
    says: 'a Job runs as',
    bad: spec({ reverts: [{ kind: 'Job', name: 'm'.repeat(55) }], followsUp: 'inc-4711' }),
    twin: spec({ reverts: [{ kind: 'Job', name: 'm'.repeat(54) }], followsUp: 'inc-4711' }),
  },
  {
    at: 'spec.components[]',
    says: 'different groups',
    bad: spec({ components: [ofGroup('networking.istio.io')] }),
    twin: spec({ components: [ofGroup('gateway.networking.k8s.io')] }),
  },
  {
    at: 'spec.reverts[]',
    says: 'different groups',
    bad: spec({ reverts: [ofGroup('networking.istio.io')], followsUp: 'inc-4711' }),
    twin: spec({ reverts: [ofGroup('gateway.networking.k8s.io')], followsUp: 'inc-4711' }),
  },
  {
    at: 'spec.leaveOut[]',
    bad: spec(leavesOut(ofGroup('networking.istio.io'))),
    twin: spec(leavesOut(ofGroup('gateway.networking.k8s.io'))),
  },
  { at: 'spec.package', bad: spec({ package: '__proto__' }), twin: spec({ package: 'proto' }) },
  { at: 'spec.package', bad: spec({ package: 'рayments' }), twin: spec({ package: 'payments' }) },
  { at: 'spec.package', bad: spec({ package: '' }), twin: spec({ package: 'p' }) },
  { at: 'spec.version', bad: spec({ version: 'v 2' }), twin: spec({ version: 'v2.0.0-rc.1+build_7' }) },
  {
    at: 'spec.components[]',
    says: 'a Job runs as',
    bad: spec({ components: [{ kind: 'Job', name: 'm'.repeat(55) }] }),
    twin: spec({ components: [{ kind: 'Job', name: 'm'.repeat(54) }] }),
  },
];

const part = { of: 'payments-2.4.0-1a2b3c4d', index: 0 };
const empty = { candidate: undefined, digest: undefined, package: undefined };

const bundle: Omit<RuleRow, 'kind'>[] = [
  { at: 'spec', says: 'a head needs targetNamespace', bad: spec({ digest: undefined }), twin: spec({ ...empty, part }) },
  { at: 'spec', says: 'a head needs spec.candidate', bad: spec({ candidate: undefined }), twin: spec({ candidate: undefined, baseline: true }) },
  { at: 'spec', says: 'objects only', bad: spec({ part }), twin: spec({ ...empty, part }) },
  {
    at: 'spec',
    says: 'either here or in parts',
    bad: spec({ parts: ['p-0'], objects: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'c', digest: someDigest, content: '{}' }] }),
    twin: spec({ parts: ['p-0'] }),
  },
];

const approval: Omit<RuleRow, 'kind'>[] = [
  { at: 'spec', says: 'Reject', bad: spec({ decision: 'Reject' }), twin: spec({ decision: 'Reject', comment: 'no tests' }) },
  { at: 'spec.role', bad: spec({ role: 'Approver' }), twin: spec({ role: 'tester' }) },
  {
    at: 'spec',
    says: 'a signature for a Hold',
    bad: spec({ subject: { kind: 'Hold', name: 'payments-2.4.0', uid: '1' } }),
    twin: spec({ subject: { kind: 'Hold', name: 'payments-2.4.0', uid: '1' }, comment: 'the node was full' }),
  },
];

const rollback: Omit<RuleRow, 'kind'>[] = [
  { at: 'spec.package', bad: spec({ package: 'constructor' }), twin: spec({ package: 'construction' }) },
];

const exception: Omit<RuleRow, 'kind'>[] = [
  { at: 'spec.package', bad: spec({ package: 'constructor' }), twin: spec({ package: 'construction' }) },
];

const emergencyAccess: Omit<RuleRow, 'kind'>[] = [
  { at: '', says: 'nobody grants themselves access', bad: spec({ grantee: 'sre-a' }), twin: spec({ grantee: 'sre-b' }) },
  {
    at: '',
    says: 'only people',
    bad: spec({ grantee: 'system:serviceaccount:ci:releaser' }),
    twin: spec({ grantee: 'serviceaccount:ci:releaser' }),
  },
  { at: '', says: 'only people', bad: spec({ grantee: 'system:admin' }), twin: spec({ grantee: 'admin' }) },
  { at: 'spec.duration', bad: spec({ duration: '24h1s' }), twin: spec({ duration: '24h' }) },
  { at: 'spec.duration', bad: spec({ duration: '59s' }), twin: spec({ duration: '1m' }) },
  { at: 'spec.duration', bad: spec({ duration: '' }), twin: spec({ duration: '1h30m' }) },
];

const ledger: Omit<RuleRow, 'kind'>[] = [
  { at: '', bad: { name: '0' }, twin: {} },
  {
    at: '',
    bad: { name: '000000000009', spec: { seq: 8, previous: someDigest } },
    twin: { name: '000000000008', spec: { seq: 8, previous: someDigest } },
  },
  { at: 'spec', says: 'begins once', bad: spec({ previous: someDigest }), twin: {} },
  {
    at: 'spec',
    says: 'begins once',
    bad: { name: '000000000001', spec: { seq: 1 } },
    twin: { name: '000000000001', spec: { seq: 1, previous: someDigest } },
  },
];

/** Text that people type: `put` says where it stands. */
interface TextField {
  readonly kind: Kind;
  readonly at: string;
  readonly lines: 'one' | 'many';
  readonly put: (text: string) => Change;
}

const identityFields = (kind: Kind, field: string): TextField[] => [
  { kind, at: `spec.${field}.username`, lines: 'one', put: (username) => spec({ [field]: { username } }) },
  { kind, at: `spec.${field}.uid`, lines: 'one', put: (uid) => spec({ [field]: { username: 'sre-a', uid } }) },
];

const aReport = { mediaType: 'application/xml', sha256: someDigest };

const notes = (field: string, lines: 'one' | 'many', put: (text: string) => unknown = (text) => text): TextField => ({
  kind: 'ReleaseCandidate',
  at: `spec.notes.${field}${lines === 'one' ? '[]' : ''}`,
  lines,
  put: (text) => spec({ notes: { [field]: put(text) } }),
});

const textFields: readonly TextField[] = [
  { kind: 'ReleasePolicy', at: 'spec.approvals[].oneFromEach[]', lines: 'one', put: (group) => spec(approvals({ oneFromEach: [group] })) },
  {
    kind: 'ReleasePolicy',
    at: 'spec.expedited.approvals[].oneFromEach[]',
    lines: 'one',
    put: (group) => spec(expedited({ approvals: [{ role: 'sre', count: 1, oneFromEach: [group] }] })),
  },
  {
    kind: 'ReleasePolicy',
    at: 'spec.exceptions.approvals[].oneFromEach[]',
    lines: 'one',
    put: (group) => spec(exceptionLine({ oneFromEach: [group] })),
  },
  {
    kind: 'ReleasePolicy',
    at: 'spec.changes.approvals[].oneFromEach[]',
    lines: 'one',
    put: (group) => spec(changeLine({ oneFromEach: [group] })),
  },
  { kind: 'ReleasePolicy', at: 'spec.gitOpsWriters[]', lines: 'one', put: (name) => spec({ deliveredBy: 'GitOps', gitOpsWriters: [name] }) },
  {
    kind: 'ReleasePolicy',
    at: 'spec.platformWriters[].identity',
    lines: 'one',
    put: (name) => spec({ platformWriters: [{ identity: name, kind: 'Secret', names: ['db'] }] }),
  },
  {
    kind: 'ReleasePolicy',
    at: 'spec.freezes[].reason',
    lines: 'one',
    put: (reason) => spec({ freezes: [{ from: '2026-12-24T00:00:00Z', to: '2026-12-26T00:00:00Z', reason }] }),
  },
  notes('summary', 'many'),
  notes('changes', 'one', (text) => [text]),
  notes('dependencies', 'one', (text) => [text]),
  notes('installation', 'many'),
  notes('rollbackPlan', 'many'),
  notes('analysis', 'many'),
  { kind: 'ReleaseCandidate', at: 'spec.change', lines: 'one', put: (change) => spec({ change }) },
  { kind: 'ReleaseCandidate', at: 'spec.incident', lines: 'one', put: (incident) => spec({ incident }) },
  { kind: 'ReleaseCandidate', at: 'spec.pageReason', lines: 'many', put: (pageReason) => spec({ pageReason }) },
  {
    kind: 'ReleaseCandidate',
    at: 'spec.irreversible[].reason',
    lines: 'one',
    put: (reason) => spec({ irreversible: [{ kind: 'StatefulSet', name: 'db', reason }] }),
  },
  {
    kind: 'ReleaseCandidate',
    at: 'spec.leaveOut[].reason',
    lines: 'one',
    put: (reason) =>
      spec({
        components: undefined,
        selector: { matchLabels: { app: 'payments' } },
        leaveOut: [{ kind: 'Secret', name: 'seed', reason }],
      }),
  },
  { kind: 'ReleaseCandidate', at: 'spec.onBehalfOf[]', lines: 'one', put: (name) => spec({ onBehalfOf: [name] }) },
  { kind: 'ReleaseCandidate', at: 'spec.followsUp', lines: 'one', put: (followsUp) => spec({ followsUp }) },
  {
    kind: 'ReleaseCandidate',
    at: 'spec.selector.matchLabels.*',
    lines: 'one',
    put: (app) => spec({ components: undefined, selector: { matchLabels: { app } } }),
  },
  ...identityFields('ReleaseCandidate', 'author'),
  { kind: 'Approval', at: 'spec.comment', lines: 'many', put: (comment) => spec({ comment }) },
  ...identityFields('Approval', 'approver'),
  { kind: 'Evidence', at: 'spec.comment', lines: 'many', put: (comment) => spec({ comment }) },
  { kind: 'Evidence', at: 'spec.report.inline', lines: 'many', put: (inline) => spec({ report: { ...aReport, inline } }) },
  ...identityFields('Evidence', 'reporter'),
  { kind: 'Rollback', at: 'spec.reason', lines: 'many', put: (reason) => spec({ reason }) },
  ...identityFields('Rollback', 'requester'),
  { kind: 'EmergencyAccess', at: 'spec.grantee', lines: 'one', put: (grantee) => spec({ grantee }) },
  { kind: 'EmergencyAccess', at: 'spec.reason', lines: 'many', put: (reason) => spec({ reason }) },
  { kind: 'EmergencyAccess', at: 'spec.incident', lines: 'one', put: (incident) => spec({ incident }) },
  ...identityFields('EmergencyAccess', 'grantor'),
  { kind: 'PolicyException', at: 'spec.reason', lines: 'many', put: (reason) => spec({ reason }) },
  { kind: 'PolicyException', at: 'spec.risk', lines: 'many', put: (risk) => spec({ risk }) },
  ...identityFields('PolicyException', 'requester'),
  { kind: 'PolicyChange', at: 'spec.reason', lines: 'many', put: (reason) => spec({ reason }) },
  ...identityFields('PolicyChange', 'author'),
];

const evidence: readonly Omit<RuleRow, 'kind'>[] = [
  { at: 'spec.type', bad: spec({ type: 'testReport' }), twin: spec({ type: 'TestReport' }) },
  {
    at: 'spec.subject',
    says: 'exactly once',
    bad: spec({ subject: {} }),
    twin: spec({ subject: { images: [noDigest] } }),
  },
  { at: 'spec.summary', bad: spec({ summary: { 'not a name': 1 } }), twin: spec({ summary: { 'by-name_1.x': 1 } }) },
  { at: 'spec.report.url', bad: spec({ report: { ...aReport, url: 'ftp://ci/report' } }), twin: spec({ report: { ...aReport, url: 'https://ci/report' } }) },
  {
    at: 'spec.report',
    says: 'at most 256 KiB',
    bad: spec({ report: { ...aReport, inline: 'ü'.repeat(131_073) } }),
    twin: spec({ report: { ...aReport, inline: 'ü'.repeat(131_072) } }),
  },
];

/** What would move the cursor, hide or reorder. */
const unseen: readonly string[] = ['\u001b[2K', '\r', '\u009b1A', '\u202e', '\u2067', '\u200b', '\u2028', '\ufeff', '\u{e0041}'];

const textRows: readonly RuleRow[] = textFields.flatMap(({ kind, at, lines, put }, place) =>
  // Every field refuses two of them, and all fields together each several times.
  [unseen[place % unseen.length] ?? '', lines === 'one' ? 'a\nb' : '\u0000'].map((bad) => ({
    kind,
    at,
    says: 'no control character',
    bad: put(`read ${bad}it`),
    twin: put(lines === 'one' ? 'read it: größer, 価格' : 'read it:\n\tgrößer, می‌خواهم'),
  })),
);

const of = (kind: Kind, rows: readonly Omit<RuleRow, 'kind'>[]): RuleRow[] => rows.map((row) => ({ kind, ...row }));

const ofObjects: readonly RuleRow[] = [
  ...overlayRows,
  ...of('ReleasePolicy', policy),
  ...of('ReleaseCandidate', candidate),
  ...of('ReleaseBundle', bundle),
  ...of('Approval', approval),
  ...of('Evidence', evidence),
  ...of('Rollback', rollback),
  ...of('EmergencyAccess', emergencyAccess),
  ...of('PolicyException', exception),
  ...of('LedgerEntry', ledger),
  ...textRows,
];

const within = (change: Change): Change => spec({ policy: { ...policySpec, ...change.spec } });

/** What a policy may not say, a change of one does not ask for. */
const ofChanges: readonly RuleRow[] = ofObjects.flatMap((row) =>
  row.kind === 'ReleasePolicy' && row.at.startsWith('spec')
    ? [
        {
          ...row,
          kind: 'PolicyChange',
          at: row.at.replace('spec', 'spec.policy'),
          bad: within(row.bad),
          twin: within(row.twin),
        },
      ]
    : [],
);

/** Rules that are judged when an object is created. */
export const ruleRows: readonly RuleRow[] = [...ofObjects, ...ofChanges];

/** What the API server refuses by type, bound or pattern, without a rule of ours. */
export const boundRows: readonly { kind: Kind; field: string; bad: Change; twin: Change }[] = [
  {
    kind: 'ReleasePolicy',
    field: 'spec.people[0].identities[0]',
    bad: spec({ people: [{ name: 'a', identities: ['a\u202e', 'b'] }] }),
    twin: spec({ people: [{ name: 'a', identities: ['größer', 'b'] }] }),
  },
  { kind: 'ReleasePolicy', field: 'spec.approvals', bad: spec({ approvals: [] }), twin: {} },
  { kind: 'ReleasePolicy', field: 'spec.approvals[0].count', bad: spec(approvals({ count: 0 })), twin: spec(approvals({ count: 10 })) },
  {
    kind: 'ReleasePolicy',
    field: 'spec.approvals[1]',
    bad: spec({ approvals: [{ role: 'tester', count: 1 }, { role: 'tester', count: 2 }] }),
    twin: spec({ approvals: [{ role: 'tester', count: 1 }, { role: 'approver', count: 2 }] }),
  },
  { kind: 'ReleasePolicy', field: 'spec.minor[0]', bad: spec({ minor: ['data loss'] }), twin: spec({ minor: ['image'] }) },
  ...[rsaKey(1024), ecKey('P-384'), ecKey('secp256k1'), { pem: ed25519Key().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }].map(
    ({ pem }) => ({
      kind: 'ReleasePolicy' as const,
      field: 'spec.evidence[0].signedBy[0].key',
      bad: spec(demand({ signedBy: [{ name: 'ci', key: pem }] })),
      twin: spec(demand({ signedBy: [{ name: 'ci', key: rsaKey().pem }] })),
    }),
  ),
  ...[rsaKey(3072), rsaKey(4096), ecKey(), ed25519Key()].map(({ pem }) => ({
    kind: 'ReleasePolicy' as const,
    field: 'spec.evidence[0].signedBy[0].key',
    bad: spec(demand({ signedBy: [{ name: 'ci', key: pem.replace('PUBLIC', 'RSA PUBLIC') }] })),
    twin: spec(demand({ signedBy: [{ name: 'ci', key: pem }] })),
  })),
  { kind: 'ReleasePolicy', field: 'spec.evidence[0].about', bad: spec(demand({ about: 'Staging' })), twin: spec(demand({ about: 'Images' })) },
  { kind: 'ReleasePolicy', field: 'spec.reviewBy', bad: spec({ reviewBy: '2027-02-29' }), twin: spec({ reviewBy: '2028-02-29' }) },
  { kind: 'ReleasePolicy', field: 'spec.reviewBy', bad: spec({ reviewBy: undefined }), twin: {} },
  { kind: 'ReleasePolicy', field: 'spec.sourceNamespace', bad: spec({ sourceNamespace: 'Staging' }), twin: spec({ sourceNamespace: 'staging' }) },
  {
    kind: 'ReleaseCandidate',
    field: 'spec.components[1]',
    bad: spec({ components: [{ kind: 'Service', name: 'api' }, { kind: 'Service', name: 'api' }] }),
    twin: spec({ components: [{ kind: 'Service', name: 'api' }, { kind: 'Deployment', name: 'api' }] }),
  },
  { kind: 'ReleaseCandidate', field: 'spec.author', bad: spec({ author: undefined }), twin: {} },
  {
    kind: 'ReleaseCandidate',
    field: 'spec.overlay[0].patch',
    bad: spec({ overlay: [{ kind: 'Deployment', name: 'api', patch: {} }] }),
    twin: spec({ overlay: [{ kind: 'Deployment', name: 'api', patch: { spec: { replicas: 6 } } }] }),
  },
  { kind: 'Approval', field: 'spec.digest', bad: spec({ digest: `sha256:${'A'.repeat(64)}` }), twin: spec({ digest: noDigest }) },
  {
    kind: 'Approval',
    field: 'spec.comment',
    bad: spec({ comment: '🚀'.repeat(4097) }),
    twin: spec({ comment: '🚀'.repeat(4096) }),
  },
  {
    kind: 'Approval',
    field: 'spec.subject.kind',
    bad: spec({ subject: { kind: 'Secret', name: 'production', uid: '1' } }),
    twin: spec({ subject: { kind: 'ReleasePolicy', name: 'production', uid: '1' } }),
  },
  {
    kind: 'ReleasePolicy',
    field: 'spec.emergency.endSessions',
    bad: emergency({ endSessions: 'Keep' }),
    twin: emergency({ endSessions: 'Report' }),
  },
  { kind: 'ReleasePolicy', field: 'spec.emergency.maxActive', bad: emergency({ maxActive: 0 }), twin: emergency({ maxActive: 1 }) },
  { kind: 'Evidence', field: 'spec.performedAt', bad: spec({ performedAt: 'today' }), twin: spec({ performedAt: '2026-05-04T09:00:00.5Z' }) },
  { kind: 'Evidence', field: 'spec.result', bad: spec({ result: 'Skipped' }), twin: spec({ result: 'Failed' }) },
  { kind: 'Evidence', field: 'spec.summary.critical', bad: spec({ summary: { critical: -1 } }), twin: spec({ summary: { critical: 0 } }) },
  { kind: 'Evidence', field: 'spec.statement', bad: spec({ statement: ' '.repeat(262_145) }), twin: spec({ statement: ' '.repeat(262_144) }) },
  { kind: 'Evidence', field: 'spec.statement', bad: spec({ statement: '{"a":"\u202e"}' }), twin: spec({ statement: '{"a":\n\t1}\r\n' }) },
  // The line of a signed note, as the proof of a log in a Sigstore bundle ends.
  { kind: 'Evidence', field: 'spec.statement', bad: spec({ statement: '{"a":"é"}' }), twin: spec({ statement: '{"a":"\u2014 rekor.example sig"}' }) },
  {
    kind: 'Evidence',
    field: 'spec.subject.images',
    bad: spec({ subject: { images: [] } }),
    twin: spec({ subject: { images: [noDigest] } }),
  },
  { kind: 'Evidence', field: 'spec.reporter', bad: spec({ reporter: undefined }), twin: {} },
  { kind: 'EmergencyAccess', field: 'spec.reason', bad: spec({ reason: '' }), twin: spec({ reason: 'x' }) },
  { kind: 'EmergencyAccess', field: 'spec.reason', bad: spec({ reason: undefined }), twin: {} },
  { kind: 'EmergencyAccess', field: 'spec.incident', bad: spec({ incident: undefined }), twin: {} },
  { kind: 'EmergencyAccess', field: 'spec.duration', bad: spec({ duration: undefined }), twin: {} },
  { kind: 'EmergencyAccess', field: 'spec.grantee', bad: spec({ grantee: undefined }), twin: {} },
  { kind: 'EmergencyAccess', field: 'spec.grantor', bad: spec({ grantor: undefined }), twin: {} },
  {
    kind: 'Approval',
    field: 'spec.subject.kind',
    bad: spec({ subject: { kind: 'Emergency', name: 'inc-4711', uid: '1' } }),
    twin: spec({ subject: { kind: 'EmergencyAccess', name: 'inc-4711', uid: '1' } }),
  },
  { kind: 'PolicyException', field: 'spec.gates[0]', bad: spec({ gates: ['Approvals'] }), twin: spec({ gates: ['Evidence'] }) },
  { kind: 'PolicyException', field: 'spec.gates', bad: spec({ gates: [] }), twin: spec({ gates: ['Soak', 'Freeze'] }) },
  { kind: 'PolicyException', field: 'spec.until', bad: spec({ until: 'tomorrow' }), twin: spec({ until: '2026-05-05T18:00:00.5Z' }) },
  {
    kind: 'ReleasePolicy',
    field: 'spec.exceptions.gates[0]',
    bad: spec({ exceptions: { gates: ['SegregationOfDuties'], approvals: [{ role: 'risk', count: 1 }] } }),
    twin: spec({ exceptions: { gates: ['Window'], approvals: [{ role: 'risk', count: 1 }] } }),
  },
  { kind: 'LedgerEntry', field: 'spec.time', bad: spec({ time: '2026-05-04T09:00:00Z' }), twin: spec({ time: '2026-05-04T09:00:00.001Z' }) },
  { kind: 'LedgerEntry', field: 'spec.type', bad: spec({ type: 'Guessed' }), twin: spec({ type: 'Refused' }) },
];

/** One change a kind whose spec never changes. */
export const frozenRows: readonly { kind: Kind; change: Fields }[] = [
  { kind: 'ReleaseCandidate', change: { version: '2.4.1' } },
  { kind: 'ReleaseBundle', change: { deltaText: 'nothing to see' } },
  { kind: 'Approval', change: { digest: noDigest } },
  { kind: 'Evidence', change: { result: 'Failed' } },
  { kind: 'Rollback', change: { reason: 'changed my mind' } },
  { kind: 'EmergencyAccess', change: { duration: '5h' } },
  { kind: 'PolicyException', change: { until: '2027-05-04T18:00:00Z' } },
  { kind: 'PolicyChange', change: { reason: 'another one' } },
  { kind: 'LedgerEntry', change: { type: 'Promoted' } },
];
