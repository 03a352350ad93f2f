/** Where pods are described inside the objects of a release. */
import type { JsonObject } from '../../api/meta.ts';
import { isObject, listAt, objectAt } from '../json/json.ts';
import { kindRow } from './kinds/index.ts';
import type { KindName } from '../objects.ts';

/** Paths of pod specs: workloads and Jobs, CronJobs, PodTemplates, Pods. Tried on every kind, so that no kind hides one. */
const paths = [
  ['spec', 'template', 'spec'],
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ['template', 'spec'],
  ['spec'],
];

export const containerLists = ['initContainers', 'containers', 'ephemeralContainers'];

/** The containers of a pod spec: init, ordinary and ephemeral. */
export const containersOf = (podSpec: JsonObject): readonly JsonObject[] =>
  containerLists.flatMap((list) => listAt(podSpec, list)).filter(isObject);

/** The pods, and templates of pods, that an object is or holds: none for most kinds. */
export const podsIn = (content: JsonObject): readonly JsonObject[] =>
  podSpecPaths(content).map((path) => objectAt(content, ...path.slice(0, -1)));

/** Where the pod specs in an object are. */
export const podSpecPaths = (content: JsonObject): readonly (readonly string[])[] =>
  paths.filter((path) => containersOf(objectAt(content, ...path)).length > 0);

/** The pod specs in an object. */
export const podSpecsOf = (content: JsonObject): readonly JsonObject[] =>
  podsIn(content).map((pod) => objectAt(pod, 'spec'));

/**
 * Data runs nothing and refers to nothing, and it is what is large: what it holds need not be read
 * to know that.
 */
export const runsNothing = (kind: KindName): boolean => kindRow(kind)?.data === true;
