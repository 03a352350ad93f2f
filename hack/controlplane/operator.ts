/** Runs the operator as a process of this machine. */
import type { ControlPlane } from './controlplane.ts';
import { startProgram, type ProgramOptions, type ProgramProcess } from './program.ts';

export interface OperatorOptions extends ProgramOptions {
  /** Names of definitions whose objects it follows in production: what the chart's `guardedKinds` makes of its own. */
  readonly guardedKinds?: readonly string[];
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
      environment: { COUNTERSIGN_GUARDED_KINDS: (options.guardedKinds ?? []).join() },
    },
    options,
  );
