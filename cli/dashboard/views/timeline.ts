/** What has become of a candidate, as the record has it. */
import type { ReleaseCandidate } from '../../../operator/api/candidate.ts';
import type { LedgerType } from '../../../operator/api/ledger.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { entryOf } from '../../candidate/objects.ts';
import type { Desk } from '../desk.ts';
import type { EventModel, Tone } from '../models.ts';

const tones: Readonly<Partial<Record<LedgerType, Tone>>> = {
  Signed: 'good',
  Tested: 'good',
  Promoted: 'good',
  Rejected: 'bad',
  Withdrawn: 'bad',
  Refused: 'bad',
  RollbackStarted: 'bad',
  RolledBack: 'bad',
  PromotionStarted: 'open',
};

const isOf = (uid: string, digest: string | undefined) => (entry: ReturnType<typeof entryOf>) =>
  entry.spec.subject.uid === uid || (digest !== undefined && entry.spec.digest === digest);

export const timelineOf = async (
  desk: Desk,
  { metadata, spec }: ReleaseCandidate,
  digest: string | undefined,
): Promise<readonly EventModel[]> => {
  const objects = await desk.record(ourResource('LedgerEntry'), {
    namespace: spec.targetNamespace,
    fieldSelector: `spec.package=${spec.package}`,
  });
  const entries = objects
    .map(entryOf)
    .filter(isOf(metadata.uid, digest))
    .toSorted((a, b) => a.spec.seq - b.spec.seq);
  const proposed: EventModel = {
    time: metadata.creationTimestamp,
    what: 'Proposed',
    who: visible(spec.author.username),
    says: '',
    tone: 'plain',
  };
  return [
    proposed,
    ...entries.map(({ spec: { time, type, actor, reason } }) => ({
      time,
      what: type,
      who: visible(actor.username),
      says: visible(reason),
      tone: tones[type] ?? 'plain',
    })),
  ];
};
