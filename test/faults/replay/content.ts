/** The contents of the model's releases as a real API server takes them. */
import { jsonObject, type JsonObject } from '../../../operator/api/meta.ts';
import { objectAt } from '../../../operator/decide/json/json.ts';
import { image, type World } from '../../support/cluster/system.ts';
import { accepted, waitForGone, type Manifest } from '../../support/cluster/cluster.ts';
import { behaving } from '../../support/scenario/production.ts';
import { patched } from '../../support/scenario/kit.ts';
import { bundleOf, type Letter, type PartKey } from '../model/content.ts';
import type { Script } from '../model/script.ts';
import type { Fate } from '../model/world.ts';

/** Of which there are no volumes but those that a history brings along. */
export const storageClassOf = (world: World): string => `${world.production}-claims`;

const volumes = 8;

/** What claims of a history are bound to, in staging and production. */
export const bringVolumes = async (world: World): Promise<void> => {
  const sc = storageClassOf(world);
  const create = async (object: Manifest): Promise<void> => void accepted(await world.as('installer').create(object));
  await create({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: sc },
    provisioner: 'kubernetes.io/no-provisioner',
    allowVolumeExpansion: true,
  });
  for (let i = 0; i < volumes; i += 1)
    await create({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `${sc}-${i}` },
      spec: {
        storageClassName: sc,
        capacity: { storage: '5Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        hostPath: { path: `/nowhere/${sc}-${i}` },
      },
    });
};

/** What the model leaves out. */
const completed: Readonly<Record<string, (world: World, parts: readonly PartKey[]) => JsonObject>> = {
  // Nobody starts a pod whose claim is not there.
  Deployment: (_, parts) =>
    parts.includes('PersistentVolumeClaim/data') ? {} : { spec: { template: { spec: { volumes: null } } } },
  PersistentVolumeClaim: (world) => ({ spec: { storageClassName: storageClassOf(world) } }),
  Job: () => ({ spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never' } } } }),
  StatefulSet: (world) => ({
    spec: {
      volumeClaimTemplates: [
        {
          metadata: { name: 'store' },
          spec: {
            storageClassName: storageClassOf(world),
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: '1Gi' } },
          },
        },
      ],
    },
  }),
};

/** Of a release, for staging. */
export const manifestsOf = (
  world: World,
  letter: Letter,
  { parts, script: { variant, onFailure } }: { readonly parts: readonly PartKey[]; readonly script: Script },
): readonly Manifest[] =>
  bundleOf(letter, parts, { base: undefined, lingering: [], variant, onFailure }).objects.map(({ ref, content }) => {
    const text = JSON.stringify(content).replaceAll(/registry\.example\/\w+:([abc])/g, (_, of: string) => image(of));
    const manifest: Manifest = {
      ...jsonObject(JSON.parse(text)),
      apiVersion: ref.apiVersion,
      kind: ref.kind,
      metadata: { name: ref.name, namespace: world.staging },
    };
    return patched(manifest, completed[ref.kind]?.(world, parts) ?? {});
  });

const isImmutable = ({ kind, metadata }: Manifest): boolean => kind === 'Job' || metadata.name === 'frozen';

/** Brings staging there; what cannot be changed is made again. */
export const restage = async (world: World, manifests: readonly Manifest[]): Promise<void> => {
  const developer = world.as('developer-a');
  for (const manifest of manifests) {
    const { kind, metadata } = manifest;
    const target = world.ref(kind, metadata.name, world.staging);
    if (isImmutable(manifest)) {
      await developer.delete(target, { propagationPolicy: 'Background' });
      await waitForGone(developer, target);
    }
    const created = await developer.create(manifest);
    if (created.ok) continue;
    if (kind === 'PersistentVolumeClaim') {
      const resources = objectAt(jsonObject(JSON.parse(JSON.stringify(manifest))), 'spec', 'resources');
      accepted(await developer.patch(target, 'merge', { spec: { resources } }));
    } else accepted(await developer.replace(manifest));
  }
};

const behaviourOf: Readonly<Record<Fate, string | undefined>> = {
  Well: undefined,
  Slow: 'slow-pull',
  CrashesTwice: 'crash-twice',
  CrashLoop: 'crash-loop',
  NeverReady: 'never-ready',
  ConfigError: 'config-error',
  ImagePull: 'image-pull',
  BreaksLater: 'crash-loop',
};

/** How pods of the second release do in production; in staging they do well. */
export const overlayOf = ({ fates }: Script, parts: readonly PartKey[]) =>
  parts.flatMap((key) => {
    const [kind = '', name = ''] = key.split('/');
    const behaviour = behaviourOf[fates[key] ?? 'Well'];
    const ofJob = behaviour === 'crash-loop' || behaviour === 'config-error' ? 'fail' : 'never-ready';
    if (behaviour === undefined || (kind === 'Job' && ['slow-pull', 'crash-twice'].includes(behaviour))) return [];
    return [behaving(kind, name, kind === 'Job' ? ofJob : behaviour)];
  });
