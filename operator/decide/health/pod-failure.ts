/** What is wrong with the pods of a workload, as far as it began with the release, and how much longer it may go on. */
import type { ContainerFacts, Instant, PodFacts } from '../objects.ts';
import { excused, nodeCause, type Surroundings } from './node-cause.ts';
import type { Patience } from './patience.ts';
import { secondOf, seconds } from './times.ts';
import type { Health } from './types.ts';

/** What judging pods rests on. */
export interface Judging {
  /** When the release began, or was complete: what happened before is not its doing. */
  readonly since: Instant;
  readonly patience: Patience;
  readonly now: Instant;
  readonly around: Surroundings;
}

/**
 * Waiting reasons of the kubelet (pkg/kubelet/container, pkg/kubelet/images). `AtOnce`: it never passes. `Crash`: it has so many restarts and
 * so much time. `Time`: it may pass by itself, such as an image that cannot be pulled just now, or configuration that comes a moment later.
 * `explained`: the kubelet's message names the cause and does not change from one attempt to the next.
 */
const failures: Readonly<Record<string, { readonly fails: 'AtOnce' | 'Crash' | 'Time'; readonly explained?: true }>> = {
  CrashLoopBackOff: { fails: 'Crash' },
  RunContainerError: { fails: 'Crash' },
  CreateContainerError: { fails: 'Crash' },
  ImagePullBackOff: { fails: 'Time' },
  CreateContainerConfigError: { fails: 'Time', explained: true },
  InvalidImageName: { fails: 'AtOnce' },
  ErrImageNeverPull: { fails: 'AtOnce' },
};

/** The reasons for which the pods of a kind fail and are tried again, without the release having failed. */
export interface Pods {
  readonly pods: readonly PodFacts[];
  readonly tolerated: readonly string[];
}

/**
 * What of the containers keeps a release from being healthy: Failed, or Progressing while it may pass. The first by state, container and
 * reason; undefined = nothing.
 */
export const podTrouble = ({ pods, tolerated }: Pods, judging: Judging): Health | undefined =>
  pods
    .filter(({ deleting }) => !deleting)
    .flatMap((pod) =>
      pod.containers
        .filter((container) => failing(container, tolerated) && began(pod, container, judging.since))
        .map((container) => judged(pod, container, judging)),
    )
    .toSorted((a, b) => rank(a) - rank(b) || (a.message < b.message ? -1 : 1))[0];

const rank = ({ state }: Health): number => (state === 'Failed' ? 0 : 1);

const failing = ({ waiting }: ContainerFacts, tolerated: readonly string[]): boolean =>
  Object.hasOwn(failures, waiting) && !tolerated.includes(waiting);

/** In the second in which the release began, a new pod is taken for its own, and the end of an old container is not. */
const began = (pod: PodFacts, { lastEndedAt }: ContainerFacts, since: Instant): boolean =>
  isFromThen(pod, since) || (lastEndedAt !== undefined && lastEndedAt >= secondOf(since) + 1000);

const isFromThen = ({ createdAt }: PodFacts, since: Instant): boolean => createdAt >= secondOf(since);

const judged = (pod: PodFacts, container: ContainerFacts, judging: Judging): Health => {
  const { waiting } = container;
  const { since, patience, now } = judging;
  const fails = failures[waiting]?.fails ?? 'AtOnce';
  const said = described(container);
  const failed = (why: string): Health => ({ state: 'Failed', reason: waiting, message: `${said}${why}` });
  if (fails === 'AtOnce') return failed('');
  const excuse = nodeCause(pod, judging);
  if (excuse !== undefined) return excused(said, excuse);
  // It ran before the release, or when it was complete.
  if (!isFromThen(pod, since)) return failed('');
  if (fails === 'Crash' && container.restarts > patience.mostRestarts) {
    return failed(`: it restarted more than ${patience.mostRestarts} times`);
  }
  const until = pod.createdAt + patience.within;
  if (now >= until) return failed(`: it has not started within ${seconds(patience.within)} of the creation of its pod`);
  const allowed = fails === 'Crash' ? `up to ${patience.mostRestarts} restarts and ` : '';
  return {
    state: 'Progressing',
    reason: waiting,
    message: `${said}; it has ${allowed}${seconds(patience.within)} to start`,
    wakeAt: until,
  };
};

const described = ({ name, waiting, message, lastEnd }: ContainerFacts): string => {
  if (failures[waiting]?.explained === true && message !== '') {
    return `container ${name} cannot start (${waiting}): ${message}`;
  }
  const end = waiting === 'CrashLoopBackOff' && lastEnd !== undefined ? ` (exit code ${lastEnd.exitCode})` : '';
  return `container ${name} is in ${waiting}${end}`;
};
