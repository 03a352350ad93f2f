/** What rules of health have in common: those of kstatus (sigs.k8s.io/cli-utils, pkg/kstatus/status). */
import type { Json, JsonObject } from '../../../../api/meta.ts';
import { at, isEmptyObject, listAt, numberAt, textAt } from '../../../json/json.ts';
import type { LiveObject } from '../../../objects.ts';
import type { HealthRule, ObjectHealth } from './kind.ts';

export const healthy = (reason: string, message: string): ObjectHealth => ({ state: 'Healthy', reason, message });
export const progressing = (reason: string, message: string): ObjectHealth => ({
  state: 'Progressing',
  reason,
  message,
});
export const failed = (reason: string, message: string): ObjectHealth => ({ state: 'Failed', reason, message });

/** A number of pods that must be reached before the rollout is complete. */
type Count = readonly [reached: number, needed: number, are: string];

export const asManyAs = (counts: readonly Count[], things = 'replicas'): ObjectHealth => {
  const short = counts.find(([reached, needed]) => reached < needed);
  return short === undefined
    ? healthy('Ready', 'every replica is updated, ready and available')
    : progressing('RolloutInProgress', `${short[0]} of ${short[1]} ${things} are ${short[2]}`);
};

/** `updateStrategy: OnDelete`: its controller replaces a pod when somebody has deleted it. */
export const isOnDelete = (manifest: JsonObject): boolean =>
  textAt(manifest, 'spec', 'updateStrategy', 'type') === 'OnDelete';

/** Not before the controller has seen the latest generation: until then its status is about something else. */
export const observed =
  (rule: HealthRule): HealthRule =>
  (object, since) => {
    if (isEmptyObject(object.status)) {
      return { state: 'Unknown', reason: 'HealthUnknown', message: 'its controller has not reported anything yet' };
    }
    return seesLatest(object) ? rule(object, since) : notObserved;
  };

const notObserved = progressing('NotObserved', 'its controller has not seen the latest change yet');

const seesLatest = ({ status, generation }: LiveObject): boolean =>
  (numberAt(status, 'observedGeneration') ?? 0) >= generation;

/** Counts that are zero are left out of a status. */
export const count = (status: JsonObject, name: string): number => numberAt(status, name) ?? 0;

export const desired = ({ manifest }: LiveObject): number => numberAt(manifest, 'spec', 'replicas') ?? 1;

export const condition = ({ status }: LiveObject, type: string): Json | undefined =>
  listAt(status, 'conditions').find((entry) => at(entry, 'type') === type);

export const holds = (object: LiveObject, type: string): boolean => at(condition(object, type), 'status') === 'True';

export const messageOf = (object: LiveObject, type: string, otherwise: string): string =>
  textAt(condition(object, type), 'message') || otherwise;

/** Its existence is all there is to it. */
export const present: HealthRule = () => healthy('Present', 'it exists');

/** Any other kind: the conditions that kstatus gives a meaning to, and existence where there are none. */
export const byConditions: HealthRule = (object) => {
  if (numberAt(object.status, 'observedGeneration') !== undefined && !seesLatest(object)) return notObserved;
  if (holds(object, 'Stalled')) return failed('Stalled', messageOf(object, 'Stalled', 'its controller has given up'));
  if (holds(object, 'Reconciling')) {
    return progressing('Reconciling', messageOf(object, 'Reconciling', 'its controller is at work'));
  }
  const ready = condition(object, 'Ready');
  return ready === undefined || holds(object, 'Ready')
    ? healthy('Present', 'it exists')
    : progressing('NotReady', messageOf(object, 'Ready', 'its controller says that it is not ready'));
};
