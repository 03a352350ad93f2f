/** The request that moves an object of production one step on. */
import type { JsonObject } from '../../api/meta.ts';
import { objectAt, withMember } from '../json/json.ts';
import { runsOncePerBundle } from '../manifest/kinds/index.ts';
import { forCreate, forReplace } from '../manifest/normal-form.ts';
import type { ObjectRef } from '../objects.ts';
import type { IntentRef, ObjectEffect, Writer } from '../plan.ts';
import { freed, held } from './held-jobs.ts';
import type { Step } from './steps.ts';

interface WriteAs {
  readonly as: Writer;
  readonly namespace: string;
  readonly intentFor: (ref: ObjectRef) => IntentRef;
}

/** The request that moves one object on; undefined = it is where it should be, or on its way out. */
export const effectOf = (step: Step, how: WriteAs): ObjectEffect | undefined => {
  const { ref, live, object, content } = step;
  const { as, namespace } = how;
  const intent = how.intentFor(ref);
  if (object === undefined || content === undefined) return deleted(step, how);
  if (step.standing === 'Done' || step.standing === 'Deleting' || step.standing === 'Unread') return undefined;
  if (live === undefined) {
    const manifest = named(forCreate(content, namespace), ref.name);
    return {
      do: 'Create',
      as,
      namespace,
      ref,
      manifest: runsOncePerBundle(ref) ? held(manifest) : manifest,
      intent,
    };
  }
  if (step.isReplaced) return deleted(step, how);
  if (runsOncePerBundle(ref)) return { do: 'Replace', as, namespace, ref, manifest: freed(live), intent };
  const manifest = forReplace(content, live, {
    unmanaged: step.unmanaged,
    finalizers: step.finalizers,
  });
  return { do: 'Replace', as, namespace, ref, manifest, intent };
};

const deleted = (
  { ref, live, standing, parks }: Step,
  { as, namespace, intentFor }: WriteAs,
): ObjectEffect | undefined => {
  if (live === undefined || standing === 'Deleting') return undefined;
  const intent = intentFor(ref);
  if (parks !== undefined) return { do: 'Replace', as, namespace, ref, manifest: parks, intent };
  return { do: 'Delete', as, namespace, ref, uid: live.uid, resourceVersion: live.resourceVersion, intent };
};

const named = (manifest: JsonObject, name: string): JsonObject =>
  withMember(manifest, 'metadata', { ...objectAt(manifest, 'metadata'), name });
