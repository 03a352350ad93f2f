/** What a row of the chart's value `kinds` makes: a kind like those that are built in. */
import type { Json, JsonObject } from '../../../../api/meta.ts';
import { compile, type Expression } from '../../../expressions/cel.ts';
import { isList, member, numberAt } from '../../../json/json.ts';
import type { LiveObject } from '../../../objects.ts';
import { custom, forPeople } from '../custom/shared.ts';
import { byConditions, failed, healthy, progressing } from '../shared/health.ts';
import { same } from '../shared/immutable.ts';
import type { HealthRule, ImmutableRule, ObjectHealth, PromotableKind, Reference } from '../shared/kind.ts';
import { restartableTemplate, rolling, serviceDefaults } from '../shared/pod-template.ts';
import { withKeys } from '../shared/references.ts';
import { type DeclaredKind, stepsOf } from './row.ts';

/** Every value at a field; more than one where it leads through lists. */
const valuesAt = (value: Json | undefined, [name, ...rest]: readonly string[]): readonly Json[] => {
  if (value === undefined) return [];
  if (name === undefined) return [value];
  if (name === '*') return isList(value) ? value.flatMap((item) => valuesAt(item, rest)) : [];
  return valuesAt(member(value, name), rest);
};

const immutable = ({ fields, rollback }: DeclaredKind['immutable']): ImmutableRule => ({
  changed: (next, live) =>
    fields.filter((field) => !same(valuesAt(next, stepsOf(field)), valuesAt(live, stepsOf(field)))),
  remedy:
    'leave the field as it is in production, or give the object another name: the next release then drops the old one',
  wayBack: rollback,
});

const references =
  ({ secrets, configMaps }: Pick<DeclaredKind, 'secrets' | 'configMaps'>) =>
  (content: JsonObject): readonly Reference[] =>
    (
      [
        ['Secret', secrets],
        ['ConfigMap', configMaps],
      ] as const
    ).flatMap(([kind, fields]) =>
      fields
        .flatMap((field) => valuesAt(content, stepsOf(field)))
        .flatMap((name) => (typeof name === 'string' && name !== '' ? withKeys(kind, name, []) : [])),
    );

/** @throws TypeError: rows are checked before */
const compiled = (text: string): Expression => {
  const made = compile(text);
  if (!made.ok) throw new TypeError(`${text}: ${made.problem}`);
  return made.expression;
};

const notObserved = progressing('NotObserved', 'its controller has not seen the latest change yet');

/** In the order of Flux: `inProgress`, `failed`, `current`. What cannot be evaluated is not healthy. */
const byExpressions = ({ current, failed: fails, inProgress }: NonNullable<DeclaredKind['health']>): HealthRule => {
  const asked: readonly (readonly [name: string, expression: Expression, then: ObjectHealth])[] = [
    ...(inProgress === undefined
      ? []
      : [
          [
            'inProgress',
            compiled(inProgress),
            progressing('InProgress', 'its expression health.inProgress holds'),
          ] as const,
        ]),
    ...(fails === undefined
      ? []
      : [['failed', compiled(fails), failed('Failed', `its expression health.failed holds: ${fails}`)] as const]),
    ['current', compiled(current), healthy('Current', 'its expression health.current holds')] as const,
  ];
  const judge = ({ status, generation, manifest }: LiveObject): ObjectHealth => {
    if ((numberAt(status, 'observedGeneration') ?? generation) < generation) return notObserved;
    const object = { ...manifest, status };
    for (const [name, expression, then] of asked) {
      const answer = expression.ask(object);
      if (!answer.ok) {
        return progressing(
          'ExpressionFails',
          `its expression health.${name} cannot be evaluated: ${answer.why}. If that stays so, change the row of its kind in kinds of the chart, with has(…) around fields that may be absent`,
        );
      }
      if (answer.holds) return then;
    }
    return progressing('NotCurrent', `its expression health.current does not hold yet: ${current}`);
  };
  return remembering(judge);
};

/** An object is looked at again and again while nothing of it changes. */
const remembering = (judge: (object: LiveObject) => ObjectHealth): HealthRule => {
  const known = new WeakMap<LiveObject, ObjectHealth>();
  return (object) => {
    const found = known.get(object) ?? judge(object);
    known.set(object, found);
    return found;
  };
};

const isIdle = (object: JsonObject): boolean => (numberAt(object, 'spec', 'replicas') ?? 1) === 0;

/** A row as a kind. */
export const declaredKind = (row: DeclaredKind): PromotableKind => {
  const [first = '', ...others] = row.versions;
  const owned = row.serverOwned.map((field) => ({ path: stepsOf(field) }));
  return custom({
    kind: row.kind,
    apiVersion: `${row.group}/${first}`,
    also: others.map((version) => `${row.group}/${version}`),
    plural: row.resource,
    wave: row.wave,
    prune: row.prune,
    health: row.health === undefined ? byConditions : byExpressions(row.health),
    serverOwned: row.pods === undefined ? owned : [...restartableTemplate, ...owned],
    namespaceFields: row.namespaces.map(stepsOf),
    references: references(row),
    ...(row.immutable.fields.length === 0 ? {} : { immutable: immutable(row.immutable) }),
    ...(Object.keys(row.risk).length === 0
      ? {}
      : { risk: { ...(row.pods === undefined ? {} : rolling), ...riskOf(row) } }),
    ...(row.scaled ? { scaled: true, isIdle } : {}),
    ...(row.pods === undefined ? {} : { workload: true, podHashLabel: row.pods.hashLabel, defaults: serviceDefaults }),
    ...(row.emergency ? forPeople : {}),
  });
};

/** By dot path without list places. */
const riskOf = ({ risk }: DeclaredKind) =>
  Object.fromEntries(
    Object.entries(risk).map(([field, sort]) => [
      stepsOf(field)
        .filter((each) => each !== '*')
        .join('.'),
      sort,
    ]),
  );
