/** `kubectl countersign sign exception`: lets releases pass gates for a time, or ends that. */
import { exceptionDigest } from '../../operator/decide/exceptions/exception.ts';
import { exceptionApproval } from '../../operator/decide/exceptions/manifests.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { findException, rolesForException } from '../candidate/exceptions.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { rolesHeld } from '../candidate/roles.ts';
import { Problem } from '../exit.ts';
import { bold, dim } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { roleOption } from './approve.ts';

const run = async (session: Session): Promise<void> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const [exception, policy, held] = await Promise.all([
    findException(cluster, namespace, session.name()),
    policyIn(cluster, namespace),
    rolesHeld(cluster, namespace),
  ]);
  const { metadata, spec } = exception;
  const refuses = session.flag('refuse');
  const comment = session.text('comment');
  if (refuses && comment === undefined) throw new Problem('A refusal says why', "Add --comment '<why it ends>'");
  const asked = { cluster, policy, held, now: session.now() };
  const able = refuses ? held : await rolesForException(asked, exception);
  const role = session.text('role') ?? able[0];
  if (role === undefined || !able.includes(role)) {
    throw new Problem(
      `Your signature would not count for ${metadata.name}: it waits for none of a role that you hold here, or you asked for it`,
      `kubectl get polex ${metadata.name} -n ${namespace} -o yaml`,
    );
  }
  const { out } = session;
  out.line(bold(metadata.name), `  ${spec.package}: ${spec.gates.join(', ')} until ${spec.until}`);
  out.line(dim('candidate  '), spec.candidate === undefined ? 'every one of the package' : spec.candidate.name);
  out.line(dim('asked by   '), visible(spec.requester.username));
  out.line(dim('because    '), visible(spec.reason));
  out.line(dim('risk       '), visible(spec.risk));
  out.line(dim('digest     '), exceptionDigest(exception));
  await session.agreed(
    refuses ? `Refuse it as ${role}, which is final?` : `Sign as ${role} that releases may pass these gates?`,
  );
  const manifest = exceptionApproval(exception, role);
  const created = await cluster.client.createResource(ourResource('Approval'), {
    ...manifest,
    spec: {
      ...manifest.spec,
      ...(refuses ? { decision: 'Reject' } : {}),
      ...(comment === undefined ? {} : { comment }),
    },
  });
  out.line(`approval ${created.metadata.name} created: ${refuses ? 'refused' : 'signed'} as ${role}`);
  out.line('  → ', `kubectl get polex ${metadata.name} -n ${namespace}`);
};

export const signException: CommandDefinition = {
  name: 'sign exception',
  summary: 'Signs that releases may pass gates for a time.',
  description:
    'Shows what is asked for, by whom, why and at what risk, asks once, and creates your Approval for exactly that. It signs nothing that could not count: not for the person who asked, and not without the right by name. With --refuse it ends the exception, signed for or not.',
  args: [
    {
      name: 'exception',
      description: 'The PolicyException, as `pending` names it.',
      required: true,
      completes: 'exception',
    },
  ],
  options: [
    roleOption,
    { flags: '--refuse', description: 'Ends it at once and for good. Needs --comment.' },
    { flags: '--comment <text>', description: 'What you have to say.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    { says: 'Releases may pass', line: 'sign exception payments-night -n payments-prod --yes' },
    {
      says: 'They may not, or no longer',
      line: "sign exception payments-night -n payments-prod --refuse --comment 'the scan is there' --yes",
    },
  ],
  run,
};
