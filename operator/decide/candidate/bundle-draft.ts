/** The bundle that a candidate should have now: frozen content against what production runs. */
import { isAutoscaler, kindRow, runsOncePerBundle, keyNamed, namedInFull } from '../manifest/kinds/index.ts';
import { handsOn } from '../people/authors.ts';
import type { Bundle, BundleObject, OverlaidField, UnmanagedFields } from '../bundle.ts';
import { keptOverlaid, mostOverlaid } from '../delta/overlaid.ts';
import { policyOverlayDigest } from './overlays.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { digest8, digestOf } from '../json/canonical.ts';
import { revertedCreations } from '../emergency/follow-up.ts';
import { asKey, keyOf, type ObjectKey, type ObjectRef, type KindName } from '../objects.ts';
import { packageRecord } from '../record/record.ts';
import { baseBundle } from '../record/package.ts';
import { normalForm } from '../manifest/normal-form.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { toolLabels } from '../manifest/gitops-tools.ts';
import { impliedUnmanaged } from '../manifest/unmanaged-fields.ts';
import { digestOfBundle } from '../bundle-digest.ts';

/** What production runs of the package, and what a rollback would go back to. */
export interface Base {
  readonly digest: string;
  /** '' when there is nothing to go back to. */
  readonly name: string;
  readonly objects: readonly BundleObject[];
  /** Objects that the base dropped and whose deletion is still to come. */
  readonly lingering: readonly ObjectRef[];
  /** Production held this before any release of the package: not everybody who reads a delta may read it. */
  readonly foreign: boolean;
  /** A bundle to write before the first promotion: what production ran before us. */
  readonly baseline: Bundle | undefined;
}

const none: Base = { digest: 'none', name: '', objects: [], lingering: [], foreign: false, baseline: undefined };

/** @returns undefined when the record names a bundle that is not there (yet) */
export const baseOf = (
  s: CandidateSnapshot,
  policy: ReleasePolicy,
  content: readonly BundleObject[],
): Base | undefined => {
  const bundle = baseBundle(packageRecord(s.record, s.candidate.spec.package));
  if (bundle === '') return { ...none, lingering: unfinished(s) };
  if (bundle !== undefined) {
    return s.production === undefined
      ? undefined
      : {
          digest: s.production.digest,
          name: s.production.name,
          objects: s.production.objects,
          lingering: [...s.production.removed.filter((ref) => s.live.get(keyOf(ref)) !== undefined), ...unfinished(s)],
          foreign: s.production.baseline,
          baseline: undefined,
        };
  }
  const baseline = baselineOf(s, policy, content);
  return baseline === undefined
    ? { ...none, lingering: unfinished(s) }
    : {
        digest: baseline.digest,
        name: baseline.name,
        objects: baseline.objects,
        lingering: unfinished(s),
        foreign: true,
        baseline,
      };
};

/** What a promotion or rollback of the package that ended as Failed left in production, and nobody else's release holds. */
const unfinished = (s: CandidateSnapshot): readonly ObjectRef[] =>
  (packageRecord(s.record, s.candidate.spec.package).unfinished?.left ?? []).map(asKey).flatMap((key) => {
    const live = s.live.get(key);
    return live === undefined || s.claims.has(key) || kindRow(live.ref)?.promotable !== true ? [] : [live.ref];
  });

/** What production already holds of a package that was never promoted: its components under their names, as they are. */
const baselineOf = (
  s: CandidateSnapshot,
  policy: ReleasePolicy,
  content: readonly BundleObject[],
): Bundle | undefined => {
  const { spec } = s.candidate;
  const objects = content
    .filter(({ ref }) => !runsOncePerBundle(ref) && !s.claims.has(keyOf(ref)))
    .flatMap(({ ref }): BundleObject[] => {
      const live = s.live.get(keyOf(ref));
      if (live === undefined || live.deleting) return [];
      const normal = normalForm(live.manifest, ref);
      return [{ ref, content: normal, digest: digestOf(normal) }];
    });
  if (objects.length === 0) return undefined;
  const bundle = {
    namespace: spec.targetNamespace,
    candidate: { name: '', uid: '', namespace: '' },
    package: spec.package,
    version: '',
    policyUID: policy.metadata.uid,
    authors: [],
    onFailure: 'Rollback' as const,
    base: 'none',
    previous: '',
    baseline: true,
    serverVersion: s.serverVersion,
    objects: sorted(objects),
    removed: [],
    unmanaged: unmanagedFor(s, policy, objects, []),
    irreversible: [],
    leftOut: [],
    notSearched: [],
    stagingReferences: [],
    dependencies: [],
    dependenciesLeftOut: 0,
    overlay: '',
    overlaid: [],
    overlaidMore: 0,
  };
  const digest = digestOfBundle(bundle);
  return { ...bundle, digest, name: `${spec.package}-baseline-${digest8(digest)}`, createdAt: 0 };
};

