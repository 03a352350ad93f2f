/** What a release does that a rollback does not take back, computed from production as it is and the bundle that is to be. */
import type { JsonObject } from '../../api/meta.ts';
import type { Bundle } from '../bundle.ts';
import { outside } from '../json/field-path.ts';
import { immutableChange } from '../manifest/immutable-fields.ts';
import { kindRow, runsOncePerBundle, keyNamed } from '../manifest/kinds/index.ts';
import { withFilledIn } from '../manifest/live-values.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { isParkedFirst } from '../manifest/parking.ts';
import { unmanagedOf } from '../manifest/unmanaged-fields.ts';
import { objectNamed } from '../messages.ts';
import { keyOf, type LiveObjects, type ObjectKey, type ObjectRef } from '../objects.ts';
import { releasesData } from './removals.ts';

export interface OneWay {
  readonly object: ObjectKey;
  /** Dot path; '' = the object itself. */
  readonly field: string;
  /**
   * `Lost`: data is deleted. `Stays`: the field stays as the release has it, and nothing is lost by that. `Kept`: the object goes, and its data
   * stays. `Ran`: a Job, of which a rollback undoes nothing.
   */
  readonly is: 'Lost' | 'Stays' | 'Kept' | 'Ran';
  /** One sentence for people. */
  readonly why: string;
}

interface Given {
  readonly bundle: Bundle;
  readonly live: LiveObjects;
  /** What the release before holds; undefined = there was none. */
  readonly before: Pick<Bundle, 'objects'> | undefined;
  /** A tool deletes what the release drops, and parks nothing. */
  readonly byTool: boolean;
}

export const oneWays = (given: Given): readonly OneWay[] => [
  ...given.bundle.objects.flatMap((object) =>
    runsOncePerBundle(object.ref) ? [ran(object.ref)] : changed(given, object.ref, object.content),
  ),
  ...given.bundle.removed.flatMap((ref) => dropped(given, ref)),
];

const ran = (ref: ObjectRef): OneWay => ({
  object: keyOf(ref),
  field: '',
  is: 'Ran',
  why: `what ${objectNamed(keyOf(ref))} does is not undone by a rollback`,
});

const changed = ({ bundle, live }: Given, ref: ObjectRef, content: JsonObject): readonly OneWay[] => {
  const object = keyOf(ref);
  const now = live.get(object);
  if (now === undefined || now.deleting) return [];
  const unmanaged = unmanagedOf(bundle.unmanaged, ref);
  const [before, after] = [normalForm(now.manifest, ref), withFilledIn(content, now.manifest)].map((each) =>
    outside(each, unmanaged),
  );
  if (before === undefined || after === undefined) return [];
  const lost = kindRow(ref)?.losesData?.(before, after) ?? [];
  const back = immutableChange(before, after);
  const stays = back?.wayBack === 'Leave' ? back.fields : [];
  return [
    ...lost.map((field): OneWay => ({
      object,
      field,
      is: 'Lost',
      why: `${field} of ${objectNamed(object)} becomes less, and Kubernetes deletes the claims of the replicas that go, with their data`,
    })),
    ...stays.map((field): OneWay => ({
      object,
      field,
      is: 'Stays',
      why: `a rollback leaves ${field} of ${objectNamed(object)} as this release has it: Kubernetes does not change it back`,
    })),
  ];
};

const dropped = ({ bundle, live, before, byTool }: Given, ref: ObjectRef): readonly OneWay[] => {
  const object = keyOf(ref);
  const now = live.get(object);
  // What an earlier release dropped was signed for then.
  const isOwn = before === undefined || before.objects.some((each) => keyOf(each.ref) === object);
  const loses = now === undefined || !isOwn ? [] : (kindRow(ref)?.losesData?.(now.manifest, undefined) ?? []);
  if (loses.length === 0) return [];
  const isLost = byTool || !isParkedFirst(ref) || releasesData(bundle, ref);
  const when = byTool ? 'with the release' : 'after observation';
  return [
    {
      object,
      field: '',
      is: isLost ? 'Lost' : 'Kept',
      why: isLost
        ? `${objectNamed(object)} is deleted ${when}, and its data with it`
        : `${objectNamed(object)} runs nothing from the promotion on and is deleted after observation; its claims stay, whatever whenDeleted says`,
    },
  ];
};

/** Whether the candidate names exactly this. */
export const isDeclared = ({ object, field }: OneWay, { irreversible }: Bundle): boolean =>
  irreversible.some(
    (entry) => keyNamed(entry) === object && (field === '' ? entry.fields.length === 0 : entry.fields.includes(field)),
  );

/** For signers: each of them, with the reason that the candidate gives. */
export const oneWayLines = (given: Given): readonly string[] => {
  const found = oneWays(given).map(({ object, field, why }) => ({ object, field, why }));
  const reasons = given.bundle.irreversible.map((entry) => {
    const what = entry.fields.length === 0 ? 'with its data' : entry.fields.join(', ');
    return `the candidate says of ${objectNamed(keyNamed(entry))} (${what}): ${entry.reason}`;
  });
  return [...found.map(({ why }) => why), ...reasons];
};
