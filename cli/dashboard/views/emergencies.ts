/** Who has or had emergency access: until when, what was done, what is left, and who reviews it. */
import type { EmergencyAccess } from '../../../operator/api/emergency.ts';
import type { LedgerEntry } from '../../../operator/api/ledger.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { actsAmong, actsSelection, actText } from '../../candidate/emergency.ts';
import { emergencyOf, entryOf, isTrue } from '../../candidate/objects.ts';
import { reviewable } from '../../candidate/review.ts';
import { rolesHeld } from '../../candidate/roles.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { Problem } from '../../exit.ts';
import { problemModel } from '../clean.ts';
import type { View } from '../desk.ts';
import type { EmergencyModel, NewsModel, SignableModel, Tone } from '../models.ts';

const tones: Readonly<Record<string, Tone>> = {
  Active: 'bad',
  Overdue: 'bad',
  Refused: 'bad',
  ReviewDue: 'open',
  FollowUpDue: 'open',
  Closed: 'good',
};

const newsOf = ({ status }: EmergencyAccess): readonly NewsModel[] =>
  (status?.conditions ?? [])
    .filter((each) => each.status === 'True')
    .map(({ type, reason, message }) => ({
      type,
      reason,
      message,
      tone: ['Overdue', 'Stalled'].includes(type) ? 'bad' : 'plain',
    }));

/** The same questions that `emergency review` asks. */
const reviewOf = async (cluster: Cluster, access: EmergencyAccess): Promise<SignableModel | undefined> => {
  if (!isTrue(access, 'ReviewDue')) return undefined;
  const { name, namespace } = access.metadata;
  const digest = access.status?.digest ?? '';
  try {
    await reviewable(cluster, namespace, name);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { digest, roles: [], problem: problemModel(error) };
  }
  const held = await rolesHeld(cluster, namespace);
  return { digest, roles: Object.keys(access.status?.approvalManifests ?? {}).filter((role) => held.includes(role)) };
};

const emergencyModel = async (
  cluster: Cluster,
  access: EmergencyAccess,
  entries: readonly LedgerEntry[],
): Promise<EmergencyModel> => {
  const { metadata, spec, status } = access;
  const state = status?.state || 'Pending';
  return {
    name: metadata.name,
    grantee: visible(spec.grantee),
    grantor: visible(spec.grantor.username),
    incident: visible(spec.incident),
    reason: visible(spec.reason),
    state,
    tone: tones[state] ?? 'plain',
    created: metadata.creationTimestamp,
    notAfter: status?.notAfter,
    guarantee: status?.guarantee ?? '',
    news: newsOf(access),
    acts: actsAmong(entries, access).map((entry) => ({
      entry: entry.metadata.name,
      time: entry.spec.time,
      says: actText(entry),
    })),
    drift: (status?.drift ?? []).map(({ object, change, settled }) => ({ object: visible(object), change, settled })),
    sessions: (status?.sessions ?? []).map(({ pod, outcome }) => ({ pod: visible(pod), outcome })),
    followUpDue: status?.followUpDue,
    review: await reviewOf(cluster, access),
    ends: isTrue(access, 'Active') ? `kubectl countersign emergency end ${metadata.name} -n ${metadata.namespace}` : '',
  };
};

export const emergencies: View = (desk, place) => async () => {
  const namespace = place('namespace');
  const cluster = desk.cluster();
  desk.follow(ourResource('EmergencyAccess'), { namespace });
  const [all, entries] = await Promise.all([
    cluster.listOur('EmergencyAccess', { namespace }),
    desk.record(ourResource('LedgerEntry'), actsSelection(namespace)),
  ]);
  const acts = entries.map(entryOf);
  const models = await Promise.all(all.map((each) => emergencyModel(cluster, emergencyOf(each), acts)));
  return { view: 'emergencies', namespace, emergencies: models.toSorted((a, b) => (a.created < b.created ? 1 : -1)) };
};
