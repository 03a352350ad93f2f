/** What a release takes from staging: by names, or by labels. */
import { jsonObject } from '../../operator/api/meta.ts';
import { imagesIn } from '../../operator/decide/manifest/images-in.ts';
import { kindRow, promotableKinds, promotableResource } from '../../operator/decide/manifest/kinds/index.ts';
import { keyOf, type ObjectRef } from '../../operator/decide/objects.ts';
import { selectedObject } from '../../operator/decide/selected.ts';
import { toFailure } from '../../operator/kube/failures.ts';
import type { KubeObject, ResourceRow } from '../../operator/kube/resource.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';

/** An object of staging. */
export interface Chosen {
  readonly ref: ObjectRef;
  readonly object: KubeObject;
}

/** What was looked at. */
export interface Choice {
  readonly takes: readonly Chosen[];
  /** What the labels find and no release takes, with why. Each needs a word in leaveOut. */
  readonly cannotTake: readonly { readonly ref: ObjectRef; readonly why: string }[];
  /** Kinds that the person may not list, by plural. */
  readonly unseen: readonly string[];
}

/** Short names of Kubernetes' own kinds, as kubectl has them. */
const shortNames: Readonly<Record<string, string>> = {
  deploy: 'Deployment',
  sts: 'StatefulSet',
  ds: 'DaemonSet',
  cm: 'ConfigMap',
  svc: 'Service',
  ing: 'Ingress',
  cj: 'CronJob',
  hpa: 'HorizontalPodAutoscaler',
  pdb: 'PodDisruptionBudget',
  netpol: 'NetworkPolicy',
  sa: 'ServiceAccount',
  pvc: 'PersistentVolumeClaim',
};

const kindNamed = (word: string) => {
  const wanted = word.toLowerCase();
  return promotableKinds.find(
    ({ kind, plural }) => kind.toLowerCase() === wanted || plural === wanted || kind === shortNames[wanted],
  );
};

/** `deployment/api` as an object. @throws Problem for what no release takes */
const refOf = (text: string): ObjectRef => {
  const [word = '', name = ''] = text.split('/');
  const row = kindNamed(word);
  if (row === undefined || name === '') {
    throw new Problem(
      `${text} names no object that a release takes`,
      `Write it as <kind>/<name>; kinds: ${promotableKinds.map(({ kind }) => kind.toLowerCase()).join(', ')}`,
    );
  }
  return { apiVersion: row.apiVersion, kind: row.kind, name };
};

/** @throws Problem when one is not there */
export const chooseByName = async (cluster: Cluster, namespace: string, names: readonly string[]): Promise<Choice> => {
  const takes = await Promise.all(
    names.map(async (text): Promise<Chosen> => {
      const ref = refOf(text);
      const found = await cluster.find(promotableResource(ref), { namespace, name: ref.name });
      if (found !== undefined) return { ref, object: found };
      throw new Problem(
        `There is no ${ref.kind} ${ref.name} in ${namespace}`,
        `kubectl get ${ref.kind.toLowerCase()} -n ${namespace}`,
      );
    }),
  );
  return { takes, cannotTake: [], unseen: [] };
};

const secrets: ResourceRow = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/** What there is of a kind with the labels; a kind that is not served has none, and one that may not be listed says so. */
const listed = async (
  cluster: Cluster,
  resource: ResourceRow,
  selection: { namespace: string; labelSelector: string },
) => {
  try {
    return await cluster.list(resource, selection);
  } catch (error) {
    const { kind } = toFailure(error);
    if (kind === 'NotFound') return [];
    if (kind === 'Forbidden') return undefined;
    throw error;
  }
};

export const chooseByLabels = async (
  cluster: Cluster,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): Promise<Choice> => {
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const selection = { namespace, labelSelector };
  const takes: Chosen[] = [];
  const unseen: string[] = [];
  await Promise.all(
    promotableKinds.map(async (row) => {
      const found = await listed(cluster, promotableResource(row), selection);
      if (found === undefined) unseen.push(row.plural);
      for (const object of found ?? []) {
        const { owners, made } = selectedObject(row, jsonObject(object.metadata));
        const ref = { apiVersion: row.apiVersion, kind: row.kind, name: object.metadata.name };
        // What something of the release makes is made again in production.
        if (made || owners.length > 0 || kindRow(ref)?.inEveryNamespace?.includes(ref.name) === true) continue;
        takes.push({ ref, object });
      }
    }),
  );
  const found = await listed(cluster, secrets, selection);
  if (found === undefined) unseen.push(secrets.plural);
  return {
    takes: takes.toSorted((a, b) => (keyOf(a.ref) < keyOf(b.ref) ? -1 : 1)),
    cannotTake: (found ?? [])
      .filter(({ metadata }) => selectedObject(secrets, jsonObject(metadata)).owners.length === 0)
      .map(({ metadata }) => ({
        ref: { apiVersion: 'v1', kind: 'Secret', name: metadata.name },
        why: 'Secrets are never copied',
      })),
    unseen: unseen.toSorted(),
  };
};

/** Images that are named by tag: under PinFromStaging the operator pins each to the digest that staging's pods run. */
export const imagesByTag = ({ takes }: Choice): readonly string[] => [
  ...new Set(
    takes.flatMap(({ object }) =>
      imagesIn(jsonObject(object))
        .map(({ reference }) => reference)
        .filter((reference) => !reference.includes('@')),
    ),
  ),
];
