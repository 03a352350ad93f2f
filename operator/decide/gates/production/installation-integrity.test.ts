import { expect, test } from '@jest/globals';
import { aGateSnapshot, aRecord, digestOf, now } from '../../../../test/support/builders/decide.ts';
import type { Finding } from '../../record/expected-state.ts';
import type { GateSnapshot } from '../gate.ts';
import { installationIntegrity } from './installation-integrity.ts';

const guard = 'ValidatingAdmissionPolicy/countersign-guard-pods';

const finding = (given: Partial<Finding> = {}): Finding => ({
  id: 'an-id',
  seq: 12,
  name: '000000000012',
  at: now,
  object: 'Installation/countersign',
  home: 'countersign-system',
  change: 'Integrity',
  digest: digestOf('a'),
  before: '',
  after: { digest: digestOf('a'), scale: '', without: [] },
  managers: [],
  username: '',
  reason: 'it changed',
  parts: [{ object: guard, before: digestOf('b'), after: '' }],
  ...given,
});

const found = (...findings: readonly Finding[]): Partial<GateSnapshot> => ({
  record: aRecord({ explained: { findings: new Map(findings.map((each) => [each.id, each])) } }),
});

test.each<[sentence: string, given: Partial<GateSnapshot>, outcome: string, says: RegExp]>([
  ['an installation as the record knows it lets pass', {}, 'Passed', /unchanged/],
  [
    'findings about production do not concern it',
    found(finding({ change: 'Changed', parts: [] })),
    'Passed',
    /unchanged/,
  ],
  [
    'a changed policy holds at once, before the finding is there',
    { integrity: () => [guard] },
    'Blocked',
    new RegExp(guard),
  ],
  ['a finding holds, though the policy is back', found(finding()), 'Blocked', new RegExp(guard)],
])('%s', (_, given, outcome, says) => {
  const verdict = installationIntegrity.judge(aGateSnapshot(given), now);
  expect(verdict.outcome).toBe(outcome);
  expect(verdict.message).toMatch(says);
});

test('what is put back goes first, for an upgrade leaves what was added; a definition never goes', () => {
  const definition = 'CustomResourceDefinition/approvals.countersign.dev';
  const { remedy } = installationIntegrity.judge(aGateSnapshot({ integrity: () => [guard, definition] }), now);
  expect(remedy).toContain(
    'kubectl delete --ignore-not-found validatingadmissionpolicy/countersign-guard-pods && helm upgrade countersign',
  );
  expect(remedy).not.toContain('customresourcedefinition');
});

test('the remedy is the very command that signs for the installation, once for every namespace', () => {
  const { remedy } = installationIntegrity.judge(
    aGateSnapshot(found(finding({ digest: digestOf('c'), seq: 3 }), finding({ id: 'b' }))),
    now,
  );
  expect(remedy).toContain(
    `"namespace":"countersign-system"},"spec":{"subject":{"kind":"Installation","name":"countersign","uid":"countersign"},"digest":"${digestOf('a')}","role":"installation","decision":"Approve"}}' | kubectl create -f -`,
  );
  expect(remedy).toContain('role installation in countersign-system');
});

test('a finding of before there was that signature is signed for in its namespace', () => {
  expect(installationIntegrity.judge(aGateSnapshot(found(finding({ home: 'payments-prod' }))), now).remedy).toContain(
    `kubectl get relpol production -n payments-prod -o jsonpath='{.status.findings[?(@.name=="000000000012")].approvalManifests.tester}' | kubectl create -f -`,
  );
});
