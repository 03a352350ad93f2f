/** What the ledger is told of promotions and rollbacks. */
import type { Rollback } from '../../api/rollback.ts';
import type { Bundle, BundleObject, UnmanagedFields } from '../bundle.ts';
import { digestOf } from '../json/canonical.ts';
import type { Delivery, Left, LedgerDraft, Written } from '../ledger-entry.ts';
import { contentDigest, replicasOf } from '../manifest/content-digest.ts';
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { decidedFinalizers } from '../manifest/lifetime.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { parkedManifest } from '../manifest/parking.ts';
import { type Instant, keyOf, type LiveObjects, type ObjectKey, type ObjectRef, kindIdOf } from '../objects.ts';
import { releasesData } from './removals.ts';
import type { OpenIntent } from '../record/package.ts';
import { candidateSubject } from '../record/subjects.ts';
import { leftText } from './left.ts';
import type { WayBack } from './way-back.ts';
import { visible } from '../safe-text.ts';

/** What writing a bundle makes of production, object by object. `from`: what production holds before; `way`: of a rollback. */
export const writtenBy = ({ objects, unmanaged }: Bundle, from: readonly BundleObject[], way?: WayBack): Written[] => {
  const before = new Map<ObjectKey, BundleObject>(from.map((object) => [keyOf(object.ref), object]));
  return objects.map(({ ref, digest, content }) => {
    // What stays as it is live is not compared until it is known, when the rollback has ended.
    const without = [...unmanagedOf(unmanaged, ref), ...(way?.left.get(keyOf(ref)) ?? [])];
    const finalizers = decidedFinalizers(content, kindIdOf(ref));
    const parked = way?.parked.get(keyOf(ref));
    const frees = decidedFinalizers(before.get(keyOf(ref))?.content, kindIdOf(ref)).filter(
      (name) => !finalizers.includes(name),
    );
    return {
      object: keyOf(ref),
      digest,
      content: contentDigest(content, { unmanaged: without }),
      replicas: without.includes('spec.replicas') ? null : (replicasOf(content) ?? null),
      without: [...without],
      ...(finalizers.length === 0 ? {} : { finalizers: [...finalizers] }),
      ...(frees.length === 0 ? {} : { frees: [...frees] }),
      ...(way?.replaced.has(keyOf(ref)) === true ? { replaced: true } : {}),
      ...(parked === undefined ? {} : { parked }),
    };
  });
};

/** What parking makes of the objects that a promotion drops and that could take data along. */
export const parkedBy = (bundle: Bundle, live: LiveObjects, unmanaged: readonly UnmanagedFields[]): Written[] =>
  bundle.removed.flatMap((ref): Written[] => {
    const now = live.get(keyOf(ref));
    const parked = now && parkedManifest(now.manifest, releasesData(bundle, ref) ? 'Released' : 'Kept');
    if (now === undefined || now.deleting || parked === undefined) return [];
    const content = normalForm(parked, ref);
    const without = unmanagedOf(unmanaged, ref).filter((path) => path !== 'spec.replicas');
    return [
      {
        object: keyOf(ref),
        digest: digestOf(content),
        content: contentDigest(parked, { unmanaged: without }),
        replicas: replicasOf(parked) ?? null,
        without,
      },
    ];
  });

/** `message`: what the API server said. */
export const refusedWrite = (open: OpenIntent, pkg: string, object: string, message: string): LedgerDraft => {
  const said = `${object}: ${visible(message)}`.slice(0, 4096);
  return {
    actor: 'operator',
    subject: candidateSubject(open.candidate),
    package: pkg,
    digest: open.toDigest,
    decision: 'Refused',
    reason: said,
    data: { type: 'Refused', intent: open.id, outcome: 'Failed', object, message: said },
  };
};

/** An order that was not carried out, and never will be. */
export const refusedOrder = ({ metadata, spec }: Rollback, decision: string, message: string): LedgerDraft => ({
  actor: spec.requester,
  subject: { kind: 'Rollback', name: metadata.name, uid: metadata.uid, namespace: metadata.namespace },
  package: spec.package,
  digest: '',
  decision,
  reason: message,
  data: { type: 'Refused', intent: '', outcome: 'Failed', object: '', message },
});

