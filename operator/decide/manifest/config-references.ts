/** Which Secrets and ConfigMaps an object needs in order to run. */
import type { JsonObject } from '../../api/meta.ts';
import { at, isObject, listAt, objectAt, textAt } from '../json/json.ts';
import { containersOf, podSpecsOf } from './pod-spec.ts';

/** One thing that content refers to by name in its own namespace. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  /** The key it must have; undefined = it must only exist. */
  readonly key: string | undefined;
}

const objectsAt = (value: JsonObject, ...path: readonly string[]): readonly JsonObject[] =>
  listAt(value, ...path).filter(isObject);

/** How a reference is written: under which field, to which kind, and which of its fields holds the name. */
interface Spelling {
  readonly field: string;
  readonly kind: Reference['kind'];
  readonly name: string;
}

const envKeys: readonly Spelling[] = [
  { field: 'secretKeyRef', kind: 'Secret', name: 'name' },
  { field: 'configMapKeyRef', kind: 'ConfigMap', name: 'name' },
];
const envSources: readonly Spelling[] = [
  { field: 'secretRef', kind: 'Secret', name: 'name' },
  { field: 'configMapRef', kind: 'ConfigMap', name: 'name' },
];
const projections: readonly Spelling[] = [
  { field: 'secret', kind: 'Secret', name: 'name' },
  { field: 'configMap', kind: 'ConfigMap', name: 'name' },
];
const volumes: readonly Spelling[] = [
  { field: 'secret', kind: 'Secret', name: 'secretName' },
  { field: 'configMap', kind: 'ConfigMap', name: 'name' },
  { field: 'azureFile', kind: 'Secret', name: 'secretName' },
];

/** Volume drivers, in the tree and outside of it, name the Secret they log in with under one of these. */
const driverSecrets = ['secretRef', 'nodePublishSecretRef'];

/** A reference to each key; no key named means that the thing must only exist. */
const withKeys = (kind: Reference['kind'], name: string, keys: readonly string[]): readonly Reference[] =>
  keys.length === 0 ? [{ kind, name, key: undefined }] : keys.map((key) => ({ kind, name, key }));

/** What `holder` refers to in these spellings. Optional references, and those without a name, demand nothing. */
const spelled = (holder: JsonObject, spellings: readonly Spelling[]): readonly Reference[] =>
  spellings.flatMap(({ field, kind, name: nameField }) => {
    const source = objectAt(holder, field);
    const name = textAt(source, nameField) ?? '';
    if (name === '' || at(source, 'optional') === true) return [];
    const keys = [source, ...objectsAt(source, 'items')].flatMap((place) => textAt(place, 'key') ?? []);
    return withKeys(kind, name, keys);
  });

const secretsNamed = (holders: readonly JsonObject[], field: string): readonly Reference[] =>
  holders.flatMap((holder) => {
    const name = textAt(holder, field) ?? '';
    return name === '' ? [] : withKeys('Secret', name, []);
  });

const ofContainer = (container: JsonObject): readonly Reference[] => [
  ...objectsAt(container, 'env').flatMap((variable) => spelled(objectAt(variable, 'valueFrom'), envKeys)),
  ...objectsAt(container, 'envFrom').flatMap((source) => spelled(source, envSources)),
];

const ofVolume = (volume: JsonObject): readonly Reference[] => [
  ...spelled(volume, volumes),
  ...objectsAt(volume, 'projected', 'sources').flatMap((source) => spelled(source, projections)),
  ...Object.values(volume)
    .filter(isObject)
    .flatMap((driver) =>
      secretsNamed(
        driverSecrets.map((field) => objectAt(driver, field)),
        'name',
      ),
    ),
];

const ofPodSpec = (spec: JsonObject): readonly Reference[] => [
  ...containersOf(spec).flatMap(ofContainer),
  ...objectsAt(spec, 'volumes').flatMap(ofVolume),
  ...secretsNamed(objectsAt(spec, 'imagePullSecrets'), 'name'),
];

/** References outside of pod specs, by kind. */
const ofKind = new Map<string, (content: JsonObject) => readonly Reference[]>([
  ['Ingress', (content) => secretsNamed(objectsAt(content, 'spec', 'tls'), 'secretName')],
  [
    'ServiceAccount',
    (content) => ['imagePullSecrets', 'secrets'].flatMap((field) => secretsNamed(objectsAt(content, field), 'name')),
  ],
]);

/** Everything that an object refers to and cannot do without. */
export const references = (content: JsonObject): readonly Reference[] => [
  ...podSpecsOf(content).flatMap(ofPodSpec),
  ...(ofKind.get(textAt(content, 'kind') ?? '')?.(content) ?? []),
];
