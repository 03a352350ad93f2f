/** Which entries about a package may follow. */
import { digest8 } from '../json/canonical.ts';
import { asKey } from '../objects.ts';
import type { OpenIntent, PackageRecord } from './package.ts';
import { begun, finished, firstOf, type Given, isOpenFor, type Row, type Type, type Wrong } from './transition.ts';

/** Name of the bundle of what production held of a package before its first promotion. */
const baselineName = (pkg: string, digest: string): string => `${pkg}-baseline-${digest8(digest)}`;

/** What a promotion begins from is what production runs; before the first one, what it held, or nothing. */
const wrongFrom = ({ entry, data, pkg }: Given<'PromotionStarted'>): boolean =>
  pkg.production === undefined
    ? data.from !== (data.fromDigest === '' ? '' : baselineName(entry.package, data.fromDigest))
    : data.from !== pkg.production.bundle || data.fromDigest !== pkg.production.digest;

/** The open intent is the one that the entry ends. */
const notOf = ({ open }: PackageRecord, type: OpenIntent['type'], intent: string) =>
  [open?.type !== type || open.id !== intent, `no ${type.toLowerCase()} ${intent} is open`] as const;

/** Where a package may go back to, by name, with the digest of each. */
const isWhereItCameFrom = ({ open, production }: PackageRecord, to: string): boolean =>
  to === (open?.from ?? production?.previous);

const wrongOrder = ({ entry, data, pkg }: Given<'RollbackStarted'>): Wrong => {
  const isOrdered = data.rollback !== '';
  const byPerson = !entry.actor.username.startsWith('system:');
  return firstOf(
    [isOrdered !== byPerson, isOrdered ? 'it was ordered by no person' : 'nobody ordered it, and it names a person'],
    [isOrdered && pkg.orders.has(data.rollback), 'its order was answered before'],
    [
      !isOrdered && pkg.open === undefined && pkg.production?.how !== 'Promoted',
      'nothing of the package is observed, and nobody ordered it',
    ],
    [
      !isOrdered && !isWhereItCameFrom(pkg, data.to),
      `${data.to === '' ? 'nothing' : data.to} is not what it came from`,
    ],
  );
};

/** What a rollback takes back: the promotion that is open, what an unfinished rollback to the same bundle took back, or what production runs. */
const takenBack = ({
  data,
  pkg: { open, unfinished, production },
}: Given<'RollbackStarted'>): { readonly bundle: string; readonly digest: string } | undefined => {
  if (open !== undefined) return { bundle: open.to, digest: open.toDigest };
  return unfinished !== undefined && data.from === unfinished.from && data.to === unfinished.to
    ? { bundle: unfinished.from, digest: unfinished.fromDigest }
    : production;
};

/** A Job of staging may fail and be run again until it is complete. */
const wrongInStaging = ({ entry, data, candidate }: Given<'JobDone'>): Wrong => {
  const before = candidate?.jobs.get(asKey(data.object))?.outcome;
  return firstOf(
    finished(candidate),
    begun(candidate),
    [candidate?.stagedDigests.has(entry.digest) !== true, 'that content was never staged'],
    [before === 'Complete' || before === data.outcome, 'the end of that Job was entered before'],
  );
};

/** It ends once for each promotion, and once complete it is so for good. */
const wrongInProduction = ({ entry, data, pkg, state }: Given<'JobDone'>): Wrong => {
  const key = asKey(data.object);
  const before = pkg.jobs.get(key);
  return firstOf(
    notOf(pkg, 'Promotion', data.intent),
    [!isOpenFor(pkg, entry), 'it is about another candidate than its intent'],
    [entry.digest !== pkg.open?.toDigest, 'it is about other content than its intent'],
    [
      !key.startsWith('Job/') || state.explained.intents.get(entry.package)?.writes.has(key) !== true,
      'its promotion writes no such Job',
    ],
    [before?.outcome === 'Complete' || before?.intent === data.intent, 'the end of that Job was entered before'],
  );
};

