/** Exceptions: says how each stands. What they pass is judged where candidates are. */
import type { PolicyException } from '../../api/exception.ts';
import { kinds } from '../../api/kinds.ts';
import { planException, type ExceptionSnapshot } from '../../decide/exceptions/plan.ts';
import { isStatusOnly } from '../../observe/changes.ts';
import { observeException, type ExceptionFacts } from '../../observe/exceptions.ts';
import type { Facts } from '../../observe/facts.ts';
import type { Controller, Wake } from '../controller.ts';

const one = ({ metadata }: Pick<PolicyException, 'metadata'>): Wake<'exception'> => ({
  key: { controller: 'exception', namespace: metadata.namespace, name: metadata.name },
  priority: 'Normal',
});

const allIn = ({ exceptions }: Pick<Facts, 'exceptions'>, namespace: string): readonly Wake<'exception'>[] =>
  (exceptions.in()?.byIndex('namespace', namespace) ?? []).map(one);

/** Works on one exception, as long as it is there. */
export const exceptionController: Controller<'exception', ExceptionSnapshot, keyof ExceptionFacts> = {
  name: 'exception',
  priority: 'Normal',
  triggers: {
    exceptions: (change) => {
      const exception = change.new ?? change.old;
      return exception === undefined ? [] : [one(exception)];
    },
    approvals: (change, facts) => {
      const approval = change.new ?? change.old;
      return approval?.spec.subject.kind === kinds.PolicyException.kind
        ? (facts.exceptions.in()?.byIndex('uid', approval.spec.subject.uid) ?? []).map(one)
        : [];
    },
    policies: (change, facts) => {
      const policy = change.new ?? change.old;
      return policy === undefined || isStatusOnly(change) ? [] : allIn(facts, policy.metadata.namespace);
    },
    // Who had a hand in the candidate that it names.
    records: ({ entry }, { exceptions }) =>
      entry?.type === 'Staged' ? (exceptions.in()?.byIndex('candidate', entry.subject.uid) ?? []).map(one) : [],
    followed: { none: 'Our kinds and policies have all been read before anything is worked on.' },
  },
  everything: ({ exceptions }) => (exceptions.in()?.list() ?? []).map(one),
  observe: (facts, { namespace, name }) => observeException(facts, namespace, name),
  plan: planException,
};
