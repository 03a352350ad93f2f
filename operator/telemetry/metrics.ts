import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import type { RequestMetrics } from '../kube/transport.ts';
import { priorities, type QueueMetrics } from '../work/queue.ts';

export type ReconcileResult = 'success' | 'error' | 'requeue' | 'requeue_after';

export interface ReconcileMetrics {
  /** One run for one key; duration in seconds. */
  reconciled(result: ReconcileResult, seconds: number): void;
}

/** The process's metrics. Names are those that users of controller-runtime and client-go have dashboards for. */
export interface Metrics {
  /** For domain metrics (prefix `countersign_`). */
  readonly registry: Registry;
  readonly requests: RequestMetrics;
  readonly reflectors: ReflectorMetrics;
  queue(controller: string): QueueMetrics;
  reconcile(controller: string): ReconcileMetrics;
  /** `leader_election_master_status`: 1 while this process holds the lease. */
  leading(lease: string, leads: boolean): void;
  /** Everything in Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
}

const requestBuckets = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];
const queueBuckets = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1_000];
const reconcileBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** A fresh registry with everything but domain metrics. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requests: requestMetrics(registry),
    reflectors: reflectorMetrics(registry),
    queue: queueMetrics(registry),
    reconcile: reconcileMetrics(registry),
    leading: leaderMetric(registry),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function requestMetrics(registry: Registry): RequestMetrics {
  const total = new Counter({
    name: 'rest_client_requests_total',
    help: 'Number of HTTP requests, partitioned by status code, method, and host.',
    labelNames: ['code', 'method', 'host'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'rest_client_request_duration_seconds',
    help: 'Request latency in seconds, to the whole answer or the first byte of a stream, by method and host.',
    labelNames: ['method', 'host'],
    buckets: requestBuckets,
    registers: [registry],
  });
  return {
    requested({ code, method, host, seconds }) {
      total.inc({ code, method, host });
      duration.observe({ method, host }, seconds);
    },
  };
}

function reflectorMetrics(registry: Registry): ReflectorMetrics {
  const restarts = new Counter({
    name: 'countersign_reflector_restarts_total',
    help: 'Watch streams that were restarted, by resource and reason.',
    labelNames: ['resource', 'reason'],
    registers: [registry],
  });
  const heard = new Gauge({
    name: 'countersign_reflector_last_event_timestamp_seconds',
    help: 'When the last event or bookmark of a resource came, in seconds since 1970.',
    labelNames: ['resource'],
    registers: [registry],
  });
  return {
    restarted: (resource, reason) => restarts.inc({ resource, reason }),
    heard: (resource) => heard.set({ resource }, Date.now() / 1_000),
  };
}

// oxlint-disable-next-line max-lines-per-function -- a table: one row for each metric
function queueMetrics(registry: Registry): Metrics['queue'] {
  const registers = [registry];
  const labelNames = ['name', 'controller'] as const;
  const queues = new Map<string, Parameters<QueueMetrics['attach']>[0]>();
  const adds = new Counter({
    name: 'workqueue_adds_total',
    help: 'Total number of adds handled by workqueue.',
    labelNames,
    registers,
  });
  const retries = new Counter({
    name: 'workqueue_retries_total',
    help: 'Total number of retries handled by workqueue.',
    labelNames,
    registers,
  });
  const queueDuration = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long in seconds an item stays in workqueue before being requested.',
    labelNames,
    buckets: queueBuckets,
    registers,
  });
  const workDuration = new Histogram({
    name: 'workqueue_work_duration_seconds',
    help: 'How long in seconds processing an item from workqueue takes.',
    labelNames,
    buckets: queueBuckets,
    registers,
  });
  const pulled = (name: string, help: string, read: (gauges: Parameters<QueueMetrics['attach']>[0]) => number) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect() {
        for (const [controller, gauges] of queues) this.set({ name: controller, controller }, read(gauges));
      },
    });
  pulled(
    'workqueue_unfinished_work_seconds',
    'How many seconds of work has been done that is in progress and hasn’t been observed by work_duration.',
    (gauges) => gauges.unfinishedSeconds(),
  );
  pulled(
    'workqueue_longest_running_processor_seconds',
    'How many seconds has the longest running processor for workqueue been running.',
    (gauges) => gauges.longestRunningSeconds(),
  );
  const depth = new Gauge({
    name: 'workqueue_depth',
    help: 'Current depth of workqueue by workqueue and priority.',
    labelNames: [...labelNames, 'priority'],
    registers: [],
    collect() {
      for (const [controller, gauges] of queues) {
        for (const priority of priorities) this.set({ name: controller, controller, priority }, gauges.depth(priority));
      }
    },
  });
  registry.registerMetric(depth);
  return (controller) => {
    const labels = { name: controller, controller };
    return {
      attach: (gauges) => queues.set(controller, gauges),
      added: () => adds.inc(labels),
      retried: () => retries.inc(labels),
      queued: (seconds) => queueDuration.observe(labels, seconds),
      worked: (seconds) => workDuration.observe(labels, seconds),
    };
  };
}

function reconcileMetrics(registry: Registry): Metrics['reconcile'] {
  const total = new Counter({
    name: 'controller_runtime_reconcile_total',
    help: 'Total number of reconciliations per controller.',
    labelNames: ['controller', 'result'],
    registers: [registry],
  });
  const errors = new Counter({
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Total number of reconciliation errors per controller.',
    labelNames: ['controller'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Length of time per reconciliation per controller.',
    labelNames: ['controller'],
    buckets: reconcileBuckets,
    registers: [registry],
  });
  return (controller) => {
    errors.inc({ controller }, 0);
    return {
      reconciled(result, seconds) {
        total.inc({ controller, result });
        duration.observe({ controller }, seconds);
        if (result === 'error') errors.inc({ controller });
      },
    };
  };
}

function leaderMetric(registry: Registry): Metrics['leading'] {
  const status = new Gauge({
    name: 'leader_election_master_status',
    help: 'Gauge of if the reporting system is master of the relevant lease, 0 indicates backup, 1 indicates master.',
    labelNames: ['name'],
    registers: [registry],
  });
  return (lease, leads) => status.set({ name: lease }, leads ? 1 : 0);
}
