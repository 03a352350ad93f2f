/** `kubectl countersign wait`: follows a candidate to its end, for pipelines. */
import { finishedReasons } from '../../operator/api/phases.ts';
import { milliseconds } from '../../operator/api/duration.ts';
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { candidateArgument, connectionOptions, type CommandDefinition } from '../command.ts';
import { findCandidate } from '../candidate/find.ts';
import { candidateOf, conditionOf, isTrue, whenTrue } from '../candidate/objects.ts';
import { withThisCommand } from '../candidate/remedy.ts';
import { waitsFor } from '../candidate/waits.ts';
import { exitCodes, Problem, type ExitCode } from '../exit.ts';
import { styled } from '../output/parts.ts';
import type { Session } from '../session.ts';

type Ending = (typeof finishedReasons)[number];

const codes: Readonly<Record<Ending, ExitCode>> = {
  Promoted: exitCodes.ok,
  Rejected: exitCodes.rejected,
  RolledBack: exitCodes.rolledBack,
  Expired: exitCodes.expired,
  Superseded: exitCodes.superseded,
  Withdrawn: exitCodes.superseded,
  Failed: exitCodes.failed,
};

/** What somebody does next, by how it ended. */
const nextBy: Readonly<Record<Ending, string>> = {
  Promoted: '',
  Rejected: 'Read why, fix it, and stage a new candidate: kubectl countersign get %',
  RolledBack:
    'Read what failed, and stage a new candidate whose notes say why it does not fail again: kubectl countersign get %',
  Expired: 'Stage it again: kubectl countersign stage --help',
  Superseded: 'The candidate that replaced it goes on: kubectl countersign get',
  Withdrawn: 'Stage a new candidate when it is to be released: kubectl countersign stage --help',
  Failed: 'Somebody on call looks at production: kubectl countersign get %',
};

/** Until when to wait for what. */
const targets = ['promoted', 'staged', 'approved'] as const;
const conditionBy = { staged: 'Staged', approved: 'Approved', promoted: 'Finished' } as const;

const endingOf = (candidate: ReleaseCandidate): { readonly reason: Ending; readonly message: string } | undefined => {
  const finished = whenTrue(candidate, 'Finished');
  if (finished === undefined) return undefined;
  const reason = finishedReasons.find((each) => each === finished.reason) ?? 'Failed';
  return { reason, message: finished.message };
};

const ended = ({ out }: Session, candidate: ReleaseCandidate, reason: Ending, message: string): ExitCode => {
  const { name, namespace } = candidate.metadata;
  out.line(styled(reason === 'Promoted' ? 'green' : 'red', `${name} ${reason}`), `: ${message}`);
  const next = nextBy[reason].replace('%', `${name} -n ${namespace}`);
  if (next !== '') out.line('  → ', next);
  return codes[reason];
};

const timeoutOf = (session: Session, otherwise?: string): number | undefined => {
  const text = session.text('timeout') ?? otherwise;
  if (text === undefined) return undefined;
  try {
    return milliseconds(text);
  } catch {
    throw new Problem(`--timeout ${text} is no duration`, 'Write it as 90s, 30m or 2h', exitCodes.usage);
  }
};

/** What holds it when nobody waits any longer. */
const timedOut = ({ out }: Session, candidate: ReleaseCandidate): ExitCode => {
  const { name, namespace } = candidate.metadata;
  out.note(styled('red', 'timed out: '), `${name} waits for ${waitsFor(candidate) || 'nothing'}`);
  for (const { outcome, remedy } of candidate.status?.gates ?? []) {
    if (outcome === 'Passed' || remedy === '') continue;
    for (const [at, line] of withThisCommand(remedy).split('\n').entries()) out.note(at === 0 ? '  → ' : '    ', line);
  }
  out.note('  → ', `kubectl countersign why ${name} -n ${namespace}`);
  return exitCodes.timedOut;
};

/** Follows a candidate to its end, or to what is waited for; also what `stage` does. `patience`: how long, where nobody said it. */
export const follow = async (
  session: Session,
  first: ReleaseCandidate,
  { until, patience }: { readonly until: (typeof targets)[number]; readonly patience?: string },
): Promise<ExitCode> => {
  const cluster = await session.cluster();
  const { name, namespace, uid } = first.metadata;
  const timeoutMs = timeoutOf(session, patience);
  const stop = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => stop.abort(), timeoutMs);
  let latest = first;
  try {
    const events = cluster.follow(
      ourResource('ReleaseCandidate'),
      { namespace, name },
      { signal: stop.signal, known: [first] },
    );
    for await (const event of events) {
      if (event.type === 'Current') continue;
      if (event.type === 'Deleted') {
        if (event.uid !== uid) continue;
        const ending = endingOf(latest);
        return ended(session, latest, ending?.reason ?? 'Withdrawn', ending?.message ?? 'it was deleted');
      }
      const candidate = candidateOf(event.object);
      if (candidate.metadata.uid !== uid) continue;
      latest = candidate;
      const ending = endingOf(candidate);
      if (ending !== undefined) return ended(session, candidate, ending.reason, ending.message);
      if (until !== 'promoted' && isTrue(candidate, conditionBy[until])) {
        session.out.line(
          styled('green', `${name} ${until}`),
          `: ${conditionOf(candidate, conditionBy[until])?.message ?? ''}`,
        );
        return exitCodes.ok;
      }
      session.out.progress(`${name}  ${candidate.status?.phase ?? 'Staging'}  waits for ${waitsFor(candidate)}`);
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  return timedOut(session, latest);
};

export const wait: CommandDefinition = {
  name: 'wait',
  summary: 'Waits until a candidate has ended, and exits with how it ended.',
  description:
    'Follows a candidate by a watch. Exit codes: 0 promoted, 3 rejected, 4 rolled back, 5 expired, 6 superseded or withdrawn, 7 failed, 124 time-out. It prints the reason and what to do next.',
  args: [candidateArgument],
  options: [
    { flags: '--for <what>', description: 'promoted (when absent), staged or approved.', values: targets },
    { flags: '--timeout <duration>', description: 'How long, such as 30m. Absent: until it ends.' },
    ...connectionOptions,
  ],
  examples: [
    { says: 'In a pipeline', line: 'wait payments-2.4.0 -n payments-staging --timeout 2h' },
    { says: 'Until there is something to sign for', line: 'wait payments-2.4.0 -n payments-staging --for staged' },
  ],
  async run(session) {
    const until = targets.find((each) => each === session.text('for')) ?? 'promoted';
    return follow(session, await findCandidate(session, session.name()), { until });
  },
};
