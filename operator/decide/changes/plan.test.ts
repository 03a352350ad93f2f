import { describe, expect, test } from '@jest/globals';
import { aChangeSignature, aPolicy, aPolicyChange, aRecord, hour, now } from '../../../test/support/builders/decide.ts';
import { appliedChangeAnnotation, changedAloneAnnotation } from '../../api/kinds.ts';
import type { Approval } from '../../api/approval.ts';
import type { PolicyChangeStatus } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import type { Plan } from '../plan.ts';
import { planChange, type ChangeSnapshot } from './plan.ts';

const changes = { approvals: [{ role: 'policy', count: 1 }] };
const policy = aPolicy({ changes, soak: '1h' });
const change = aPolicyChange('shorter', { changes, soak: '0s' });
const signature = aChangeSignature(change, policy, 'b');

const snapshot = (given: Partial<ChangeSnapshot> = {}): ChangeSnapshot => ({
  change,
  approvals: [],
  policy,
  record: aRecord(),
  complete: true,
  ...given,
});

const annotated = (annotations: Record<string, string>): ReleasePolicy => ({
  ...policy,
  metadata: { ...policy.metadata, annotations },
});

/** Every question answered: rights with yes, what the API server would say to the change with this. */
const planned = (s: ChangeSnapshot, trial: Answer = { kind: 'Yes' }, at = now): Plan => {
  const answers = new Map<string, Answer>();
  for (let round = 0; round < 4; round += 1) {
    const plan = planChange(s, answers, at);
    if (plan.questions.length === 0) return plan;
    for (const each of plan.questions)
      answers.set(questionKey(each), each.ask === 'PolicyTrial' ? trial : { kind: 'Yes' });
  }
  throw new Error('it asks without end');
};

const statusOf = (plan: Plan): PolicyChangeStatus => {
  const [write] = plan.statuses;
  if (write?.kind !== 'PolicyChange') throw new Error('no status');
  return write.status;
};

const applied = (plan: Plan) => statusOf(plan).conditions.find(({ type }) => type === 'Applied');

const signedBy = (...approvals: readonly Approval[]) => snapshot({ approvals });

describe('a change of the policy', () => {
  test('says what it changes, who is missing and what they type', () => {
    const plan = planned(snapshot());
    const status = statusOf(plan);
    expect(status).toMatchObject({
      state: 'PolicyChangeAwaitsSignatures',
      approvals: '0/1',
      difference: ['soak: "1h" → "0s"'],
    });
    expect(Object.keys(status.approvalManifests)).toEqual(['policy']);
    expect(applied(plan)?.message).toContain(
      'kubectl get polchg shorter -n payments-prod -o jsonpath={.status.approvalManifests.policy} | kubectl create -f -',
    );
    expect(plan.effects).toEqual([]);
    expect(plan.wakeAt).toBe(now + 335 * hour);
  });

  test('is applied to the policy as it was signed for, and to no other, when everybody has signed', () => {
    const alone = annotated({ [changedAloneAnnotation]: 'why', note: 'kept' });
    const [effect] = planned({ ...signedBy(signature), policy: alone }).effects;
    expect(effect).toMatchObject({
      do: 'ApplyPolicy',
      namespace: 'payments-prod',
      name: 'production',
      patch: [
        { path: '/metadata/uid', value: policy.metadata.uid },
        { path: '/metadata/resourceVersion', value: policy.metadata.resourceVersion },
        { path: '/metadata/annotations', value: { note: 'kept', [appliedChangeAnnotation]: 'shorter' } },
        { path: '/spec', value: { soak: '0s' } },
      ],
    });
  });

  test('says that everybody has signed while it is applied, and afterwards', () => {
    const signed = statusOf(planned(signedBy(signature)));
    expect(signed).toMatchObject({ state: 'PolicyChangeSigned', approvals: '1/1' });
    const policy = annotated({ [appliedChangeAnnotation]: 'shorter' });
    const after = statusOf(planned(snapshot({ policy, change: { ...change, status: signed } })));
    expect(after).toMatchObject({ state: 'PolicyChanged', approvals: '1/1' });
  });

  test('says in its words that the API server does not take it, and does not try', () => {
    const plan = planned(signedBy(signature), { kind: 'No', message: 'ReviewWithin24Months: too late' });
    expect(plan.effects).toEqual([]);
    expect(applied(plan)).toMatchObject({ status: 'False', reason: 'PolicyChangeNotTaken' });
    expect(applied(plan)?.message).toContain('ReviewWithin24Months: too late');
  });

  test('is applied when the policy says so, and candidates that wait are told once', () => {
    const s = snapshot({ policy: annotated({ [appliedChangeAnnotation]: 'shorter' }) });
    const plan = planned(s);
    expect(applied(plan)).toMatchObject({ status: 'True', reason: 'PolicyChanged' });
    expect(plan.effects).toEqual([]);
    expect(plan.notices).toMatchObject([
      { reason: 'PolicyChanged', regarding: { kind: 'ReleaseCandidate', name: 'payments-2.4.0' } },
    ]);
    const told = { ...change, status: statusOf(plan) };
    expect(planned({ ...s, change: told }).notices).toEqual([]);
  });

  test('stays applied when another one was since, as the record says', () => {
    const s = snapshot({
      approvals: [signature],
      record: aRecord({ policyActs: { applied: new Set([change.metadata.uid]) } }),
    });
    expect(applied(planned(s))).toMatchObject({ status: 'True' });
    expect(planned(s).effects).toEqual([]);
  });

  test.each<[string, Partial<ChangeSnapshot>, string]>([
    ['there is no policy', { policy: undefined }, 'PolicyMissing'],
    ['the policy asks nobody', { policy: aPolicy() }, 'PolicyChangeNotNeeded'],
  ])('is stalled where %s', (_, given, reason) => {
    const status = statusOf(planned(snapshot(given)));
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'Stalled', status: 'True', reason }));
  });
});
