/** Policies: says whether one is in force and what production runs, and forgets what need not be kept. */
import { kinds } from '../../api/kinds.ts';
import { planPolicy, type PolicySnapshot } from '../../decide/policy/plan.ts';
import { policyStuck } from '../../decide/policy/stuck.ts';
import type { RecordChange } from '../../observe/changes.ts';
import type { Facts } from '../../observe/facts.ts';
import { observePolicy, type PolicyFacts } from '../../observe/policy.ts';
import type { Priority } from '../../work/queue.ts';
import type { Controller, Wake } from '../controller.ts';
import { explaining, isRecordInDoubt, productions } from '../lookup.ts';

const one = (namespace: string, priority: Priority): Wake<'policy'> => ({
  key: { controller: 'policy', namespace },
  priority,
});

/** What is known of the whole cluster is reported by every policy, when there is time. */
const every = (facts: Facts): readonly Wake<'policy'>[] => productions(facts).map((each) => one(each, 'Resync'));

const recorded = (change: RecordChange, facts: Facts): readonly Wake<'policy'>[] => {
  const { namespace, entry } = change;
  if (entry === undefined || isRecordInDoubt(facts, change)) return [one(namespace, 'Normal')];
  if (entry.subject.kind === 'EmergencyAccess') return [one(namespace, 'Resync')];
  const isReported = explaining.has(entry.type) || entry.package !== '';
  return isReported ? [{ ...one(namespace, 'Resync'), soon: true }] : [];
};

/** Works on the policy of one production namespace. */
export const policyController: Controller<'policy', PolicySnapshot, keyof PolicyFacts> = {
  name: 'policy',
  priority: 'Normal',
  triggers: {
    policies: (change) => {
      const policy = change.new ?? change.old;
      return policy === undefined ? [] : [one(policy.metadata.namespace, 'Normal')];
    },
    approvals: (change) => {
      const approval = change.new ?? change.old;
      return approval?.spec.subject.kind === kinds.ReleasePolicy.kind
        ? [one(approval.metadata.namespace, 'Normal')]
        : [];
    },
    namespaces: ({ key }) => [one(key, 'Normal')],
    records: recorded,
    definitions: ({ old, new: now }, facts) => (old?.name === now?.name ? [] : every(facts)),
    mutators: ({ old, new: now }, facts) => (old?.version === now?.version ? [] : every(facts)),
    failing: ({ namespace, package: pkg }) => (pkg === '' ? [one(namespace, 'Normal')] : []),
    sinks: (_, facts) => every(facts),
    // Definitions and mutators have been read, be there any or none; or a kind cannot be, or can be again.
    followed: ({ namespace }, facts) => (namespace === undefined ? every(facts) : [one(namespace, 'Normal')]),
    bundles: { none: 'What is kept is looked at after each entry of a package; until then it is only kept longer.' },
    candidates: { none: 'What is kept is looked at after each entry of a package; until then it is only kept longer.' },
    guarded: { none: 'Only the names that the chart gives are read, and they never change.' },
    objects: { none: 'Only the names of kinds are read, and they never change.' },
  },
  everything: every,
  observe: (facts, { namespace }) => observePolicy(facts, namespace),
  plan: (s, _, now) => planPolicy(s, now),
  stuck: policyStuck,
};
