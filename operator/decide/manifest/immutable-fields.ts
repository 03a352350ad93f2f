/** Fields that the API server lets nobody change on a live object, per kind, and the way around each. */
import type { Json, JsonObject } from '../../api/meta.ts';
import { at, isList, isObject, objectAt, textAt } from '../json/json.ts';
import { amount } from './quantity.ts';

/** Do both say the same? The order of keys says nothing. */
const same = (a: Json | undefined, b: Json | undefined): boolean => {
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(a[key], at(b, key)));
};

/** What the API server adds to a claim template by itself. */
const withoutStamps = (template: Json): Json =>
  isObject(template)
    ? {
        labels: objectAt(template, 'metadata', 'labels'),
        annotations: objectAt(template, 'metadata', 'annotations'),
        name: textAt(template, 'metadata', 'name') ?? '',
        spec: objectAt(template, 'spec'),
      }
    : template;

const comparable = (field: string, value: Json | undefined): Json | undefined =>
  field === 'volumeClaimTemplates' && isList(value) ? value.map(withoutStamps) : value;

/** Fields of `spec` that must stay. */
const fixed =
  (...fields: readonly string[]) =>
  (next: JsonObject, live: JsonObject): readonly string[] =>
    fields
      .filter((field) => !same(comparable(field, at(next, 'spec', field)), comparable(field, at(live, 'spec', field))))
      .map((field) => `spec.${field}`);

const headless = 'None';

/** An ExternalName Service has no cluster IP and may gain one; between others, headless stays headless. */
const serviceFields = (next: JsonObject, live: JsonObject): readonly string[] => {
  const external = [next, live].some((service) => textAt(service, 'spec', 'type') === 'ExternalName');
  const [isHeadless, wasHeadless] = [next, live].map((service) => textAt(service, 'spec', 'clusterIP') === headless);
  return !external && isHeadless !== wasHeadless ? ['spec.clusterIP'] : [];
};

/** Set by controllers or changed on purpose while the claim lives. */
const freeClaimFields = new Set(['resources', 'volumeName', 'volumeAttributesClassName']);

/** A claim may grow. What the content leaves open, the API server has filled in. */
const claimFields = (next: JsonObject, live: JsonObject): readonly string[] => {
  const changed = fixed(...Object.keys(objectAt(next, 'spec')).filter((field) => !freeClaimFields.has(field)));
  const [wanted, had] = [next, live].map((claim) =>
    amount(textAt(claim, 'spec', 'resources', 'requests', 'storage') ?? ''),
  );
  const shrinks = wanted !== undefined && had !== undefined && wanted < had;
  return [...changed(next, live), ...(shrinks ? ['spec.resources.requests.storage'] : [])];
};

const configMapFields = (next: JsonObject, live: JsonObject): readonly string[] => {
  if (at(live, 'immutable') !== true) return [];
  const data = ['data', 'binaryData'].filter((field) => !same(objectAt(next, field), objectAt(live, field)));
  return at(next, 'immutable') === true ? data : ['immutable', ...data];
};

interface ImmutableRule {
  readonly changed: (next: JsonObject, live: JsonObject) => readonly string[];
  readonly remedy: string;
}

const selector: ImmutableRule = {
  changed: fixed('selector'),
  remedy:
    'leave spec.selector as it is in production, or give the object another name: the next release then drops the old one',
};

/** Jobs are not here: each bundle runs them under a name of its own. Of the other promotable kinds every field may change. */
const rules = new Map<string, ImmutableRule>([
  ['Deployment', selector],
  ['DaemonSet', selector],
  [
    'StatefulSet',
    {
      changed: fixed('selector', 'serviceName', 'volumeClaimTemplates', 'podManagementPolicy'),
      remedy:
        'leave these fields as they are in production, or give the StatefulSet another name and move its data, for volumes stay with the old name',
    },
  ],
  [
    'Service',
    {
      changed: serviceFields,
      remedy:
        'leave spec.clusterIP as it is in production, or give the Service another name and let its clients use that',
    },
  ],
  [
    'PersistentVolumeClaim',
    {
      changed: claimFields,
      remedy:
        'leave the claim as it is in production but for growing requests, or give it another name and move its data',
    },
  ],
  [
    'ConfigMap',
    {
      changed: configMapFields,
      remedy:
        'give the ConfigMap another name, such as one that ends in a digest of its data, and let the workloads refer to that',
    },
  ],
]);

/** A change that the API server would refuse; `fields` are dot paths. */
export interface ImmutableChange {
  readonly fields: readonly string[];
  readonly remedy: string;
}

/** What of `next` would be refused because of what `live` is; undefined = nothing. */
export const immutableChange = (next: JsonObject, live: JsonObject): ImmutableChange | undefined => {
  const rule = rules.get(textAt(next, 'kind') ?? '');
  const fields = rule?.changed(next, live) ?? [];
  return rule === undefined || fields.length === 0 ? undefined : { fields, remedy: rule.remedy };
};
