import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { windowAt } from './schedule.ts';

const minute = 60_000;
const hour = 60 * minute;

const openings = (schedule: string, timeZone: string, from: string, days = 3): string[] => {
  const found: string[] = [];
  const window = { schedule, timeZone, duration: '1s' };
  const end = Date.parse(from) + days * 24 * hour;
  for (let at = Date.parse(from), next = at; at < end; at = next) {
    const state = windowAt(window, at);
    if (state.is === 'Invalid') throw new Error(state.problem);
    if (state.is === 'Open') found.push(new Date(at).toISOString().slice(0, 16));
    next = state.is === 'Open' ? state.until : (state.opensAt ?? end);
    if (next <= at) throw new Error('the next change is not later');
  }
  return found;
};

describe('daylight saving', () => {
  test.each<[sentence: string, schedule: string, timeZone: string, from: string, expected: string[]]>([
    [
      'a time that is skipped opens when the clock has jumped',
      '30 2 * * *',
      'America/New_York',
      '2026-03-07T12:00Z',
      ['2026-03-08T07:00', '2026-03-09T06:30', '2026-03-10T06:30'],
    ],
    [
      'a list of times does likewise',
      '30 2,14 * * *',
      'America/New_York',
      '2026-03-08T00:00Z',
      [
        '2026-03-08T07:00',
        '2026-03-08T18:30',
        '2026-03-09T06:30',
        '2026-03-09T18:30',
        '2026-03-10T06:30',
        '2026-03-10T18:30',
      ],
    ],
    [
      'a time that comes twice opens the first time',
      '30 1 * * *',
      'America/New_York',
      '2026-10-31T12:00Z',
      ['2026-11-01T05:30', '2026-11-02T06:30', '2026-11-03T06:30'],
    ],
    [
      'every hour goes on through the hour that comes twice',
      '30 * * * *',
      'America/New_York',
      '2026-11-01T04:00Z',
      ['2026-11-01T04:30', '2026-11-01T05:30', '2026-11-01T06:30', '2026-11-01T07:30'],
    ],
    [
      'half an hour that is skipped on Lord Howe Island',
      '10 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      ['2026-10-03T15:30', '2026-10-04T15:10', '2026-10-05T15:10'],
    ],
    [
      'half an hour that comes twice on Lord Howe Island',
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T00:00Z',
      ['2026-04-04T14:45', '2026-04-05T15:15', '2026-04-06T15:15'],
    ],
    [
      'a midnight that is skipped',
      '0 0 * * *',
      'America/Havana',
      '2026-03-07T12:00Z',
      ['2026-03-08T05:00', '2026-03-09T04:00', '2026-03-10T04:00'],
    ],
    [
      'nine in the morning stays nine in the morning',
      '0 9 * * *',
      'America/New_York',
      '2026-03-07T00:00Z',
      ['2026-03-07T14:00', '2026-03-08T13:00', '2026-03-09T13:00'],
    ],
  ])('%s', (_, schedule, timeZone, from, expected) => {
    expect(openings(schedule, timeZone, from).slice(0, expected.length)).toEqual(expected);
  });

  test.each([
    ['loses', '2026-03-08T05:00Z'],
    ['gains', '2026-11-01T04:00Z'],
  ])('a window of three hours lasts three hours on the night that %s one', (_, midnight) => {
    const window = { schedule: '0 0 * * *', timeZone: 'America/New_York', duration: '3h' };
    const opened = Date.parse(midnight);
    expect(windowAt(window, opened)).toEqual({ is: 'Open', until: opened + 3 * hour });
    expect(windowAt(window, opened + 3 * hour - 1).is).toBe('Open');
    expect(windowAt(window, opened + 3 * hour).is).toBe('Closed');
  });
});

test('a window is open between two seconds too', () => {
  const window = { schedule: '0 9 * * *', timeZone: 'UTC', duration: '1m' };
  const nine = Date.parse('2026-03-11T09:00Z');
  expect([nine - 1, nine, nine + 500, nine + minute - 1, nine + minute].map((at) => windowAt(window, at).is)).toEqual([
    'Closed',
    'Open',
    'Open',
    'Open',
    'Closed',
  ]);
});

