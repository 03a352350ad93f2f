/** The dry-run create that shows what the API server makes of a content: the same manifest under a name nobody uses. */
import type { JsonObject } from '../../api/meta.ts';
import { digestOf } from '../json/canonical.ts';
import { objectAt, withMember } from '../json/json.ts';
import type { ObjectRef } from '../objects.ts';
import { forCreate, normalForm } from './normal-form.ts';

/** A name that is valid for every kind: a DNS-1035 label (Service), short enough for CronJob (52). The same for the same content. */
const scratchName = (ref: ObjectRef, content: JsonObject): string =>
  `countersign-scratch-${digestOf([ref.apiVersion, ref.kind, ref.name, digestOf(content)])
    .slice('sha256:'.length)
    .slice(0, 16)}`;

/** The manifest of the dry-run. Nothing but metadata.name follows from the name once server-owned fields are gone. */
export const scratchManifest = (content: JsonObject, ref: ObjectRef, namespace: string): JsonObject => {
  const manifest = forCreate(normalForm(content, ref), namespace);
  return withMember(manifest, 'metadata', { ...objectAt(manifest, 'metadata'), name: scratchName(ref, content) });
};

/** What the API server answered, as the object it stands for. */
export const fromScratch = (response: JsonObject, ref: ObjectRef): JsonObject => normalForm(response, ref);
