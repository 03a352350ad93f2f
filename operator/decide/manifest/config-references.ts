/** Which Secrets and ConfigMaps an object needs in order to run. */
import type { JsonObject } from '../../api/meta.ts';
import { at, isObject, objectAt, textAt } from '../json/json.ts';
import { rowOf } from './kinds/index.ts';
import type { Reference } from './kinds/shared/kind.ts';
import { objectsAt, secretsNamed, withKeys } from './kinds/shared/references.ts';
import { containersOf, podSpecsOf } from './pod-spec.ts';

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

/** What `holder` refers to in these spellings. Optional references, and those without a name, demand nothing. */
const spelled = (holder: JsonObject, spellings: readonly Spelling[]): readonly Reference[] =>
  spellings.flatMap(({ field, kind, name: nameField }) => {
    const source = objectAt(holder, field);
    const name = textAt(source, nameField) ?? '';
    if (name === '' || at(source, 'optional') === true) return [];
    const keys = [source, ...objectsAt(source, 'items')].flatMap((place) => textAt(place, 'key') ?? []);
    return withKeys(kind, name, keys);
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

/** Everything that an object refers to and cannot do without. */
export const references = (content: JsonObject): readonly Reference[] => [
  ...podSpecsOf(content).flatMap(ofPodSpec),
  ...(rowOf(content)?.references?.(content) ?? []),
];