test('a window that opens again while it is open stays open', () => {
  const window = { schedule: '0 * * * *', timeZone: 'UTC', duration: '90m' };
  for (let at = 0; at < 5 * hour; at += minute)
    expect(windowAt(window, Date.parse('2026-03-11T00:00Z') + at).is).toBe('Open');
});

test.each(['10:00', '0 9 * * *  *', '0 9 * * 8', '61 9 * * *'])('%s cannot be read', (schedule) => {
  expect(windowAt({ schedule, timeZone: 'UTC', duration: '1h' }, 0).is).toBe('Invalid');
});

// --- against the calendar, minute by minute ---

/** A schedule of fixed times, or of every hour, on days of the week. */
interface Sample {
  readonly schedule: string;
  readonly fixed: boolean;
  readonly matches: (minute: number, hour: number, weekday: number) => boolean;
}

const weekdays = fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 });
const fixedTime: fc.Arbitrary<Sample> = fc
  .record({ m: fc.integer({ min: 0, max: 59 }), h: fc.integer({ min: 0, max: 4 }), days: weekdays })
  .map(({ m, h, days }) => ({
    schedule: `${m} ${h} * * ${days.join(',')}`,
    fixed: true,
    matches: (minute, hour, weekday) => minute === m && hour === h && days.includes(weekday),
  }));
const everyHour: fc.Arbitrary<Sample> = fc
  .record({ m: fc.integer({ min: 0, max: 59 }), days: weekdays })
  .map(({ m, days }) => ({
    schedule: `${m} * * * ${days.join(',')}`,
    fixed: false,
    matches: (minute, _, weekday) => minute === m && days.includes(weekday),
  }));

/** The clock on the wall at each minute, as minutes since the epoch as if it were UTC. */
const wallClock = (timeZone: string, from: number, minutes: number): number[] => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  return Array.from({ length: minutes }, (_, index) => {
    const parts = new Map(format.formatToParts(from + index * minute).map(({ type, value }) => [type, Number(value)]));
    const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? Number.NaN;
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute')) / minute;
  });
};

const matchesAt = ({ matches }: Sample, wall: number): boolean => {
  const at = new Date(wall * minute);
  return matches(at.getUTCMinutes(), at.getUTCHours(), at.getUTCDay());
};

/** Whether it opens at each minute: fixed times move out of gaps and are taken once, others follow the wall. */
const opensAt = (sample: Sample, wall: readonly number[]): boolean[] =>
  wall.map((time, index) => {
    const before = wall[index - 1] ?? time - 1;
    const repeated = wall.slice(Math.max(0, index - 180), index).includes(time);
    const skipped = Array.from({ length: Math.max(0, time - before - 1) }, (_, gap) => before + 1 + gap);
    if (!sample.fixed) return matchesAt(sample, time);
    return (matchesAt(sample, time) && !repeated) || skipped.some((missed) => matchesAt(sample, missed));
  });

const transitions = [
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Havana', '2026-03-08T05:00Z'],
  ['Asia/Kathmandu', '2026-06-01T00:00Z'],
] as const;

test.each(transitions)('in %s around %s it is open exactly when the calendar says so', (timeZone, at) => {
  const before = 40 * 60;
  const minutes = 60 * 60;
  const from = Date.parse(at) - before * minute;
  const wall = wallClock(timeZone, from, minutes);
  fc.assert(
    fc.property(fc.oneof(fixedTime, everyHour), fc.integer({ min: 1, max: 9 * 60 }), (sample, length) => {
      let last = -Infinity;
      const open = opensAt(sample, wall).map((isOpening, index) => {
        if (isOpening) last = index;
        return index < last + length;
      });
      const window = { schedule: sample.schedule, timeZone, duration: `${length}m` };
      for (const [index, expected] of open.entries()) {
        // In the first day an opening may lie before the minutes that are looked at. Then: both sides of each change, and samples.
        const isEdge = open[index - 1] !== expected || open[index + 1] !== expected;
        if (index < 24 * 60 || (!isEdge && index % 97 !== 0)) continue;
        expect([index, windowAt(window, from + index * minute).is]).toEqual([index, expected ? 'Open' : 'Closed']);
      }
    }),
    { numRuns: 6 },
  );
});
