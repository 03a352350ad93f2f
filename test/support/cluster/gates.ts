/** Gates inside the test, where their clock can be set and every request of theirs be met by a fault; all else is as in the program. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGate } from '../../../operator/gate/gate.ts';
import { createKnowledge } from '../../../operator/gate/assemble.ts';
import type { Judge } from '../../../operator/gate/http/admission-review.ts';
import { createClient } from '../../../operator/kube/client.ts';
import { connect } from '../../../operator/kube/connection.ts';
import { loadCredentials } from '../../../operator/kube/credentials.ts';
import { loadDigestKey } from '../../../operator/kube/digest-key.ts';
import { createTransport, type Interceptor } from '../../../operator/kube/transport.ts';
import { systemClock, type Clock } from '../../../operator/time/clock.ts';
import { createGateMetrics } from '../../../operator/telemetry/gate.ts';
import { createLogger } from '../../../operator/log.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import { serviceAccountToken, systemNamespace } from '../../../hack/controlplane/chart.ts';
import type { ControlPlane } from '../../../hack/controlplane/controlplane.ts';

export interface GateHere {
  /** Every request of the gate passes here from now on; undefined = nothing is in the way. */
  fault(interceptor: Interceptor | undefined): void;
  /** From now on its wall clock is that far ahead. */
  setAhead(ms: number): void;
  /** Milliseconds that each judgement took, in order; forgotten when asked for. */
  took(): readonly number[];
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const probeMs = 25;
const day = 24 * 3_600_000;
const account = (name: string): string => `system:serviceaccount:${systemNamespace}:${name}`;

/** Starts one that shares the port with its like, and waits until the webhook configuration trusts it. */
export const startGateHere = async (
  cluster: ControlPlane,
  { port, instance }: { readonly port: number; readonly instance: string },
): Promise<GateHere> => {
  let ahead = 0;
  let fault: Interceptor | undefined;
  let times: number[] = [];
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
  const tokenFile = join(cluster.dir, `${instance}.token`);
  await writeFile(tokenFile, await serviceAccountToken(cluster, 'countersign-gate'), { mode: 0o600 });
  const { caCertificate } = cluster.client('installer').endpoint;
  const credentials = await loadCredentials({ from: 'Token', server: cluster.server, caPem: caCertificate, tokenFile });
  const transport = createTransport({
    connection: connect({ credentials, program: instance, version: 'test' }),
    interceptor: (request, next) => (fault === undefined ? next(request) : fault(request, next)),
    clock,
  });
  const metrics = createMetrics();
  const logger = createLogger({ level: 'silent', fields: {} });
  const knowledge = createKnowledge({
    transport,
    usernames: {
      gate: account('countersign-gate'),
      operator: account('countersign-operator'),
      restorer: account('countersign-restorer'),
    },
    digestKey: await loadDigestKey(createClient({ transport, fieldManager: instance }), systemNamespace, () =>
      randomBytes(32).toString('base64'),
    ),
    clock,
    random: Math.random,
    logger,
  });
  const judge: Judge = async (request, signal) => {
    const began = performance.now();
    try {
      return await knowledge.judge(request, signal);
    } finally {
      times.push(performance.now() - began);
    }
  };
  const gate = createGate({
    judge,
    transport,
    namespace: systemNamespace,
    listen: { port, reusePort: true },
    certificates: { by: 'Us', lifetimes: { validForMs: 90 * day, renewAfterMs: 60 * day, overlapMs: day / 24 } },
    hosts: ['127.0.0.1'],
    clock,
    random: Math.random,
    logger,
    metrics: createGateMetrics(metrics.registry),
    limits: { lameDuckMs: 100 },
  });
  await knowledge.start();
  gate.start();
  const deadline = performance.now() + startTimeoutMs;
  for (let why = gate.notReady(); why !== undefined; why = gate.notReady()) {
    if (performance.now() > deadline) throw new Error(`${instance}: ${why}`);
    await sleep(probeMs);
  }
  return {
    fault(interceptor) {
      fault = interceptor;
    },
    setAhead(ms) {
      ahead = ms;
    },
    took() {
      const taken = times;
      times = [];
      return taken;
    },
    async stop() {
      fault = undefined;
      await gate.stop();
      await knowledge.stop();
      await transport.close();
    },
  };
};
