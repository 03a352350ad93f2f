/** May our own two identities, or a GitOps tool, write this? Only what the ledger says is under way, and exactly that. */
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import type { Bundle } from '../bundle.ts';
import { toolLabels } from '../manifest/gitops-tools.ts';
import { isReplaced } from '../manifest/live-values.ts';
import { stayingOn } from '../record/expected-state.ts';
import { keyOf, type ObjectRef } from '../objects.ts';
import type { OpenIntent, PackageRecord, ProductionFact } from '../record/package.ts';
import { isToolRecord } from './tool-record.ts';
import { takesDataAlong } from '../manifest/parking.ts';
import { prunedAfter, prunedLate, prunedNow, releasesData, wasLeftBehind } from '../release/removals.ts';
import {
  departures,
  departuresFromParked,
  leftBefore,
  listedPaths,
  objectIn,
  scaledBefore,
  type Leave,
} from './approved-content.ts';
import { admittedAct } from './admitted-entry.ts';
import { isInTheWay, isLetGo, runsAgain, saysOtherwise } from './release-jobs.ts';
import { deletedPodsOwner, isPodDeletion, isReadyPod } from './pods.ts';
import { allowed, refuse, refuseYet, type AdmissionRequest, type AdmissionVerdict, asKind } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

/**
 * Answered to every dry-run of ours: whoever tries a promotion learns from it that a gate stands where the promotion will pass, and
 * starts none without. The API server hands warnings on to the caller.
 */
export const gateIsHere = 'countersign-gate: this write was judged';

const refOf = ({ kind, name }: AdmissionRequest): ObjectRef => ({ ...asKind(kind), name });

const has = (refs: readonly ObjectRef[], ref: ObjectRef): boolean => refs.some((each) => keyOf(each) === keyOf(ref));

/** What a package is on its way to, or is. */
interface Course {
  readonly package: PackageRecord;
  readonly to: Bundle | undefined;
  readonly from: Bundle | undefined;
}

const courses = (s: AdmissionSnapshot, type: OpenIntent['type']): readonly (Course & { open: OpenIntent })[] =>
  [...s.record.packages.values()].flatMap((record) =>
    record.open?.type === type
      ? [
          {
            package: record,
            open: record.open,
            to: named(s, record.open.to, record.open.toDigest),
            from: named(s, record.open.from, record.open.fromDigest),
          },
        ]
      : [],
  );

/** A bundle that the record names, if it is the content that the record names. */
const named = (s: AdmissionSnapshot, name: string, digest: string): Bundle | undefined => {
  const bundle = s.bundle(name);
  return bundle?.digest === digest ? bundle : undefined;
};

/** The promoting identity: under an open promotion, exactly its objects and removals; after observation, the removals that had to wait. */
export const judgePromoter = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  if (request.subresource !== '') return strayed(request);
  if (request.dryRun) return allowed({ warnings: [gateIsHere] });
  return request.operation === 'DELETE' ? promoterDeletes(request, s) : promoterWrites(request, s);
};

const promoterWrites = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const ref = refOf(request);
  if (isLetGo(request)) return saysOtherwise(request, s) ? refuse(request, 'JobNotComplete', {}) : allowed();
  if (runsAgain(request, s)) return refuse(request, 'JobIsDone', {});
  for (const { open, to, from } of courses(s, 'Promotion')) {
    if (to === undefined) continue;
    const expected = objectIn(to, ref);
    const paths =
      expected === undefined
        ? has(prunedLate(to), ref)
          ? departuresFromParked(request, to)
          : undefined
        : departures(request, expected, {
            bundle: to,
            leave: { ...leftBefore(from, ref), stays: stayingOn(s.record.explained, keyOf(ref)) },
          });
    if (paths === undefined) continue;
    if (open.rejected || open.refused !== undefined) return ended(request, open);
    return judged(request, { paths, bundle: to, open });
  }
  return nothingOpen(request);
};

const judged = (
  request: AdmissionRequest,
  { paths, bundle, open }: { paths: readonly string[]; bundle: Bundle; open: OpenIntent },
): AdmissionVerdict =>
  paths.length === 0
    ? allowed({ under: open })
    : refuse(request, 'ContentNotApproved', { bundle: bundle.name, paths: listedPaths(paths) });

