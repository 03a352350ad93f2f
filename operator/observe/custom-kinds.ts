/** Resources that the chart adds to the guard (`guardedKinds`): followed as far as the cluster defines them, whichever version it stores. */
import { z } from 'zod';
import type { FamilySpec, ReflectorFamily } from '../kube/reflectors.ts';
import type { KubeObject, ResourceRow } from '../kube/resource.ts';
import type { ChangeHandler } from '../kube/store.ts';
import { watchedObject, type WatchedObject } from './fingerprint.ts';

/** Definitions of custom resources, whoever made them. */
export const definitionRow: ResourceRow = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const definition = z.object({
  spec: z.object({
    group: z.string(),
    scope: z.string(),
    names: z.object({ kind: z.string(), plural: z.string() }),
    versions: z.array(z.object({ name: z.string(), storage: z.boolean() })),
  }),
});

/** How the API server calls what a definition defines; undefined = nothing that lies in a namespace. */
export const definedBy = (raw: KubeObject): ResourceRow | undefined => {
  const { group, scope, names, versions } = definition.parse(raw).spec;
  const stored = versions.find(({ storage }) => storage);
  if (scope !== 'Namespaced' || stored === undefined) return undefined;
  return { apiVersion: `${group}/${stored.name}`, kind: names.kind, plural: names.plural, namespaced: true };
};

type Begin = <T>(spec: FamilySpec<T>) => ReflectorFamily<T>;

export class GuardedKinds {
  /** `rollouts.argoproj.io`: the names of their definitions, under which production and record know them. */
  readonly names: readonly string[];
  readonly definitions: readonly ReflectorFamily<ResourceRow>[];
  readonly #begin: Begin;
  readonly #secretKey: string;
  /** By name and version. */
  readonly #families = new Map<string, ReflectorFamily<WatchedObject>>();
  readonly #handlers: ChangeHandler<WatchedObject>[] = [];

  constructor(names: readonly string[], begin: Begin, secretKey: string) {
    this.names = names;
    this.#begin = begin;
    this.#secretKey = secretKey;
    this.definitions = names.map((name) => begin({ resource: definitionRow, name, project: definedBy }));
  }

  /** What is followed of a resource; undefined = the cluster does not define it. */
  get(name: string): ReflectorFamily<WatchedObject> | undefined {
    const row = this.definitions[this.names.indexOf(name)]?.in()?.get(name);
    return row && this.#family(name, row);
  }

  families(): readonly ReflectorFamily<WatchedObject>[] {
    return this.names.flatMap((name) => this.get(name) ?? []);
  }

  /** Changes of objects, of those too that are defined later. */
  onChange(handler: ChangeHandler<WatchedObject>): void {
    this.#handlers.push(handler);
    for (const family of this.#families.values()) family.onChange(handler);
  }

  #family(name: string, row: ResourceRow): ReflectorFamily<WatchedObject> {
    const id = `${name}/${row.apiVersion}/${row.kind}`;
    const known = this.#families.get(id);
    if (known !== undefined) return known;
    const project = (raw: KubeObject): WatchedObject => ({
      ...watchedObject(raw, this.#secretKey),
      key: `${name}/${raw.metadata.name}`,
      kind: name,
    });
    // Somebody else's definition, whose conversion may fail: no rollback waits for it.
    const family = this.#begin({ resource: row, project, optional: true, shared: true });
    for (const handler of this.#handlers) family.onChange(handler);
    this.#families.set(id, family);
    return family;
  }
}
