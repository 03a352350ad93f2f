/** A production namespace and the staging namespace behind it: what its policy reports, and whether it is recorded who changes what. */
import { jsonObject } from '../../operator/api/meta.ts';
import { guardedLabel, policyName, stagingLabel, writersAnnotation } from '../../operator/api/kinds.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { parseWriters } from '../../operator/api/writers.ts';
import { kindRow, promotableKinds, promotableResource } from '../../operator/decide/manifest/kinds/index.ts';
import { keyOf } from '../../operator/decide/objects.ts';
import { unknownWriters } from '../../operator/decide/people/authors.ts';
import { selectedObject } from '../../operator/decide/selected.ts';
import type { KubeObject } from '../../operator/kube/resource.ts';
import { claimOwner } from '../candidate/claims.ts';
import { findPolicy } from '../candidate/find.ts';
import { conditionOf } from '../candidate/objects.ts';
import { isForbidden, type Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { namespaceRow } from '../cluster/rows.ts';
import { ageOf } from '../output/table.ts';
import { found, ok, type Diagnosis, type Severity } from './diagnosis.ts';

/** What each condition of a policy should be, and how bad it is where it is not. */
const wanted: Readonly<Record<string, readonly [status: string, severity: Severity]>> = {
  Ready: ['True', 'error'],
  Explained: ['True', 'error'],
  Stalled: ['False', 'error'],
  EveryKindGuarded: ['True', 'warning'],
  NoForeignMutators: ['True', 'warning'],
  NoticesDelivered: ['True', 'warning'],
};

const nextOf = (type: string, namespace: string): string => {
  switch (type) {
    case 'Explained':
      return `kubectl countersign findings -n ${namespace}`;
    case 'EveryKindGuarded':
      return 'A platform admin lists them in kinds or guardedKinds of the chart; which are defined: kubectl get crd';
    default:
      return `kubectl describe relpol ${policyName} -n ${namespace}`;
  }
};

/** An operator that leads looks at a policy within seconds. */
const lookedAtWithinMs = 60_000;

/** A policy of which nothing is reported yet. */
const unseen = ({ metadata: { namespace, creationTimestamp } }: ReleasePolicy, now: number): Diagnosis => {
  const age = ageOf(creationTimestamp, now);
  return now - Date.parse(creationTimestamp ?? '') < lookedAtWithinMs
    ? found(
        'warning',
        `${namespace}: the operator has not looked at the policy yet, which is ${age} old: nothing is released until it has, and after a minute that is an error`,
        `Wait: kubectl wait --for=condition=Ready relpol/${policyName} -n ${namespace} --timeout=60s`,
      )
    : found(
        'error',
        `${namespace}: the operator has not looked at the policy, which is ${age} old and would be looked at within a minute: nothing is released until it has`,
        `Look whether an operator leads, above. Then: ${nextOf('Ready', namespace)}`,
      );
};

const reported = (policy: ReleasePolicy, now: number): readonly Diagnosis[] => {
  const { namespace } = policy.metadata;
  // Every policy is Ready or says why.
  if (conditionOf(policy, 'Ready') === undefined) return [unseen(policy, now)];
  const faults = Object.entries(wanted).flatMap(([type, [status, severity]]) => {
    const condition = conditionOf(policy, type);
    // What there is nothing to say of is left out.
    if (condition === undefined || condition.status === status) return [];
    return [
      found(severity, `${namespace}: ${type} is ${condition.status}: ${condition.message}`, nextOf(type, namespace)),
    ];
  });
  return faults.length === 0 ? [ok(`${namespace}: policy in force, every change explained`)] : faults;
};

const isWrittenBySomebody = ({ metadata }: KubeObject): boolean => {
  const writers = parseWriters(metadata.annotations?.[writersAnnotation] ?? '');
  return writers?.every(({ username }) => username !== undefined) ?? false;
};

const noClaims: ReadonlySet<string> = new Set();

/** Of claims, those that StatefulSets made from their templates. */
const claimsMade = async (cluster: Cluster, namespace: string, all: readonly KubeObject[]) => {
  const made = await Promise.all(
    all.map(async ({ metadata: { name } }) =>
      (await ifReadable(claimOwner(cluster, namespace, name))) === undefined ? [] : [name],
    ),
  );
  return new Set(made.flat());
};

/** What a release could take and nobody answers for. Kinds that the person may not list are not looked at. */
const unwrittenIn = async (cluster: Cluster, namespace: string) => {
  const perKind = await Promise.all(
    promotableKinds.map(async (row) => {
      const all = (await ifReadable(cluster.list(promotableResource(row), { namespace }))) ?? [];
      const claims = row.kind === 'PersistentVolumeClaim' ? await claimsMade(cluster, namespace, all) : noClaims;
      return all
        .filter((object) => {
          if (claims.has(object.metadata.name)) return false;
          const { owners, made } = selectedObject(row, jsonObject(object.metadata));
          const isEverywhere = kindRow(row)?.inEveryNamespace?.includes(object.metadata.name) === true;
          return !made && owners.length === 0 && !isEverywhere && !isWrittenBySomebody(object);
        })
        .map(({ metadata }) => keyOf({ apiVersion: row.apiVersion, kind: row.kind, name: metadata.name }));
    }),
  );
  return perKind.flat().toSorted();
};

const namespaceNamed = async (cluster: Cluster, name: string): Promise<KubeObject | undefined | 'Unreadable'> => {
  try {
    return await cluster.find(namespaceRow, { name });
  } catch (error) {
    if (isForbidden(error)) return 'Unreadable';
    throw error;
  }
};

/** Whether it is recorded who changes what in staging. */
const staging = async (cluster: Cluster, { metadata, spec }: ReleasePolicy): Promise<readonly Diagnosis[]> => {
  const name = spec.sourceNamespace;
  const namespace = await namespaceNamed(cluster, name);
  if (namespace === undefined) {
    return [
      found(
        'error',
        `${name}, from where ${metadata.namespace} is released, is not there`,
        `A platform admin creates it: kubectl create namespace ${name} && kubectl label namespace ${name} ${stagingLabel}=true`,
      ),
    ];
  }
  const isRecording = namespace === 'Unreadable' || namespace.metadata.labels?.[stagingLabel] === 'true';
  const unwritten = await unwrittenIn(cluster, name);
  const facts = { name, uid: '', guarded: undefined, staging: isRecording, labels: {}, terminating: false };
  const said = unknownWriters({ source: facts, staged: new Map(), stagedAutoscalers: [] }, name, {
    known: [],
    unknown: unwritten,
    scaled: new Map(),
  });
  if (said !== undefined) return [found(isRecording ? 'warning' : 'error', said.message, said.remedy)];
  if (!isRecording) {
    return [
      found(
        'error',
        `${name} is not labelled ${stagingLabel}=true, so it is not recorded who changes what in it`,
        `A platform admin labels it: kubectl label namespace ${name} ${stagingLabel}=true`,
      ),
    ];
  }
  return [ok(`${name}: who wrote what is staged is recorded`)];
};

/** How a namespace is guarded; undefined = it is not there, or not guarded. One that may not be read counts as enforced. */
export const guardOf = async (cluster: Cluster, namespace: string): Promise<string | undefined> => {
  const object = await namespaceNamed(cluster, namespace);
  return object === 'Unreadable' ? 'enforce' : object?.metadata.labels?.[guardedLabel];
};

/** What there is to say of one production namespace. */
export const productionNamespace = async (
  cluster: Cluster,
  namespace: string,
  now: number,
): Promise<readonly Diagnosis[]> => {
  const object = await namespaceNamed(cluster, namespace);
  if (object === undefined) {
    return [found('error', `there is no namespace ${namespace}`, 'kubectl get namespaces -l countersign.dev/guarded')];
  }
  const guard = object === 'Unreadable' ? 'enforce' : object.metadata.labels?.[guardedLabel];
  const policy = await findPolicy(cluster, namespace);
  if (policy === undefined && object === 'Unreadable') {
    return [
      found(
        'error',
        `nothing is known of ${namespace}: you may read neither the namespace nor a ReleasePolicy in it, if there are any`,
        `Name a production namespace in which you hold a role: kubectl auth can-i get releasepolicies.countersign.dev -n ${namespace} says whether you do`,
      ),
    ];
  }
  if (policy === undefined) {
    return guard === undefined
      ? [
          found(
            'error',
            `${namespace} is no production namespace: it has neither the label ${guardedLabel} nor a ReleasePolicy`,
            `Name one: kubectl get namespaces -l ${guardedLabel}`,
          ),
        ]
      : [
          found(
            'error',
            `${namespace} is guarded and has no ReleasePolicy that you may read: without one nothing can be released to it`,
            `A platform admin creates it: kubectl create -f policy.yaml -n ${namespace}`,
          ),
        ];
  }
  const label = `kubectl label namespace ${namespace} ${guardedLabel}=enforce --overwrite`;
  const guards: readonly Diagnosis[] =
    guard === undefined
      ? [found('error', `${namespace} has a policy and is not guarded: anybody changes it`, label)]
      : guard === 'audit'
        ? [
            found(
              'warning',
              `${namespace} is only observed: what nobody signed for is reported, and not refused`,
              label,
            ),
          ]
        : [];
  return [...guards, ...reported(policy, now), ...(await staging(cluster, policy))];
};
