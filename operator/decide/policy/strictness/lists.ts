/** How strict lists are: of what is allowed, of what is demanded, of who is who. */
import type { Json } from '../../../api/meta.ts';
import { canonicalJson } from '../../json/canonical.ts';
import { type DeclaredPerson, peopleAmong } from '../../people/identity.ts';
import type { Order } from './order.ts';

const textOf = (value: unknown): string => canonicalJson(value as Json); // oxlint-disable-line typescript/no-unsafe-type-assertion -- fields of our own kinds are JSON

/** How an item of a list of allowances is taken apart: tighter is whatever allows fewer of these. */
interface Parts<T> {
  readonly of: (item: T) => readonly string[];
  /** The item with those parts alone; undefined = nothing is left of it. */
  readonly only: (item: T, allows: (part: string) => boolean) => T | undefined;
}

/** An item that is one thing. */
const whole = <T>(): Parts<T> => ({
  of: (item) => [textOf(item)],
  only: (item, allows) => (allows(textOf(item)) ? item : undefined),
});

const isWithin = (some: ReadonlySet<string>, all: ReadonlySet<string>): boolean =>
  [...some].every((each) => all.has(each));

const isPresent = <T>(value: T | undefined): value is T => value !== undefined;

/** What is listed is allowed: fewer is tighter. */
export const allowed = <T>(parts: Parts<T> = whole()): Order<T[]> => {
  const partsOf = (items: readonly T[]) => new Set(items.flatMap((item) => parts.of(item)));
  return {
    isAsTight: (a, b) => isWithin(partsOf(a), partsOf(b)),
    meet(a, b) {
      const both = partsOf(b);
      return { value: a.map((item) => parts.only(item, (part) => both.has(part))).filter(isPresent) };
    },
  };
};

/** Items that name several things, each of which is allowed under what else the item says. */
export const allowedNames = <K extends string, T extends { readonly [N in K]: string[] }>(field: K): Order<T[]> => {
  const partOf = (item: T, name: string) => textOf({ ...item, [field]: name });
  return allowed<T>({
    of: (item) => item[field].map((name) => partOf(item, name)),
    only(item, allows) {
      const names = item[field].filter((name) => allows(partOf(item, name)));
      return names.length === 0 ? undefined : { ...item, [field]: names };
    },
  });
};

/** What is listed is demanded, or forbidden: more is tighter. */
export const demanded = <T>(): Order<T[]> => ({
  isAsTight: (a, b) => isWithin(new Set(b.map(textOf)), new Set(a.map(textOf))),
  meet: (a, b) => ({ value: [...new Map([...a, ...b].map((item) => [textOf(item), item])).values()] }),
});

/** Demands of which one may include another: whoever meets all of a tighter list has met all of the looser one. */
export const demands = <T>({ isAsTight }: Pick<Order<T>, 'isAsTight'>): Order<T[]> => ({
  isAsTight: (a, b) => b.every((asked) => a.some((each) => isAsTight(each, asked))),
  meet(a, b) {
    const all = [...a, ...b];
    const isSaid = (item: T, at: number) =>
      all.some((each, place) => place !== at && isAsTight(each, item) && (place < at || !isAsTight(item, each)));
    return { value: all.filter((item, at) => !isSaid(item, at)) };
  },
});

/** Demands by name, one for each name. */
export const demandedByKey = <T>(keyOf: (item: T) => string, order: Order<T>): Order<T[]> => {
  const byKey = (items: readonly T[]) => new Map(items.map((item) => [keyOf(item), item]));
  return {
    isAsTight(a, b) {
      const mine = byKey(a);
      return b.every((asked) => {
        const item = mine.get(keyOf(asked));
        return item !== undefined && order.isAsTight(item, asked);
      });
    },
    meet(a, b) {
      const met = byKey(a);
      for (const item of b) {
        const mine = met.get(keyOf(item));
        const both = mine === undefined ? { value: item } : order.meet(mine, item);
        if (both === undefined) return undefined;
        met.set(keyOf(item), both.value);
      }
      return { value: [...met.values()] };
    },
  };
};

/** Allowances by name, one for each name; a name that is not listed is allowed nothing. */
export const allowedByKey = <T>(keyOf: (item: T) => string, order: Order<T>): Order<T[]> => {
  const byKey = (items: readonly T[]) => new Map(items.map((item) => [keyOf(item), item]));
  return {
    isAsTight(a, b) {
      const theirs = byKey(b);
      return a.every((item) => {
        const other = theirs.get(keyOf(item));
        return other !== undefined && order.isAsTight(item, other);
      });
    },
    meet(a, b) {
      const theirs = byKey(b);
      return {
        value: a.flatMap((item) => {
          const other = theirs.get(keyOf(item));
          const both = other === undefined ? undefined : order.meet(item, other);
          return both === undefined ? [] : [both.value];
        }),
      };
    },
  };
};

/** Times in which something may happen. An empty list is all of time, so two lists that have nothing in common have no meet. */
export const openings = <T>(): Order<T[]> => {
  const listed = allowed<T>();
  return {
    isAsTight: (a, b) => b.length === 0 || (a.length > 0 && listed.isAsTight(a, b)),
    meet(a, b) {
      if (a.length === 0 || b.length === 0) return { value: a.length === 0 ? b : a };
      const both = listed.meet(a, b);
      return both === undefined || both.value.length === 0 ? undefined : both;
    },
  };
};

/** Numbers by name, the most of each: a name that is not there has no limit. */
export const limits: Order<Readonly<Record<string, number>>> = {
  isAsTight: (a, b) => Object.entries(b).every(([name, most]) => Object.hasOwn(a, name) && (a[name] ?? 0) <= most),
  meet: (a, b) => ({
    value: Object.fromEntries(
      [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [
        name,
        Math.min(...[a, b].flatMap((each) => (Object.hasOwn(each, name) ? [each[name] ?? 0] : []))),
      ]),
    ),
  }),
};

const namesOf = ({ name, identities }: DeclaredPerson): readonly string[] => [name, ...identities];

/** Which accounts are one human: tighter is whatever holds more of them to be one. */
export const humans: Order<{ name: string; identities: string[] }[]> = {
  isAsTight(a, b) {
    const personOf = peopleAmong(a, b.flatMap(namesOf));
    return b.every((person) => new Set(namesOf(person).map(personOf)).size === 1);
  },
  meet(a, b) {
    const all = [...a, ...b];
    const personOf = peopleAmong(all, all.flatMap(namesOf));
    const met = new Map<string, { name: string; identities: string[] }>();
    for (const person of all) {
      const key = personOf(person.name);
      const { name, identities } = met.get(key) ?? { name: person.name, identities: [] };
      const known = new Set([...identities, ...person.identities, ...(person.name === name ? [] : [person.name])]);
      met.set(key, { name, identities: [...known] });
    }
    return { value: [...met.values()] };
  },
};
