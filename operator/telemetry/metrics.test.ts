import { expect, test } from '@jest/globals';
import { manualClock } from '../../test/support/builders/clock.ts';
import { WorkQueue } from '../work/queue.ts';
import { createMetrics } from './metrics.ts';

/** The lines of a metric, without comments. */
async function linesOf(metrics: ReturnType<typeof createMetrics>, name: string): Promise<string[]> {
  const text = await metrics.text();
  return text.split('\n').filter((line) => line.startsWith(name) && !line.includes('_bucket'));
}

test('calls are counted under the names of client-go', async () => {
  const metrics = createMetrics();
  metrics.requests.requested({ method: 'GET', host: 'h:1', code: '200', seconds: 0.2 });
  metrics.requests.requested({ method: 'GET', host: 'h:1', code: '<error>', seconds: 0.2 });
  expect(await linesOf(metrics, 'rest_client')).toEqual([
    'rest_client_requests_total{code="200",method="GET",host="h:1"} 1',
    'rest_client_requests_total{code="<error>",method="GET",host="h:1"} 1',
    'rest_client_request_duration_seconds_sum{method="GET",host="h:1"} 0.4',
    'rest_client_request_duration_seconds_count{method="GET",host="h:1"} 2',
  ]);
});

test('a queue is measured under the names of controller-runtime, as it is at scrape time', async () => {
  const metrics = createMetrics();
  const clock = manualClock();
  const queue = new WorkQueue<string>({
    textOf: (key) => key,
    workers: 1,
    clock,
    random: () => 0,
    work: () => new Promise(() => {}),
    failed() {},
    metrics: metrics.queue('candidate'),
  });
  queue.start();
  queue.add('a');
  queue.add('b', 'Rollback');
  queue.retry('c');
  await clock.advance(3_000);
  const lines = await linesOf(metrics, 'workqueue');
  const labels = 'name="candidate",controller="candidate"';
  expect(lines).toEqual(
    expect.arrayContaining([
      `workqueue_adds_total{${labels}} 3`,
      `workqueue_retries_total{${labels}} 1`,
      `workqueue_depth{${labels},priority="Rollback"} 1`,
      `workqueue_depth{${labels},priority="Normal"} 1`,
      `workqueue_unfinished_work_seconds{${labels}} 3`,
      `workqueue_longest_running_processor_seconds{${labels}} 3`,
      `workqueue_queue_duration_seconds_count{${labels}} 1`,
    ]),
  );
});

test('runs, streams and leadership are measured', async () => {
  const metrics = createMetrics();
  metrics.reconcile('candidate').reconciled('success', 0.1);
  metrics.reconcile('candidate').reconciled('error', 0.1);
  metrics.reflectors.restarted('pods', 'Gone');
  metrics.reflectors.heard('pods');
  metrics.leading('countersign', true);
  expect(await linesOf(metrics, 'controller_runtime')).toEqual(
    expect.arrayContaining([
      'controller_runtime_reconcile_total{controller="candidate",result="success"} 1',
      'controller_runtime_reconcile_errors_total{controller="candidate"} 1',
      'controller_runtime_reconcile_time_seconds_count{controller="candidate"} 2',
    ]),
  );
  expect(await linesOf(metrics, 'countersign_reflector_restarts')).toEqual([
    'countersign_reflector_restarts_total{resource="pods",reason="Gone"} 1',
  ]);
  expect(await linesOf(metrics, 'leader_election_master_status')).toEqual([
    'leader_election_master_status{name="countersign"} 1',
  ]);
});
