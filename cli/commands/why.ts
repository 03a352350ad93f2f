/** `kubectl countersign why`: what is missing, who can supply it, since when, and what to type. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { candidateArgument, connectionOptions, type CommandDefinition } from '../command.ts';
import { findCandidate } from '../candidate/find.ts';
import { waitingSince } from '../candidate/facts.ts';
import type { Supply } from '../candidate/holders.ts';
import { conditionOf, isTrue, whenTrue } from '../candidate/objects.ts';
import { withThisCommand } from '../candidate/remedy.ts';
import { bold, dim, styled } from '../output/parts.ts';
import { ageOf } from '../output/table.ts';
import type { Session } from '../session.ts';

type Gate = NonNullable<ReleaseCandidate['status']>['gates'][number];

interface Asked {
  readonly namespace: string;
  /** What the role does, and the ClusterRole that gives it, without `countersign-`. */
  readonly does: string;
  readonly prefix: string;
}

const printSupply = ({ out }: Session, supply: readonly Supply[] | 'Unreadable', asked: Asked): void => {
  const { namespace, does, prefix } = asked;
  if (supply === 'Unreadable') {
    out.line(
      dim('    who  '),
      `only those who may list RoleBindings in ${namespace} see who holds a role: kubectl get rolebindings -n ${namespace} -o wide`,
    );
    return;
  }
  for (const { role, people } of supply) {
    const nobody = `nobody is bound to it who may still ${does}; a platform admin binds countersign-${prefix}${role} in ${namespace}`;
    out.line(dim('    who  '), `${role}: `, people.length === 0 ? styled('red', nobody) : people.join(', '));
  }
};

/** Whom a missing signature, or missing evidence, can come from, beside those who cannot give it. */
const printHolders = async (session: Session, candidate: ReleaseCandidate, gate: Gate): Promise<void> => {
  const asked = [...gate.remedy.matchAll(/ evidencetypes\/([A-Za-z0-9]+) in \S+ by name(,?)/g)];
  const types = [...new Map(asked.map(([, type = '', comma]) => [type, { type, byAuthors: comma === '' }])).values()];
  if (gate.name !== 'Approvals' && types.length === 0) return;
  const [{ whoCanReport, whoCanSign }, { storyOf }] = await Promise.all([
    import('../candidate/holders.ts'),
    import('../candidate/story.ts'),
  ]);
  const cluster = await session.cluster();
  const story = await storyOf(cluster, candidate);
  if (gate.name === 'Approvals') {
    const supply = await whoCanSign(cluster, story, session.now());
    printSupply(session, supply, { namespace: candidate.spec.targetNamespace, does: 'sign', prefix: '' });
  } else {
    const supply = await whoCanReport(cluster, story, types);
    printSupply(session, supply, { namespace: candidate.metadata.namespace, does: 'report', prefix: 'report-' });
  }
};

/** What evidence and which exceptions it rests on, while it waits and afterwards. */
const printGrounds = ({ out }: Session, { status }: ReleaseCandidate): void => {
  for (const { name, outcome, reason, message } of status?.gates ?? []) {
    const rested = reason === 'GatesPassed' && message.includes(', by ');
    const rests =
      rested ||
      reason === 'EvidenceComplete' ||
      reason === 'PassedByException' ||
      message.includes('authors by the source');
    if (outcome === 'Passed' && rests) out.line('  ', bold(name), dim('  Passed  '), message);
  }
};

/** A text under its title, line by line: an overlay in it is there to be copied. */
const printLines = (out: Session['out'], title: string, text: string): void => {
  for (const [at, line] of text.split('\n').entries()) out.line(dim(at === 0 ? title : ' '.repeat(title.length)), line);
};

/** How it ended, or that nothing holds it. @returns whether that was all */
const printWhole = ({ out }: Session, candidate: ReleaseCandidate): boolean => {
  const { name, namespace } = candidate.metadata;
  for (const type of ['Finished', 'Stalled', 'ActionRequired'] as const) {
    const condition = whenTrue(candidate, type);
    if (condition === undefined) continue;
    out.line(
      styled(condition.reason === 'Promoted' ? 'green' : 'yellow', `${type}: ${condition.reason}`),
      `  ${condition.message}`,
    );
    if (type === 'Finished') return true;
  }
  if (!isTrue(candidate, 'Staged')) {
    const staged = conditionOf(candidate, 'Staged');
    out.line(`It is not staged yet: ${staged?.message ?? 'the operator has not looked at it'}`);
    if (staged === undefined) {
      out.line('  → ', 'A platform admin looks at the operator: kubectl get pods -n countersign-system');
      return true;
    }
  }
  if ((candidate.status?.gates ?? []).every(({ outcome }) => outcome === 'Passed')) {
    out.line(conditionOf(candidate, 'Reconciling')?.message ?? 'Every gate has passed');
    out.line('  → ', `kubectl countersign wait ${name} -n ${namespace}`);
    return true;
  }
  return false;
};

const run = async (session: Session): Promise<void> => {
  const candidate = await findCandidate(session, session.name());
  const { out } = session;
  const isWhole = printWhole(session, candidate);
  printGrounds(session, candidate);
  if (isWhole) return;
  const since = waitingSince(candidate);
  const { metadata, status } = candidate;
  out.line(
    bold(metadata.name),
    ` waits${since === undefined ? '' : ` since ${since} (${ageOf(since, session.now())})`}:`,
  );
  for (const gate of status?.gates ?? []) {
    const { name, outcome, message, remedy } = gate;
    if (outcome === 'Passed') continue;
    out.line('  ', bold(name), dim(`  ${outcome}`));
    printLines(out, '    what ', message);
    await printHolders(session, candidate, gate);
    if (remedy !== '') printLines(out, '    next ', withThisCommand(remedy));
  }
};

export const why: CommandDefinition = {
  name: 'why',
  summary: 'Says what a candidate waits for, who can supply it, and what to type.',
  description:
    'Every gate that has not passed: what is missing, who can supply it, since when, and the exact command. For missing signatures it names the people and groups that hold the role, as far as you may read the bindings of the production namespace.',
  args: [candidateArgument],
  options: connectionOptions,
  examples: [{ says: 'Why is it not in production?', line: 'why payments-2.4.0 -n payments-staging' }],
  run,
};