const promoterDeletes = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const ref = refOf(request);
  for (const { open, to } of courses(s, 'Promotion')) {
    if (to === undefined || !(has(prunedNow(to), ref) || isInTheWay(s, open, { to, ref }))) continue;
    return open.rejected || open.refused !== undefined ? ended(request, open) : allowed({ under: open });
  }
  const late = settled(s).find(
    ({ production, bundle }) =>
      production.how === 'Promoted' && s.now >= production.observeUntil && has(prunedAfter(bundle), ref),
  );
  if (late === undefined) return nothingOpen(request);
  return losesClaims(request, late.bundle) ?? allowed({ under: standing(late.production) });
};

/** What is deleted keeps its claims, unless the release that drops it says that they go with it. */
const losesClaims = (request: AdmissionRequest, by: Bundle | undefined): AdmissionVerdict | undefined =>
  request.oldObject !== undefined && takesDataAlong(request.oldObject) && !releasesData(by, refOf(request))
    ? refuse(request, 'ClaimsWouldGo', {})
    : undefined;

/** What production holds of each package of which nothing is under way. */
const settled = (s: AdmissionSnapshot): readonly { readonly production: ProductionFact; readonly bundle: Bundle }[] =>
  [...s.record.packages.values()].flatMap(({ production, open }) => {
    const bundle = production && open === undefined ? named(s, production.bundle, production.digest) : undefined;
    return production === undefined || bundle === undefined ? [] : [{ production, bundle }];
  });

/** What production holds by the record is proven like what it goes back to: by who signed for it. */
const standing = ({ bundle, digest, at, candidateUid }: ProductionFact): OpenIntent => ({
  type: 'Rollback',
  id: `standing ${bundle} ${digest}`,
  seq: -1,
  at,
  candidate: { name: '', uid: candidateUid, namespace: '' },
  to: bundle,
  toDigest: digest,
  from: bundle,
  fromDigest: digest,
  cause: '',
  rollback: '',
  delivery: 'GitOps',
  followsUp: null,
  refused: undefined,
  rejected: false,
});

/** The restoring identity: under an open rollback, exactly the objects of the bundle gone back to; away goes what that one has not. */
export const judgeRestorer = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  if (request.subresource !== '') return strayed(request);
  if (request.dryRun) return allowed({ warnings: [gateIsHere] });
  if (isLetGo(request)) return allowed();
  if (isPodDeletion(request)) return restorerDeletesPod(request, s);
  const ref = refOf(request);
  for (const course of courses(s, 'Rollback')) {
    const { to, from, open } = course;
    const expected = objectIn(to, ref);
    if (request.operation === 'DELETE') {
      if (isMadeAgain(request, course, open)) return losesClaims(request, undefined) ?? allowed({ under: open });
      if (!isAdded({ to, from }, ref)) continue;
      // What the newer release brought goes as that one says, but for what was there before it.
      if (wasLeftBehind(to, ref)) return losesClaims(request, to) ?? allowed({ under: open });
      const isLeftover = objectIn(from, ref) === undefined;
      return (isLeftover ? losesClaims(request, from) : undefined) ?? allowed({ under: open });
    }
    if (isParking(request, course, open)) return allowed({ under: open });
    if (to === undefined || expected === undefined) continue;
    if (!wasInProduction(course, open)) {
      return refuse(request, 'NeverInProduction', { bundle: to.name });
    }
    return judged(request, {
      paths: departures(request, expected, {
        bundle: to,
        leave: {
          ...leftBefore(from, ref),
          stays: stayingOn(s.record.explained, keyOf(ref)),
          goesBack: true,
        },
      }),
      bundle: to,
      open,
    });
  }
  return nothingOpen(request);
};

/** What going back deletes, or makes again, keeps its claims. */
const isParking = (request: AdmissionRequest, course: Course, open: OpenIntent): boolean => {
  const isOnItsWay = isMadeAgain(request, course, open) || isAdded(course, refOf(request));
  const by = wasLeftBehind(course.to, refOf(request)) ? course.to : course.from;
  const paths = isOnItsWay ? departuresFromParked(request, by) : undefined;
  return paths?.length === 0;
};

/** What going back deletes only to create it as the bundle has it: the API server would refuse to change it. */
const isMadeAgain = (request: AdmissionRequest, course: Course, open: OpenIntent): boolean => {
  const expected = objectIn(course.to, refOf(request));
  return (
    expected !== undefined &&
    request.oldObject !== undefined &&
    !runsOncePerBundle(expected.ref) &&
    wasInProduction(course, open) &&
    isReplaced(expected.content, request.oldObject)
  );
};

