/** Exceptions as decisions look at them: each with what was signed for it. */
import type { KnownException } from '../decide/exceptions/exception.ts';
import type { ExceptionSnapshot } from '../decide/exceptions/plan.ts';
import type { PolicyException } from '../api/exception.ts';
import { indexKey } from './caches.ts';
import type { Read } from './facts.ts';
import { byAge, policyIn } from './lookup.ts';

type Signed = Read<'exceptions' | 'approvals'>;

const known = ({ approvals }: Signed, exception: PolicyException): KnownException => ({
  exception,
  approvals: (approvals.in()?.byIndex('subject', exception.metadata.uid) ?? []).toSorted(byAge),
});

/** Of one package in a production namespace, those that are over included. */
export const exceptionsOf = (facts: Signed, namespace: string, pkg: string): readonly KnownException[] =>
  (facts.exceptions.in()?.byIndex('package', indexKey(namespace, pkg)) ?? [])
    .toSorted(byAge)
    .map((each) => known(facts, each));

/** What `observeException` reads. */
export type ExceptionFacts = Read<'exceptions' | 'approvals' | 'policies' | 'records' | 'followed'>;

/** @returns undefined when it is gone */
export const observeException = (
  facts: ExceptionFacts,
  namespace: string,
  name: string,
): ExceptionSnapshot | undefined => {
  const exception = facts.exceptions.in()?.get(indexKey(namespace, name));
  if (exception === undefined) return undefined;
  return {
    ...known(facts, exception),
    policy: policyIn(facts, namespace),
    record: facts.records.get(namespace),
    complete: facts.followed.isClusterRead(),
  };
};
