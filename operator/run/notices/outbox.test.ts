import { expect, test } from '@jest/globals';
import { manualClock, settle } from '../../../test/support/builders/clock.ts';
import type { OutboundNotice } from '../../decide/notices/notice.ts';
import type { Sink } from '../../decide/notices/sinks.ts';
import type { Parcel, Undelivered } from './deliver.ts';
import { horizonMs, maxWaiting, Outbox } from './outbox.ts';

const aSink: Sink = {
  name: 'events',
  type: 'CloudEvents',
  url: new URL('https://events.example.com/'),
  keys: [],
  ca: undefined,
  namespaces: undefined,
};

const aNotice = (id: string, at = 0): OutboundNotice => ({
  id,
  kind: 'Promoted',
  at,
  namespace: 'payments-prod',
  package: 'payments',
  role: '',
  version: '2.4.0',
  digest: '',
  subject: { kind: 'ReleaseCandidate', namespace: 'payments-staging', name: 'payments-2.4.0', uid: 'u' },
  facts: [],
  command: '',
});

/** An outbox whose sink answers by `answer`, with what was tried and counted. */
const anOutbox = (answer: (id: string, tries: number) => Undelivered | undefined | 'Never') => {
  const clock = manualClock();
  const tried: string[] = [];
  const counted: string[] = [];
  const states: (string | undefined)[] = [];
  const box = new Outbox(aSink, {
    clock,
    random: () => 0.5,
    source: '/countersign/test',
    metrics: {
      sent: () => counted.push('sent'),
      failed: () => counted.push('failed'),
      dropped: (_, reason) => counted.push(reason),
    },
    state: (_, trouble) => states.push(trouble?.how),
    deliver: ({ headers, signal }: Parcel) => {
      const id = headers['webhook-id'] ?? '';
      tried.push(id);
      const given = answer(id, tried.filter((each) => each === id).length);
      if (given !== 'Never') return Promise.resolve(given);
      return new Promise((resolve) => {
        signal?.addEventListener('abort', () => resolve({ how: 'Retry', why: 'aborted' }));
      });
    },
  });
  return { box, clock, tried, counted, states };
};

const retry: Undelivered = { how: 'Retry', why: 'it answers 500' };

test('notices are sent in order, each until it is taken, the pauses growing', async () => {
  const { box, clock, tried, counted } = anOutbox((id, tries) => (id === 'a' && tries < 4 ? retry : undefined));
  box.add(aNotice('a'));
  box.add(aNotice('b'));
  await settle();
  expect(tried).toEqual(['a']);
  await clock.advance(750);
  expect(tried).toEqual(['a', 'a']);
  await clock.advance(1_499);
  expect(tried).toEqual(['a', 'a']);
  await clock.advance(1 + 3_000);
  expect(tried).toEqual(['a', 'a', 'a', 'a', 'b']);
  expect(counted).toEqual(['failed', 'failed', 'failed', 'sent', 'sent']);
});

test('a sink that fails for a moment is nobody’s news; one that goes on is, and its return, too', async () => {
  const { box, clock, states } = anOutbox((_, tries) => (tries < 6 ? retry : undefined));
  box.add(aNotice('a'));
  await clock.advance(1_000 + 2_000);
  expect(states).toEqual([]);
  await clock.advance(60_000);
  expect(states).toEqual(['Retry', 'Retry', undefined]);
});

test('an address that is not allowed is said at once', async () => {
  const { box, states } = anOutbox(() => ({ how: 'Denied', why: 'no address of the internet' }));
  box.add(aNotice('a'));
  await settle();
  expect(states).toEqual(['Denied']);
});

test('a notice that the sink will never take makes room for the next', async () => {
  const { box, counted } = anOutbox((id) => (id === 'a' ? { how: 'Unfit', why: 'it answers 400' } : undefined));
  box.add(aNotice('a'));
  box.add(aNotice('b'));
  await settle();
  expect(counted).toEqual(['not_taken', 'sent']);
});

test('what an hour did not bring there is dropped, and counted', async () => {
  const { box, clock, counted } = anOutbox(() => retry);
  box.add(aNotice('a'));
  await clock.advance(horizonMs + 120_000);
  expect(counted.filter((each) => each !== 'failed')).toEqual(['too_old']);
  expect(box.size()).toBe(0);
});

test('the queue is bounded: the oldest goes, and is counted', async () => {
  const { box, clock, counted } = anOutbox(() => 'Never');
  for (let i = 0; i <= maxWaiting; i += 1) box.add(aNotice(String(i), i + 1));
  expect(box.size()).toBe(maxWaiting);
  expect(counted).toEqual(['queue_full']);
  expect(box.oldest()).toBe(2);
  const stopping = box.stop(0);
  await clock.advance(0);
  await stopping;
});

test('a sink that is corrected is tried at once', async () => {
  const { box, clock, tried } = anOutbox((_, tries) => (tries < 8 ? retry : undefined));
  box.add(aNotice('a'));
  await clock.advance(60_000);
  const before = tried.length;
  box.update(aSink);
  await settle();
  expect(tried.length).toBeGreaterThan(before);
  box.drop();
});

test('a sink that hangs does not hold up the end of the process', async () => {
  const { box, clock } = anOutbox(() => 'Never');
  box.add(aNotice('a', 7));
  const stopping = box.stop(1_000);
  await clock.advance(1_000);
  await stopping;
  expect(box.oldest()).toBe(7);
});
