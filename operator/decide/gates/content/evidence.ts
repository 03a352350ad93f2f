/** Is there the evidence that the policy demands? */
import type { Reason } from '../../../api/reasons.ts';
import {
  demandsOf,
  dependsOnChanges,
  imagesUnreported,
  significanceOfRelease,
  type Counted,
  type Demand,
  type Standing,
} from '../../evidence/demands.ts';
import type { Ignored } from '../../evidence/ignored.ts';
import type { Piece } from '../../evidence/piece.ts';
import { listed, objectNamed } from '../../messages.ts';
import { keyOf, type Instant } from '../../objects.ts';
import { earliest } from '../../plan.ts';
import { visible } from '../../safe-text.ts';
import { blocked, defineGate, passed, unknown, waiting, type Facts } from '../gate.ts';
import { newCandidate, reportAs, reporterOf } from '../remedies.ts';
import type { Verdict } from '../verdict.ts';

const reads = [
  'candidate',
  'policy',
  'bundle',
  'hands',
  'sourceAuthors',
  'record',
  'evidence',
  'mayReport',
  'signerOf',
  'changes',
] as const;
type Seen = Facts<typeof reads>;

/** Why evidence that passed does not count, as a part of a sentence. */
export const notCountedBecause: Readonly<Record<Ignored['why'], string>> = {
  Author: 'changed the content',
  StagingAccount: 'is an account of the staging namespace',
  Expired: 'performed it too long ago',
  Altered: 'holds a report of another digest than it gives',
  LacksRight: 'does not hold the right to report it',
  Unsigned: 'brings no signed statement',
  OtherSigner: 'is signed by nobody whom the policy names',
  Differs: 'says something else than was signed',
  OtherOrigin: 'was built elsewhere',
};

/** The reason that helps most, when something passed and does not count. */
const telling = [
  { why: 'Author', reason: 'ReporterIsAuthor' },
  { why: 'LacksRight', reason: 'ReporterLacksRight' },
  { why: 'Differs', reason: 'StatementDiffers' },
  { why: 'OtherOrigin', reason: 'OriginNotAllowed' },
  { why: 'OtherSigner', reason: 'EvidenceNotSigned' },
  { why: 'Unsigned', reason: 'EvidenceNotSigned' },
  { why: 'Expired', reason: 'EvidenceExpired' },
] as const;

const named = ({ type, name, reporter }: Piece): string => `${type} ${name} by ${visible(reporter.username)}`;

/** With what makes it count beside who reported it. */
const namedWithSigner = (piece: Counted): string =>
  [
    named(piece),
    ...(piece.signer === '' ? [] : [`signed by ${piece.signer}`]),
    ...(piece.signer === '' ? [] : originOf(piece)),
  ].join(', ');

const originOf = ({ statement }: Piece): readonly string[] => [
  ...(statement?.builder === undefined ? [] : [`built by ${visible(statement.builder)}`]),
  ...(statement?.sources ?? []).map(
    ({ repository, revision }) => `from ${visible(repository)}${revision === '' ? '' : ` at ${visible(revision)}`}`,
  ),
];

const distinct = (texts: readonly string[]): string => listed([...new Set(texts)]);

/** What the evidence of one line is to be about, or is missing about. */
const aboutText = (s: Seen, { line }: Demand, subjects: readonly string[]): string =>
  line.about === 'Candidate'
    ? `the content of ${s.candidate.metadata.name}`
    : `${subjects.length === 1 ? 'image' : `${subjects.length} images`} ${listed(subjects.map((each) => each.slice(0, 19)))}`;

const isStanding = <Is extends Standing['is']>(
  standing: Standing,
  is: Is,
): standing is Extract<Standing, { readonly is: Is }> => standing.is === is;

const standings = <Is extends Standing['is']>(demands: readonly Demand[], is: Is) =>
  demands.flatMap(({ subjects }) => subjects.flatMap(({ standing }) => (isStanding(standing, is) ? [standing] : [])));

const missingIn = ({ subjects }: Demand): readonly string[] =>
  subjects.flatMap(({ subject, standing }) => (standing.is === 'Missing' ? [subject] : []));

/** Part of a message and of a remedy. */
interface Told {
  readonly message: string;
  readonly remedy: string;
}

