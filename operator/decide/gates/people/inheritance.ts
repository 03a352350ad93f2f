/** Is what the policy inherits in force? */
import { inheritanceProblems } from '../../inherited.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';

const reads = ['policy'] as const;

const judge = ({ policy }: Facts<typeof reads>) => {
  const problems = inheritanceProblems(policy);
  const [first] = problems;
  if (first === undefined) {
    const from = policy.inherited?.template;
    return from === undefined
      ? passed('NothingInherited', 'The policy inherits nothing')
      : passed('TemplateInForce', `The policy has everything that ClusterReleasePolicy ${from} demands`);
  }
  return blocked(first.reason, {
    message: problems.map(({ message }) => message).join('; '),
    remedy: problems.map(({ remedy }) => remedy).join('; '),
  });
};

export const inheritance = defineGate({
  name: 'Inheritance',
  asks: 'Is what the policy inherits in force?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'What is demanded at least is for the whole cluster to say.',
  judge,
});
