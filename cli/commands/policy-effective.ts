/** `kubectl countersign policy effective`: what counts in a namespace, and where from. */
import { isDeepStrictEqual } from 'node:util';
import { inheritanceProblems, storedSpec } from '../../operator/decide/inherited.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { printObjects } from '../output/objects.ts';
import { bold, dim, styled } from '../output/parts.ts';
import type { Session } from '../session.ts';

const text = (value: unknown): string => (value === undefined ? 'nothing' : visible(JSON.stringify(value)));

/** What says nothing either way. */
const isNothing = (value: unknown): boolean => value === undefined || (Array.isArray(value) && value.length === 0);

const run = async (session: Session): Promise<void> => {
  const { out, format } = session;
  const namespace = await productionOf(session);
  const [policy, { policyFields }] = await Promise.all([
    policyIn(await session.cluster(), namespace),
    import('../../operator/decide/policy/strictness/strictness.ts'),
  ]);
  const own = storedSpec(policy);
  const fields = policyFields.flatMap((field) => {
    const [counts, said] = [policy.spec[field], own[field]];
    if (isNothing(counts) && isNothing(said)) return [];
    const from: 'namespace' | 'template' = isDeepStrictEqual(counts, said) ? 'namespace' : 'template';
    return [{ field: `spec.${field}`, counts, from, namespaceSays: said }];
  });
  const problems = inheritanceProblems(policy);
  const template = policy.inherited?.template;
  if (format !== undefined) {
    const effective = { kind: 'EffectivePolicy', metadata: { name: policy.metadata.name, namespace } };
    return printObjects(out, format, { one: { ...effective, template, fields, problems } });
  }
  out.line(
    bold(`What counts in ${namespace}`),
    template === undefined ? '' : `  with ClusterReleasePolicy ${template}`,
  );
  for (const { field, counts, from, namespaceSays } of fields) {
    const where = from === 'template' ? dim(`  from ${template}; the namespace says ${text(namespaceSays)}`) : '';
    out.line(`  ${field}: ${text(counts)}`, where);
  }
  for (const { message, remedy } of problems) {
    out.line(styled('red', 'not in force'), `  ${visible(message)}`);
    out.line('  → ', remedy);
  }
};

export const policyEffective: CommandDefinition = {
  name: 'policy effective',
  summary: 'Shows what counts in a namespace, and where from.',
  description:
    'The policy of a production namespace with what it inherits: of each field that says something the value that counts, and where it comes from the template, what the namespace itself says. What keeps the template from being in force is told with the command that repairs it. Nothing is written.',
  options: [...connectionOptions, outputOption],
  examples: [{ says: 'What counts here?', line: 'policy effective -n payments-prod' }],
  run,
};