export const packages = {
  PromotionStarted: (given) => {
    const { entry, data, pkg, candidate } = given;
    return firstOf(
      [pkg.open !== undefined, 'another promotion or rollback of the package is open'],
      [candidate?.stagedDigests.has(entry.digest) !== true, 'that content was never staged'],
      finished(candidate),
      begun(candidate),
      [pkg.held.has(entry.digest), 'that content is on hold'],
      [wrongFrom(given), `it begins from ${data.from === '' ? 'nothing' : data.from}, which production does not run`],
      [
        (candidate?.bases.get(entry.digest) ?? '') !== (data.fromDigest === '' ? 'none' : data.fromDigest),
        'that content was staged against another base',
      ],
    );
  },
  JobDone: (given) => (given.data.intent === '' ? wrongInStaging(given) : wrongInProduction(given)),
  Promoted: ({ entry, data, pkg }) =>
    firstOf(
      notOf(pkg, 'Promotion', data.intent),
      [!isOpenFor(pkg, entry), 'it is about another candidate than its intent'],
      [data.to !== pkg.open?.to || data.from !== pkg.open.from, 'it is about other bundles than its intent'],
      [entry.digest !== pkg.open?.toDigest, 'it is about other content than its intent'],
      [pkg.open?.rejected === true || pkg.open?.refused !== undefined, 'its promotion was rejected or refused'],
    ),
  RollbackStarted: (given) => {
    const { data, pkg, candidate } = given;
    const { bundle: from, digest: fromDigest } = takenBack(given) ?? {};
    const wrong = firstOf(
      [pkg.open?.type === 'Rollback', 'a rollback of the package is open'],
      [data.from !== from || data.fromDigest !== fromDigest, `production does not run ${data.from}`],
      [candidate?.intent?.bundle !== data.from, 'it is about another candidate than production runs'],
      [data.to === data.from, 'it leads to where production is'],
      [data.to !== '' && !isWhereItCameFrom(pkg, data.to) && !pkg.ran.has(data.to), `production never ran ${data.to}`],
      [data.to === '' && !isWhereItCameFrom(pkg, ''), 'production was never without the package'],
      [data.toDigest !== (data.to === '' ? '' : pkg.ran.get(data.to)?.digest), 'it leads to other content than ran'],
    );
    return wrong ?? wrongOrder(given);
  },
  RolledBack: ({ entry, data, pkg }) => {
    const { open } = pkg;
    return firstOf(
      notOf(pkg, 'Rollback', data.intent),
      [!isOpenFor(pkg, entry), 'it is about another candidate than its intent'],
      [data.to !== open?.to || data.from !== open.from, 'it is about other bundles than its intent'],
      [
        data.toDigest !== open?.toDigest || data.fromDigest !== open.fromDigest,
        'it is about other content than its intent',
      ],
      [data.rollback !== open?.rollback, 'it is about another order than its intent'],
      [data.rejected !== open?.rejected, 'it says otherwise whether the candidate was rejected'],
      [Date.parse(data.startedAt) !== open?.at, 'its intent began at another time'],
      [data.previous !== (pkg.ran.get(data.to)?.previous ?? ''), `${data.to} did not come after ${data.previous}`],
    );
  },
  HoldLifted: ({ entry, data, pkg, candidate }) => {
    const hold = pkg.held.get(entry.digest);
    return firstOf(
      [hold === undefined || hold.id !== data.hold, 'that content is not on hold'],
      [hold?.candidate.uid !== entry.subject.uid, 'it is about another candidate than the hold'],
      [data.approval.username !== entry.actor.username, 'it is in another name than its signature'],
      [candidate?.authors.has(entry.actor.username) === true, 'it is signed by an author of the content'],
    );
  },
  Refused: ({ entry, data, pkg, candidate }) => {
    if (entry.subject.kind === 'Rollback') {
      return firstOf([pkg.orders.has(entry.subject.uid), 'its order was answered before']);
    }
    if (data.intent !== '') {
      return firstOf(notOf(pkg, 'Promotion', data.intent), [
        pkg.open?.refused !== undefined,
        'a write of that promotion was refused before',
      ]);
    }
    if (data.outcome === 'Failed') {
      return firstOf(
        [pkg.open !== undefined, 'a promotion or rollback of the package is open'],
        [pkg.production?.candidateUid !== entry.subject.uid, 'production does not run its candidate'],
        [pkg.production?.how !== 'Promoted', 'what production runs is not observed'],
      );
    }
    return firstOf(finished(candidate), [
      candidate?.promoted !== undefined || isOpenFor(pkg, entry),
      'its candidate is in production or on its way there',
    ]);
  },
} satisfies { readonly [T in Type]?: Row<T> };
