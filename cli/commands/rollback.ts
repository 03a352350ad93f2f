/** `kubectl countersign rollback`: takes a package back to what production ran before, now. */
import { apiVersion } from '../../operator/api/kinds.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { conditionOf, rollbackOf, whenTrue } from '../candidate/objects.ts';
import { needRight } from '../candidate/rights.ts';
import { exitCodes, Problem, type ExitCode } from '../exit.ts';
import { bold, styled } from '../output/parts.ts';
import type { Session } from '../session.ts';

/** What production runs of the package. @throws Problem when it runs nothing of it */
const runningOf = async (session: Session, namespace: string, name: string) => {
  const policy = await policyIn(await session.cluster(), namespace);
  const packages = policy.status?.packages ?? [];
  const running = packages.find((each) => each.package === name);
  if (running !== undefined) return running;
  throw new Problem(
    `Production runs no release of package ${name} in ${namespace}${packages.length === 0 ? '' : `; it runs ${packages.map((each) => each.package).join(', ')}`}`,
    `kubectl countersign running -n ${namespace}`,
  );
};

const followToEnd = async (session: Session, namespace: string, name: string): Promise<ExitCode> => {
  const cluster = await session.cluster();
  const stop = new AbortController();
  const events = cluster.follow(ourResource('Rollback'), { namespace, name }, { signal: stop.signal });
  for await (const event of events) {
    if (event.type !== 'Is') continue;
    const rollback = rollbackOf(event.object);
    const finished = whenTrue(rollback, 'Finished');
    if (finished === undefined) {
      session.out.progress(conditionOf(rollback, 'Reconciling')?.message ?? 'waits for the operator');
      continue;
    }
    stop.abort();
    const isBack = finished.reason === 'RolledBack' || finished.reason === 'AlreadyAtTarget';
    session.out.line(styled(isBack ? 'green' : 'red', `${name} ${finished.reason}`), `: ${finished.message}`);
    return isBack ? exitCodes.ok : exitCodes.failed;
  }
  return exitCodes.error;
};

const run = async (session: Session): Promise<ExitCode | void> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const name = session.argument(0) ?? '';
  const reason = session.text('reason');
  if (reason === undefined) {
    throw new Problem(
      'A rollback needs a reason, which goes into the record',
      `kubectl countersign rollback ${name} -n ${namespace} --reason '…'`,
    );
  }
  const running = await runningOf(session, namespace, name);
  await needRight(cluster, namespace, { verb: 'rollback', doing: `roll ${name} back`, role: 'countersign-sre' });
  const to = session.text('to');
  session.out.line(bold(name), ` in ${namespace} runs bundle ${running.bundle} since ${running.since}`);
  session.out.line(
    `It goes back to ${to === undefined ? 'the bundle before' : `bundle ${to}`}: all of it, configuration included, at once.`,
  );
  await session.agreed('Roll it back now?');
  const created = await cluster.client.createResource(ourResource('Rollback'), {
    apiVersion,
    kind: 'Rollback',
    metadata: { generateName: `${name}-`, namespace },
    spec: { package: name, reason, ...(to === undefined ? {} : { to }) },
  });
  session.out.line(`rollback ${created.metadata.name} created`);
  if (session.flag('wait')) return followToEnd(session, namespace, created.metadata.name);
  session.out.line('  → ', `kubectl get rollb ${created.metadata.name} -n ${namespace} -w`);
};

export const rollback: CommandDefinition = {
  name: 'rollback',
  summary: 'Takes a package back to what production ran before.',
  description:
    'Creates a Rollback in the production namespace: no window, freeze or signature holds it, and the whole package goes back, configuration included. It needs the right to roll back (ClusterRole countersign-sre). The content that is left is on hold afterwards: only a new candidate goes forward.',
  args: [{ name: 'package', description: 'The package.', required: true, completes: 'package' }],
  options: [
    {
      flags: '--to <bundle>',
      description: 'The ReleaseBundle to go back to. Absent: the one before the present one.',
      completes: 'bundle',
    },
    { flags: '--reason <text>', description: 'Why; it goes into the record.' },
    { flags: '--wait', description: 'Follows it to its end; exit code 7 when production did not go back.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    {
      says: 'Go back, and wait until it is done',
      line: "rollback payments -n payments-prod --reason 'settlements are wrong since the release' --wait --yes",
    },
  ],
  run,
};
