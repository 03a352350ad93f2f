/** What a pod runs, container by container, as whom, and the labels it is found by: short enough to be kept for every pod of a cluster. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../api/meta.ts';
import { at, listAt, member, objectAt, textAt } from '../json/json.ts';
import { podHashLabels } from './kinds/index.ts';
import { podsIn } from './pod-spec.ts';

/** `<list> <container> <digest of image, command and arguments>`, `account <ServiceAccount>`, `host <namespace of the node>`, `label <key>=<value>`. */
export type Program = string;

/** Kinds of container, and whether a controller makes pods with them. */
const lists = { initContainers: 'init', containers: 'main', ephemeralContainers: 'ephemeral' } as const;

/** Labels that controllers and the API server give to pods, or to templates, for their own ends. */
const controllersLabels: ReadonlySet<string> = new Set([
  ...podHashLabels.map(([name]) => name),
  'pod-template-generation',
  'controller-revision-hash',
  'controller-uid',
  'job-name',
  'batch.kubernetes.io/controller-uid',
  'batch.kubernetes.io/job-name',
  'batch.kubernetes.io/job-completion-index',
  'statefulset.kubernetes.io/pod-name',
  'apps.kubernetes.io/pod-index',
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
]);

const label = 'label ';
const host = 'host ';
const hostNamespaces = ['hostNetwork', 'hostPID', 'hostIPC'];

/** What a pod, or a template of pods, runs, as whom, and what finds it, in the order of names. */
export const programsOfPod = (pod: JsonObject): readonly Program[] => {
  const containers = Object.entries(lists).flatMap(([field, list]) =>
    listAt(pod, 'spec', field).map(
      (container) => `${list} ${textAt(container, 'name') ?? ''} ${programDigest(container)}`,
    ),
  );
  const labels = Object.keys(objectAt(pod, 'metadata', 'labels'))
    .filter((key) => !controllersLabels.has(key))
    .map((key) => `${label}${key}=${textAt(pod, 'metadata', 'labels', key) ?? ''}`);
  const hosts = hostNamespaces.filter((field) => at(pod, 'spec', field) === true).map((field) => `${host}${field}`);
  const account = `account ${textAt(pod, 'spec', 'serviceAccountName') ?? 'default'}`;
  return [...containers, ...labels, ...hosts, account].toSorted();
};

/** What the pods of a workload's template run; empty for kinds without a template. */
export const programsOfTemplate = (manifest: JsonObject): readonly Program[] => {
  const [template] = podsIn(manifest);
  return template === undefined ? [] : programsOfPod(template);
};

/** The keys of labels that a pod has and its template has not, or not so. */
export const strayLabels = (pod: readonly Program[], template: readonly Program[]): readonly string[] =>
  pod
    .filter((program) => program.startsWith(label) && !template.includes(program))
    .map((program) => program.slice(label.length, program.indexOf('=')));

const programDigest = (container: Json): string =>
  createHash('sha256')
    .update(JSON.stringify(['image', 'command', 'args'].map((field) => member(container, field) ?? '')))
    .digest('hex')
    .slice(0, 16);

/**
 * Whether a pod is everything that a template says, and nothing by force or beyond its own bounds: what else it runs was injected when it was
 * created.
 */
export const runs = (pod: readonly Program[], template: readonly Program[]): boolean =>
  template.length > 0 &&
  template.every((program) => pod.includes(program)) &&
  !pod.some(
    (program) =>
      program.startsWith(`${lists.ephemeralContainers} `) || (program.startsWith(host) && !template.includes(program)),
  );

/** Whether two templates run the same. */
export const sameProgram = (a: readonly Program[], b: readonly Program[]): boolean => a.join() === b.join();
