/** The record of a production namespace: verified whole, and as much of it as somebody looks for. */
import { ledgerTypes, type LedgerEntry } from '../../../operator/api/ledger.ts';
import { entryHash } from '../../../operator/decide/record/chain.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { entryOf } from '../../candidate/objects.ts';
import { actsTogether, verificationOf } from '../../record/verification.ts';
import type { Place, View } from '../desk.ts';
import type { EntryModel } from '../models.ts';

/** More are found by searching. */
const mostShown = 300;

const told = ({ decision, reason }: LedgerEntry['spec']): string =>
  [decision, visible(reason)].filter((part) => part !== '').join(': ');

const subjectOf = ({ subject }: LedgerEntry['spec']): string => `${subject.kind} ${visible(subject.name)}`;

const entryModel = ({ metadata, spec }: LedgerEntry): EntryModel => ({
  name: metadata.name,
  time: spec.time,
  type: spec.type,
  who: visible(spec.actor.username),
  subject: subjectOf(spec),
  package: spec.package,
  says: told(spec),
  digest: spec.digest,
  hash: entryHash(spec),
  acts: actsTogether(spec).map((act) => `${visible(act.actor.username)}: ${subjectOf(act)}. ${told(act)}`),
});

const matches = (place: Place) => {
  const type = place('type');
  const text = place('text').trim().toLowerCase();
  return ({ metadata, spec }: LedgerEntry): boolean =>
    (type === '' || spec.type === type) &&
    (text === '' ||
      [
        metadata.name,
        spec.type,
        spec.actor.username,
        spec.subject.name,
        spec.package,
        spec.digest,
        spec.reason,
        spec.data,
      ].some((each) => each.toLowerCase().includes(text)));
};

export const ledger: View = (desk, place) => async () => {
  const namespace = place('namespace');
  const entries = (await desk.record(ourResource('LedgerEntry'), { namespace }))
    .map(entryOf)
    .toSorted((a, b) => b.spec.seq - a.spec.seq);
  const { head, count, wrong, planted } = verificationOf(entries.toReversed());
  const found = entries.filter(matches(place));
  return {
    view: 'ledger',
    namespace,
    types: ledgerTypes.filter((type) => entries.some(({ spec }) => spec.type === type)),
    entries: found.slice(0, mostShown).map(entryModel),
    matching: found.length,
    count,
    head,
    wrong: wrong ?? '',
    planted,
  };
};
