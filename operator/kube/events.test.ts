import { beforeEach, expect, test } from '@jest/globals';
import { manualClock, settle, type ManualClock } from '../../test/support/builders/clock.ts';
import { scriptedApi, type ScriptedApi } from '../../test/support/builders/scripted-api.ts';
import { silentLogger } from '../log.ts';
import { createEventRecorder, type EventNotice, type EventRecorder } from './events.ts';

let clock: ManualClock;
let api: ScriptedApi;
let recorder: EventRecorder;

beforeEach(() => {
  clock = manualClock(Date.UTC(2026, 0, 1));
  api = scriptedApi();
  recorder = createEventRecorder({
    transport: api.transport,
    clock,
    random: () => 0,
    logger: silentLogger,
    controller: 'countersign.dev/operator',
    instance: 'operator-0',
  });
});

const notice = (more: Partial<EventNotice> = {}): EventNotice => ({
  regarding: { apiVersion: 'v1', kind: 'Pod', namespace: 'n', name: 'a', uid: 'u' },
  type: 'Normal',
  reason: 'Promoted',
  action: 'Promote',
  note: 'payments 2.4.0 is in production',
  ...more,
});

test('an event says who did what to which object, and when', async () => {
  recorder.record(notice());
  const { request } = await api.next();
  expect(request).toMatchObject({
    method: 'POST',
    path: '/apis/events.k8s.io/v1/namespaces/n/events',
    body: {
      eventTime: '2026-01-01T00:00:00.000000Z',
      regarding: { kind: 'Pod', uid: 'u' },
      reportingController: 'countersign.dev/operator',
      reportingInstance: 'operator-0',
      reason: 'Promoted',
      action: 'Promote',
      type: 'Normal',
      note: 'payments 2.4.0 is in production',
    },
  });
});

test('the same thing about the same object is said once', async () => {
  recorder.record(notice());
  recorder.record(notice());
  recorder.record(notice({ note: 'another' }));
  recorder.record(notice({ regarding: { ...notice().regarding, uid: 'other' } }));
  for (let calls = 0; calls < 3; calls += 1) (await api.next()).answer({});
  await settle();
  expect(api.unanswered).toHaveLength(0);
});

test('what lasts is said again after a while, and not before', async () => {
  const lasting = notice({ againMs: 600_000 });
  recorder.record(lasting);
  (await api.next()).answer({});
  await clock.advance(599_999);
  recorder.record(lasting);
  await settle();
  expect(api.unanswered).toHaveLength(0);
  await clock.advance(1);
  recorder.record(lasting);
  (await api.next()).answer({});
  recorder.record(lasting);
  await settle();
  expect(api.unanswered).toHaveLength(0);
});

test('a note is cut at 1024 bytes, between characters', async () => {
  recorder.record(notice({ note: 'é'.repeat(1_000) }));
  const { request } = await api.next();
  expect(request.body).toMatchObject({ note: `${'é'.repeat(510)}…` });
});

test('a name that no Event may have is made one', async () => {
  recorder.record(
    notice({
      regarding: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: 'system:Node', uid: 'u' },
    }),
  );
  const { request } = await api.next();
  expect(request.path).toBe('/apis/events.k8s.io/v1/namespaces/default/events');
  expect(request.body).toMatchObject({ metadata: { name: expect.stringMatching(/^system--ode\.[0-9a-f]+$/) } });
});

test('an outage is waited out; an answer that was lost is no second event', async () => {
  recorder.record(notice());
  (await api.next()).refuse(503);
  await clock.advance(100);
  const again = await api.next();
  again.refuse(409, { reason: 'AlreadyExists' });
  await settle();
  expect(recorder.dropped()).toBe(0);
});

test('what the API server will not have is dropped, and the next is sent', async () => {
  recorder.record(notice({ note: 'refused' }));
  recorder.record(notice({ note: 'good' }));
  (await api.next()).refuse(403, { message: 'namespace is closing' });
  (await api.next()).answer({});
  await settle();
  expect(recorder.dropped()).toBe(1);
});

test('too many are dropped instead of kept', () => {
  for (let i = 0; i < 1_500; i += 1) recorder.record(notice({ note: `note ${i}` }));
  expect(recorder.dropped()).toBe(499);
});

test('stopping sends what waits, for a while', async () => {
  recorder.record(notice({ note: 'one' }));
  recorder.record(notice({ note: 'two' }));
  const stopping = recorder.stop(1_000);
  (await api.next()).answer({});
  const stuck = await api.next();
  await clock.advance(1_000);
  await stopping;
  expect(stuck.request.signal?.aborted).toBe(true);
  recorder.record(notice({ note: 'three' }));
  expect(api.unanswered).toHaveLength(0);
  expect(clock.pending()).toBe(0);
});
