import { expect, test } from '@jest/globals';
import { silentLogger } from '../log.ts';
import { Copy } from './copy.ts';
import { Failure, failureOfResponse } from './failures.ts';

const copy = () =>
  new Copy<string>(
    { resource: { apiVersion: 'a/v1', kind: 'Widget', plural: 'widgets', namespaced: true }, project: () => 'x' },
    silentLogger,
  );

const answered = (message = 'conversion webhook failed') => failureOfResponse(500, { message });
const unanswered = new Failure('Unavailable', 'connect ECONNREFUSED');

const isResolved = (promise: Promise<void>): Promise<boolean> =>
  Promise.race([promise.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);

test('a copy cannot be filled when the API server has answered nothing but errors for twenty seconds, and says what it says last', async () => {
  const widgets = copy();
  widgets.failed(answered(), 1_000);
  widgets.failed(answered(), 20_999);
  expect(widgets.unreadBecause()).toBeUndefined();
  expect(await isResolved(widgets.unreadable)).toBe(false);
  widgets.failed(answered('dial tcp: connection refused'), 21_000);
  expect(widgets.unreadBecause()).toBe('dial tcp: connection refused');
  expect(await isResolved(widgets.unreadable)).toBe(true);
});

test('an API server that is away says nothing about a kind: its errors count from when it is back', () => {
  const widgets = copy();
  widgets.failed(answered(), 0);
  widgets.failed(unanswered, 15_000);
  widgets.failed(answered(), 60_000);
  expect(widgets.unreadBecause()).toBeUndefined();
  widgets.failed(answered(), 80_000);
  expect(widgets.unreadBecause()).toBe('conversion webhook failed');
  widgets.failed(unanswered, 90_000);
  expect(widgets.unreadBecause()).toBe('conversion webhook failed');
});

test('what is complete was read, whatever fails afterwards', () => {
  const widgets = copy();
  widgets.failed(answered(), 0);
  widgets.failed(answered(), 30_000);
  widgets.complete();
  expect(widgets.unreadBecause()).toBeUndefined();
  widgets.failed(answered(), 40_000);
  widgets.failed(answered(), 90_000);
  expect(widgets.unreadBecause()).toBeUndefined();
});
