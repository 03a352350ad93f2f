/** What a release takes from staging: by names, or by labels. */
import { jsonObject } from '../../operator/api/meta.ts';
import { imagesIn } from '../../operator/decide/manifest/images-in.ts';
import { kindRow, kindRows, promotableKinds, promotableResource } from '../../operator/decide/manifest/kinds/index.ts';
import { keyOf, type ObjectRef } from '../../operator/decide/objects.ts';
import { selectedObject } from '../../operator/decide/selected.ts';
import { toFailure } from '../../operator/kube/failures.ts';
import type { KubeObject, ResourceRow } from '../../operator/kube/resource.ts';
import { claimOwner } from '../candidate/claims.ts';
import { isForbidden, type Cluster } from '../cluster/cluster.ts';
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

/**
 * Kinds that no release takes, and that labels may find: an object of them that nothing made needs a word. Few may read PodTemplates, and fewer
 * have any: the operator looks.
 */
const otherKinds: readonly ResourceRow[] = kindRows
  .filter(({ promotable, followed, kind }) => !promotable && followed !== 'Never' && kind !== 'PodTemplate')
  .map(({ apiVersion, kind, plural }) => ({ apiVersion, kind, plural, namespaced: true }));

interface Labelled {
  readonly namespace: string;
  readonly labelSelector: string;
}

/** What there is of a kind with the labels; a kind that is not served has none. undefined = it may not be listed. */
const listed = async (cluster: Cluster, resource: ResourceRow, selection: Labelled) => {
  try {
    return await cluster.list(resource, selection);
  } catch (error) {
    if (toFailure(error).kind === 'NotFound') return [];
    // Also said of kinds that there are not.
    if (isForbidden(error)) return (await cluster.serves(resource)) ? undefined : [];
    throw error;
  }
};

const found = ({ kind, name }: ObjectRef): string => `${kind}/${name}`.toLowerCase();

/** @param leftOut what the candidate says of it, as `kind/name` in lower case */
export const chooseByLabels = async (
  cluster: Cluster,
  namespace: string,
  labels: Readonly<Record<string, string>>,
  leftOut: ReadonlySet<string>,
): Promise<Choice> => {
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const unseen: string[] = [];
  const labelled = async (row: ResourceRow): Promise<readonly Chosen[]> => {
    const all = await listed(cluster, row, { namespace, labelSelector });
    if (all === undefined) unseen.push(row.plural);
    return (all ?? []).flatMap((object) => {
      const { owners, made } = selectedObject(row, jsonObject(object.metadata));
      const ref = { apiVersion: row.apiVersion, kind: row.kind, name: object.metadata.name };
      // What something of the release makes is made again in production.
      const isMade = made || owners.length > 0 || kindRow(ref)?.inEveryNamespace?.includes(ref.name) === true;
      return isMade || leftOut.has(found(ref)) ? [] : [{ ref, object }];
    });
  };
  const [takes, others] = await Promise.all([
    Promise.all(promotableKinds.map((row) => labelled(promotableResource(row)))),
    Promise.all(otherKinds.map(labelled)),
  ]);
  const owners = await Promise.all(
    takes.flat().map(async (chosen) => {
      const isClaim = chosen.ref.kind === 'PersistentVolumeClaim';
      return { chosen, owner: isClaim ? await claimOwner(cluster, namespace, chosen.ref.name) : undefined };
    }),
  );
  const own = owners.flatMap(({ chosen, owner }) => (owner === undefined ? [chosen] : []));
  const isTaken = (owner: ObjectRef): boolean =>
    leftOut.has(found(owner)) || own.some(({ ref }) => keyOf(ref) === keyOf(owner));
  return {
    takes: own.toSorted((a, b) => (keyOf(a.ref) < keyOf(b.ref) ? -1 : 1)),
    cannotTake: [
      ...others.flat().map(({ ref }) => ({ ref, why: whyNot(ref) })),
      ...owners.flatMap(({ chosen: { ref }, owner }) =>
        owner === undefined || isTaken(owner)
          ? []
          : [{ ref, why: `it belongs to ${keyOf(owner)}, which this release does not take` }],
      ),
    ],
    unseen: [...new Set(unseen)].toSorted(),
  };
};

const whyNot = ({ kind }: ObjectRef): string =>
  kind === 'Secret' ? 'Secrets are never copied' : `no release takes any ${kind}`;

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
