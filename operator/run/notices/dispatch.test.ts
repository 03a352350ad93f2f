import { expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { manualClock, settle, type ManualClock } from '../../../test/support/builders/clock.ts';
import type { OutboundNotice } from '../../decide/notices/notice.ts';
import type { KubeObject } from '../../kube/resource.ts';
import { SinkStates } from '../../observe/sinks.ts';
import { Dispatch, type Marks } from './dispatch.ts';
import type { Parcel, Undelivered } from './deliver.ts';

const secretOf = (text: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'countersign-sinks', uid: 'u', resourceVersion: '1' },
  data: { 'sinks.yaml': Buffer.from(text).toString('base64') },
});

const sink = (name: string, more: Readonly<Record<string, unknown>> = {}) => ({
  name,
  type: 'CloudEvents',
  url: `https://events.example.com/${name}`,
  ...more,
});

const aDispatch = (
  deliver: (name: string) => Undelivered | undefined = () => undefined,
  clock: ManualClock = manualClock(),
) => {
  const told: string[] = [];
  const counted: string[] = [];
  const states = new SinkStates(() => {});
  const dispatch = new Dispatch({
    clock,
    states,
    random: () => 0,
    source: '/x',
    secret: 'countersign-sinks',
    egress: { hosts: ['events.example.com'], networks: [], plainHttp: false },
    metrics: {
      declared: () => {},
      sent: () => {},
      failed: () => {},
      dropped: (name, reason) => counted.push(`${name} ${reason}`),
      undeclared: () => counted.push('undeclared'),
    },
    async deliver({ url, headers }: Parcel) {
      const name = url.pathname.slice(1);
      const trouble = deliver(name);
      if (trouble === undefined) told.push(`${name} ${headers['webhook-id'] ?? ''}`);
      return trouble;
    },
  });
  return { dispatch, told, counted, states, clock };
};

const notice = (id: string, at: number, namespace = 'payments-prod'): OutboundNotice => ({
  id,
  kind: 'Promoted',
  at,
  namespace,
  package: 'payments',
  role: '',
  version: '',
  digest: '',
  subject: { kind: 'ReleaseCandidate', namespace: 'payments-staging', name: 'x', uid: 'u' },
  facts: [],
  command: '',
});

const begun = (made: ReturnType<typeof aDispatch>, marks: Marks = {}, sinks = [sink('a'), sink('b')]): void => {
  made.dispatch.declare(secretOf(stringify({ sinks })));
  made.dispatch.begin(marks);
};

test('what happened before the mark of a sink, or more than an hour ago, is not sent to it', async () => {
  const made = aDispatch();
  const now = made.clock.now();
  begun(made, { a: now - 60_000 });
  for (const [id, ago] of [
    ['old', 3_600_001],
    ['before', 60_001],
    ['after', 59_999],
  ] as const) {
    made.dispatch.send(notice(id, now - ago), ['a', 'b']);
  }
  await settle();
  expect(made.told.toSorted()).toEqual(['a after', 'b after', 'b before']);
});

test('the review of a policy that fell due while no operator ran for longer than an hour is told all the same, once', async () => {
  const made = aDispatch();
  const now = made.clock.now();
  begun(made, { a: now - 7 * 3_600_000, b: now - 60_000 });
  const review = { ...notice('review', now - 6 * 3_600_000), kind: 'PolicyReviewDue' as const };
  made.dispatch.send(review, ['a', 'b']);
  await settle();
  expect(made.told).toEqual(['a review']);
});

test('the next leader goes on where this one was: after what was taken, and a moment before now', async () => {
  const made = aDispatch((name) => (name === 'b' ? { how: 'Retry', why: 'it answers 500' } : undefined));
  const now = made.clock.now();
  begun(made);
  made.dispatch.send(notice('one', now - 50_000), ['a', 'b']);
  await settle();
  expect(made.dispatch.marks()).toEqual({ a: now - 30_000, b: now - 50_000 });
  await made.clock.advance(600_000);
  expect(made.dispatch.marks()).toEqual({ a: now + 570_000, b: now - 50_000 });
});

test('a sink hears of the namespaces that it is for', async () => {
  const made = aDispatch();
  begun(made, {}, [sink('a', { namespaces: ['other-prod'] })]);
  made.dispatch.send(notice('one', made.clock.now()), ['a']);
  made.dispatch.send(notice('two', made.clock.now(), 'other-prod'), ['a']);
  await settle();
  expect(made.told).toEqual(['a two']);
});

test('a sink that nobody declared is counted, under no name', () => {
  const made = aDispatch();
  begun(made);
  made.dispatch.send(notice('one', made.clock.now()), ['from-a-policy']);
  expect(made.counted).toEqual(['undeclared']);
});

test('a sink that is taken out of the Secret gets nothing more', async () => {
  const made = aDispatch(() => ({ how: 'Retry', why: 'it answers 500' }));
  begun(made);
  made.dispatch.send(notice('one', made.clock.now()), ['a']);
  await settle();
  made.dispatch.declare(secretOf(stringify({ sinks: [sink('b')] })));
  expect(made.counted).toEqual(['a sink_gone']);
  expect(made.dispatch.waiting()).toEqual([['b', 0]]);
});

test.each([
  ['no YAML', ': : :\n\t'],
  ['aliases upon aliases', 'a: &a [x]\nsinks: [*a, *a]'],
  ['a list that is too long', stringify({ sinks: Array.from({ length: 21 }, (_, i) => sink(`s${i}`)) })],
])('a Secret with %s declares nothing, and that is said', (_, text) => {
  const made = aDispatch();
  made.dispatch.declare(secretOf(text));
  expect(made.states.of('a')).toMatchObject({ is: 'NotDeclared', why: expect.stringContaining('cannot be read') });
});

test('where there is no Secret, that is said', () => {
  const made = aDispatch();
  made.dispatch.declare(undefined);
  expect(made.states.of('a')).toMatchObject({ is: 'NotDeclared', why: expect.stringContaining('there is no Secret') });
});
