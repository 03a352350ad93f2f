/** A candidate as a tree: gates, who signed, objects, health. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { linesOf } from '../../operator/decide/people/approval-lines.ts';
import { consents } from '../../operator/decide/people/approvals.ts';
import { quorum } from '../../operator/decide/people/quorum.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { bold, dim, styled, type Part, type Style } from '../output/parts.ts';
import { ageOf } from '../output/table.ts';
import type { ObjectSeen } from './live.ts';
import { conditionOf } from './objects.ts';
import { withThisCommand } from './remedy.ts';
import { signaturesOf, type Story } from './story.ts';

/** A line and what stands below it. */
export interface Branch {
  readonly line: readonly Part[];
  readonly below?: readonly Branch[];
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
  return { line: [...title, first], below: others.map((line) => ({ line: [line] })) };
};

const stepsOf = (remedy: string): readonly Branch[] => {
  if (remedy === '') return [];
  const { line, below = [] } = texts([dim('→ ')], withThisCommand(remedy));
  return [{ line }, ...below];
};

const gatesBranch = ({ status }: ReleaseCandidate, whole: boolean): Branch => {
  const gates = status?.gates ?? [];
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

const signaturesBranch = (story: Story, now: number): Branch | undefined => {
  const { candidate, policy, bundle, approvals } = story;
  const title = [bold('Signatures'), `  ${candidate.status?.approvals || 'none yet'}`];
  if (policy === undefined || bundle === undefined) return { line: title };
  const all = signaturesOf({ candidate, policy, bundle, approvals }, now);
  const signed = all.map((signature): Branch => {
    const approval = approvals.find(({ metadata }) => metadata.name === signature.approval);
    const counts = signature.standing === 'Counts';
    const comment = approval?.spec.comment ?? '';
    return {
      line: [
        signature.decision === 'Reject' ? styled('red', '✗') : counts ? styled('green', '✓') : styled('yellow', '·'),
        ` ${visible(signature.username)} as ${signature.role}`,
        dim(`  ${ageOf(approval?.metadata.creationTimestamp, now)}`),
        ...(comment === '' ? [] : [`  "${visible(comment)}"`]),
        ...(signature.decision === 'Reject'
          ? ['  rejected it']
          : counts
            ? []
            : [`  not counted: ${signature.standing}`]),
      ],
    };
  });
  const open = quorum(linesOf({ candidate, policy }), consents(all, 'Counts')).lines.filter(
    ({ have, need }) => have < need,
  );
  const missing = open.map(({ role, have, need, missingGroups }): Branch => ({
    line: [
      styled('yellow', '◷'),
      ` ${need - have} ${role}${missingGroups.length === 0 ? '' : ` from ${missingGroups.map(visible).join(', ')}`}`,
    ],
  }));
  const isOver = conditionOf(candidate, 'Finished')?.status === 'True';
  return { line: title, below: [...signed, ...(isOver ? [] : missing)] };
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
        line: [`${kind} ${name}  `, style === undefined ? dim(state) : styled(style, state)],
      })),
      ...removed,
    ],
  };
};

const healthBranch = (candidate: ReleaseCandidate): Branch => {
  const healthy = conditionOf(candidate, 'Healthy');
  const style: Style = healthy?.status === 'True' ? 'green' : healthy?.status === 'False' ? 'red' : 'dim';
  return {
    line: [bold('Health'), '  ', styled(style, healthy?.reason ?? 'Unknown'), `  ${healthy?.message ?? ''}`],
  };
};

/** What it says of itself where people have to act, or where it has ended. */
const newsOf = (candidate: ReleaseCandidate): readonly Branch[] =>
  ['Finished', 'Stalled', 'ActionRequired'].flatMap((type) => {
    const condition = conditionOf(candidate, type);
    if (condition?.status !== 'True') return [];
    const style: Style = condition.reason === 'Promoted' ? 'green' : type === 'Finished' ? 'red' : 'yellow';
    return [texts([styled(style, `${type}: ${condition.reason}`), '  '], condition.message)];
  });

export const candidateTree = (
  story: Story,
  given: { readonly seen: readonly ObjectSeen[] | undefined; readonly whole: boolean; readonly now: number },
): Branch => {
  const { candidate } = story;
  const { metadata, spec, status } = candidate;
  const signatures = signaturesBranch(story, given.now);
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
      ...(status?.digest === undefined ? [] : [{ line: [dim('Digest   '), status.digest] }]),
      ...newsOf(candidate),
      gatesBranch(candidate, given.whole),
      ...(signatures === undefined ? [] : [signatures]),
      objectsBranch(story, given.seen),
      healthBranch(candidate),
    ],
  };
};

/** The lines of a tree, with its branches drawn. */
export const treeLines = ({ line, below = [] }: Branch): readonly (readonly Part[])[] => [
  line,
  ...below.flatMap((branch, at) => {
    const isLast = at === below.length - 1;
    const [first = [], ...others] = treeLines(branch);
    return [[dim(isLast ? '└─ ' : '├─ '), ...first], ...others.map((each) => [dim(isLast ? '   ' : '│  '), ...each])];
  }),
];