const byKey = <T extends KindName & { readonly name: string }>(a: T, b: T): number =>
  keyNamed(a) < keyNamed(b) ? -1 : Number(keyNamed(a) > keyNamed(b));

const sorted = (objects: readonly BundleObject[]): BundleObject[] => objects.toSorted((a, b) => byKey(a.ref, b.ref));

const unmanagedFor = (
  s: CandidateSnapshot,
  policy: ReleasePolicy,
  objects: readonly BundleObject[],
  removed: readonly ObjectRef[],
): readonly UnmanagedFields[] => {
  // What an autoscaler of production scales after the release: its content says so of those that it holds, and what it drops scales nothing.
  const decided = new Set([...objects.map(({ ref }) => keyOf(ref)), ...removed.map(keyOf)]);
  const staying = s.autoscalers.filter(({ ref }) => !decided.has(keyOf(ref)));
  const present = new Set(objects.map(({ ref }) => keyOf(ref)));
  const { unmanagedFields, operate, deliveredBy } = policy.spec;
  const scaled = operate.scale.map(({ kind, name }) => ({ kind, name, fields: ['spec.replicas'] }));
  const kept = deliveredBy === 'GitOps' ? objects.map(({ ref }) => ({ ...namedInFull(ref), fields: toolLabels })) : [];
  const declared = [...unmanagedFields, ...scaled, ...kept].filter((row) => present.has(keyNamed(row)));
  return impliedUnmanaged(
    // Nothing else scales, and contents are large.
    objects.filter(({ ref }) => isAutoscaler(ref)).map(({ content }) => content),
    staying,
    declared,
  ).filter((row) => present.has(keyNamed(row)));
};

/** Who wrote what is frozen: known when it was frozen, and carried along when it is weighed against another base. */
const writersOf = (s: CandidateSnapshot): readonly string[] =>
  s.bundles.length > 0 ? s.bundles.flatMap(({ authors }) => authors) : handsOn(s, s.production).known;

/** What a bundle is made of. */
export interface Content {
  readonly content: readonly BundleObject[];
  readonly overlaid: readonly OverlaidField[];
  /** How many fields beside these, where they are those of a bundle. */
  readonly overlaidMore?: number | undefined;
}

/** Pure in its inputs: the same content against the same base is the same bundle, digest and name included. */
export const draftBundle = (
  s: CandidateSnapshot,
  policy: ReleasePolicy,
  { content, overlaid, overlaidMore = 0 }: Content,
  base: Base,
): Bundle => {
  const { spec, metadata } = s.candidate;
  const kept = new Set<ObjectKey>(content.map(({ ref }) => keyOf(ref)));
  const gone = [...base.objects.map(({ ref }) => ref), ...base.lingering, ...revertedCreations(s.candidate, s.record)];
  const dropped = gone.filter(
    (ref, i) =>
      !runsOncePerBundle(ref) && !kept.has(keyOf(ref)) && gone.findIndex((other) => keyOf(other) === keyOf(ref)) === i,
  );
  const bundle = {
    namespace: spec.targetNamespace,
    candidate: { name: metadata.name, uid: metadata.uid, namespace: metadata.namespace },
    package: spec.package,
    version: spec.version,
    policyUID: policy.metadata.uid,
    authors: [...new Set([spec.author.username, ...spec.onBehalfOf, ...writersOf(s)])].toSorted(),
    onFailure: spec.onFailure,
    base: base.digest,
    previous: base.name,
    baseline: false,
    serverVersion: s.serverVersion,
    objects: sorted(content),
    removed: dropped.toSorted(byKey),
    unmanaged: unmanagedFor(s, policy, content, dropped),
    irreversible: spec.irreversible
      .map(({ fields, reason, ...ref }) => ({ ...namedInFull(ref), fields: fields.toSorted(), reason }))
      .toSorted(byKey),
    leftOut: spec.leaveOut
      .map(({ kind, name, group, apiVersion = group, reason }) => ({ kind, name, apiVersion, reason }))
      .toSorted(byKey),
    stagingReferences: [],
    dependencies: [],
    dependenciesLeftOut: 0,
    notSearched: s.bundles[0]?.notSearched ?? (spec.selector === undefined ? [] : s.selection().notSearched),
    overlay: policyOverlayDigest(
      s,
      content.map(({ ref }) => ref),
    ),
    overlaid: keptOverlaid(overlaid.toSorted(byKey)),
    overlaidMore: overlaidMore + Math.max(0, overlaid.length - mostOverlaid),
  };
  const digest = digestOfBundle(bundle);
  // The uid too: a candidate that was deleted and created again with the same content has a bundle of its own.
  return { ...bundle, digest, name: `${metadata.name}-${digest8(digestOf([digest, metadata.uid]))}`, createdAt: 0 };
};
