/** A real cluster for a Jest suite: start one in `beforeAll`, stop it in `afterAll`. */
import {
  startControlPlane,
  type As,
  type ControlPlane,
  type ControlPlaneOptions,
} from '../../../hack/controlplane/controlplane.ts';
import type { ApiClient } from '../../../hack/controlplane/client.ts';

export { accepted, refused, targetOf, type Answer, type ApiClient } from '../../../hack/controlplane/client.ts';
export type { KubeObject, Manifest, ObjectMeta, Target } from '../../../hack/controlplane/objects.ts';
export { waitFor, waitForAll, waitForGone } from '../../../hack/controlplane/wait.ts';

/** Time that `beforeAll` needs at most, in milliseconds, once the programs are built (see global-setup.ts). */
export const startTimeoutMs = 60_000;

export interface Cluster {
  readonly controlPlane: ControlPlane;
  /** The API server as seen by an identity: `as('developer-a')`, or one minted with `controlPlane.identity(…)`. */
  readonly as: (identity: As) => ApiClient;
  /** Ends everything; call it in `afterAll`. */
  readonly stop: () => Promise<void>;
}

/** Starts a control plane of its own in a temporary folder. */
export async function startCluster(options: Omit<ControlPlaneOptions, 'dir' | 'lifetime'> = {}): Promise<Cluster> {
  const controlPlane = await startControlPlane(options);
  return {
    controlPlane,
    as: (identity) => controlPlane.client(identity),
    stop: () => controlPlane.stop(),
  };
}
