/** What packages of the model consist of: the contents of each part in each release, and the bundles made of them. */
import type { JsonObject } from '../../../operator/api/meta.ts';
import type { Bundle, BundleObject } from '../../../operator/decide/bundle.ts';
import { digestOf } from '../../../operator/decide/json/canonical.ts';
import { keyOf, type ObjectKey, type ObjectRef } from '../../../operator/decide/objects.ts';
import { aBundle, anObject } from '../../support/builders/decide.ts';

/** Parts that a package may have. Of each kind what the model knows something particular of. */
export const partKeys = [
  'ConfigMap/settings',
  'ConfigMap/frozen',
  'ServiceAccount/runner',
  'PersistentVolumeClaim/data',
  'Deployment/web',
  'Deployment/worker',
  'StatefulSet/db',
  'DaemonSet/agent',
  'Job/migrate',
  'Service/web',
] as const satisfies readonly ObjectKey[];
export type PartKey = (typeof partKeys)[number];

/** Releases by the letter that their content carries. */
export type Letter = 'a' | 'b' | 'c';

/** How the particular parts are declared, alike in all releases of a history. */
export interface Variant {
  readonly database: 'RollingUpdate' | 'Partition' | 'OnDelete' | 'Parallel';
  readonly whenDeleted: 'Retain' | 'Delete';
  /** Of the Job; null = it stays. */
  readonly ttlSeconds: number | null;
  /** From the second release on the claim asks for more. */
  readonly grows: boolean;
  /** From the second release on the ConfigMap `frozen` is immutable. */
  readonly freezes: boolean;
  /** A release that drops the database says that its data goes with it. */
  readonly letsDataGo: boolean;
}

const template = (name: string, letter: Letter, more: JsonObject = {}): JsonObject => ({
  metadata: { labels: { app: name } },
  spec: { containers: [{ name: 'app', image: `registry.example/${name}:${letter}` }], ...more },
});

const selector = (name: string): JsonObject => ({ matchLabels: { app: name } });

const claim = (size: string): JsonObject => ({
  accessModes: ['ReadWriteOnce'],
  resources: { requests: { storage: size } },
});

const strategies: Readonly<Record<Variant['database'], JsonObject>> = {
  RollingUpdate: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
  Parallel: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
  Partition: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
  OnDelete: { type: 'OnDelete' },
};

const database = (letter: Letter, { database, whenDeleted }: Variant): JsonObject => ({
  replicas: 2,
  serviceName: 'db',
  podManagementPolicy: database === 'Parallel' ? 'Parallel' : 'OrderedReady',
  selector: selector('db'),
  template: template('db', letter),
  updateStrategy: strategies[database],
  persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled: 'Retain' },
  volumeClaimTemplates: [{ metadata: { name: 'store' }, spec: claim('1Gi') }],
});

const volume: JsonObject = { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };

/** What stands beside kind and name. */
const contents: Readonly<Record<PartKey, (letter: Letter, variant: Variant) => JsonObject>> = {
  'ConfigMap/settings': (letter) => ({ data: { letter } }),
  'ConfigMap/frozen': (letter, { freezes }) =>
    freezes && letter !== 'a' ? { data: { letter: 'b' }, immutable: true } : { data: { letter } },
  'ServiceAccount/runner': (letter) => ({ automountServiceAccountToken: letter === 'a' }),
  'PersistentVolumeClaim/data': (letter, { grows }) => ({ spec: claim(grows && letter !== 'a' ? '2Gi' : '1Gi') }),
  'Deployment/web': (letter) => ({
    spec: { replicas: 2, selector: selector('web'), template: template('web', letter) },
  }),
  'Deployment/worker': (letter) => ({
    spec: { replicas: 1, selector: selector('worker'), template: template('worker', letter, volume) },
  }),
  'StatefulSet/db': (letter, variant) => ({ spec: database(letter, variant) }),
  'DaemonSet/agent': (letter) => ({ spec: { selector: selector('agent'), template: template('agent', letter) } }),
  'Job/migrate': (letter, { ttlSeconds }) => ({
    spec: {
      parallelism: 1,
      template: template('migrate', letter),
      ...(ttlSeconds === null ? {} : { ttlSecondsAfterFinished: ttlSeconds }),
    },
  }),
  'Service/web': (letter) => ({ spec: { selector: { app: 'web' }, ports: [{ port: letter === 'a' ? 80 : 8080 }] } }),
};

/** What a release drops of these goes only after observation. */
export const isDroppedLate = (key: ObjectKey): boolean =>
  /^(Service|ServiceAccount|PersistentVolumeClaim|StatefulSet)\//.test(key);

const made = new Map<string, BundleObject>();

/** The same object for the same content, so that what is known of it is known in all histories. */
const partOf = (key: PartKey, letter: Letter, variant: Variant): BundleObject => {
  const content = contents[key](letter, variant);
  const id = key + JSON.stringify(content);
  const known = made.get(id);
  if (known !== undefined) return known;
  const [kind = '', name = ''] = key.split('/');
  const object = anObject(kind, name, content);
  made.set(id, object);
  return object;
};

export const releaseNames = { a: 'first', b: 'second', c: 'third' } as const satisfies Record<Letter, string>;

export interface Draft {
  readonly base: Bundle | undefined;
  /** What the base dropped, and production still has. */
  readonly lingering: readonly ObjectRef[];
  readonly variant: Variant;
  readonly onFailure: Bundle['onFailure'];
}

/** A release of these parts on what production runs. */
export const bundleOf = (
  letter: Letter,
  parts: readonly PartKey[],
  { base, lingering, variant, onFailure }: Draft,
): Bundle => {
  const name = releaseNames[letter];
  const objects = parts.map((key) => partOf(key, letter, variant));
  const before = [...(base?.objects ?? []).map(({ ref }) => ref), ...lingering];
  const removed = before.filter(
    (ref, i) =>
      ref.kind !== 'Job' &&
      !objects.some((other) => keyOf(other.ref) === keyOf(ref)) &&
      before.findIndex((other) => keyOf(other) === keyOf(ref)) === i,
  );
  const digest = digestOf([name, base?.name ?? '', onFailure, ...objects.map((object) => object.digest)]);
  return aBundle({
    name,
    candidate: { name, uid: `uid-${name}`, namespace: 'payments-staging' },
    digest,
    base: base?.digest ?? 'none',
    previous: base?.name ?? '',
    objects,
    removed,
    onFailure,
    irreversible:
      variant.letsDataGo && removed.some(({ kind }) => kind === 'StatefulSet')
        ? [{ kind: 'StatefulSet', name: 'db', fields: [], reason: 'its data is kept elsewhere' }]
        : [],
  });
};
