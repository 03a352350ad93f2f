/** `kubectl countersign diff`: what a candidate changes. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import type { ObjectRef } from '../../operator/decide/objects.ts';
import { candidateArgument, connectionOptions, type CommandDefinition } from '../command.ts';
import type { Contents } from '../candidate/content.ts';
import { printDelta } from '../candidate/delta.ts';
import { findCandidate } from '../candidate/find.ts';
import { sourceAuthorTexts } from '../candidate/source.ts';
import type { ReleaseBundle } from '../candidate/objects.ts';
import { Problem } from '../exit.ts';
import { bold, dim, styled } from '../output/parts.ts';
import type { Session } from '../session.ts';

const bundleFor = async (session: Session, candidate: ReleaseCandidate): Promise<ReleaseBundle> => {
  const { bundleFor: read } = await import('../candidate/story.ts');
  const bundle = await read(await session.cluster(), candidate);
  if (bundle !== undefined) return bundle;
  const { name, namespace } = candidate.metadata;
  throw new Problem(
    `${name} is not staged yet: there is nothing to compare`,
    `kubectl countersign why ${name} -n ${namespace}`,
  );
};

const nothing: Contents = new Map();

/** What the candidate is compared with. */
const baseOf = async (session: Session, candidate: ReleaseCandidate, bundle: ReleaseBundle) => {
  const cluster = await session.cluster();
  const { bundleContents, bundleNamed, liveContents } = await import('../candidate/content.ts');
  const { objectsOf } = await import('../candidate/live.ts');
  const { liveRef } = await import('../../operator/decide/release/steps.ts');
  const { targetNamespace } = candidate.spec;
  const against = session.text('against');
  if (against === 'staging' || against === 'production') {
    const namespace = against === 'staging' ? candidate.metadata.namespace : targetNamespace;
    const refs = [...(await objectsOf(cluster, bundle)), ...bundle.spec.removed];
    const nameOf = (ref: ObjectRef) => (against === 'staging' ? ref : liveRef({ ref }, bundle.spec)).name;
    const contents = await liveContents(cluster, namespace, refs, nameOf);
    return { title: `${against} (${namespace}) as it is now`, contents };
  }
  const name = against ?? bundle.spec.previous;
  if (name === '') return { title: 'nothing: production runs nothing of this package', contents: nothing };
  const base = await bundleNamed(cluster, targetNamespace, name);
  return { title: `bundle ${name}`, contents: await bundleContents(cluster, base) };
};

/** Every object whole, as YAML, line by line. */
const printWhole = async (session: Session, candidate: ReleaseCandidate, bundle: ReleaseBundle): Promise<void> => {
  const [{ bundleContents }, { stringify }, { hunksBetween }, { visible }] = await Promise.all([
    import('../candidate/content.ts'),
    import('yaml'),
    import('../candidate/lines.ts'),
    import('../../operator/decide/safe-text.ts'),
  ]);
  const { out } = session;
  const [base, wanted] = await Promise.all([
    baseOf(session, candidate, bundle),
    bundleContents(await session.cluster(), bundle),
  ]);
  out.line(bold(candidate.metadata.name), ` against ${base.title}`);
  const textOf = (content: unknown): string =>
    content === undefined ? '' : stringify(content, { lineWidth: 0, sortMapEntries: true });
  const isWhole = session.flag('full');
  let changed = 0;
  for (const key of [...new Set([...base.contents.keys(), ...wanted.keys()])].sort()) {
    const [before, after] = [textOf(base.contents.get(key)), textOf(wanted.get(key))];
    if (before === after) continue;
    changed += 1;
    out.line();
    out.line(
      bold(visible(key)),
      before === '' ? styled('green', '  added') : after === '' ? styled('red', '  removed') : '',
    );
    for (const hunk of hunksBetween(before, after, isWhole ? Infinity : 3)) {
      if (!isWhole) out.line(dim(`  @@ ${hunk.oldStart} → ${hunk.newStart} @@`));
      for (const line of hunk.lines) {
        if (line.startsWith('+')) out.line('  ', styled('green', line));
        else if (line.startsWith('-')) out.line('  ', styled('red', line));
        else out.line('  ', line);
      }
    }
  }
  if (changed === 0) out.line('Nothing differs.');
};

export const diff: CommandDefinition = {
  name: 'diff',
  summary: 'Shows what a candidate changes.',
  description:
    'The delta that signers read, in color: riskiest first. --against compares the whole content, as YAML, with what staging or production holds now, or with any bundle of production; --full shows every line of the objects that differ. Contents are checked against their digests.',
  args: [candidateArgument],
  options: [
    { flags: '--full', description: 'Every line of every object that differs, nothing folded or cut.' },
    {
      flags: '--against <what>',
      description:
        'staging, production, or the name of a ReleaseBundle. Absent: what production ran when it was staged.',
      completes: 'bundle',
    },
    ...connectionOptions,
  ],
  examples: [
    { says: 'The delta, as signers read it', line: 'diff payments-2.4.0 -n payments-staging' },
    { says: 'The whole objects', line: 'diff payments-2.4.0 -n payments-staging --full' },
    { says: 'Whether staging still holds it', line: 'diff payments-2.4.0 -n payments-staging --against staging' },
  ],
  async run(session) {
    const candidate = await findCandidate(session, session.name());
    const bundle = await bundleFor(session, candidate);
    if (session.flag('full') || session.text('against') !== undefined) return printWhole(session, candidate, bundle);
    printDelta(session.out, bundle.spec.deltaText);
    const { name, namespace } = candidate.metadata;
    session.out.line();
    for (const each of sourceAuthorTexts(candidate)) session.out.line(dim('source  '), each);
    session.out.line('  → ', `kubectl countersign approve ${name} -n ${namespace}`);
  },
};
