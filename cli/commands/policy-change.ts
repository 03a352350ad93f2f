/** `kubectl countersign policy change`: asks that the policy becomes another one. */
import { policyDifference } from '../../operator/decide/policy/difference.ts';
import { apiVersion, kinds } from '../../operator/api/kinds.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { Problem } from '../exit.ts';
import { bold } from '../output/parts.ts';
import { policyInFile } from '../policy/files.ts';
import type { Session } from '../session.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const file = session.text('filename');
  if (file === undefined) throw new Problem('A change says what the policy is to be', 'Add -f <policy>.yaml');
  const reason = session.text('reason');
  if (reason === undefined) throw new Problem('A change says why', "Add --reason '<why>'");
  const [policy, { spec }] = await Promise.all([policyIn(cluster, namespace), policyInFile(file)]);
  if (policy.spec.changes === undefined) {
    throw new Problem(
      `The policy of ${namespace} has no spec.changes, so nobody needs to sign: who administers it changes it directly`,
      `kubectl apply -f ${file} -n ${namespace}`,
    );
  }
  const { lines, more } = policyDifference(policy, spec);
  if (lines.length === 0) throw new Problem(`The policy of ${namespace} is already what ${file} says`);
  const { out } = session;
  out.line(bold(`What changes of the policy of ${namespace}`));
  for (const each of lines) out.line('  ', each);
  if (more > 0) out.line(`  and ${more} more fields`);
  await session.agreed('Ask for this change?');
  const created = await cluster.client.createResource(ourResource('PolicyChange'), {
    apiVersion,
    kind: kinds.PolicyChange.kind,
    metadata: { generateName: 'policy-', namespace },
    spec: { policy: spec, reason },
  });
  const { name } = created.metadata;
  out.line(`policy change ${name} created; others sign for it`);
  out.line('  → ', `kubectl countersign sign change ${name} -n ${namespace}`);
};

export const policyChange: CommandDefinition = {
  name: 'policy change',
  summary: 'Asks that the policy becomes another one, where that takes others.',
  description:
    'Takes the whole ReleasePolicy as it is to be, shows field by field what differs from the one in the cluster, asks once, and creates a PolicyChange. Once others have signed for exactly that difference the operator applies it. It needs the right to administer the policy. Where the policy has no spec.changes it asks for nothing: a holder of the right changes it directly.',
  options: [
    { flags: '-f, --filename <file>', description: 'The ReleasePolicy; - for standard input.', completes: 'file' },
    { flags: '--reason <text>', description: 'Why. Signers read it.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    {
      says: 'The policy is to be what the file says',
      line: "policy change -f policy.yaml -n payments-prod --reason 'refunds broke after an hour' --yes",
    },
  ],
  run,
};
