/** What is wrong with the pods of a workload, as far as it began with the release. */
import type { ContainerFacts, Instant, PodFacts } from '../objects.ts';

export interface PodFailure {
  /** The kubelet's word for it, such as `CrashLoopBackOff`. */
  readonly reason: string;
  /** One sentence that stays the same while the failure does. */
  readonly message: string;
}

/**
 * Waiting reasons of the kubelet (pkg/kubelet/container, pkg/kubelet/images) that do not pass by themselves soon enough to
 * wait for. `explained`: the kubelet's message names the cause and does not change from one attempt to the next.
 */
const failures: Readonly<Record<string, 'explained' | 'named'>> = {
  CrashLoopBackOff: 'named',
  ImagePullBackOff: 'named',
  InvalidImageName: 'named',
  ErrImageNeverPull: 'named',
  CreateContainerConfigError: 'explained',
  CreateContainerError: 'named',
  RunContainerError: 'named',
};

/** Times of the API server have whole seconds: what happened within this one may have happened after `instant`. */
export const secondOf = (instant: Instant): Instant => Math.floor(instant / 1000) * 1000;

/** The first failure by container and reason; undefined = none. */
export const podFailure = (
  pods: readonly PodFacts[],
  since: Instant,
  tolerated: readonly string[],
): PodFailure | undefined =>
  pods
    .filter(({ deleting }) => !deleting)
    .flatMap((pod) =>
      pod.containers.filter((container) => failing(container, tolerated) && began(pod, container, since)),
    )
    .map(described)
    .toSorted((a, b) => (a.message < b.message ? -1 : 1))[0];

const failing = ({ waiting }: ContainerFacts, tolerated: readonly string[]): boolean =>
  Object.hasOwn(failures, waiting) && !tolerated.includes(waiting);

/** In the second in which the release began, a new pod is taken for its own, and the end of an old container is not. */
const began = (pod: PodFacts, { lastEndedAt }: ContainerFacts, since: Instant): boolean =>
  pod.createdAt >= secondOf(since) || (lastEndedAt !== undefined && lastEndedAt >= secondOf(since) + 1000);

const described = ({ name, waiting, message }: ContainerFacts): PodFailure => ({
  reason: waiting,
  message:
    failures[waiting] === 'explained' && message !== ''
      ? `container ${name} cannot start (${waiting}): ${message}`
      : `container ${name} is in ${waiting}`,
});