/** How a Job ended under an open promotion. */
export const jobDone = (
  open: OpenIntent,
  bundle: Bundle,
  { object, outcome, message }: { object: string; outcome: 'Complete' | 'Failed'; message: string },
): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(open.candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: outcome,
  reason: visible(message).slice(0, 4096),
  data: { type: 'JobDone', intent: open.id, object, outcome },
});

export const promoted = (
  open: OpenIntent,
  bundle: Bundle,
  {
    observeUntil,
    healthy,
    reason,
    left = [],
  }: { observeUntil: Instant; healthy: boolean; reason: string; left?: readonly Left[] },
): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(open.candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: healthy ? 'Complete' : 'Unhealthy',
  reason: reason.slice(0, 4096),
  data: {
    type: 'Promoted',
    intent: open.id,
    to: open.to,
    from: open.from,
    observeUntil: new Date(observeUntil).toISOString(),
    healthy,
    left: [...left],
  },
});

/** A release that failed while it was observed, and whose candidate said to page instead of going back. */
export const failedObserved = (bundle: Bundle, message: string): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(bundle.candidate),
  package: bundle.package,
  digest: bundle.digest,
  decision: 'Unhealthy',
  reason: message.slice(0, 4096),
  data: { type: 'Refused', intent: '', outcome: 'Failed', object: '', message },
});

/** What is taken back, and where to. */
export interface Return {
  readonly candidate: { readonly name: string; readonly uid: string; readonly namespace: string };
  readonly package: string;
  readonly from: string;
  readonly fromDigest: string;
  readonly to: string;
  readonly toDigest: string;
  readonly delivery: Delivery;
}

export interface ReturnOf {
  readonly cause: string;
  readonly overwrites: readonly string[];
  readonly order: Rollback | undefined;
  /** The bundle that is restored; undefined = production is left without the package. Jobs are not run again. */
  readonly restores: Bundle | undefined;
  /** What is taken back; absent = it is not known, so nothing of it is taken off. */
  readonly takesBack?: Bundle | undefined;
  readonly removes: readonly ObjectRef[];
  /** Absent = everything can be written back. */
  readonly way?: WayBack;
  /** What is parked before it is removed (`parkedBy`); absent = nothing. */
  readonly parks?: readonly Written[];
}

export const rollbackStarted = (
  back: Return,
  { cause, overwrites, order, restores, takesBack, removes, way, parks = [] }: ReturnOf,
): LedgerDraft => ({
  actor: order?.spec.requester ?? 'operator',
  subject: candidateSubject(back.candidate),
  package: back.package,
  digest: back.toDigest,
  decision: order === undefined ? 'Automatic' : 'Ordered',
  reason: cause.slice(0, 4096),
  data: {
    type: 'RollbackStarted',
    to: back.to,
    toDigest: back.toDigest,
    from: back.from,
    fromDigest: back.fromDigest,
    rollback: order?.metadata.uid ?? '',
    overwrites: [...overwrites],
    delivery: back.delivery,
    writes:
      restores === undefined
        ? []
        : [
            ...writtenBy(
              { ...restores, objects: restores.objects.filter(({ ref }) => !runsOncePerBundle(ref)) },
              takesBack?.objects ?? [],
              way,
            ),
            ...parks,
          ],
    removes: removes.map(keyOf),
  },
});

export interface RolledBackOf {
  readonly package: string;
  /** What the restored bundle came after; '' = nothing. */
  readonly previous: string;
  readonly outcome: 'Complete' | 'Failed';
  readonly left: readonly Left[];
}

export const rolledBack = (open: OpenIntent, { package: pkg, previous, outcome, left }: RolledBackOf): LedgerDraft => ({
  actor: 'operator',
  subject: candidateSubject(open.candidate),
  package: pkg,
  digest: open.toDigest,
  decision: outcome,
  reason:
    left.length === 0
      ? open.cause
      : `${open.cause}. ${outcome === 'Failed' ? 'Not back when rollbackTimeout was over' : 'Not as it was'}: ${leftText(left)}`.slice(
          0,
          4096,
        ),
  data: {
    type: 'RolledBack',
    intent: open.id,
    startedAt: new Date(open.at).toISOString(),
    to: open.to,
    toDigest: open.toDigest,
    from: open.from,
    fromDigest: open.fromDigest,
    previous,
    rollback: open.rollback,
    rejected: open.rejected,
    outcome,
    left: [...left],
  },
});
