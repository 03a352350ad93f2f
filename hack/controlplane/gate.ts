/** Runs the gate as a process of this machine; the chart's `gate.url` says where, so its port is reserved before the chart is installed. */
import type { ControlPlane } from './controlplane.ts';
import { startProgram, type ProgramOptions, type ProgramProcess } from './program.ts';

export interface GateOptions extends ProgramOptions {
  /** Of the webhook; replicas share it. */
  readonly port: number;
  /** Further settings, under the names of the environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One replica of the gate. */
export type GateProcess = ProgramProcess;

/** The value `gate.url` of the chart for a gate on this port. */
export const gateUrl = (port: number): string => `https://127.0.0.1:${port}`;

/** Starts one replica and waits until the webhook configuration trusts it. @throws with the end of its log when it is not in time */
export const startGate = (cluster: ControlPlane, options: GateOptions): Promise<GateProcess> =>
  startProgram(
    cluster,
    {
      instance: options.instance ?? 'gate-0',
      serviceAccount: 'countersign-gate',
      args: ['gate'],
      environment: {
        COUNTERSIGN_GATE_PORT: String(options.port),
        COUNTERSIGN_GATE_LISTEN: 'Shared',
        COUNTERSIGN_GATE_HOSTS: '127.0.0.1',
        // Nobody routes anything here: those who ask come by connections that they have.
        COUNTERSIGN_GATE_LAME_DUCK: '1s',
        ...options.environment,
      },
    },
    options,
  );
