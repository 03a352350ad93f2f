/** `kubectl countersign running`: what production runs, since when, and who signed for it. */
import { visible } from '../../operator/decide/safe-text.ts';
import { connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { entryOf } from '../candidate/objects.ts';
import { promotionEntries, runningIn, whyNotBelieved } from '../candidate/running.ts';
import { Problem } from '../exit.ts';
import { printObjects } from '../output/objects.ts';
import { ageOf, printTable } from '../output/table.ts';

export const running: CommandDefinition = {
  name: 'running',
  summary: 'Shows what production runs, since when, and who signed for it.',
  description:
    'Every package of a production namespace with its version, when it was complete, who wrote it, and the signatures that its promotion rested on, as the record has them. What was there before Countersign has none.',
  options: [...connectionOptions, outputOption],
  examples: [{ says: 'Who approved what runs now?', line: 'running -n payments-prod' }],
  async run(session) {
    const namespace = await productionOf(session);
    const cluster = await session.cluster();
    const [policy, promotions] = await Promise.all([
      policyIn(cluster, namespace),
      cluster.listOur('LedgerEntry', { namespace, fieldSelector: promotionEntries }),
    ]);
    const all = await runningIn(cluster, policy, promotions.map(entryOf));
    const { out, format } = session;
    const wrong = whyNotBelieved(policy);
    if (wrong !== undefined) {
      throw new Problem(
        `The record of ${namespace} does not verify, so it is not told who signed: ${wrong}`,
        `kubectl countersign doctor -n ${namespace}`,
      );
    }
    if (format !== undefined) {
      return printObjects(out, format, {
        all: all.map(({ package: name, ...more }) => ({ kind: 'Package', metadata: { name, namespace }, ...more })),
      });
    }
    if (all.length === 0) {
      out.line(`${namespace} runs no release yet`);
      out.line('  → ', `kubectl countersign get -n ${namespace}`);
      return;
    }
    printTable(
      out,
      ['PACKAGE', 'VERSION', 'SINCE', 'CANDIDATE', 'DIGEST', 'AUTHORS', 'SIGNED BY'],
      all.map(({ signatures, candidate, baseline, ...each }) => [
        each.package,
        visible(each.version),
        ageOf(each.since, session.now()),
        candidate?.name ?? '',
        each.digest.slice(0, 'sha256:'.length + 8),
        each.authors.map(visible).join(', '),
        signatures.length === 0
          ? `nobody: ${baseline ? 'it was there before the first release' : 'the record has no promotion of it'}`
          : signatures.map(({ username, role }) => `${visible(username)} as ${role}`).join(', '),
      ]),
    );
  },
};
