/** The gate process: settings in, signals heard, everything put together. */
import { randomBytes } from 'node:crypto';
import { createClient } from '../kube/client.ts';
import { loadDigestKey } from '../kube/digest-key.ts';
import { createGate } from '../gate/gate.ts';
import type { Judge } from '../gate/http/admission-review.ts';
import { createKnowledge } from '../gate/assemble.ts';
import { connect } from '../kube/connection.ts';
import { loadCredentials } from '../kube/credentials.ts';
import { createTransport } from '../kube/transport.ts';
import { systemClock } from '../time/clock.ts';
import { readGateSettings, readSettings } from '../settings.ts';
import { createGateMetrics } from '../telemetry/gate.ts';
import { createLogger } from '../log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startTelemetryServer } from '../telemetry/server.ts';
import { sourceOf, version } from './program.ts';

const program = 'countersign-gate';

/** Longer than any stream may be silent. */
const deadSilenceMs = 10 * 60_000;

/** Runs until a signal ends it. `judge`: who is asked; the gate's own judge when absent. */
// oxlint-disable-next-line max-lines-per-function -- wiring from top to bottom: what is started first is named first
export const runGate = async (judge?: Judge): Promise<void> => {
  const settings = readSettings(process.env);
  const gateSettings = readGateSettings(process.env);
  const logger = createLogger({ level: settings.logLevel, fields: { program, version } });
  const metrics = createMetrics();
  const transport = createTransport({
    connection: connect({ credentials: await loadCredentials(sourceOf(settings)), program, version }),
    metrics: metrics.requests,
  });

  const username = (serviceAccount: string): string => `system:serviceaccount:${settings.namespace}:${serviceAccount}`;
  const knowledge = createKnowledge({
    transport,
    usernames: {
      gate: username(program),
      operator: username(settings.operatorServiceAccount),
      restorer: username(settings.restorerServiceAccount),
    },
    digestKey: await loadDigestKey(createClient({ transport, fieldManager: program }), settings.namespace, () =>
      randomBytes(32).toString('base64'),
    ),
    clock: systemClock,
    random: Math.random,
    logger,
    metrics: metrics.reflectors,
  });
  const gate = createGate({
    judge: judge ?? knowledge.judge,
    transport,
    namespace: settings.namespace,
    listen: { port: gateSettings.port, reusePort: gateSettings.listen === 'Shared' },
    certificates:
      gateSettings.certificates === 'SelfManaged'
        ? { by: 'Us', lifetimes: gateSettings.lifetimes }
        : { by: 'Others', dir: gateSettings.certificateDir },
    hosts: gateSettings.hosts,
    clock: systemClock,
    random: Math.random,
    logger,
    metrics: { ...createGateMetrics(metrics.registry), reflectors: metrics.reflectors },
    limits: { lameDuckMs: gateSettings.lameDuckMs },
  });

  const server = await startTelemetryServer({
    port: settings.port,
    metrics,
    liveness: {
      webhook: () => gate.notAlive(),
      streams: () => (knowledge.silentMs() > deadSilenceMs ? 'the API server has been silent for too long' : undefined),
    },
    readiness: { copies: () => knowledge.notReady(), webhook: () => gate.notReady() },
  });
  logger.info({ port: server.port }, 'serving metrics and health');

  let ending: Promise<void> | undefined;
  const end = (signal: NodeJS.Signals): void => {
    ending ??= (async () => {
      logger.info({ signal }, 'ending');
      await gate.stop();
      await knowledge.stop();
      await Promise.all([transport.close(), server.close()]);
      process.exit(0);
    })();
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);

  await knowledge.start();
  gate.start();
};
