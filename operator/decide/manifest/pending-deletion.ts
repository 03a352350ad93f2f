/** Objects that are being deleted and are still there, because a finalizer holds them: which one, and who can take it off. */
import { listAt, textAt } from '../json/json.ts';
import { keyOf, type Instant, type LiveObject } from '../objects.ts';
import { listed } from '../messages.ts';

/** A deletion that takes no longer than this is in nobody's way. */
const patienceMs = 5_000;

/**
 * Finalizers of the control plane itself: it takes them off as soon as what they wait for has happened, and nobody else may. What that is, and
 * how to see it.
 */
const controlPlanes: Readonly<Record<string, { readonly waitsFor: string; readonly look: string }>> = {
  foregroundDeletion: { waitsFor: 'the deletion of everything that the object owns', look: 'kubectl get all' },
  orphan: {
    waitsFor: 'the garbage collector, which lets go of everything that the object owns',
    look: 'kubectl get all',
  },
  'kubernetes.io/pvc-protection': { waitsFor: 'the end of every pod that uses the claim', look: 'kubectl get pods' },
  'batch.kubernetes.io/job-tracking': {
    waitsFor: 'the Job controller, which counts the pod',
    look: 'kubectl get jobs',
  },
  'resource.kubernetes.io/delete-protection': {
    waitsFor: 'the end of every pod that uses the claim',
    look: 'kubectl get pods',
  },
};

/** Names of finalizers that only the control plane takes off. The chart's guard lists the same. */
export const controlPlaneFinalizers: readonly string[] = Object.keys(controlPlanes);

export const finalizersOf = ({ manifest }: Pick<LiveObject, 'manifest'>): readonly string[] =>
  listAt(manifest, 'metadata', 'finalizers').flatMap((name) => (typeof name === 'string' ? [name] : []));

export interface HeldUp {
  readonly objects: readonly LiveObject[];
  /** When the next deletion has taken too long, if it is not over by then. */
  readonly wakeAt: Instant | undefined;
}

/** Of some objects, those whose deletion a finalizer has held up for longer than a deletion takes. */
export const heldUp = (objects: readonly LiveObject[], now: Instant): HeldUp => {
  const waiting = objects
    .filter((live) => live.deleting && finalizersOf(live).length > 0)
    .map((live) => ({ live, due: (deletedAt(live) ?? 0) + patienceMs }));
  const later = waiting.flatMap(({ due }) => (due > now ? [due] : []));
  return {
    objects: waiting.filter(({ due }) => due <= now).map(({ live }) => live),
    wakeAt: later.length === 0 ? undefined : Math.min(...later),
  };
};

const deletedAt = ({ manifest }: LiveObject): Instant | undefined => {
  const at = Date.parse(textAt(manifest, 'metadata', 'deletionTimestamp') ?? '');
  return Number.isNaN(at) ? undefined : at;
};

/** For people: what holds each of them up, who can take it off, and the exact command. */
export const heldUpText = (objects: readonly LiveObject[]): string => objects.map(textOf).join('; ');

const textOf = (live: LiveObject): string => {
  const finalizers = finalizersOf(live);
  const [theirs, ours] = [
    finalizers.filter((name) => Object.hasOwn(controlPlanes, name)),
    finalizers.filter((name) => !Object.hasOwn(controlPlanes, name)),
  ];
  const what = `${keyOf(live.ref)} is being deleted, and its ${finalizers.length === 1 ? 'finalizer' : 'finalizers'} ${listed(finalizers)} ${finalizers.length === 1 ? 'holds' : 'hold'} it`;
  const waits = theirs.map((name) => {
    const { waitsFor, look } = controlPlanes[name] ?? { waitsFor: 'the control plane', look: 'kubectl get all' };
    return `${name} waits for ${waitsFor}: ${look} -n ${live.namespace}`;
  });
  const take =
    ours.length === 0
      ? []
      : [
          `the controller that set ${listed(ours)} takes it off when it has cleaned up; if that controller is gone, a holder of operate in ${live.namespace} does: ${takeOff(live, ours)}`,
        ];
  return [what, ...take, ...waits].join('. ');
};

/** Each by its place, the last one first; all of them at once where nothing else is in the list. */
const takeOff = (live: LiveObject, names: readonly string[]): string => {
  const finalizers = finalizersOf(live);
  const paths =
    names.length === finalizers.length
      ? ['/metadata/finalizers']
      : finalizers.flatMap((name, i) => (names.includes(name) ? [`/metadata/finalizers/${i}`] : [])).toReversed();
  const patch = JSON.stringify(paths.map((path) => ({ op: 'remove', path })));
  return `kubectl patch ${live.ref.kind.toLowerCase()} ${live.ref.name} -n ${live.namespace} --type=json -p '${patch}'`;
};
