/** A policy with what it inherits: what decisions read. Made in `policy/effective.ts`, where policies come in. */
import type { ReleasePolicy } from '../api/policy.ts';
import { policyName } from '../api/kinds.ts';

/** Why what a policy inherits is not in force. */
export interface InheritanceProblem {
  /** Of the policy; absent = it is about no single one. */
  readonly field?: keyof ReleasePolicy['spec'];
  readonly reason: 'TemplateMissing' | 'LooserThanTemplate' | 'NothingInCommon';
  readonly message: string;
  /** Who does what, with the command. */
  readonly remedy: string;
}

export interface Inheritance {
  /** Name of the ClusterReleasePolicy. */
  readonly template: string;
  /** Its resource version; '' = it is not there, or cannot be read. */
  readonly version: string;
  /** What the policy of the namespace says itself. */
  readonly own: ReleasePolicy['spec'];
  /** Empty: everything is in force. */
  readonly problems: readonly InheritanceProblem[];
}

/** `spec` is what counts. Absent `inherited`: it inherits nothing. */
export interface JudgedPolicy extends ReleasePolicy {
  readonly inherited?: Inheritance;
}

/** What the policy of the namespace says itself: what is changed, reviewed and signed for. */
export const storedSpec = ({ spec, inherited }: Pick<JudgedPolicy, 'spec' | 'inherited'>): ReleasePolicy['spec'] =>
  inherited?.own ?? spec;

export const templateMissing = (policy: ReleasePolicy): InheritanceProblem => {
  const { namespace } = policy.metadata;
  const template = policy.spec.inherits ?? '';
  return {
    reason: 'TemplateMissing',
    message: `The policy of ${namespace} inherits from ClusterReleasePolicy ${template}, which is not there or cannot be read`,
    remedy: `A platform admin looks at it: kubectl get clusterreleasepolicy ${template}; and creates it, or names another in spec.inherits: kubectl edit relpol ${policyName} -n ${namespace}`,
  };
};

/** Why what a policy inherits is not in force; of one that was never looked at with its template, too. Empty = it is. */
export const inheritanceProblems = (policy: JudgedPolicy): readonly InheritanceProblem[] => {
  if (policy.inherited !== undefined) return policy.inherited.problems;
  return policy.spec.inherits === undefined ? [] : [templateMissing(policy)];
};