/** A pod that is not ready, of a StatefulSet that goes back: its controller would wait for it for ever. */
const restorerDeletesPod = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const owner = deletedPodsOwner(request);
  if (owner?.kind !== 'StatefulSet' || isReadyPod(request)) return nothingOpen(request);
  const course = courses(s, 'Rollback').find(
    (each) => objectIn(each.to, owner) !== undefined && wasInProduction(each, each.open),
  );
  return course === undefined ? nothingOpen(request) : allowed({ under: course.open });
};

/** What going back takes away: whatever the newer bundle brought or was about to drop, and the one gone back to does not hold. */
const isAdded = ({ to, from }: Pick<Course, 'to' | 'from'>, ref: ObjectRef): boolean =>
  (objectIn(from, ref) !== undefined || has(from?.removed ?? [], ref)) &&
  (objectIn(to, ref) === undefined || runsOncePerBundle(ref));

/** A rollback leads to what production ran before by the record, the baseline included, and to exactly that content. */
const wasInProduction = ({ package: pkg, to }: Course, open: OpenIntent): boolean =>
  to !== undefined && pkg.ran.get(to.name)?.digest === to.digest && open.toDigest === to.digest;

/**
 * A GitOps tool: what is under way, forward or back; and at any time what production holds by right already, so that its own bookkeeping and
 * the repair of drift pass.
 */
export const judgeGitOps = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  if (isToolRecord(request)) {
    return allowed({
      record: admittedAct(request, s, { grounds: 'GitOps', detail: 'what Helm notes of its releases' }),
    });
  }
  if (request.subresource !== '') return strayed(request);
  const ref = refOf(request);
  if (request.operation === 'DELETE') return toolDeletes(request, s);
  if (runsAgain(request, s)) return refuse(request, 'JobIsDone', {});
  const open = [...courses(s, 'Promotion'), ...courses(s, 'Rollback')];
  for (const { to, from, open: intent } of open) {
    const expected = objectIn(to, ref);
    if (to === undefined || expected === undefined) continue;
    if (intent.rejected || intent.refused !== undefined) return ended(request, intent);
    return judged(request, {
      paths: departures(request, expected, {
        bundle: to,
        leave: { ...toolsLeave(s, ref), ...scaledBefore(from, ref), goesBack: intent.type === 'Rollback' },
      }),
      bundle: to,
      open: intent,
    });
  }
  for (const { production, bundle } of settled(s)) {
    const expected = objectIn(bundle, ref);
    if (expected === undefined) continue;
    const paths = departures(request, expected, { bundle, leave: toolsLeave(s, ref) });
    return judged(request, { paths, bundle, open: standing(production) });
  }
  return nothingOpen(request);
};

const toolsLeave = (s: AdmissionSnapshot, ref: ObjectRef): Leave => ({
  free: toolLabels,
  partly: true,
  stays: stayingOn(s.record.explained, keyOf(ref)),
});

/** What a release that is under way removes, or what the one in production has removed and the tool has not got to yet. */
const toolDeletes = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const ref = refOf(request);
  for (const { to, open } of courses(s, 'Promotion')) {
    if (!has(to?.removed ?? [], ref)) continue;
    if (open.rejected || open.refused !== undefined) return ended(request, open);
    return losesClaims(request, to) ?? allowed({ under: open });
  }
  const back = courses(s, 'Rollback').find(
    (course) => isAdded(course, ref) || isMadeAgain(request, course, course.open),
  );
  if (back !== undefined) return allowed({ under: back.open });
  // Another package may have taken the name since.
  const isHeld = [...s.record.packages.values()].some(
    ({ open, production }) => objectIn(s.bundle(open?.to ?? production?.bundle ?? ''), ref) !== undefined,
  );
  const left = settled(s).find(({ bundle }) => has(bundle.removed, ref));
  if (left === undefined || isHeld) return nothingOpen(request);
  return losesClaims(request, left.bundle) ?? allowed({ under: standing(left.production) });
};

const strayed = (request: AdmissionRequest): AdmissionVerdict => refuse(request, 'NotPartOfReleases', {});

const nothingOpen = (request: AdmissionRequest): AdmissionVerdict => refuseYet(request, 'NoReleaseUnderWay', {});

const ended = (request: AdmissionRequest, { candidate, rejected }: OpenIntent): AdmissionVerdict =>
  refuse(request, 'ReleaseEnded', { candidate: candidate.name, how: rejected ? 'rejected' : 'refused' });
