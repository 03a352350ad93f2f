/** Which overlays are laid over the objects of a candidate, and what is wrong with them. */
import type { PolicyOverlay } from '../../api/policy-fields.ts';
import { digestOf } from '../json/canonical.ts';
import { asStarted } from '../manifest/autoscaling.ts';
import { isFilledInLater } from '../manifest/live-values.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { listed, objectNamed } from '../messages.ts';
import { isFor, overlayNamed, strayOverlays, type Overlay } from '../manifest/overlay.ts';
import { patchOf } from '../../api/overlay.ts';
import type { Bundle, OverlaidField } from '../bundle.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { keyOf, type ObjectRef } from '../objects.ts';
import { visible } from '../safe-text.ts';

type Facts = Pick<CandidateSnapshot, 'candidate' | 'policy'>;

/** What production always keeps different in the package. */
const ofPolicy = ({ candidate, policy }: Facts): readonly PolicyOverlay[] =>
  (policy?.spec.overlay ?? []).filter((item) => item.package === candidate.spec.package);

/** For one object, in the order in which they are laid over it: production's own first. */
export const overlaysFor = (s: Facts, ref: ObjectRef): readonly Overlay[] => [
  ...ofPolicy(s)
    .filter((item) => isFor(item, ref))
    .map((item): Overlay => ({ by: 'Policy', namespace: s.candidate.spec.targetNamespace, item })),
  ...s.candidate.spec.overlay
    .filter((item) => isFor(item, ref))
    .map((item): Overlay => ({ by: 'Candidate', namespace: s.candidate.spec.targetNamespace, item })),
];

/** Digest of what the policy says of these objects; '' = nothing. A content that was made under another one is not what production would get now. */
export const policyOverlayDigest = (s: Facts, refs: readonly ObjectRef[]): string => {
  const items = ofPolicy(s).filter((item) => refs.some((ref) => isFor(item, ref)));
  return items.length === 0
    ? ''
    : digestOf(items.map((item) => ({ kind: item.kind, name: item.name, patch: patchOf(item) })));
};

/** The bundles that hold what was frozen under what the policy says now. Content is made again where there is none. */
export const frozenNow = (s: Facts & Pick<CandidateSnapshot, 'bundles'>): readonly Bundle[] => {
  const isSilent = ofPolicy(s).length === 0;
  return s.bundles.filter(({ overlay, objects }) => {
    const refs = objects.map(({ ref }) => ref);
    return overlay === (isSilent ? '' : policyOverlayDigest(s, refs));
  });
};

const again = 'correct spec.overlay, then create a new candidate';

/** Items of the candidate about objects that the package does not contain; undefined = there are none. */
export const strayText = ({
  candidate,
  staged,
}: Pick<CandidateSnapshot, 'candidate' | 'staged'>): string | undefined => {
  const stray = strayOverlays(
    candidate.spec.overlay,
    [...staged.values()].map(({ ref }) => ref),
  );
  if (stray.length === 0) return undefined;
  const meant = stray.flatMap((one) => (one.meant === undefined ? [] : [objectNamed(keyOf(one.meant))]));
  const hint = meant.length === 0 ? '' : ` (did you mean ${listed([...new Set(meant)])}?)`;
  return `spec.overlay names ${listed(stray.map(({ item }) => keyOf(item)))}, which the package does not contain${hint}. Next: ${again}`;
};

/** A patch of the candidate that changes nothing is a difference that production does not get. `how`: what it changes nothing against. */
export const idleText = (ref: ObjectRef, overlays: readonly Overlay[]): string => {
  const already = overlays.some(({ by }) => by === 'Policy')
    ? `staging, with ${overlayNamed({ by: 'Policy' })}, has these values already`
    : 'staging has these values already';
  return `${visible(keyOf(ref))}: ${overlayNamed({ by: 'Candidate' })} changes nothing of this object: ${already}. Next: take the item out of spec.overlay, or write what production keeps different, then create a new candidate`;
};

/**
 * Why what was frozen cannot be made again under what the policy says now: staging holds something else. undefined = it can. The content of a
 * bundle does not say what it would be without the overlay that is in it.
 */
export const movedUnderOverlay = (s: CandidateSnapshot): string | undefined => {
  const last = s.bundles.at(-1);
  if (last === undefined) return undefined;
  const frozen = new Set(last.objects.map(({ ref }) => keyOf(ref)));
  const changed = last.objects.filter(({ ref, source }) => {
    const found = s.staged.get(keyOf(ref));
    const staged = found && asStarted(found, s.stagedAutoscalers);
    if (staged === undefined || staged.uid !== source?.uid) return true;
    return !isFilledInLater(ref) && digestOf(normalForm(staged.manifest, ref)) !== source.digest;
  });
  const moved = [...changed.map(({ ref }) => keyOf(ref)), ...[...s.staged.keys()].filter((key) => !frozen.has(key))];
  if (moved.length === 0) return undefined;
  const { metadata, spec } = s.candidate;
  return `${overlayNamed({ by: 'Policy' })} in ${spec.targetNamespace} has changed since this candidate was staged, and ${metadata.namespace} no longer holds what was staged (${listed(moved.map(objectNamed))}), so its content cannot be made again. Next: create a new candidate with spec.replaces: ${metadata.name}; or restore staging: kubectl get relbundle ${last.name} -n ${spec.targetNamespace} -o yaml shows what it was`;
};

/** What nobody runs, a line for each object: what signers of a second release would not find in the delta. */
const differences = (overlaid: readonly OverlaidField[]): readonly string[] =>
  [
    ...Map.groupBy(
      overlaid.filter(({ what }) => what === 'Other'),
      ({ by, ...ref }) => `Differs from staging by ${overlayNamed({ by })}: ${objectNamed(keyOf(ref))}`,
    ),
  ].map(([object, fields]) => `${object}: ${fields.map(difference).join(', ')}`);

const difference = ({ field, from, to }: OverlaidField): string =>
  from === '' && to === '' ? field : `${field} ${[from, to].map((value) => value || '(nothing)').join(' → ')}`;

/** What signers read about overlays at the top: what production always keeps different, and what runs there that did not run in staging. */
export const overlayLines = (
  s: Facts,
  { objects, overlaid, overlaidMore }: Pick<Bundle, 'objects' | 'overlaid' | 'overlaidMore'>,
): readonly string[] => {
  const items = ofPolicy(s);
  const [used, unused] = [true, false].map((isUsed) =>
    items
      .filter((item) => objects.some(({ ref }) => isFor(item, ref)) === isUsed)
      .map((item) => objectNamed(keyOf(item))),
  );
  return [
    ...overlaid
      .filter(({ what }) => what !== 'Other')
      .map(
        ({ field, by, from, to, ...ref }) =>
          `NOT WHAT STAGING RUNS: ${field} of ${objectNamed(keyOf(ref))} is ${to === '' ? 'taken away' : `"${to}"`} where staging has ${from === '' ? 'nothing' : `"${from}"`}, by ${overlayNamed({ by })}`,
      ),
    ...differences(overlaid),
    ...(overlaidMore === 0 ? [] : [`Overlays change ${overlaidMore} more fields: see spec.overlay`]),
    ...(used === undefined || used.length === 0
      ? []
      : [`Production's own overlay, from the ReleasePolicy, is laid over ${used.join(', ')}`]),
    ...(unused === undefined || unused.length === 0
      ? []
      : [`Production's own overlay also names what this release does not contain: ${unused.join(', ')}`]),
  ];
};
