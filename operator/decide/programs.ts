/** What a pod runs, container by container: short enough to be kept for every pod of a cluster. */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../api/meta.ts';
import { listAt, member, textAt } from './json.ts';
import { podSpecsOf } from './pod-spec.ts';

/** `<list> <container> <digest of image, command and arguments>` */
export type Program = string;

/** Kinds of container, and whether a controller makes pods with them. */
const lists = { initContainers: 'init', containers: 'main', ephemeralContainers: 'ephemeral' } as const;

/** What a pod spec runs, in the order of names. */
export const programsOfPod = (podSpec: JsonObject): readonly Program[] =>
  Object.entries(lists)
    .flatMap(([field, list]) =>
      listAt(podSpec, field).map(
        (container) => `${list} ${textAt(container, 'name') ?? ''} ${programDigest(container)}`,
      ),
    )
    .toSorted();

/** What the pods of a workload's template run; empty for kinds without a template. */
export const programsOfTemplate = (manifest: JsonObject): readonly Program[] => {
  const [spec] = podSpecsOf(manifest);
  return spec === undefined ? [] : programsOfPod(spec);
};

const programDigest = (container: Json): string =>
  createHash('sha256')
    .update(JSON.stringify(['image', 'command', 'args'].map((field) => member(container, field) ?? '')))
    .digest('hex')
    .slice(0, 16);

/** Whether a pod runs everything that a template says, and nothing by force: what else it runs was injected when it was created. */
export const runs = (pod: readonly Program[], template: readonly Program[]): boolean =>
  template.length > 0 &&
  template.every((program) => pod.includes(program)) &&
  !pod.some((program) => program.startsWith(`${lists.ephemeralContainers} `));

/** Whether two templates run the same. */
export const sameProgram = (a: readonly Program[], b: readonly Program[]): boolean => a.join() === b.join();
