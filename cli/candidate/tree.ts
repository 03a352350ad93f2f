/** A candidate as a tree: gates, who signed, objects, health. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { bold, dim, folded, lineWidth, styled, type Part, type Style } from '../output/parts.ts';
import { ageOf } from '../output/table.ts';
import { gateFacts, healthOf, newsOf, signedFacts, type SignatureFact, type Tone } from './facts.ts';
import type { ObjectSeen } from './live.ts';
import { sourceAuthorTexts } from './source.ts';
import type { Story } from './story.ts';

/** A line and what stands below it. */
export interface Branch {
  readonly line: readonly Part[];
  readonly below?: readonly Branch[];
  /** It is there to be copied, and stays one line. */
  readonly isCopied?: true;
}

const marks: Readonly<Record<string, readonly [mark: string, style: Style]>> = {
  Passed: ['✓', 'green'],
  Waiting: ['◷', 'yellow'],
  Blocked: ['✗', 'red'],
  Unknown: ['?', 'yellow'],
};

const markOf = (outcome: string): Part => {
  const [mark, style] = marks[outcome] ?? ['?', 'yellow'];
  return styled(style, mark);
};

/** A text of the operator behind a title. It may have several lines, such as an overlay that is there to be copied. */
const texts = (title: readonly Part[], text: string): Branch => {
  const [first = '', ...others] = text.split('\n');
  return { line: [...title, first], below: others.map((line) => ({ line: [line], isCopied: true })) };
};

const stepsOf = (remedy: string): readonly Branch[] => {
  if (remedy === '') return [];
  const { line, below = [] } = texts([dim('→ ')], remedy);
  return [{ line }, ...below];
};

const gatesBranch = (candidate: ReleaseCandidate, whole: boolean): Branch => {
  const gates = gateFacts(candidate);
  const passed = gates.filter(({ outcome }) => outcome === 'Passed');
  const shown = whole ? gates : gates.filter(({ outcome }) => outcome !== 'Passed');
  return {
    line: [bold('Gates'), `  ${passed.length} of ${gates.length} passed`],
    below: shown.map(({ name, outcome, message, remedy }) => {
      const { line, below = [] } = texts([markOf(outcome), ` ${name}  `], message);
      return { line, below: [...below, ...stepsOf(remedy)] };
    }),
  };
};

const signatureLine = (fact: SignatureFact, now: number): Branch => {
  const { username, role, tone, since, comment, decision, standing } = fact;
  return {
    line: [
      tone === 'bad' ? styled('red', '✗') : tone === 'good' ? styled('green', '✓') : styled('yellow', '·'),
      ` ${username} as ${role}`,
      dim(`  ${ageOf(since, now)}`),
      ...(comment === '' ? [] : [`  "${comment}"`]),
      ...(decision === 'Reject' ? ['  rejected it'] : standing === 'Counts' ? [] : [`  not counted: ${standing}`]),
    ],
  };
};

const signaturesBranch = (story: Story, now: number): Branch => {
  const title = [bold('Signatures'), `  ${story.candidate.status?.approvals || 'none yet'}`];
  const signed = signedFacts(story, now);
  if (signed === undefined) return { line: title };
  const missing = signed.open.map(({ role, count, groups }): Branch => ({
    line: [styled('yellow', '◷'), ` ${count} ${role}${groups.length === 0 ? '' : ` from ${groups.join(', ')}`}`],
  }));
  return { line: title, below: [...signed.signatures.map((fact) => signatureLine(fact, now)), ...missing] };
};

const objectsBranch = ({ candidate, bundle }: Story, seen: readonly ObjectSeen[] | undefined): Branch => {
  const title = [bold('Objects'), `  ${candidate.status?.objects || 'not staged yet'}`];
  if (bundle === undefined) return { line: title };
  const removed = bundle.spec.removed.map(({ kind, name }): Branch => ({
    line: [styled('red', '- '), `${kind} ${name}`, dim('  deleted by this release')],
  }));
  if (seen === undefined) return { line: title, below: removed };
  return {
    line: title,
    below: [
      ...seen.map(({ kind, name, state, style }): Branch => ({
        line: [
          `${kind} ${name}`,
          ...(state === '' ? [] : ['  ', style === undefined ? dim(state) : styled(style, state)]),
        ],
      })),
      ...removed,
    ],
  };
};

const toneStyles: Readonly<Record<Tone, Style>> = { good: 'green', bad: 'red', open: 'yellow', plain: 'dim' };

const healthBranch = (candidate: ReleaseCandidate): Branch => {
  const { reason, message, tone } = healthOf(candidate);
  return { line: [bold('Health'), '  ', styled(toneStyles[tone], reason), `  ${message}`] };
};

const newsBranches = (candidate: ReleaseCandidate): readonly Branch[] =>
  newsOf(candidate).map(({ type, reason, message, tone }) =>
    texts([styled(toneStyles[tone], `${type}: ${reason}`), '  '], message),
  );

export const candidateTree = (
  story: Story,
  given: { readonly seen: readonly ObjectSeen[] | undefined; readonly whole: boolean; readonly now: number },
): Branch => {
  const { candidate } = story;
  const { metadata, spec, status } = candidate;
  return {
    line: [
      bold(metadata.name),
      `  ${spec.package} ${spec.version}  ${metadata.namespace} → ${spec.targetNamespace}  `,
      bold(status?.phase || 'Staging'),
      dim(`  ${ageOf(metadata.creationTimestamp, given.now)}`),
    ],
    below: [
      ...(spec.notes.summary === '' ? [] : [{ line: [dim('Summary  '), visible(spec.notes.summary)] }]),
      { line: [dim('Author   '), visible(spec.author.username)] },
      ...sourceAuthorTexts(candidate).map((each) => ({ line: [dim('Source   '), each] })),
      ...(status?.digest === undefined ? [] : [{ line: [dim('Digest   '), status.digest] }]),
      ...newsBranches(candidate),
      gatesBranch(candidate, given.whole),
      signaturesBranch(story, given.now),
      objectsBranch(story, given.seen),
      healthBranch(candidate),
    ],
  };
};

/** The lines of a tree, with its branches drawn. */
export const treeLines = ({ line, below = [], isCopied }: Branch, columns: number): readonly (readonly Part[])[] => {
  const fits = isCopied === true || lineWidth(line) <= columns;
  const [first = [], ...more] = fits ? [line] : folded(line, columns - railWidth);
  const rail = below.length === 0 ? '   ' : dim('│  ');
  return [
    first,
    ...more.map((each) => [rail, ...each]),
    ...below.flatMap((branch, at) => {
      const isLast = at === below.length - 1;
      const [head = [], ...others] = treeLines(branch, columns - railWidth);
      return [[dim(isLast ? '└─ ' : '├─ '), ...head], ...others.map((each) => [dim(isLast ? '   ' : '│  '), ...each])];
    }),
  ];
};

const railWidth = 3;
