/** What the record of how Jobs ended decides about writes of them, whoever carries the release out. */
import { jobFinalizer } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { canonicalJson } from '../json/canonical.ts';
import { listAt, objectAt, textAt, withMember } from '../json/json.ts';
import { finalizersOf } from '../manifest/pending-deletion.ts';
import type { Bundle } from '../bundle.ts';
import { asKey, keyOf, type ObjectRef } from '../objects.ts';
import type { OpenIntent } from '../record/package.ts';
import { packageRecord } from '../record/record.ts';
import { objectIn } from './approved-content.ts';
import type { AdmissionRequest } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

/** Whether the write would make a Job again that is complete by the record. */
export const runsAgain = ({ operation, kind, object }: AdmissionRequest, { record }: AdmissionSnapshot): boolean => {
  if (operation !== 'CREATE' || kind.kind !== 'Job') return false;
  const key = asKey(`Job/${textAt(object, 'metadata', 'name') ?? ''}`);
  return [...record.packages.values()].some(({ jobs }) => jobs.get(key)?.outcome === 'Complete');
};

/** Whether a Job that is complete by the record says of itself that it is not. Whoever appends to the record has not made it run by that. */
export const saysOtherwise = ({ name, oldObject }: AdmissionRequest, { record }: AdmissionSnapshot): boolean => {
  const key = asKey(`Job/${name}`);
  const isComplete = listAt(oldObject, 'status', 'conditions').some(
    (each) => textAt(each, 'type') === 'Complete' && textAt(each, 'status') === 'True',
  );
  return !isComplete && [...record.packages.values()].some(({ jobs }) => jobs.get(key)?.outcome === 'Complete');
};

/** Whether the write only lets go of a Job that waited for the record of its end: nothing but that finalizer differs. */
export const isLetGo = ({ operation, kind, object, oldObject }: AdmissionRequest): boolean => {
  if (operation !== 'UPDATE' || kind.kind !== 'Job' || object === undefined || oldObject === undefined) return false;
  const rest = finalizersOf({ manifest: oldObject }).filter((name) => name !== jobFinalizer);
  const isFreed = finalizersOf({ manifest: object }).join() === rest.join();
  return isFreed && canonicalJson(compared(object)) === canonicalJson(compared(oldObject));
};

const noted = new Set(['managedFields', 'resourceVersion', 'generation', 'finalizers']);

/** Without finalizers, and without what the API server counts and notes itself. */
const compared = (object: JsonObject): JsonObject => {
  const metadata = Object.entries(objectAt(object, 'metadata')).filter(([name]) => !noted.has(name));
  return withMember(object, 'metadata', Object.fromEntries(metadata));
};

/** Whether a Job failed under an earlier promotion of the same content, so that it has to go before it runs again. */
export const isInTheWay = (
  { record }: AdmissionSnapshot,
  open: OpenIntent,
  { to, ref }: { readonly to: Bundle; readonly ref: ObjectRef },
): boolean => {
  const told = packageRecord(record, to.package).jobs.get(keyOf(ref));
  return told?.outcome === 'Failed' && told.intent !== open.id && objectIn(to, ref) !== undefined;
};
