/** `kubectl countersign pending`: what waits for the person who asks. */
import { visible } from '../../operator/decide/safe-text.ts';
import { connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { printObjects } from '../output/objects.ts';
import { bold, dim } from '../output/parts.ts';
import { ageOf } from '../output/table.ts';
import type { Session } from '../session.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const { out, format } = session;
  const [{ productionNamespaces }, { waitingIn }] = await Promise.all([
    import('../candidate/namespaces.ts'),
    import('../candidate/pending.ts'),
  ]);
  const { production, complete } = await productionNamespaces(session);
  const now = session.now();
  const all = [];
  for (const [at, namespace] of production.entries()) {
    out.progress(`${at + 1} of ${production.length} namespaces: ${namespace}`);
    all.push(...(await waitingIn(cluster, namespace, now)));
  }
  const unseen = 'You may not list namespaces, and neither -n nor the kubeconfig names a production namespace';
  if (format !== undefined) {
    if (production.length === 0 && !complete) out.note(unseen);
    return printObjects(out, format, {
      all: all.map(({ name, namespace, what, ...more }) => ({ kind: what, metadata: { name, namespace }, ...more })),
    });
  }
  const where = complete ? 'in the whole cluster' : production.length === 0 ? '' : `in ${production.join(', ')}`;
  if (production.length === 0) {
    out.note(unseen);
    out.note('  → ', 'kubectl countersign pending -n <production or staging namespace>');
    return;
  }
  if (all.length === 0) out.line(`Nothing waits for you ${where}`);
  for (const { name, roles, says, since, command } of all) {
    out.line(bold(name), `  ${visible(says)}`, dim(`  ${ageOf(since, now)}`));
    out.line(`  as ${roles.join(' or ')} → `, command);
  }
  if (!complete && session.text('namespace') === undefined) {
    out.note(
      dim('You may not list namespaces: looked at those that the kubeconfig names. Others: -n <namespace>,<namespace>'),
    );
  }
};

export const pending: CommandDefinition = {
  name: 'pending',
  summary: 'Lists what waits for you.',
  description:
    'Candidates, exceptions, changes of the policy and findings for which your signature would fill an open place, evidence that you may report, and emergency accesses that you may review, in every production namespace in which you hold a role, or whose policy you may read and report for. Where you may not list namespaces it looks at those that -n names (several with commas), or that the contexts of your kubeconfig name.',
  options: [...connectionOptions, outputOption],
  examples: [
    { says: 'What waits for me?', line: 'pending' },
    { says: 'In some namespaces only', line: 'pending -n payments-prod,billing-prod' },
  ],
  run,
};
