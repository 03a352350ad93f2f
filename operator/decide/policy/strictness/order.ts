/** How strict values are: which of two asks for more, and which value asks for as much as both. */
import { isDeepStrictEqual } from 'node:util';

/** What a value is, seen from the one before it. `other`: each asks for something that the other does not. */
export type Comparison = 'tighter' | 'equal' | 'looser' | 'other';

/** A value that is as tight as both; undefined = there is none. The value may be undefined itself, where that is what absence means. */
export type Meet<T> = { readonly value: T } | undefined;

/** Strictness of the values of a field. Reflexive and transitive; two values that are as tight as each other are equal. */
export interface Order<T> {
  /** Whether everything that passes under `a` would pass under `b`. */
  readonly isAsTight: (a: T, b: T) => boolean;
  /** The loosest that is as tight as both. */
  readonly meet: (a: T, b: T) => Meet<T>;
  /** What no field at all means where others have one: the loosest, unless it is said. */
  readonly absent?: 'nothing is allowed';
}

export const compared = <T>({ isAsTight }: Pick<Order<T>, 'isAsTight'>, before: T, after: T): Comparison => {
  if (isAsTight(after, before)) return isAsTight(before, after) ? 'equal' : 'tighter';
  return isAsTight(before, after) ? 'looser' : 'other';
};

/** Tighter where the measure is greater. */
export const more = <T>(measure: (value: T) => number): Order<T> => ({
  isAsTight: (a, b) => measure(a) >= measure(b),
  meet: (a, b) => ({ value: measure(a) >= measure(b) ? a : b }),
});

/** Tighter where the measure is smaller. */
export const less = <T>(measure: (value: T) => number): Order<T> => more((value) => -measure(value));

/** Two words, the looser first. */
export const ranked = <T extends string | boolean>(loose: NoInfer<T>, tight: NoInfer<T>): Order<T> =>
  more((value) => [loose, tight].indexOf(value));

/** Values that have no direction: another one is another one. */
export const same = <T>(): Order<T> => ({
  isAsTight: isDeepStrictEqual,
  meet: (a, b) => (isDeepStrictEqual(a, b) ? { value: a } : undefined),
});

export type Present<T> = Exclude<T, undefined>;

/** Values that may be absent. */
export const optional = <T>(order: Order<T>): Order<T | undefined> => ({
  isAsTight(a, b) {
    if (a !== undefined && b !== undefined) return order.isAsTight(a, b);
    return order.absent === 'nothing is allowed' ? a === undefined : b === undefined;
  },
  meet(a, b) {
    if (a !== undefined && b !== undefined) return order.meet(a, b);
    if (order.absent === 'nothing is allowed') return { value: undefined };
    return { value: a ?? b };
  },
});

export type Orders<T> = { readonly [K in keyof T]-?: Order<Present<T[K]>> };

/** Objects, field by field. A field that is absent asks for nothing. */
export const fields = <T extends object>(orders: Orders<T>): Order<T> => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the record
  const names = Object.keys(orders) as (keyof T)[];
  const of = <K extends keyof T>(name: K): Order<T[K] | undefined> => optional(orders[name] as Order<T[K]>); // oxlint-disable-line typescript/no-unsafe-type-assertion -- what is present is of that type
  return {
    isAsTight: (a, b) => names.every((name) => of(name).isAsTight(a[name], b[name])),
    meet(a, b) {
      const met = names.map((name) => [name, of(name).meet(a[name], b[name])] as const);
      if (met.some(([, each]) => each === undefined)) return undefined;
      const present = met.flatMap(([name, each]) => (each?.value === undefined ? [] : [[name, each.value] as const]));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one member for each member of either
      return { value: Object.fromEntries(present) as T };
    },
  };
};

/** An object whose absence allows nothing: exceptions, a hotfix lane, emergencies. */
export const allowance = <T extends object>(order: Order<T>): Order<T> => ({ ...order, absent: 'nothing is allowed' });
