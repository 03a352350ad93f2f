/** Emergency accesses as they are shown. */
import type { EmergencyAccess } from '../../operator/api/emergency.ts';
import type { LedgerEntry } from '../../operator/api/ledger.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { peopleAmong } from '../../operator/decide/people/identity.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { isRecord } from '../../operator/kube/resource.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import { bold, dim, styled } from '../output/parts.ts';
import type { Terminal } from '../output/terminal.ts';
import { emergencyOf, entryOf } from './objects.ts';

/** @throws Problem when there is none of that name */
export const findEmergency = async (cluster: Cluster, namespace: string, name: string): Promise<EmergencyAccess> => {
  const found = await cluster.findOur('EmergencyAccess', { namespace, name });
  if (found !== undefined) return emergencyOf(found);
  throw new Problem(
    `There is no EmergencyAccess ${name} in ${namespace}`,
    `kubectl countersign emergency status -n ${namespace}`,
  );
};

/** Whether somebody granted the access or had it, under any of their accounts. */
export const isPartyTo = ({ spec }: EmergencyAccess, username: string, policy: ReleasePolicy | undefined): boolean => {
  const parties = [spec.grantee, spec.grantor.username];
  const personOf = peopleAmong(policy?.spec.people ?? [], [username, ...parties]);
  return parties.some((each) => personOf(each) === personOf(username));
};

const dataOf = ({ spec }: LedgerEntry): Readonly<Record<string, unknown>> => {
  const data: unknown = spec.data === '' ? {} : JSON.parse(spec.data);
  return isRecord(data) ? data : {};
};

const admitted = { fieldSelector: 'spec.type=Admitted' } as const;

/** Where the acts under accesses of a namespace are in the record. */
export const actsSelection = (namespace: string) => ({ namespace, ...admitted });

/** What was done under an access, of these entries: each act before it happened. */
export const actsAmong = (entries: readonly LedgerEntry[], { metadata }: EmergencyAccess): readonly LedgerEntry[] =>
  entries.filter((entry) => dataOf(entry)['emergency'] === metadata.uid).toSorted((a, b) => a.spec.seq - b.spec.seq);

/** What was done under an access, as the record has it. */
export const actsUnder = async (cluster: Cluster, access: EmergencyAccess): Promise<readonly LedgerEntry[]> => {
  const entries = await cluster.listOur('LedgerEntry', actsSelection(access.metadata.namespace));
  return actsAmong(entries.map(entryOf), access);
};

/** An act in one line. */
export const actText = (entry: LedgerEntry): string => {
  const { actor, subject, reason } = entry.spec;
  return `${visible(actor.username)} ${textOf(dataOf(entry)['operation'])} ${subject.kind} ${visible(subject.name)}  ${visible(reason)}`;
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Everything that is known of one: who, until when, what was done, what is left, and what is still due. */
export const printEmergency = (out: Terminal, access: EmergencyAccess, acts: readonly LedgerEntry[]): void => {
  const { metadata, spec, status } = access;
  out.line(
    bold(metadata.name),
    `  ${visible(spec.grantee)}, granted by ${visible(spec.grantor.username)}  `,
    bold(status?.state ?? 'Pending'),
  );
  out.line(dim('incident  '), visible(spec.incident), dim('  reason  '), visible(spec.reason));
  out.line(dim('ends      '), status?.notAfter ?? 'not judged yet');
  if (status?.digest !== undefined) out.line(dim('digest    '), status.digest);
  for (const { type, status: is, message } of status?.conditions ?? []) {
    if (is === 'True')
      out.line(styled(type === 'Overdue' || type === 'Stalled' ? 'red' : 'cyan', type), `  ${message}`);
  }
  out.line(bold('Acts'), `  ${acts.length}`);
  for (const entry of acts) out.line(dim(`  ${entry.metadata.name}  ${entry.spec.time}  `), actText(entry));
  out.line(bold('Left changed'), `  ${status?.drift.length ?? 0}`);
  for (const { object, change, settled } of status?.drift ?? []) out.line(`  ${change} ${visible(object)}: ${settled}`);
  for (const { pod, outcome } of status?.sessions ?? []) out.line(`  session in pod ${visible(pod)}: ${outcome}`);
};
