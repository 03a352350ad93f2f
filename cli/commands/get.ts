/** `kubectl countersign get`: the candidates, or one as a tree. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { candidateArgument, connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { candidatesIn, findCandidate, newestFirst, placeOf } from '../candidate/find.ts';
import { candidateOf, isTrue } from '../candidate/objects.ts';
import { waitsFor } from '../candidate/waits.ts';
import { printObjects } from '../output/objects.ts';
import { dim, lineWidth, styled, type Part } from '../output/parts.ts';
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
    if (!everywhere) await expectNamespace(cluster, namespace);
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

/** @throws Problem where it is known that there is no such namespace */
const expectNamespace = async (cluster: Cluster, name: string): Promise<void> => {
  const [{ ifReadable }, { namespaceRow }] = await Promise.all([
    import('../cluster/readable.ts'),
    import('../cluster/rows.ts'),
  ]);
  const isThere = await ifReadable(cluster.find(namespaceRow, { name }).then((found) => found !== undefined));
  if (isThere === false) throw new Problem(`There is no namespace ${name}`, 'kubectl get namespaces');
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
  const { out } = session;
  return treeLines(
    candidateTree(story, { seen, whole: session.flag('all'), now: session.now() }),
    out.isInteractive ? out.columns : Infinity,
  );
};

/** Rows of the screen that lines take. */
const rowsOf = (lines: readonly (readonly Part[])[], columns: number): number =>
  lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(lineWidth(line) / columns)), 0);

/** The tree again with every change, in place where somebody looks at a screen, until it has ended. */
const watchOne = async (session: Session, name: string): Promise<void> => {
  const { out } = session;
  const cluster = await session.cluster();
  const first = await findCandidate(session, name);
  const { namespace, uid } = first.metadata;
  const stop = new AbortController();
  let rows = 0;
  const changes = cluster.follow(
    ourResource('ReleaseCandidate'),
    { namespace, name },
    { signal: AbortSignal.any([stop.signal, session.signal]), known: [first] },
  );
  for await (const change of changes) {
    if (change.type === 'Deleted' && change.uid === uid) return out.line(`${name} was deleted`);
    if (change.type !== 'Is') continue;
    const candidate = candidateOf(change.object);
    const lines = await treeOf(session, candidate);
    out.rewind(rows);
    for (const line of lines) out.line(...line);
    rows = rowsOf(lines, out.columns);
    if (!out.isInteractive) out.line();
    if (isTrue(candidate, 'Finished')) stop.abort();
  }
};

/** A line for each candidate as it is, and again with every change. */
const watchAll = async (session: Session): Promise<void> => {
  const { out } = session;
  const cluster = await session.cluster();
  const place = session.flag('allNamespaces') ? undefined : await placeOf(cluster, await session.namespace());
  const selection = {
    ...(place === undefined ? {} : { namespace: place.staging }),
    ...(place?.policy === undefined ? {} : { fieldSelector: `spec.targetNamespace=${place.named}` }),
  };
  for await (const change of cluster.follow(ourResource('ReleaseCandidate'), selection, { signal: session.signal })) {
    if (change.type !== 'Is') continue;
    const candidate = candidateOf(change.object);
    const { metadata, status } = candidate;
    out.line(
      `${metadata.namespace}/${metadata.name}  `,
      phaseOf(candidate),
      `  ${status?.approvals ?? ''}  `,
      dim(waitsFor(candidate)),
    );
  }
};

const run = (session: Session): Promise<void> => {
  const isOne = session.argument(0) !== undefined;
  if (session.flag('watch')) return isOne ? watchOne(session, session.name()) : watchAll(session);
  return isOne ? one(session, session.name()) : list(session);
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
    { flags: '-w, --watch', description: 'Goes on with every change; of one candidate, until it has ended.' },
    { flags: '--all', description: 'Shows passed gates in the tree, too.' },
    outputOption,
  ],
  examples: [
    { says: 'What is on its way, and what it waits for', line: 'get -n payments-staging' },
    { says: 'One candidate as a tree', line: 'get payments-2.4.0 -n payments-staging' },
    { says: 'Live, until it has ended', line: 'get payments-2.4.0 -n payments-staging --watch' },
    { says: 'The digest to be signed for, for a script', line: 'get payments-2.4.0 -n payments-staging -o json' },
  ],
  run,
};
