/** The gate, put together: certificates kept alive, and a server that asks the judge. Everything it needs from outside is handed in. */
import type { ReflectorMetrics } from '../kube/reflector.ts';
import type { Transport } from '../kube/transport.ts';
import type { Clock } from '../time/clock.ts';
import type { Logger } from '../log.ts';
import type { Lifetimes } from './tls/rotation-plan.ts';
import { followCertificateFiles, type CertificateFiles } from './tls/mounted-certificate.ts';
import { Paths } from './tls/secret-path.ts';
import type { Judge } from './http/admission-review.ts';
import { Rotation } from './tls/rotation.ts';
import { GateServer, type GateServerOptions, type ServerLimits } from './http/server.ts';
import type { WebhookMetrics } from '../telemetry/gate.ts';

/** Who makes certificates: we do, or somebody who puts them into a folder and into the webhook configuration. */
export type Certificates =
  { readonly by: 'Us'; readonly lifetimes: Lifetimes } | { readonly by: 'Others'; readonly dir: string };

export interface GateOptions {
  readonly judge: Judge;
  /** As ServiceAccount `countersign-gate`. */
  readonly transport: Transport;
  /** Of the gate's Secret and Service. */
  readonly namespace: string;
  readonly listen: GateServerOptions['listen'];
  readonly certificates: Certificates;
  /** DNS names and addresses that the certificate is for, besides those of the Service. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: {
    readonly webhook: WebhookMetrics;
    readonly reflectors?: ReflectorMetrics | undefined;
    /** When the served certificate ends, in milliseconds since 1970. */
    readonly certificateEnds: (notAfter: number) => void;
  };
  readonly limits?: Partial<ServerLimits> | undefined;
}

export interface Gate {
  /** Begins. The gate is ready when `notReady` says so, which may wait for the webhook configuration. */
  start(): void;
  /** Stops being ready, answers what still comes and what is in hand, closes. */
  stop(): Promise<void>;
  /** Why the API server should not ask here; undefined = it may. */
  notReady(): string | undefined;
  /** Why the process should be restarted; undefined = it need not be. */
  notAlive(): string | undefined;
}

/** Longer than any stream may be silent. */
const deadSilenceMs = 10 * 60_000;
/** Every API server has heard of a new path by then. */
const pathGraceMs = 15_000;

export const createGate = (options: GateOptions): Gate => {
  const { transport, namespace, certificates, clock, random, logger, metrics } = options;
  const paths = new Paths(clock, pathGraceMs);
  const server = new GateServer({
    judge: options.judge,
    entryAt: (path) => paths.entryAt(path),
    abandoned: () => rotation.pathMayBeKnown(),
    namespace,
    listen: options.listen,
    clock,
    logger,
    metrics: metrics.webhook,
    limits: options.limits,
  });
  let files: CertificateFiles | undefined;
  let unfollow: (() => void) | undefined;
  const serveFiles = async (): Promise<void> => {
    if (files !== undefined) await server.serve(files);
  };

  const rotation = new Rotation({
    tools: { transport, clock, random, logger, metrics: metrics.reflectors },
    namespace,
    hosts: [...['', '.cluster.local'].map((suffix) => `countersign-gate.${namespace}.svc${suffix}`), ...options.hosts],
    lifetimes: certificates.by === 'Us' ? certificates.lifetimes : undefined,
    async changed({ seed, index, issued }) {
      paths.published(seed, index);
      if (issued === undefined) return serveFiles();
      await server.serve(issued);
      metrics.certificateEnds(issued.notAfter);
    },
  });

  return {
    start() {
      rotation.start();
      if (certificates.by === 'Us') return;
      unfollow = followCertificateFiles({
        dir: certificates.dir,
        logger,
        changed: (read) => {
          files = read;
          return serveFiles();
        },
      });
    },
    async stop() {
      unfollow?.();
      // Certificates are kept alive for as long as somebody is answered.
      await server.stop();
      await rotation.stop();
    },
    notReady: () => rotation.notReady() ?? (server.isServing() ? undefined : 'not listening'),
    notAlive: () => (rotation.silentMs() > deadSilenceMs ? 'the API server has been silent for too long' : undefined),
  };
};
