/** Kinds that the cluster defines: followed as far as their definitions are there, and in a version that is served. */
import { z } from 'zod';
import { group as ownGroup } from '../api/kinds.ts';
import { customType, type KnownType } from '../decide/schema/custom-type.ts';
import type { ReflectorFamily } from '../kube/reflectors.ts';
import type { KubeObject, ResourceRow } from '../kube/resource.ts';
import type { Change, ChangeHandler } from '../kube/store.ts';

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
    versions: z.array(
      z.object({
        name: z.string(),
        served: z.boolean(),
        storage: z.boolean(),
        schema: z.object({ openAPIV3Schema: z.unknown().optional() }).optional(),
      }),
    ),
  }),
});

/** What a definition gives, as far as it is followed. */
export interface Definition {
  /** `rollouts.argoproj.io` */
  readonly name: string;
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  /** Served versions, the stored one first. */
  readonly versions: readonly string[];
  /** What each of them says of lists, where it says anything. */
  readonly types: ReadonlyMap<string, KnownType>;
}

/** @returns undefined for one of ours, and for one of what lies in no namespace */
export const definitionOf = (raw: KubeObject): Definition | undefined => {
  const { group, scope, names, versions } = definition.parse(raw).spec;
  if (scope !== 'Namespaced' || group === ownGroup) return undefined;
  const served = versions.filter((each) => each.served).toSorted((a, b) => Number(b.storage) - Number(a.storage));
  const types = served.flatMap(({ name, schema }) => {
    const known = customType(schema?.openAPIV3Schema);
    return known.id === '' ? [] : [[name, known] as const];
  });
  return { name: raw.metadata.name, group, ...names, versions: served.map(({ name }) => name), types: new Map(types) };
};

/** A kind that is followed once it is defined. */
export interface DefinedKind {
  /** Under which production and record know it. */
  readonly id: string;
  /** Name of its definition: `rollouts.argoproj.io`. */
  readonly definition: string;
  /** Versions to read it in, best first; none = the one that is stored. */
  readonly versions: readonly string[];
}

/** The families of defined kinds. A definition may come, go and change its versions at any time. */
export class DefinedFamilies<T> {
  readonly kinds: readonly DefinedKind[];
  readonly #byId: ReadonlyMap<string, DefinedKind>;
  readonly #definitions: Pick<ReflectorFamily<Definition>, 'in'>;
  readonly #begin: (resource: ResourceRow, kind: DefinedKind) => ReflectorFamily<T>;
  /** By id, version and kind. */
  readonly #families = new Map<string, ReflectorFamily<T>>();
  readonly #handlers: ChangeHandler<T>[] = [];

  constructor(
    kinds: readonly DefinedKind[],
    definitions: Pick<ReflectorFamily<Definition>, 'in'>,
    begin: (resource: ResourceRow, kind: DefinedKind) => ReflectorFamily<T>,
  ) {
    this.kinds = kinds;
    this.#byId = new Map(kinds.map((kind) => [kind.id, kind]));
    this.#definitions = definitions;
    this.#begin = begin;
  }

  /** What is followed of a kind; undefined = the cluster does not define it. */
  get(id: string): ReflectorFamily<T> | undefined {
    const kind = this.#byId.get(id);
    const defined = kind && this.#definitions.in()?.get(kind.definition);
    if (kind === undefined || defined === undefined) return undefined;
    const version = kind.versions.find((each) => defined.versions.includes(each)) ?? defined.versions[0];
    return version === undefined ? undefined : this.#family(kind, defined, version);
  }

  families(): readonly ReflectorFamily<T>[] {
    return this.kinds.flatMap(({ id }) => this.get(id) ?? []);
  }

  /** Changes of objects, of those too that are defined later. */
  onChange(handler: ChangeHandler<T>): void {
    this.#handlers.push(handler);
    for (const family of this.#families.values()) family.onChange(handler);
  }

  #family(known: DefinedKind, { group, kind, plural }: Definition, version: string): ReflectorFamily<T> {
    const id = `${known.id}/${version}/${kind}`;
    const found = this.#families.get(id);
    if (found !== undefined) return found;
    const family = this.#begin({ apiVersion: `${group}/${version}`, kind, plural, namespaced: true }, known);
    for (const handler of this.#handlers) family.onChange(handler);
    this.#families.set(id, family);
    return family;
  }
}

/** The families of kinds that a release may contain: those of Kubernetes itself, and those that the cluster defines. */
export class ObjectFamilies<T> {
  readonly own: ReadonlyMap<string, ReflectorFamily<T>>;
  readonly defined: DefinedFamilies<T>;

  constructor(own: ReadonlyMap<string, ReflectorFamily<T>>, defined: DefinedFamilies<T>) {
    this.own = own;
    this.defined = defined;
  }

  get(kind: string): ReflectorFamily<T> | undefined {
    return this.own.get(kind) ?? this.defined.get(kind);
  }

  values(): readonly ReflectorFamily<T>[] {
    return [...this.own.values(), ...this.defined.families()];
  }

  /** Ids of all kinds, be they defined or not. */
  keys(): readonly string[] {
    return [...this.own.keys(), ...this.defined.kinds.map(({ id }) => id)];
  }

  onChange(handler: ChangeHandler<T>): void {
    for (const family of this.own.values()) family.onChange(handler);
    this.defined.onChange(handler);
  }
}

interface Followed {
  readonly guarded: Pick<DefinedFamilies<unknown>, 'kinds'>;
  readonly objects: { readonly defined: Pick<DefinedFamilies<unknown>, 'kinds'> };
}

/**
 * Whether a kind that is followed came, went, or is served in other versions. A cluster has hundreds of definitions that nobody follows, and most
 * changes of one are about its status or its schema.
 */
export const isRedefined = ({ guarded, objects }: Followed, { old, new: now }: Change<Definition>): boolean =>
  (old?.kind !== now?.kind || old?.versions.join() !== now?.versions.join()) &&
  [...guarded.kinds, ...objects.defined.kinds].some(({ definition: name }) => name === (now ?? old)?.name);
