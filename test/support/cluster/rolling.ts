/** A controller of ours that rolls out a workload of a definition: one ReplicaSet for each template, labelled with its hash, and a status that says what the pods do. */
import { createHash } from 'node:crypto';
import { accepted, targetOf, type ApiClient, type KubeObject, type Manifest, type Target } from './cluster.ts';

type Template = Readonly<{
  metadata: { labels?: object; annotations?: Readonly<Record<string, string>> };
  spec: object;
}>;

export interface Workload extends KubeObject {
  readonly spec: { readonly replicas: number; readonly template: Template; readonly paused?: boolean };
  readonly status?: Readonly<Record<string, unknown>>;
}

export interface ReplicaSet extends KubeObject {
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly replicas?: number;
  };
}

/** What is rolled out, by which label its pods are known, and what is said of it. */
export interface Rolled {
  readonly target: Target & { readonly namespace: string; readonly name: string };
  readonly hashLabel: string;
  readonly report: (workload: Workload, hash: string, current: ReplicaSet) => Readonly<Record<string, unknown>>;
}

const replicaSet = (workload: Workload, { target, hashLabel }: Rolled, hash: string): Manifest => {
  const { apiVersion, kind, namespace, name } = target;
  const { replicas, template } = workload.spec;
  const labels = { ...template.metadata.labels, [hashLabel]: hash };
  const owner = {
    apiVersion,
    kind,
    name,
    uid: workload.metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `${name}-${hash}`, namespace, labels, ownerReferences: [owner] },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
};

const reconcile = async (controller: ApiClient, rolled: Rolled): Promise<void> => {
  const { target } = rolled;
  const { namespace } = target;
  const found = await controller.get<Workload>(target);
  if (!found.ok) return;
  const workload = found.body;
  const hash = createHash('sha256').update(JSON.stringify(workload.spec.template)).digest('hex').slice(0, 8);
  const wanted = replicaSet(workload, rolled, hash);
  const current = await controller.get<ReplicaSet>(targetOf(wanted));
  if (!current.ok) {
    accepted(await controller.create(wanted));
    return;
  }
  const all = accepted(await controller.list<ReplicaSet>({ apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace }));
  for (const { metadata, spec } of all.items) {
    const replicas = metadata.name === wanted.metadata.name ? workload.spec.replicas : 0;
    if (spec.replicas !== replicas) {
      const other = { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace, name: metadata.name ?? '' };
      accepted(await controller.patch(other, 'merge', { spec: { replicas } }));
    }
  }
  const status = rolled.report(workload, hash, current.body);
  const isSame = Object.entries(status).every(([field, value]) => workload.status?.[field] === value);
  if (!isSame) accepted(await controller.patch({ ...target, subresource: 'status' }, 'merge', { status }));
};

/** Rolls it out until it is stopped. Whatever the API server refuses is tried again. */
export const rolling = (controller: ApiClient, rolled: Rolled): { readonly stop: () => Promise<void> } => {
  const ending = new AbortController();
  const over = (async () => {
    while (!ending.signal.aborted) {
      await reconcile(controller, rolled).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    stop: async () => {
      ending.abort();
      await over;
    },
  };
};
