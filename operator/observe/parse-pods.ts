/** Raw pods and nodes → what decisions use of them. */
import { z } from 'zod';
import type { Controller } from '../decide/findings/view.ts';
import { listAt, textAt } from '../decide/json/json.ts';
import { configMapsRead } from '../decide/manifest/config-digest.ts';
import { podHashLabels } from '../decide/manifest/kinds/index.ts';
import { lifetimeOf } from '../decide/manifest/lifetime.ts';
import { programsOfPod } from '../decide/manifest/pod-fingerprint.ts';
import { type ContainerFacts, type NodeFacts, type PodFacts, kindIdOf } from '../decide/objects.ts';
import type { KubeObject } from '../kube/resource.ts';
import { instantOf, json, writersOf } from './parse.ts';
import { podImages, podImagesShape } from './pod-images.ts';

const state = z.object({
  waiting: z.object({ reason: z.string().default(''), message: z.string().default('') }).optional(),
  terminated: z
    .object({ finishedAt: z.string().nullish(), reason: z.string().default(''), exitCode: z.number().default(0) })
    .optional(),
});

const containerStatus = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  started: z.boolean().nullish(),
  restartCount: z.number().default(0),
  state: state.default({}),
  lastState: state.default({}),
  ...podImagesShape.status,
});

const pod = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string(),
    uid: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    ownerReferences: z
      .array(
        z.object({
          apiVersion: z.string().default(''),
          kind: z.string(),
          name: z.string(),
          uid: z.string(),
          controller: z.boolean().default(false),
        }),
      )
      .default([]),
  }),
  spec: z.object({ nodeName: z.string().default(''), ...podImagesShape.spec }).prefault({}),
  status: z
    .object({
      phase: z.string().default(''),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            lastTransitionTime: z.string().nullish(),
            reason: z.string().default(''),
            message: z.string().default(''),
          }),
        )
        .default([]),
      containerStatuses: z.array(containerStatus).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
});

const containerFacts = (status: z.infer<typeof containerStatus>): ContainerFacts => {
  const ended = status.state.terminated ?? status.lastState.terminated;
  return {
    name: status.name,
    ready: status.ready,
    started: status.started ?? false,
    restarts: status.restartCount,
    waiting: status.state.waiting?.reason ?? '',
    message: status.state.waiting?.message ?? '',
    lastEndedAt: instantOf(ended?.finishedAt ?? undefined),
    ...(ended === undefined ? {} : { lastEnd: { exitCode: ended.exitCode, reason: ended.reason } }),
  };
};

/** The one node that a pod of a DaemonSet may go to (pkg/controller/daemon/util, ReplaceDaemonSetPodNodeNameNodeAffinity). */
const boundTo = (raw: KubeObject): string => {
  const terms = ['affinity', 'nodeAffinity', 'requiredDuringSchedulingIgnoredDuringExecution'];
  const [term] = listAt(json.parse(raw), 'spec', ...terms, 'nodeSelectorTerms');
  const field = listAt(term, 'matchFields').find((each) => textAt(each, 'key') === 'metadata.name');
  const [name] = listAt(field, 'values');
  return typeof name === 'string' ? name : '';
};

/** Who controls a pod, with the ReplicaSet in between left out: a Deployment's pods belong to the Deployment. */
const ownerOf = ({ ownerReferences, labels }: z.infer<typeof pod>['metadata']) => {
  const owner = ownerReferences.find(({ controller }) => controller);
  if (owner === undefined) return { ownerKind: '', ownerName: '', ownerUid: '' };
  for (const [label, ownerKind] of podHashLabels) {
    const suffix = `-${labels[label] ?? ''}`;
    if (owner.kind === 'ReplicaSet' && labels[label] !== undefined && owner.name.endsWith(suffix))
      return { ownerKind, ownerName: owner.name.slice(0, -suffix.length), ownerUid: owner.uid };
  }
  return { ownerKind: kindIdOf(owner), ownerName: owner.name, ownerUid: owner.uid };
};

export const controllerOf = (
  owners: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly uid: string;
    readonly controller?: boolean;
  }[],
): Controller | undefined => {
  const owner = owners.find(({ controller }) => controller === true);
  return owner && { kind: kindIdOf(owner), name: owner.name, uid: owner.uid };
};

export const podFacts = (raw: KubeObject): PodFacts => {
  const { metadata, spec, status } = pod.parse(raw);
  const condition = (type: string) => status.conditions.find((each) => each.type === type);
  const ready = condition('Ready');
  const scheduled = condition('PodScheduled');
  const disruption = condition('DisruptionTarget');
  const nodeName = spec.nodeName || boundTo(raw);
  const statuses = [...status.initContainerStatuses, ...status.containerStatuses];
  const configMaps = configMapsRead(json.parse(raw));
  const changedAt = instantOf(ready?.lastTransitionTime ?? undefined);
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    createdAt: instantOf(metadata.creationTimestamp) ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    phase: status.phase,
    ready: ready?.status === 'True',
    readySince: ready?.status === 'True' ? changedAt : undefined,
    labels: metadata.labels,
    ...ownerOf(metadata),
    controller: controllerOf(metadata.ownerReferences),
    programs: programsOfPod(json.parse(raw)),
    lifetime: lifetimeOf(json.parse(raw)),
    manager: writersOf(raw.metadata['managedFields'])[0]?.manager ?? '',
    containers: statuses.map(containerFacts),
    images: podImages(spec, statuses),
    ...(configMaps.length === 0 ? {} : { configMaps }),
    ...(nodeName === '' ? {} : { nodeName }),
    ...(ready?.status === 'False' && changedAt !== undefined ? { unreadySince: changedAt } : {}),
    ...(scheduled?.status === 'False' ? { unschedulable: scheduled.message || scheduled.reason } : {}),
    ...(disruption?.status === 'True'
      ? { disruption: { reason: disruption.reason, since: instantOf(disruption.lastTransitionTime ?? undefined) ?? 0 } }
      : {}),
  };
};

const node = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ taints: z.array(z.object({ key: z.string() })).default([]) }).prefault({}),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            lastTransitionTime: z.string().nullish(),
            lastHeartbeatTime: z.string().nullish(),
          }),
        )
        .default([]),
      nodeInfo: z.object({ bootID: z.string().default('') }).prefault({}),
    })
    .prefault({}),
});

/** A node as far as it says whether what happens on it may be its own doing. `before`: as it was last seen. */
export const nodeFacts = (raw: KubeObject, before: NodeFacts | undefined): NodeFacts => {
  const { metadata, spec, status } = node.parse(raw);
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const { bootID } = status.nodeInfo;
  const isOtherBoot = before !== undefined && before.bootID !== '' && bootID !== '' && before.bootID !== bootID;
  return {
    name: metadata.name,
    ready: ready?.status === 'True',
    readySince: ready?.status === 'True' ? instantOf(ready.lastTransitionTime ?? undefined) : undefined,
    bootID,
    rebootedAt: isOtherBoot ? instantOf(ready?.lastHeartbeatTime ?? undefined) : before?.rebootedAt,
    unreachable: ready?.status === 'Unknown' || spec.taints.some(({ key }) => key === 'node.kubernetes.io/unreachable'),
  };
};

/** How each node was last seen: that a bootID changed is in no object. A process that comes later does not know of it. */
export const nodesSeen = (): ((raw: KubeObject) => NodeFacts) => {
  const seen = new Map<string, NodeFacts>();
  return (raw) => {
    const facts = nodeFacts(raw, seen.get(raw.metadata.name));
    seen.set(facts.name, facts);
    return facts;
  };
};
