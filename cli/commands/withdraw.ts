/** `kubectl countersign withdraw`: takes a candidate back before it is promoted. */
import { toFailure } from '../../operator/kube/failures.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { candidateArgument, connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { findCandidate } from '../candidate/find.ts';
import { whenTrue } from '../candidate/objects.ts';
import { Problem } from '../exit.ts';
import type { Session } from '../session.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const candidate = await findCandidate(session, session.name());
  const { name, namespace, uid } = candidate.metadata;
  const finished = whenTrue(candidate, 'Finished');
  if (finished !== undefined) {
    throw new Problem(
      `${name} is finished: ${finished.reason}. There is nothing to withdraw`,
      `kubectl countersign get ${name} -n ${namespace}`,
    );
  }
  await session.agreed(
    `Withdraw ${name} (${candidate.spec.package} ${candidate.spec.version})? It is deleted; its record stays.`,
  );
  try {
    await cluster.client.deleteResource(ourResource('ReleaseCandidate'), { namespace, name }, { uid });
  } catch (error) {
    if (toFailure(error).kind === 'NotFound') throw new Problem(`${name} is gone already`);
    throw error;
  }
  session.out.line(`releasecandidate ${name} withdrawn`);
  session.out.line('  → ', `kubectl countersign get -n ${namespace}`);
};

export const withdraw: CommandDefinition = {
  name: 'withdraw',
  summary: 'Withdraws a candidate that is not on its way yet.',
  description:
    'Deletes the ReleaseCandidate. It needs the right to withdraw in the production namespace and to delete candidates in the staging namespace (ClusterRole countersign-owner); the record of it stays.',
  args: [candidateArgument],
  options: [yesOption, ...connectionOptions],
  examples: [{ says: 'Take it back', line: 'withdraw payments-2.4.0 -n payments-staging --yes' }],
  run,
};
