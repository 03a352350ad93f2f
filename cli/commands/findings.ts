/** `kubectl countersign findings`: changes of production that nothing explains. */
import { visible } from '../../operator/decide/safe-text.ts';
import { connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { conditionOf } from '../candidate/objects.ts';
import { printObjects } from '../output/objects.ts';
import { bold, dim, styled } from '../output/parts.ts';
import { ageOf } from '../output/table.ts';

export const findings: CommandDefinition = {
  name: 'findings',
  summary: 'Lists changes of production that nothing explains.',
  description:
    'Every open finding of a production namespace: what changed, since when, and how it is closed. A finding is closed by putting production back, or by somebody who signs that it may stay.',
  options: [...connectionOptions, outputOption],
  examples: [{ says: 'What was changed behind the back of the process?', line: 'findings -n payments-prod' }],
  async run(session) {
    const namespace = await productionOf(session);
    const policy = await policyIn(await session.cluster(), namespace);
    const open = policy.status?.findings ?? [];
    const { out, format } = session;
    if (format !== undefined) {
      return printObjects(out, format, {
        all: open.map(({ name, ...more }) => ({ kind: 'Finding', metadata: { name, namespace }, ...more })),
      });
    }
    const explained = conditionOf(policy, 'Explained');
    if (open.length === 0) {
      out.line(
        explained?.status === 'True' ? styled('green', 'No findings: ') : '',
        explained?.message ?? 'The operator has not looked yet',
      );
      return;
    }
    for (const { name, object, change, message, since } of open) {
      out.line(bold(name), `  ${visible(object)} `, styled('red', change), dim(`  ${ageOf(since, session.now())}`));
      out.line('  ', message);
      out.line(
        '  → ',
        `Put it back, or sign that it may stay: kubectl countersign sign finding ${name} -n ${namespace}`,
      );
    }
  },
};
