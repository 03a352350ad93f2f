/**
 * Attacks as data, each shown three ways: it is denied, and says by which rule; its twin, the same act by the right principal,
 * passes; and with the locks open that should hold it, it succeeds, which proves that the test can fail.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { cameToNothing, type Attack } from './attack.ts';
import { eventually, type World } from './world.ts';

type Column = 'denied' | 'twin' | 'control';

/** Defines the tests of the attacks, and prints the table of what they showed. */
export function attacks<W extends World>(world: () => W, list: readonly Attack<W>[]): void {
  const shown = new Map<Attack<W>, Partial<Record<Column, string>>>(list.map((attack) => [attack, {}]));
  const note = (attack: Attack<W>, column: Column, what: string): void => {
    shown.set(attack, { ...shown.get(attack), [column]: what });
  };

  describe('denied', () => {
    test.each(titled(list))('%s', async (_, attack) => {
      const attempt = await attack.act(world());
      expect(attempt).toMatchObject({ reached: false, said: expect.stringContaining(attack.denied) });
      note(
        attack,
        'denied',
        ['', cameToNothing].includes(attack.denied) ? 'came to nothing' : attack.denied.replace(/: $/, ''),
      );
    });
  });

  describe('twin', () => {
    test.each(titled(list))('%s', async (_, attack) => {
      expect(await attack.twin(world())).toMatchObject({ reached: true });
      note(attack, 'twin', 'passes');
    });
  });

  for (const [names, group] of Map.groupBy(list, ({ locks }) => locks.map(({ name }) => name).join(' + '))) {
    describe(`control, without ${names === '' ? 'any lock' : names}`, () => {
      const close: (() => Promise<void>)[] = [];
      beforeAll(async () => {
        for (const lock of group[0]?.locks ?? []) close.unshift(await lock.open(world()));
      });
      afterAll(async () => {
        for (const each of close) await each();
        // One for each rule: all of a lock comes back at once. Of two locks the other one may be back first, and deny in words of its own.
        const rules = new Map(group.map((attack) => [attack.denied, attack]));
        for (const { name, act, denied } of close.length === 0 ? [] : rules.values())
          await eventually(
            `denied again: ${name}`,
            () => act(world()),
            (attempt) => !attempt.reached && attempt.said.includes(denied),
          );
      });
      test.each(titled(group))('%s', async (_, attack) => {
        const act = attack.without ?? attack.act;
        const attempt = await eventually(
          `succeeds: ${attack.name}`,
          () => act(world()),
          ({ reached }) => reached,
        );
        expect(attempt.reached).toBe(true);
        const left = [names, attack.left ?? ''].filter((each) => each !== '').join(' and ');
        note(attack, 'control', left === '' ? 'succeeds' : `succeeds without ${left}`);
      });
    });
  }

  afterAll(() => {
    process.stdout.write(`\n${table(list.map((attack) => [attack, shown.get(attack) ?? {}]))}\n`);
  });
}

const titled = <W extends World>(list: readonly Attack<W>[]): (readonly [string, Attack<W>])[] =>
  list.map((attack) => [`${attack.id}: ${attack.name}`, attack]);

function table<W extends World>(rows: readonly (readonly [Attack<W>, Partial<Record<Column, string>>])[]): string {
  const cells = rows.map(([{ id, name }, { denied = '—', twin = '—', control = '—' }]) => [
    id,
    name,
    denied,
    twin,
    control,
  ]);
  const lines = [['', 'attack', 'denied by', 'twin', 'control'], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
