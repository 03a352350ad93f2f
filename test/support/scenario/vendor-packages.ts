/** Packages as their vendors publish them, from a folder beside the repository: data of others, which the repository does not hold. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { secretsAnnotation } from '../../../operator/api/kinds.ts';
import { jsonObject, type JsonObject } from '../../../operator/api/meta.ts';
import { listAt, objectAt, textAt } from '../../../operator/decide/json/json.ts';
import { isManifest } from '../../../operator/kube/resource.ts';
import type { Manifest } from '../cluster/cluster.ts';

const folder = join(import.meta.dirname, '..', '..', '..', '..', 'shared', 'vendor');

/** What its documentation has people do beside applying it, and what a release needs that its vendor does not publish. */
export interface Help {
  /** In words, for the table. */
  readonly said: readonly string[];
  /** Secrets that people make. */
  readonly secrets?: readonly string[];
  readonly overlay?: readonly object[];
  /** Fields that the overlay is for. */
  readonly differs?: RegExp;
  /** Production has nodes of its own, under this label and taint. */
  readonly nodes?: string;
}

const productionNodes = 'countersign.test/place';

const helps: Readonly<Record<string, Help>> = {
  'ingress-nginx': {
    said: [
      'its Jobs stay in staging when they are done',
      'the Job that makes a Secret says so',
      'bindings that the gate prints',
    ],
    overlay: [
      {
        kind: 'Job',
        name: 'ingress-nginx-admission-create',
        patch: { metadata: { annotations: { [secretsAnnotation]: 'ingress-nginx-admission' } } },
      },
    ],
  },
  metallb: {
    said: [
      'Secret memberlist',
      'nodes of its own: its DaemonSet holds ports of the node',
      'bindings that the gate prints',
    ],
    secrets: ['memberlist'],
    nodes: productionNodes,
    differs: /^spec\.template\.spec\.(nodeSelector|tolerations)/,
    overlay: [
      {
        kind: 'DaemonSet',
        name: 'speaker',
        patch: {
          spec: {
            template: {
              spec: {
                nodeSelector: { [productionNodes]: 'metallb' },
                tolerations: [{ key: productionNodes, operator: 'Exists' }],
              },
            },
          },
        },
      },
    ],
  },
  wordpress: { said: ['Secret mysql-pass, which kustomize makes'], secrets: ['mysql-pass'] },
};

/** Kinds outside of namespaces. */
const outside = /^(Namespace|Cluster.*|CustomResourceDefinition|.*WebhookConfiguration|StorageClass|IngressClass)$/;
/** Of these, classes are there before a package is. */
const classes = /^(StorageClass|IngressClass)$/;
const rights = /^ClusterRole(Binding)?$/;

export const kindOf = (object: JsonObject): string => textAt(object, 'kind') ?? '';
export const nameOf = (object: JsonObject): string => textAt(object, 'metadata', 'name') ?? '';

/** A package, taken apart. */
export interface VendorPackage {
  readonly name: string;
  readonly objects: readonly JsonObject[];
  /** What is in a namespace and no Secret. */
  readonly parts: readonly JsonObject[];
  readonly secrets: readonly JsonObject[];
  readonly classes: readonly JsonObject[];
  /** ClusterRoles, and what binds them to accounts of the package. */
  readonly clusterRights: readonly JsonObject[];
  /** Outside of namespaces, as `Kind/name`. */
  readonly outside: readonly string[];
  /** A label that all parts have in common, which selects them. */
  readonly label: Readonly<Record<string, string>> | undefined;
  readonly help: Help;
}

const documentsOf = (name: string): readonly JsonObject[] =>
  readdirSync(join(folder, name))
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => parseAllDocuments(readFileSync(join(folder, name, file), 'utf8')))
    .flatMap((document) => {
      const found: unknown = document.toJS();
      return found === null ? [] : [jsonObject(found)];
    });

const labelsOf = (object: JsonObject): readonly (readonly [string, unknown])[] =>
  Object.entries(objectAt(object, 'metadata', 'labels'));

const commonLabel = (parts: readonly JsonObject[]): Readonly<Record<string, string>> | undefined => {
  const [first, ...others] = parts;
  const common = labelsOf(first ?? {}).find(([key, value]) =>
    others.every((other) => objectAt(other, 'metadata', 'labels')[key] === value),
  );
  return common === undefined ? undefined : { [common[0]]: String(common[1]) };
};

const isOutside = (object: JsonObject): boolean => outside.test(kindOf(object));

const read = (name: string): VendorPackage => {
  const objects = documentsOf(name);
  const parts = objects.filter((object) => !isOutside(object) && kindOf(object) !== 'Secret');
  return {
    name,
    objects,
    parts,
    secrets: objects.filter((object) => kindOf(object) === 'Secret'),
    classes: objects.filter((object) => classes.test(kindOf(object))),
    clusterRights: objects.filter((object) => rights.test(kindOf(object))),
    outside: objects.filter(isOutside).map((object) => `${kindOf(object)}/${nameOf(object)}`),
    label: commonLabel(parts),
    help: helps[name] ?? { said: [] },
  };
};

/** All of them, by name; none where the folder is not there. */
export const vendorPackages = (): readonly VendorPackage[] =>
  existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true })
        .flatMap((each) => (each.isDirectory() ? [each.name] : []))
        .toSorted()
        .map(read)
    : [];

/** As YAML has it. @throws Error where it is no object of an API */
export const manifestFrom = (object: unknown): Manifest => {
  if (!isManifest(object)) throw new Error('no object');
  return object;
};

/** In a namespace of ours: that of the vendor stands in metadata, and in the subjects of bindings. */
export const placed = (object: JsonObject, namespace: string): Manifest => {
  const subjects = listAt(object, 'subjects').map((subject) => ({ ...jsonObject(subject), namespace }));
  const metadata = { ...objectAt(object, 'metadata'), ...(isOutside(object) ? {} : { namespace }) };
  return manifestFrom({ ...object, metadata, ...(subjects.length === 0 ? {} : { subjects }) });
};

/** A Job that stays in staging when it is done, as one that is to be released has to. */
export const kept = (object: JsonObject): JsonObject =>
  kindOf(object) === 'Job'
    ? { ...object, spec: { ...objectAt(object, 'spec'), ttlSecondsAfterFinished: 3600 } }
    : object;

/** A workload of the package that always runs. @throws Error where it has none */
export const mainOf = ({ parts }: VendorPackage): JsonObject => {
  const main =
    parts.find((object) => kindOf(object) === 'Deployment') ?? parts.find((object) => kindOf(object) === 'StatefulSet');
  if (main === undefined) throw new Error('no workload');
  return main;
};
