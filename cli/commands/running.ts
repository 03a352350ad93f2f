/** `kubectl countersign running`: what production runs, since when, and who signed for it. */
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { bundleOf, entryOf } from '../candidate/objects.ts';
import { printObjects } from '../output/objects.ts';
import { ageOf, printTable } from '../output/table.ts';

type Running = NonNullable<ReleasePolicy['status']>['packages'][number];

interface Signed {
  readonly username: string;
  readonly role: string;
  readonly approval: string;
}

const byName = ({ username, role }: Signed): string => `${role} ${username}`;

/** The signatures that its promotion rested on, from the record, by role and name; undefined = it was in production before Countersign was. */
const signedBy = async (
  cluster: Cluster,
  namespace: string,
  { package: pkg, bundle, digest }: Running,
): Promise<readonly Signed[] | undefined> => {
  const { parseData } = await import('../../operator/decide/ledger-entry.ts');
  const promotions = await cluster.listOur('LedgerEntry', {
    namespace,
    fieldSelector: `spec.type=PromotionStarted,spec.package=${pkg}`,
  });
  const its = promotions
    .map((each) => entryOf(each).spec)
    .toSorted((a, b) => b.seq - a.seq)
    .filter((entry) => entry.digest === digest)
    .flatMap((entry) => {
      const data = parseData(entry);
      return data.type === 'PromotionStarted' && data.to === bundle ? [data.approvals] : [];
    });
  return its[0]
    ?.map(({ username, role, name }) => ({ username, role, approval: name }))
    .toSorted((a, b) => (byName(a) < byName(b) ? -1 : 1));
};

const story = async (cluster: Cluster, namespace: string, running: Running) => {
  const [found, signatures] = await Promise.all([
    cluster.findOur('ReleaseBundle', { namespace, name: running.bundle }),
    signedBy(cluster, namespace, running),
  ]);
  const bundle = found && bundleOf(found).spec;
  return {
    ...running,
    version: bundle?.version ?? '',
    candidate: bundle?.candidate?.name ?? '',
    authors: bundle?.authors ?? [],
    signatures,
  };
};

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
    const packages = (await policyIn(cluster, namespace)).status?.packages ?? [];
    const all = await Promise.all(packages.map((each) => story(cluster, namespace, each)));
    const { out, format } = session;
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
      all.map(({ signatures, ...each }) => [
        each.package,
        visible(each.version),
        ageOf(each.since, session.now()),
        each.candidate,
        each.digest.slice(0, 'sha256:'.length + 8),
        each.authors.map(visible).join(', '),
        signatures === undefined
          ? 'nobody: it was there before Countersign'
          : signatures.map(({ username, role }) => `${visible(username)} as ${role}`).join(', '),
      ]),
    );
  },
};
