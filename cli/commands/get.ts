/** `kubectl countersign get`: the candidates, or one as a tree. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { candidateArgument, connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { candidatesIn, findCandidate, newestFirst } from '../candidate/find.ts';
import { candidateOf } from '../candidate/objects.ts';
import { waitsFor } from '../candidate/waits.ts';
import { printObjects } from '../output/objects.ts';
import { dim, styled, type Part } from '../output/parts.ts';
import { ageOf, printTable } from '../output/table.ts';
import type { Session } from '../session.ts';

const phaseOf = ({ status }: ReleaseCandidate): Part => {
  const phase = status?.phase || 'Staging';
  if (phase === 'Promoted') return styled('green', phase);
  return ['Stalled', 'RolledBack', 'Rejected', 'Failed', 'Expired'].includes(phase) ? styled('red', phase) : phase;
};

const list = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const everywhere = session.flag('allNamespaces');
  const namespace = everywhere ? '' : await session.namespace();
  const all = everywhere
    ? newestFirst((await cluster.listOur('ReleaseCandidate')).map(candidateOf))
    : await candidatesIn(cluster, namespace);
  const { out, format } = session;
  if (format !== undefined) return printObjects(out, format, { all });
  if (all.length === 0) {
    out.note(`There are no release candidates${everywhere ? '' : ` in ${namespace}`}`);
    out.note('  → ', `kubectl countersign stage --help says how one is made`);
    return;
  }
  const now = session.now();
  printTable(
    out,
    [
      ...(everywhere ? ['NAMESPACE'] : []),
      'NAME',
      'PACKAGE',
      'VERSION',
      'PHASE',
      'APPROVALS',
      'OBJECTS',
      'AGE',
      'WAITS FOR',
    ],
    all.map((candidate) => {
      const { metadata, spec, status } = candidate;
      return [
        ...(everywhere ? [metadata.namespace] : []),
        metadata.name,
        spec.package,
        spec.version,
        phaseOf(candidate),
        status?.approvals ?? '',
        status?.objects ?? '',
        ageOf(metadata.creationTimestamp, now),
        dim(waitsFor(candidate)),
      ];
    }),
  );
};

/** One candidate, with everything around it that the person may read. */
const one = async (session: Session, name: string): Promise<void> => {
  const candidate = await findCandidate(session, name);
  const { out, format } = session;
  if (format !== undefined) return printObjects(out, format, { one: candidate });
  for (const line of await treeOf(session, candidate)) out.line(...line);
};

const treeOf = async (session: Session, candidate: ReleaseCandidate) => {
  const cluster = await session.cluster();
  const [{ storyOf }, { candidateTree, treeLines }, { objectsSeen }] = await Promise.all([
    import('../candidate/story.ts'),
    import('../candidate/tree.ts'),
    import('../candidate/live.ts'),
  ]);
  const story = await storyOf(cluster, candidate);
  const seen = story.bundle === undefined ? undefined : await objectsSeen(cluster, story.bundle);
  return treeLines(candidateTree(story, { seen, whole: session.flag('all'), now: session.now() }));
};

export const get: CommandDefinition = {
  name: 'get',
  summary: 'Lists release candidates, or shows one as a tree.',
  description:
    'Without a name: the candidates of a namespace, newest first, and what each waits for. With a name: the candidate with its gates, who signed, its objects in production, and their health. A production namespace may be named instead of the staging namespace.',
  args: [{ ...candidateArgument, required: false }],
  options: [
    ...connectionOptions,
    { flags: '-A, --all-namespaces', description: 'Lists the candidates of all namespaces.' },
    { flags: '--all', description: 'Shows passed gates in the tree, too.' },
    outputOption,
  ],
  examples: [
    { says: 'What is on its way, and what it waits for', line: 'get -n payments-staging' },
    { says: 'One candidate as a tree', line: 'get payments-2.4.0 -n payments-staging' },
    { says: 'The digest to be signed for, for a script', line: 'get payments-2.4.0 -n payments-staging -o json' },
  ],
  run: (session) => (session.argument(0) === undefined ? list(session) : one(session, session.name())),
};
