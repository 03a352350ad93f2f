/** What a policy reports of what it inherits. */
import type { Wanted } from '../conditions.ts';
import { inheritanceProblems, type JudgedPolicy } from '../inherited.ts';

/** Is what it inherits in force? */
export const inheritedOf = (policy: JudgedPolicy): readonly Wanted[] => {
  if (policy.spec.inherits === undefined) return [];
  const problems = inheritanceProblems(policy);
  const [first] = problems;
  if (first === undefined) {
    const message = `ClusterReleasePolicy ${policy.spec.inherits} is in force`;
    return [{ type: 'Inherited', status: 'True', reason: 'TemplateInForce', message }];
  }
  const message = problems.map((each) => `${each.message}. Next: ${each.remedy}`).join('; ');
  return [{ type: 'Inherited', status: 'False', reason: first.reason, message: `nothing is promoted: ${message}` }];
};
