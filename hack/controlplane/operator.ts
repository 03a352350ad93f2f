/** Runs the operator as a process of this machine. */
import type { ControlPlane } from './controlplane.ts';
import { startProgram, type ProgramOptions, type ProgramProcess } from './program.ts';

export interface OperatorOptions extends ProgramOptions {
  /** Names of definitions whose objects it follows in production: what the chart's `guardedKinds` makes of its own. */
  readonly guardedKinds?: readonly string[];
  /** What the chart's value `notify` makes of the environment; no notices when absent. */
  readonly notify?: {
    readonly allowedHosts: readonly string[];
    readonly allowedNetworks?: readonly string[];
    readonly allowPlainHttp?: boolean;
  };
  /** Besides what every operator is told: `NODE_EXTRA_CA_CERTS`. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One replica of the operator. */
export type OperatorProcess = ProgramProcess;

/** Starts one replica and waits until it says that it is ready. @throws with the end of its log when it is not in time */
export const startOperator = (cluster: ControlPlane, options: OperatorOptions = {}): Promise<OperatorProcess> =>
  startProgram(
    cluster,
    {
      instance: options.instance ?? 'operator-0',
      serviceAccount: 'countersign-operator',
      args: [],
      environment: {
        COUNTERSIGN_GUARDED_KINDS: (options.guardedKinds ?? []).join(),
        COUNTERSIGN_NOTIFY_HOSTS: (options.notify?.allowedHosts ?? []).join(),
        COUNTERSIGN_NOTIFY_NETWORKS: (options.notify?.allowedNetworks ?? []).join(),
        COUNTERSIGN_NOTIFY_PLAIN_HTTP: String(options.notify?.allowPlainHttp ?? false),
        ...options.environment,
      },
    },
    options,
  );
