/** Changes of the policy: says how each stands, and applies what everybody has signed for. */
import { kinds } from '../../api/kinds.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import { planChange, type ChangeSnapshot } from '../../decide/changes/plan.ts';
import { changeStuck } from '../../decide/policy/stuck.ts';
import { isStatusOnly } from '../../observe/changes.ts';
import type { Facts } from '../../observe/facts.ts';
import { observeChange, type ChangeFacts } from '../../observe/policy-changes.ts';
import type { Controller, Wake } from '../controller.ts';

const one = ({ metadata }: Pick<PolicyChange, 'metadata'>): Wake<'policy-change'> => ({
  key: { controller: 'policy-change', namespace: metadata.namespace, name: metadata.name },
  priority: 'Normal',
});

const allIn = ({ policyChanges }: Pick<Facts, 'policyChanges'>, namespace: string): readonly Wake<'policy-change'>[] =>
  (policyChanges.in()?.byIndex('namespace', namespace) ?? []).map(one);

/** Works on one change, as long as it is there. */
export const policyChangeController: Controller<'policy-change', ChangeSnapshot, keyof ChangeFacts> = {
  name: 'policy-change',
  priority: 'Normal',
  triggers: {
    policyChanges: (change) => {
      const found = change.new ?? change.old;
      return found === undefined ? [] : [one(found)];
    },
    approvals: (change, facts) => {
      const approval = change.new ?? change.old;
      return approval?.spec.subject.kind === kinds.PolicyChange.kind
        ? (facts.policyChanges.in()?.byIndex('uid', approval.spec.subject.uid) ?? []).map(one)
        : [];
    },
    policies: (change, facts) => {
      const policy = change.new ?? change.old;
      return policy === undefined || isStatusOnly(change) ? [] : allIn(facts, policy.metadata.namespace);
    },
    // What a later act found tells that an earlier change was applied; a record that goes on takes what it did not.
    records: ({ namespace, entry }, facts) =>
      entry === undefined || entry.subject.kind === kinds.ReleasePolicy.kind || entry.type === 'Resumed'
        ? allIn(facts, namespace)
        : [],
    followed: { none: 'Our kinds and policies have all been read before anything is worked on.' },
  },
  everything: ({ policyChanges }) => (policyChanges.in()?.list() ?? []).map(one),
  observe: (facts, { namespace, name }) => observeChange(facts, namespace, name),
  plan: planChange,
  stuck: ({ change }, failure, now) => changeStuck(change, failure, now),
};
