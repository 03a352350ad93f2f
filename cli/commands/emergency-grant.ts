/** `kubectl countersign emergency grant`: gives one person access to production, for a time. */
import { apiVersion } from '../../operator/api/kinds.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { policyIn, productionOf } from '../candidate/find.ts';
import { conditionOf, emergencyOf, isTrue, whenTrue } from '../candidate/objects.ts';
import { needRight } from '../candidate/rights.ts';
import { exitCodes, Problem, type ExitCode } from '../exit.ts';
import { bold, styled } from '../output/parts.ts';
import type { Session } from '../session.ts';

/** Access takes a moment. Longer than this it is not waited for, and the command says how to look. */
const patienceMs = 60_000;

/** Until the access is there or refused. */
const followed = async (session: Session, namespace: string, name: string): Promise<ExitCode> => {
  const cluster = await session.cluster();
  const { out } = session;
  const look = `kubectl countersign emergency status ${name} -n ${namespace}`;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patienceMs);
  try {
    const events = cluster.follow(ourResource('EmergencyAccess'), { namespace, name }, { signal: stop.signal });
    for await (const event of events) {
      if (event.type !== 'Is') continue;
      const access = emergencyOf(event.object);
      if (isTrue(access, 'Active')) {
        out.line(
          styled('green', `${name} is active`),
          ` until ${access.status?.notAfter ?? ''}; everything done under it is recorded`,
        );
        out.line('  → ', `End it early: kubectl countersign emergency end ${name} -n ${namespace}`);
        return exitCodes.ok;
      }
      const finished = whenTrue(access, 'Finished');
      if (finished !== undefined) {
        out.line(styled('red', `${name} ${finished.reason}`), `: ${finished.message}`);
        return exitCodes.error;
      }
      out.progress(conditionOf(access, 'Pending')?.message ?? 'waits for the operator');
    }
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
  out.note(`${name} is not active yet`);
  out.note('  → ', look);
  return exitCodes.timedOut;
};

const needed = (session: Session, option: string): string => {
  const text = session.text(option);
  if (text !== undefined) return text;
  throw new Problem(
    `An emergency access needs --${option}, which goes into the record`,
    "kubectl countersign emergency grant <user> --duration 2h --incident INC-1 --reason '…'",
    exitCodes.usage,
  );
};

const run = async (session: Session): Promise<ExitCode> => {
  const cluster = await session.cluster();
  const namespace = await productionOf(session);
  const grantee = session.argument(0) ?? '';
  const [reason, incident, duration] = [
    needed(session, 'reason'),
    needed(session, 'incident'),
    needed(session, 'duration'),
  ];
  const policy = await policyIn(cluster, namespace);
  if (policy.spec.emergency === undefined) {
    throw new Problem(
      `The policy of ${namespace} has no emergency access`,
      `A platform admin sets spec.emergency: kubectl edit relpol production -n ${namespace}`,
    );
  }
  await needRight(cluster, namespace, { verb: 'grant', doing: 'grant emergency access', role: 'countersign-sre' });
  const name = session.text('name') ?? incident.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-');
  session.out.line(
    bold(visible(grantee)),
    ` gets access to ${namespace} for ${duration} (at most ${policy.spec.emergency.maxDuration}): ${visible(reason)}`,
  );
  await session.agreed('Grant it?');
  await cluster.client.createResource(ourResource('EmergencyAccess'), {
    apiVersion,
    kind: 'EmergencyAccess',
    metadata: { name, namespace },
    spec: { grantee, duration, reason, incident },
  });
  session.out.line(`emergencyaccess ${name} created`);
  return followed(session, namespace, name);
};

export const emergencyGrant: CommandDefinition = {
  name: 'emergency grant',
  summary: 'Gives one person access to production, for a time.',
  description:
    'Creates an EmergencyAccess and waits until it is active. Nobody grants themselves; it ends by the clock, every act is recorded before it happens, and somebody else reviews them afterwards. It needs the right to grant (ClusterRole countersign-sre).',
  args: [{ name: 'user', description: 'Who gets access, as the API server knows them.', required: true }],
  options: [
    { flags: '--duration <duration>', description: 'For how long, such as 2h.' },
    { flags: '--incident <id>', description: 'The incident in the system of record.' },
    { flags: '--reason <text>', description: 'What is wrong.' },
    { flags: '--name <name>', description: 'Of the EmergencyAccess. Absent: the incident.' },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    {
      says: 'At night, for two hours',
      line: "emergency grant developer-b -n payments-prod --duration 2h --incident INC-4711 --reason 'settlements are stuck' --yes",
    },
  ],
  run,
};