const failed = (s: Seen, demands: readonly Demand[]): Told | undefined => {
  const failures = standings(demands, 'Failed');
  if (failures.length === 0) return undefined;
  const again = demands.flatMap(({ line, subjects }) => {
    const these = subjects.flatMap(({ subject, standing }) => (standing.is === 'Failed' ? [subject] : []));
    return these.length === 0 ? [] : [reportAs(s, line, these)];
  });
  return {
    message: distinct(failures.map(({ piece, because }) => `${named(piece)} ${because}`)),
    remedy: `${newCandidate(s, 'that fixes what it found')}; or somebody who may report it, and had no hand in the content, reports what a newer test says: ${again.join('; ')}`,
  };
};

const missing = (s: Seen, demands: readonly Demand[]): (Told & { readonly reason: Reason }) | undefined => {
  const open = demands.filter((demand) => missingIn(demand).length > 0);
  if (open.length === 0) return undefined;
  const ignored = standings(demands, 'Missing').flatMap((each) => each.ignored);
  const notCounted = distinct(
    ignored.map(
      ({ piece, why, detail }) => `${named(piece)} (${detail === '' ? notCountedBecause[why] : visible(detail)})`,
    ),
  );
  const waitsFor = open.map((demand) => `${demand.line.type} about ${aboutText(s, demand, missingIn(demand))}`);
  return {
    reason: telling.find(({ why }) => ignored.some((each) => each.why === why))?.reason ?? 'EvidenceMissing',
    message: `${listed(waitsFor)}${notCounted === '' ? '' : `; not counted: ${notCounted}`}`,
    remedy: open
      .map((demand) => `${reporterOf(s, demand.line)}: ${reportAs(s, demand.line, missingIn(demand))}`)
      .join('; '),
  };
};

/** How much the release changes, where that decides what it needs, what it is not asked for, and what nobody can report on. */
const noteOf = (s: Seen, demands: readonly Demand[]): string => {
  // Where nothing hangs on it, lock B does not compare.
  const isCompared = s.changes !== 'Unknown' || dependsOnChanges(s.policy);
  const { level, because } = significanceOfRelease(s);
  const spared = demands.flatMap(({ applies, line }) => (applies ? [] : [`${line.type} (${line.when})`]));
  const unreported = imagesUnreported(s.bundle, demands).map(
    ({ ref, name, reference }) =>
      `${name} of ${objectNamed(keyOf(ref))}, whose image (${visible(reference)}) has no digest`,
  );
  return [
    '',
    ...(isCompared ? [`the release is ${level}: ${because}`] : []),
    ...(spared.length === 0 ? [] : [`not needed for it: ${listed(spared)}`]),
    ...(unreported.length === 0 ? [] : [`nobody can report on ${listed(unreported)}`]),
  ].join('; ');
};

const judge = (s: Seen, now: Instant): Verdict => {
  const demands = demandsOf(s, now);
  if (demands.length === 0) return passed('EvidenceNotRequired', 'The policy demands no evidence');
  const note = noteOf(s, demands);
  const [short, open] = [failed(s, demands), missing(s, demands)];
  if (short !== undefined) {
    const rest = open === undefined ? '' : `; besides, waiting for ${open.message}`;
    const remedy = [short.remedy, ...(open === undefined ? [] : [open.remedy])].join('; ');
    return blocked('EvidenceFailed', { message: `${short.message}${rest}${note}`, remedy });
  }
  const [unanswered] = standings(demands, 'Unanswered');
  if (unanswered !== undefined) {
    return unknown('RightsUnknown', {
      message: `Not answered yet whether the reporter of ${named(unanswered.pieces[0])} may report it, or who signed it`,
      remedy:
        'Wait; the operator asks the API server automatically. If it lasts, a platform admin reads the log of the operator',
    });
  }
  const counted = standings(demands, 'Counts');
  const wakeAt = earliest(...counted.map(({ expiresAt }) => expiresAt));
  if (open !== undefined) {
    return waiting(open.reason, { message: `Waiting for ${open.message}${note}`, remedy: open.remedy, wakeAt });
  }
  const rests =
    counted.length === 0 ? 'Nothing is needed' : distinct(counted.map(({ piece }) => namedWithSigner(piece)));
  return passed('EvidenceComplete', `${rests}${note}`, wakeAt);
};

export const evidence = defineGate({
  name: 'Evidence',
  asks: 'Is there the evidence that the policy demands?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: true,
  judge,
});
