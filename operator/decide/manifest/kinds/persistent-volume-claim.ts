import type { JsonObject } from '../../../api/meta.ts';
import { at, objectAt, textAt } from '../../json/json.ts';
import { failed, healthy } from './shared/health.ts';
import { fixed } from './shared/immutable.ts';
import type { HealthRule, Kind, ObjectHealth } from './shared/kind.ts';
import { amount } from './shared/quantity.ts';

const attributes = 'volumeAttributesClassName';

/** Set by controllers or changed on purpose while the claim lives. */
const freeFields = new Set(['resources', 'volumeName', attributes]);

/** Filled in by the API server, and a storage class also later, when there is a default one. */
const filledIn = ['storageClassName', 'volumeMode', 'dataSource', 'dataSourceRef'];

/** What the content leaves open has been filled in; a class may be given once (k8s.io/kubernetes, ValidatePersistentVolumeClaimUpdate). */
const mayDiffer = (field: string, next: JsonObject, live: JsonObject): boolean =>
  freeFields.has(field) ||
  (filledIn.includes(field) && at(next, 'spec', field) === undefined) ||
  (field === 'storageClassName' && at(live, 'spec', field) === undefined);

/** A claim may grow. */
const changed = (next: JsonObject, live: JsonObject): readonly string[] => {
  const fields = new Set([next, live].flatMap((claim) => Object.keys(objectAt(claim, 'spec'))));
  const others = fixed(...[...fields].filter((field) => !mayDiffer(field, next, live)));
  const [wanted, had] = [next, live].map((claim) =>
    amount(textAt(claim, 'spec', 'resources', 'requests', 'storage') ?? ''),
  );
  const shrinks = wanted !== undefined && had !== undefined && wanted < had;
  // Another one may be named, and none may not.
  const [applied, named] = [live, next].map((claim) => textAt(claim, 'spec', attributes) ?? '');
  return [
    ...others(next, live),
    ...(shrinks ? ['spec.resources.requests.storage'] : []),
    ...(applied !== '' && named === '' ? [`spec.${attributes}`] : []),
  ];
};

/** Pending may mean that it waits for its first pod (WaitForFirstConsumer); a pod that waits in vain shows in its workload. */
const byPhase: Readonly<Record<string, ObjectHealth>> = {
  Bound: healthy('Bound', 'the claim is bound'),
  Pending: healthy('NotBoundYet', 'the claim is not bound yet; it may be waiting for its first pod'),
  Lost: failed('VolumeLost', 'the volume of the claim is gone'),
};

const health: HealthRule = ({ status }) =>
  byPhase[textAt(status, 'phase') ?? ''] ?? {
    state: 'Unknown',
    reason: 'HealthUnknown',
    message: 'the claim has no phase yet',
  };

export const persistentVolumeClaim: Kind = {
  kind: 'PersistentVolumeClaim',
  apiVersion: 'v1',
  plural: 'persistentvolumeclaims',
  namespaced: true,
  promotable: true,
  wave: 'Foundation',
  prune: 'AfterObservation',
  followed: 'Digest',
  serverOwned: [{ path: ['spec', 'volumeName'] }],
  filledIn: filledIn.map((field) => ['spec', field]),
  losesData: (_, after) => (after === undefined ? [''] : []),
  immutable: {
    changed,
    remedy:
      'leave the claim as it is in production but for growing requests, or give it another name and move its data',
    wayBack: 'Leave',
  },
  health,
  risk: { spec: 'storage' },
  guard: {
    topic: 'storage',
    create: ['statefulset-controller', 'ephemeral-volume-controller'],
    update: [
      'statefulset-controller',
      'persistent-volume-binder',
      'pvc-protection-controller',
      'kube-scheduler',
      'storage-controllers',
      'generic-garbage-collector',
    ],
    delete: ['generic-garbage-collector'],
    rewrite: ['persistent-volume-binder'],
  },
  subresources: {
    status: {
      guard: {
        topic: 'status',
        update: [
          'persistent-volume-binder',
          'pvc-protection-controller',
          'expand-controller',
          'storage-controllers',
          'kubelets',
        ],
      },
    },
  },
  controllerFields: [
    // A claim without a class is given the default one, even later on.
    { path: ['spec', 'storageClassName'], by: 'system:serviceaccount:kube-system:persistent-volume-binder' },
  ],
  controllerFinalizers: [
    'kubernetes.io/pvc-protection',
    'provisioner.storage.kubernetes.io/cloning-protection',
    'snapshot.storage.kubernetes.io/pvc-as-source-protection',
  ],
  ownersByControllers: true,
  madeBy: ['Pod', 'StatefulSet'],
  // What is deleted of a claim is data.
  emergency: ['create', 'update'],
  operate: ['free'],
};
