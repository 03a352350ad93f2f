/** Is every approval line met by signatures under this digest? */
import type { Instant } from '../../objects.ts';
import { linesOf } from '../../people/approval-lines.ts';
import { openPlaces } from '../../people/open-lines.ts';
import { quorum, type LineSummary } from '../../people/quorum.ts';
import { newCandidate, signAs } from '../remedies.ts';
import { consents, signatures, type Signature, type Standing } from '../../people/approvals.ts';
import type { Verdict } from '../verdict.ts';
import { visible } from '../../safe-text.ts';
import { listed } from '../../messages.ts';
import { blocked, defineGate, type Facts, passed, unknown, waiting } from '../gate.ts';

const reads = [
  'candidate',
  'policy',
  'target',
  'record',
  'bundle',
  'hands',
  'sourceAuthors',
  'approvals',
  'rights',
] as const;
type Seen = Facts<typeof reads>;

/** Why a signature does not count, as people read it. */
export const notCountedBecause: Readonly<Record<Exclude<Standing, 'Counts' | 'Unanswered'>, string>> = {
  LacksRight: 'does not hold the role',
  Expired: 'signed too long ago',
  OtherContent: 'signed for other content',
  Author: 'changed the content',
  SystemName: 'is a system account',
};

/** The reason that helps most, when a line is open and such a signature was given for it. */
const tellingStandings = [
  { standing: 'LacksRight', reason: 'ApproverLacksRight' },
  { standing: 'Expired', reason: 'ApprovalExpired' },
] as const;

const pending = {
  remedy:
    'Wait; the operator asks the API server automatically. If it lasts, a platform admin reads the log of the operator',
};

/** A refusal by somebody who may sign is final. While it is not known whether they may, it is not passed over. */
const refusal = (s: Seen, all: readonly Signature[]): Verdict | undefined => {
  const refusals = all.filter(({ decision }) => decision === 'Reject');
  const final = refusals.find(({ standing }) => standing === 'Counts');
  if (final !== undefined) {
    return blocked('Rejected', {
      message: `${visible(final.username)} rejected this candidate as ${final.role}, which is final`,
      remedy: `Read why: kubectl get appr ${final.approval} -n ${s.target.name} -o jsonpath={.spec.comment}. ${newCandidate(s, 'that fixes it')}`,
    });
  }
  const open = refusals.find(({ standing }) => standing === 'Unanswered');
  if (open === undefined) return undefined;
  return unknown('RightsUnknown', {
    message: `${visible(open.username)} rejected this candidate as ${open.role}, and whether they may is not answered yet`,
    ...pending,
  });
};

/** When a signature that still counts, or might, stops counting. */
const nextExpiry = (all: readonly Signature[]): number | undefined => {
  const ends = consents(all, 'Counts', 'Unanswered', 'LacksRight').flatMap(({ expiresAt }) => expiresAt ?? []);
  return ends.length === 0 ? undefined : Math.min(...ends);
};

/** What the message of the gate waits for, such as `1 tester and 2 approver (from change-board)`; undefined = it does not say. */
export const openPlacesIn = (message: string): string | undefined =>
  /; waiting for (.*?)(; not counted: |$)/.exec(message)?.[1];

/** Signatures for the open lines that do not count; not those whose signer has signed again. */
const disregarded = (all: readonly Signature[], open: readonly LineSummary[]): readonly Signature[] => {
  const roles = new Set(open.map(({ role }) => role));
  const counted = new Set(consents(all, 'Counts').map(({ username, role }) => `${role} ${username}`));
  return consents(all, 'LacksRight', 'Expired', 'OtherContent', 'Author', 'SystemName').filter(
    ({ role, username }) => roles.has(role) && !counted.has(`${role} ${username}`),
  );
};

const explained = (signature: Signature): readonly string[] =>
  signature.standing === 'Counts' || signature.standing === 'Unanswered'
    ? []
    : [`${visible(signature.username)} as ${signature.role} (${notCountedBecause[signature.standing]})`];

/**
 * A signature counts when it is for this candidate and this digest, is not too old, its signer may sign now and had no hand in
 * the content. One person counts once over all lines.
 */
const judge = (s: Seen, now: Instant) => {
  const all = signatures(s, now);
  const refused = refusal(s, all);
  if (refused !== undefined) return refused;
  const { have, need, lines } = quorum(linesOf(s), consents(all, 'Counts'));
  const wakeAt = nextExpiry(all);
  if (have === need) return passed('ApprovalsComplete', `${have} of ${need} approvals recorded`, wakeAt);

  const recorded = `${have} of ${need} approvals recorded`;
  if (quorum(linesOf(s), consents(all, 'Counts', 'Unanswered')).have > have) {
    const asked = consents(all, 'Unanswered').map(({ username, role }) => `${visible(username)} as ${role}`);
    return unknown('RightsUnknown', {
      message: `${recorded}; not answered yet whether these may sign: ${listed([...new Set(asked)])}`,
      wakeAt,
      ...pending,
    });
  }
  const open = lines.filter((line) => line.have < line.need);
  const ignored = disregarded(all, open);
  const telling = tellingStandings.find(({ standing }) => ignored.some((signature) => signature.standing === standing));
  const notCounted = [...new Set(ignored.flatMap(explained))];
  return waiting(telling?.reason ?? 'ApprovalsMissing', {
    message: `${recorded}; waiting for ${listed(open.map(openPlaces))}${notCounted.length === 0 ? '' : `; not counted: ${listed(notCounted)}`}`,
    remedy: open
      .map(
        ({ role }) =>
          `Somebody else who holds role ${role} in ${s.target.name} reads the delta and signs: ${signAs(s, role)}`,
      )
      .join('; '),
    wakeAt,
  });
};

export const approvals = defineGate({
  name: 'Approvals',
  asks: 'Is every approval line met by signatures under this digest?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'The signatures for a release are what it rests on.',
  judge,
});
