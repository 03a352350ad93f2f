/** `kubectl countersign emergency status`: who has access, until when, what was done, what is still due. */
import { visible } from '../../operator/decide/safe-text.ts';
import { connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { actsUnder, findEmergency, printEmergency } from '../candidate/emergency.ts';
import { productionOf } from '../candidate/find.ts';
import { emergencyOf, isTrue } from '../candidate/objects.ts';
import { printObjects } from '../output/objects.ts';
import { ageOf, printTable } from '../output/table.ts';
import type { Session } from '../session.ts';

const one = async (session: Session, namespace: string): Promise<void> => {
  const cluster = await session.cluster();
  const access = await findEmergency(cluster, namespace, session.name());
  const { out, format } = session;
  if (format !== undefined) return printObjects(out, format, { one: access });
  printEmergency(out, access, await actsUnder(cluster, access));
  const { name } = access.metadata;
  if (isTrue(access, 'Active')) out.line('  → ', `kubectl countersign emergency end ${name} -n ${namespace}`);
  if (isTrue(access, 'ReviewDue')) out.line('  → ', `kubectl countersign emergency review ${name} -n ${namespace}`);
  if (isTrue(access, 'FollowUpDue')) {
    out.line(
      '  → ',
      `A release that is staged with --follows-up ${name} says what becomes of what was left changed, until ${access.status?.followUpDue ?? ''}: kubectl countersign stage --help`,
    );
  }
};

const list = async (session: Session, namespace: string): Promise<void> => {
  const all = (await (await session.cluster()).listOur('EmergencyAccess', { namespace })).map(emergencyOf);
  const { out, format } = session;
  if (format !== undefined) return printObjects(out, format, { all });
  if (all.length === 0) return out.line(`Nobody has or had emergency access to ${namespace}`);
  printTable(
    out,
    ['NAME', 'GRANTEE', 'STATE', 'ENDS', 'ACTS', 'AGE', 'REASON'],
    all.map(({ metadata, spec, status }) => [
      metadata.name,
      visible(spec.grantee),
      status?.state ?? 'Pending',
      status?.notAfter ?? '',
      String(status?.actions ?? 0),
      ageOf(metadata.creationTimestamp, session.now()),
      visible(spec.reason),
    ]),
  );
};

export const emergencyStatus: CommandDefinition = {
  name: 'emergency status',
  summary: 'Shows who has emergency access, and what was done with it.',
  description:
    'Without a name: every emergency access of a production namespace. With a name: until when, every act under it from the record, what it left changed, and what is still due.',
  args: [{ name: 'name', description: 'The EmergencyAccess.', completes: 'emergency' }],
  options: [...connectionOptions, outputOption],
  examples: [
    { says: 'Who has access now?', line: 'emergency status -n payments-prod' },
    { says: 'What was done?', line: 'emergency status inc-4711 -n payments-prod' },
  ],
  async run(session) {
    const namespace = await productionOf(session);
    return session.argument(0) === undefined ? list(session, namespace) : one(session, namespace);
  },
};
