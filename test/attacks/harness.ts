/**
 * Attacks as data, each shown three ways: it is denied, and says by which rule; its twin, the same act by the right principal,
 * passes; and with the locks open that should hold it, it succeeds, which proves that the test can fail.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { accepted, type Answer, type KubeObject, type Target } from '../cluster/cluster.ts';
import { eventually, said, type World } from './world.ts';

/** How an attempt ended. */
export interface Attempt {
  /** Whether the attacker got what the attack is for, whatever the API server answered. */
  readonly reached: boolean;
  readonly said: string;
}

/** Something that stands in an attacker's way and can be taken away. */
export interface Lock<W extends World> {
  /** Attacks whose controls open locks of the same names share one opening. */
  readonly name: string;
  /** Opens it and returns what closes it again. */
  readonly open: (world: W) => Promise<() => Promise<void>>;
}

export interface Attack<W extends World> {
  /** Number in ENFORCEMENT.md §3, such as T24. */
  readonly id: string;
  /** Who does what, as a sentence. */
  readonly name: string;
  /** Brings about what it needs (afresh each time it is called) and attacks. */
  readonly act: (world: W) => Promise<Attempt>;
  /** What the refusal says: the rule. '' for attacks that are answered kindly and come to nothing. */
  readonly denied: string;
  /** The same act by the right principal: it must reach its end. */
  readonly twin: (world: W) => Promise<Attempt>;
  /** The locks that hold it; empty when `without` says what is left out instead. */
  readonly locks: readonly Lock<W>[];
  /** The act of the control, where it is not the attack itself. */
  readonly without?: (world: W) => Promise<Attempt>;
  /** What `without` leaves out, for the table. */
  readonly left?: string;
}

/** An attempt that reaches its end when it is admitted. */
export const admitted = (answer: Answer<unknown>): Attempt => ({ reached: answer.ok, said: said(answer) });

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
      note(attack, 'denied', attack.denied === '' ? 'came to nothing' : attack.denied.replace(/: $/, ''));
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
        for (const { name, act } of close.length === 0 ? [] : group)
          await eventually(
            `denied again: ${name}`,
            () => act(world()),
            ({ reached }) => !reached,
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

const admission = 'admissionregistration.k8s.io/v1';

function binding(kind: string, name: string): Lock<World> {
  const target = { apiVersion: admission, kind, name };
  return {
    name,
    open: async ({ as }) => {
      const { apiVersion, metadata, spec } = accepted(
        await as('installer').get<KubeObject & { spec: unknown }>(target),
      );
      accepted(await as('installer').delete(target));
      return async () => {
        accepted(
          await as('installer').create({ apiVersion, kind, metadata: { name, labels: metadata.labels ?? {} }, spec }),
        );
      };
    },
  };
}

/** A ValidatingAdmissionPolicy: its binding is deleted. */
export const policyLock = (name: string): Lock<World> => binding('ValidatingAdmissionPolicyBinding', name);

/** The stamp on a kind: its binding is deleted. */
export const stampLock = (plural: string): Lock<World> =>
  binding('MutatingAdmissionPolicyBinding', `countersign-stamp-${plural}`);

/** A part of a CRD's schema below spec: it is replaced by one that says nothing. */
export function schemaLock(plural: string, given: { path: string; value: unknown }): Lock<World> {
  const target: Target = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    name: `${plural}.countersign.dev`,
  };
  const path = `/spec/versions/0/schema/openAPIV3Schema/properties/spec${given.path}`;
  return {
    name: `the schema of ${plural}${given.path}`,
    open: async ({ as }) => {
      const before = accepted(await as('installer').get<KubeObject & { spec: { versions: unknown } }>(target));
      accepted(await as('installer').patch(target, 'json', [{ op: 'replace', path, value: given.value }]));
      return async () => {
        const back = [{ op: 'replace', path: '/spec/versions', value: before.spec.versions }];
        accepted(await as('installer').patch(target, 'json', back));
      };
    },
  };
}
