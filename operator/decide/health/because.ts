/** Why a rollout does not go on, as far as its status and its pods say: what a time-out gives as its cause. */
import { at, numberAt, textAt } from '../json/json.ts';
import { condition, count, desired, holds } from '../manifest/kinds/shared/health.ts';
import type { ObjectHealth } from '../manifest/kinds/shared/kind.ts';
import { firstLine, listed } from '../messages.ts';
import type { LiveObject, NodesByName, PodFacts } from '../objects.ts';
import { awayNode } from './node-cause.ts';
import { isStanding, ofEarlierRevision } from './revisions.ts';
import type { Health } from './types.ts';

interface Told {
  readonly rollout: ObjectHealth;
  /** What keeps containers from running. */
  readonly trouble: Health | undefined;
  readonly nodes: NodesByName;
}

/** What is said first is nearest to the cause. */
export const because = (object: LiveObject, pods: readonly PodFacts[], { rollout, trouble, nodes }: Told): Health => {
  const cause =
    refusedPods(object) ??
    trouble?.message ??
    unschedulable(object, pods) ??
    missingPods(object, pods) ??
    brokenEarlier(object, pods) ??
    unready(pods, nodes);
  const message = cause === undefined ? rollout.message : `${rollout.message}: ${cause}`;
  return { ...rollout, message, ...(trouble?.wakeAt === undefined ? {} : { wakeAt: trouble.wakeAt }) };
};

/** The API server refuses the pods that its controller makes: a quota, a policy, a ServiceAccount that is not there. */
const refusedPods = (object: LiveObject): string | undefined => {
  if (!holds(object, 'ReplicaFailure')) return undefined;
  const failure = condition(object, 'ReplicaFailure');
  const reason = textAt(failure, 'reason') ?? 'ReplicaFailure';
  // Each attempt has a name of its own.
  const said = firstLine(textAt(failure, 'message') ?? '').replace(/^pods "[^"]*" is forbidden: /, '');
  return `its pods are refused (${reason}): ${said}`;
};

const unschedulable = ({ ref }: LiveObject, pods: readonly PodFacts[]): string | undefined => {
  const pod = pods
    .filter((each) => isStanding(each) && each.unschedulable !== undefined)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))[0];
  if (pod === undefined) return undefined;
  const said = firstLine(pod.unschedulable ?? '');
  return ref.kind === 'DaemonSet' && pod.nodeName !== undefined
    ? `node ${pod.nodeName} cannot take its pod: ${said}`
    : `no node can take pod ${pod.name}: ${said}`;
};

/** The status of a StatefulSet does not say why its next pod is not there, and that of a DaemonSet or a Job why any is not. */
const missingPods = (object: LiveObject, pods: readonly PodFacts[]): string | undefined => {
  if (object.ref.kind === 'DaemonSet') return missingDaemons(object, pods);
  if (object.ref.kind === 'Job') return missingOfJob(object, pods);
  if (object.ref.kind !== 'StatefulSet' || at(object.manifest, 'spec') === undefined) return undefined;
  const there = pods.filter(isStanding).length;
  const isShort = (numberAt(object.status, 'replicas') ?? 0) < desired(object) && there < desired(object);
  return isShort && pods.every(({ ready }) => ready)
    ? `${there} of ${desired(object)} pods exist; what keeps the next one away is in its events: kubectl describe statefulset ${object.ref.name} -n ${object.namespace}`
    : undefined;
};

const missingDaemons = (object: LiveObject, pods: readonly PodFacts[]): string | undefined => {
  const { ref, namespace, status } = object;
  const wanted = count(status, 'desiredNumberScheduled');
  const there = pods.filter(isStanding).length;
  return count(status, 'currentNumberScheduled') < wanted && there < wanted && pods.every(({ ready }) => ready)
    ? `${there} of ${wanted} pods exist, and its status does not say why; the API server refuses them (a quota, a policy, a ServiceAccount that is not there) with its words in: kubectl get events -n ${namespace} --field-selector involvedObject.kind=DaemonSet,involvedObject.name=${ref.name},reason=FailedCreate`
    : undefined;
};

/** It has begun, and nothing of it ran so far. */
const missingOfJob = (
  { ref, namespace, manifest, status }: LiveObject,
  pods: readonly PodFacts[],
): string | undefined => {
  const hasBegun = textAt(status, 'startTime') !== undefined && at(manifest, 'spec', 'suspend') !== true;
  const ran = count(status, 'active') + count(status, 'succeeded') + count(status, 'failed');
  return hasBegun && ran === 0 && pods.length === 0
    ? `it has no pod; where the API server refuses them (a quota, a policy, a ServiceAccount that is not there), its words are in: kubectl get events -n ${namespace} --field-selector involvedObject.kind=Job,involvedObject.name=${ref.name},reason=FailedCreate`
    : undefined;
};

/** A pod of an earlier revision that is not ready may keep a controller that works in order from replacing it. */
const brokenEarlier = (object: LiveObject, pods: readonly PodFacts[]): string | undefined => {
  const broken = ofEarlierRevision(object, pods).filter(({ ready, deleting }) => !ready && !deleting);
  return broken.length === 0
    ? undefined
    : `${listed(broken.map(({ name }) => name).toSorted())} of an earlier revision ${broken.length === 1 ? 'is' : 'are'} not ready`;
};

/** Pods that are not ready, and those of their nodes that are not: a kubelet that stopped leaves the containers of its pods as they were. */
export const unready = (pods: readonly PodFacts[], nodes: NodesByName): string | undefined => {
  const found = pods.filter((pod) => isStanding(pod) && !pod.ready);
  if (found.length === 0) return undefined;
  const away = new Set(found.flatMap(({ nodeName }) => awayNode(nodeName, nodes)?.name ?? []));
  const theirs = away.size === 0 ? '' : `; ${away.size === 1 ? 'node' : 'nodes'} ${areNotReady([...away])}`;
  return `${areNotReady(found.map(({ name }) => name))}${theirs}`;
};

const areNotReady = (names: readonly string[]): string =>
  `${listed(names.toSorted())} ${names.length === 1 ? 'is' : 'are'} not ready`;
