/** Which changes of a delta are shown: by class, and by what somebody searches for. */
import type { ChangedObject, ChangeModel } from '../../cli/dashboard/models.ts';

/** How many changes there are of each class, in the order in which the delta has them first: riskiest first. */
export const classCounts = (objects: readonly ChangedObject[]): readonly (readonly [name: string, count: number])[] => {
  const counts = new Map<string, number>();
  for (const { changes } of objects)
    for (const each of changes) counts.set(each.class, (counts.get(each.class) ?? 0) + 1);
  return [...counts];
};

export interface Filter {
  /** Empty: every class. */
  readonly classes: ReadonlySet<string>;
  readonly query: string;
}

const holds = (text: string, query: string): boolean => text.toLowerCase().includes(query);

const matches = ({ path, from, to, lines }: ChangeModel, query: string): boolean =>
  [path, from, to, ...lines].some((text) => holds(text, query));

/** Objects with the changes that match; an object whose title matches keeps all of its changes. */
export const filtered = (objects: readonly ChangedObject[], { classes, query }: Filter): readonly ChangedObject[] => {
  const wanted = query.trim().toLowerCase();
  if (classes.size === 0 && wanted === '') return objects;
  return objects.flatMap((object) => {
    const isNamed = wanted === '' || holds(object.title, wanted);
    const changes = object.changes.filter(
      (each) => (classes.size === 0 || classes.has(each.class)) && (isNamed || matches(each, wanted)),
    );
    return changes.length === 0 ? [] : [{ ...object, changes }];
  });
};

export const countOf = (objects: readonly ChangedObject[]): number =>
  objects.reduce((sum, { changes }) => sum + changes.length, 0);
