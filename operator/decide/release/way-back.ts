/** What a rollback cannot change back: what of it stays as it is, and which objects are made again. Recorded when it begins, and told when it ends. */
import type { Json } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import { canonicalJson } from '../json/canonical.ts';
import { getPath, parsePath } from '../json/field-path.ts';
import type { Left } from '../ledger-entry.ts';
import { contentDigest } from '../manifest/content-digest.ts';
import { parkedManifest } from '../manifest/parking.ts';
import { isReplaced, withLeft } from '../manifest/live-values.ts';
import { keyOf, type LiveObjects, type ObjectKey } from '../objects.ts';
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import type { Course } from './steps.ts';

export interface WayBack {
  /** Dot paths of fields that stay as they are live. */
  readonly left: ReadonlyMap<ObjectKey, readonly string[]>;
  /** Objects that are deleted and created again. */
  readonly replaced: ReadonlySet<ObjectKey>;
  /** The content digest that such an object has before it is deleted, where it is parked first. */
  readonly parked: ReadonlyMap<ObjectKey, string>;
}

const restored = ({ to }: Course): readonly BundleObject[] =>
  (to?.objects ?? []).filter(({ ref }) => !runsOncePerBundle(ref));

/**
 * Of going from one bundle back to another. What the newer bundle says counts beside what is live: what a promotion wrote a moment ago may not be
 * seen yet.
 */
export const wayBack = (course: Course, live: LiveObjects): WayBack => {
  const left = new Map<ObjectKey, readonly string[]>();
  const replaced = new Set<ObjectKey>();
  const parked = new Map<ObjectKey, string>();
  for (const { ref, content } of restored(course)) {
    const key = keyOf(ref);
    const newer = course.from?.objects.find((object) => keyOf(object.ref) === key);
    const present = [live.get(key)?.manifest, newer?.content].filter((each) => each !== undefined);
    const fields = new Set(present.flatMap((each) => withLeft(content, each).left));
    if (fields.size > 0) left.set(key, [...fields].toSorted());
    if (!present.some((each) => isReplaced(content, each))) continue;
    replaced.add(key);
    const first = present[0] && parkedManifest(present[0], 'Kept');
    if (first !== undefined) parked.set(key, contentDigest(first));
  }
  return { left, replaced, parked };
};

/** What is not as the older bundle has it when a rollback has ended, and stays so: nothing is lost by it. */
export const remains = (course: Course, live: LiveObjects): readonly Left[] =>
  restored(course).flatMap(({ ref, content }) => {
    const now = live.get(keyOf(ref));
    if (now === undefined || now.deleting) return [];
    return withLeft(content, now.manifest).left.map((field): Left => {
      const path = parsePath(field) ?? [];
      const found = getPath(now.manifest, path);
      return {
        object: keyOf(ref),
        wanted: `${field}: ${shown(getPath(content, path))}`,
        found: `${field}: ${shown(found)}`,
        why: `Kubernetes does not change ${field} of kind ${ref.kind} back, and nothing is lost by leaving it`,
        next: `Nothing has to be done. The next release says of it what production has: kubectl get ${ref.kind.toLowerCase()} ${ref.name} -n ${now.namespace} -o yaml`,
      };
    });
  });

const shown = (value: Json | undefined): string =>
  value === undefined ? '(none)' : typeof value === 'string' ? value : canonicalJson(value);
