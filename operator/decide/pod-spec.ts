/** Where pods are described inside the objects of a release. */
import type { JsonObject } from '../api/meta.ts';
import { at, isObject, listAt } from './json.ts';

/** Paths of pod specs: workloads and Jobs, CronJobs, PodTemplates, Pods. Tried on every kind, so that no kind hides one. */
const paths = [
  ['spec', 'template', 'spec'],
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ['template', 'spec'],
  ['spec'],
];

const containerLists = ['initContainers', 'containers', 'ephemeralContainers'];

/** The containers of a pod spec: init, ordinary and ephemeral. */
export const containersOf = (podSpec: JsonObject): readonly JsonObject[] =>
  containerLists.flatMap((list) => listAt(podSpec, list)).filter(isObject);

/** The pod specs in an object: none for most kinds. */
export const podSpecsOf = (content: JsonObject): readonly JsonObject[] =>
  paths
    .map((path) => at(content, ...path))
    .filter((spec) => isObject(spec))
    .filter((spec) => containersOf(spec).length > 0);
