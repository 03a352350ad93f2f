import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { manualClock } from '../../test/support/builders/clock.ts';
import { sleep, systemClock } from './clock.ts';

describe('the system clock', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('a delay beyond 2^31 ms is waited for, not fired at once', () => {
    const run = jest.fn();
    const month = 30 * 24 * 3_600_000;
    systemClock.after(month, run);
    jest.advanceTimersByTime(month - 1);
    expect(run).not.toHaveBeenCalled();
    jest.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('a cancelled long delay never fires, in whichever leg it is', () => {
    const run = jest.fn();
    const month = 30 * 24 * 3_600_000;
    const cancel = systemClock.after(month, run);
    jest.advanceTimersByTime(2 ** 31);
    cancel();
    jest.advanceTimersByTime(month);
    expect(run).not.toHaveBeenCalled();
  });
});

describe('sleep', () => {
  test('ends after its time', async () => {
    const clock = manualClock();
    const awake = jest.fn();
    void sleep(clock, 100).then(awake);
    await clock.advance(99);
    expect(awake).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(awake).toHaveBeenCalled();
  });

  test('ends at once when its signal aborts, and leaves no timer', async () => {
    const clock = manualClock();
    const controller = new AbortController();
    const sleeping = sleep(clock, 100, controller.signal);
    controller.abort();
    await sleeping;
    expect(clock.pending()).toBe(0);
    await sleep(clock, 100, controller.signal);
    expect(clock.pending()).toBe(0);
  });
});
