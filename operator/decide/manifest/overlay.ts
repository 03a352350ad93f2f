/** What production keeps different from staging, laid over an object: what the policy always keeps, and what a candidate says. */
import { isDeepStrictEqual } from 'node:util';
import type { OverlayItem } from '../../api/overlay.ts';
import type { JsonObject } from '../../api/meta.ts';
import { jsonPatch } from '../json/json-patch.ts';
import { isObject } from '../json/json.ts';
import { withoutLeftovers } from '../json/leftovers.ts';
import { nearest } from '../json/nearest.ts';
import { PatchRefused } from '../json/patch-refused.ts';
import { strategicMerge } from '../json/strategic-merge.ts';
import { keyOf, type ObjectRef } from '../objects.ts';
import { keyNamed } from './kinds/index.ts';
import type { FieldType } from '../schema/field-type.ts';

/** One item, and whose it is. */
export interface Overlay {
  readonly by: 'Policy' | 'Candidate';
  /** The production namespace. */
  readonly namespace: string;
  readonly item: OverlayItem;
}

/** How messages name it. */
export const overlayNamed = ({ by }: Pick<Overlay, 'by'>): string =>
  by === 'Policy' ? "production's own overlay (spec.overlay of the ReleasePolicy)" : 'spec.overlay of the candidate';

/** Who corrects it, and how. */
export const correctionOf = ({ by, namespace }: Pick<Overlay, 'by' | 'namespace'>, how = ''): string =>
  by === 'Policy'
    ? `a platform admin corrects it${how}: kubectl edit relpol production -n ${namespace}`
    : `correct the item${how}, then create a new candidate`;

/** Whether an item is about an object. */
export const isFor = (item: OverlayItem, ref: ObjectRef): boolean =>
  item.name === ref.name && keyNamed(item) === keyOf(ref);

/** @throws {PatchRefused} when the patch cannot be applied */
export const withOverlay = (content: JsonObject, { item }: Overlay, type: FieldType): JsonObject => {
  const patched =
    item.patch === undefined ? jsonPatch(content, item.jsonPatch ?? []) : strategicMerge(content, item.patch, type);
  const settled = withoutLeftovers(content, patched, type);
  return isObject(settled) ? settled : patched;
};

export type Laid =
  | {
      readonly kind: 'Content';
      readonly content: JsonObject;
      /** With what the policy keeps, before what the candidate says. */
      readonly own: JsonObject;
      /** Items of the candidate that change nothing. */
      readonly idle: readonly Overlay[];
    }
  | { readonly kind: 'Refused'; readonly by: Overlay; readonly message: string };

/** All items laid over the content in their order, a pause after each. */
export function* laidOver(
  base: JsonObject,
  overlays: readonly Overlay[],
  type: FieldType,
): Generator<void, Laid, void> {
  let [content, own] = [base, base];
  const idle: Overlay[] = [];
  for (const overlay of overlays) {
    const before = content;
    try {
      content = withOverlay(content, overlay, type);
    } catch (error) {
      if (error instanceof PatchRefused) return { kind: 'Refused', by: overlay, message: error.message };
      throw error;
    }
    if (overlay.by === 'Policy') own = content;
    else if (isDeepStrictEqual(before, content)) idle.push(overlay);
    yield;
  }
  return { kind: 'Content', content, own, idle };
}

/** Items of a candidate that name no object of the package, each with the object that may be meant: they would be signed for, and do nothing. */
export const strayOverlays = (
  items: readonly OverlayItem[],
  refs: readonly ObjectRef[],
): readonly { readonly item: OverlayItem; readonly meant: ObjectRef | undefined }[] =>
  items
    .filter((item) => !refs.some((ref) => isFor(item, ref)))
    .map((item) => {
      const named = refs.filter(({ kind }) => kind === item.kind);
      const name = nearest(
        item.name,
        named.map((ref) => ref.name),
      );
      return { item, meant: named.find((ref) => ref.name === name) ?? (named.length === 1 ? named[0] : undefined) };
    });
