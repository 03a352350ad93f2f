/** The operator process: settings in, signals heard, everything put together. */
import { randomBytes } from 'node:crypto';
import { createClient } from '../kube/client.ts';
import { loadDigestKey } from '../kube/digest-key.ts';
import { connect } from '../kube/connection.ts';
import { loadCredentials } from '../kube/credentials.ts';
import { Host } from '../kube/host.ts';
import { createReflectors } from '../kube/reflectors.ts';
import { serviceAccountCredentials } from '../kube/token.ts';
import { createTransport, type Transport } from '../kube/transport.ts';
import { systemClock } from '../time/clock.ts';
import { createOperator, type Operator } from '../run/assemble.ts';
import { readSettings } from '../settings.ts';
import { createLogger } from '../log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { startTelemetryServer } from '../telemetry/server.ts';
import { sourceOf, version } from './program.ts';

const settings = readSettings(process.env);
const logger = createLogger({ level: settings.logLevel, fields: { program: 'countersign-operator', version } });
const metrics = createMetrics();
/** A renewal, and a look at who holds the Lease. */
const leaseCalls = 2;
/** Entries that announce rollbacks, of as many production namespaces at once. */
const restoringCalls = 8;

const clock = systemClock;
const random = Math.random;

const credentials = await loadCredentials(sourceOf(settings));
const transport = createTransport({ connection: connect({ credentials, version }), metrics: metrics.requests });
// The key under which connections are shared holds how many calls there may be at once, so these are nobody else's.
const apart = (maxCalls: number): Transport =>
  createTransport({ connection: connect({ credentials, version, maxCalls }), metrics: metrics.requests });
const [lease, restoring] = [apart(leaseCalls), apart(restoringCalls)];
const restorerCredentials = serviceAccountCredentials({
  transport,
  like: credentials,
  namespace: settings.namespace,
  serviceAccount: settings.restorerServiceAccount,
  now: () => clock.now(),
});
const restorer = createTransport({
  connection: connect({ credentials: restorerCredentials, version }),
  metrics: metrics.requests,
});

const digestKey = await loadDigestKey(
  createClient({ transport, fieldManager: 'countersign-operator' }),
  settings.namespace,
  () => randomBytes(32).toString('base64'),
);

const operator: Operator = createOperator({
  transports: { operator: transport, restorer, lease, restoring },
  namespace: settings.namespace,
  digestKey,
  guarded: settings.guardedKinds,
  notices: settings.notices,
  username: `system:serviceaccount:${settings.namespace}:${settings.operatorServiceAccount}`,
  instance: settings.instance,
  clock,
  random,
  logger,
  metrics,
  onLost: () => {
    logger.error({}, 'leadership lost; ending so that nothing is written without it');
    process.exit(1);
  },
});

const host = new Host({
  transport,
  reflectors: createReflectors({ transport, clock, random, logger }),
  logger,
  async init() {
    // The first rollback must not wait for a token.
    await restorerCredentials.headers();
    await operator.start();
  },
  shutdown: () => operator.stop(),
});

const server = await startTelemetryServer({
  port: settings.port,
  metrics,
  liveness: { streams: () => operator.notAlive() },
  readiness: { caches: () => operator.notReady() },
});
logger.info({ port: server.port }, 'serving metrics and health');

let ending: Promise<void> | undefined;
const end = (signal: NodeJS.Signals): void => {
  ending ??= (async () => {
    logger.info({ signal }, 'ending');
    host.stop();
    await host.stopped();
    await Promise.all([...[transport, restorer, lease, restoring].map((each) => each.close()), server.close()]);
    process.exit(0);
  })();
};
process.on('SIGTERM', end);
process.on('SIGINT', end);

await host.start();
logger.info({ leader: operator.isLeader() }, 'started');
