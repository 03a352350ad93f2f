/** Whether what happens to a pod may be the doing of its node, and until when that is waited for. */
import type { ContainerFacts, Instant, NodeFacts, NodesByName, PodFacts, PodsOnNode } from '../objects.ts';
import type { Patience } from './patience.ts';
import { secondOf, seconds } from './times.ts';
import type { Health } from './types.ts';

/** What is around the pods of a package. */
export interface Surroundings {
  readonly nodes: NodesByName;
  /** Pods of the namespace that belong to other packages, by node. */
  readonly others: PodsOnNode;
}

/** Of a namespace of which nothing but the pods of one package is known. */
export const noSurroundings: Surroundings = { nodes: new Map(), others: new Map() };

/** A sign that a node is the cause. */
interface Sign {
  readonly what: string;
  /** When it was seen; undefined = it lasts. */
  readonly at: Instant | undefined;
}

export interface Excuse {
  /** What points to the node, and how long it is waited for. It stays the same while the signs do. */
  readonly message: string;
  /** undefined = until the node is back. */
  readonly until: Instant | undefined;
}

interface Asked {
  readonly since: Instant;
  readonly now: Instant;
  readonly patience: Patience;
  readonly around: Surroundings;
}

/** @returns undefined when nothing points to the node, or what did is longer ago than `nodeGrace` */
export const nodeCause = (pod: PodFacts, { since, now, patience, around }: Asked): Excuse | undefined => {
  const { nodeGrace } = patience;
  if (nodeGrace === 0) return undefined;
  const signs = signsOf(pod, { since, patience, around }).filter(({ at }) => at === undefined || now < at + nodeGrace);
  const [first] = signs;
  if (first === undefined) return undefined;
  const grace = seconds(nodeGrace);
  const lasting = signs.find(({ at }) => at === undefined);
  if (lasting !== undefined) {
    return { message: `${lasting.what}: it is judged ${grace} after the node is back`, until: undefined };
  }
  return {
    message: `${first.what}: it has ${grace} to be ready again`,
    until: Math.max(...signs.map(({ at }) => at ?? 0)) + nodeGrace,
  };
};

/** The node of a pod when it is not ready, or cannot be reached. */
export const awayNode = (nodeName: string | undefined, nodes: NodesByName): NodeFacts | undefined => {
  const node = nodeName === undefined ? undefined : nodes.get(nodeName);
  return node !== undefined && (node.unreachable || !node.ready) ? node : undefined;
};

/** What is said of a pod that is waited for because of its node. */
export const excused = (said: string, { message, until }: Excuse): Health => ({
  state: 'Progressing',
  reason: 'NodeTrouble',
  message: `${said}; ${message}`,
  ...(until === undefined ? {} : { wakeAt: until }),
});

const signsOf = (pod: PodFacts, { since, patience, around }: Omit<Asked, 'now'>): readonly Sign[] => {
  const begun = secondOf(since);
  const signs: Sign[] = [...nodeSigns(pod, around)];
  if (pod.disruption !== undefined) {
    signs.push({ what: `it is to leave its node (${pod.disruption.reason})`, at: pod.disruption.since });
  }
  for (const container of pod.containers) {
    if (!isLostSandbox(container)) continue;
    signs.push({ what: `container ${container.name} was lost with its node's runtime`, at: container.lastEndedAt });
  }
  const together = restartedTogether(pod, around, patience.mostRestarts);
  if (together !== undefined) {
    signs.push({ what: `containers of other packages on node ${pod.nodeName ?? ''} restarted with it`, at: together });
  }
  return signs.filter(({ at }) => at === undefined || at >= begun);
};

const nodeSigns = ({ nodeName, createdAt }: PodFacts, { nodes }: Surroundings): readonly Sign[] => {
  const away = awayNode(nodeName, nodes);
  if (away !== undefined) return [{ what: `node ${away.name} is not ready`, at: undefined }];
  const node = nodeName === undefined ? undefined : nodes.get(nodeName);
  if (node === undefined) return [];
  const signs: Sign[] = [];
  if (node.rebootedAt !== undefined) signs.push({ what: `node ${node.name} was rebooted`, at: node.rebootedAt });
  // A pod that came after that met a node that was ready.
  if (node.readySince !== undefined && node.readySince > createdAt) {
    signs.push({ what: `node ${node.name} was not ready`, at: node.readySince });
  }
  return signs;
};

/** What a kubelet says of a container that was gone when it looked (pkg/kubelet/kubelet_pods.go; containerd says Unknown). */
const lostReasons = new Set(['ContainerStatusUnknown', 'NodeLost', 'Unknown']);
const lostCodes = new Set([137, 255]);

const isLostSandbox = ({ lastEnd, lastEndedAt, ready }: ContainerFacts): boolean =>
  !ready &&
  lastEnd !== undefined &&
  lastEndedAt !== undefined &&
  lostReasons.has(lastEnd.reason) &&
  lostCodes.has(lastEnd.exitCode);

/** How far apart containers end that one cause ends, in milliseconds. */
const togetherMs = 15_000;

/** When a container of this pod ended together with one of another package on the same node. A node ends each once: what loops tells nothing. */
const restartedTogether = (pod: PodFacts, { others }: Surroundings, most: number): Instant | undefined => {
  const ends = endsOf(pod, most);
  if (ends.length === 0 || pod.nodeName === undefined) return undefined;
  const theirs = (others.get(pod.nodeName) ?? []).flatMap((other) => endsOf(other, most));
  return ends.find((end) => theirs.some((other) => Math.abs(other - end) <= togetherMs));
};

const endsOf = ({ containers, phase }: PodFacts, most: number): Instant[] =>
  phase === 'Running'
    ? containers.flatMap(({ lastEndedAt, restarts }) => (restarts > 0 && restarts <= most ? (lastEndedAt ?? []) : []))
    : [];
