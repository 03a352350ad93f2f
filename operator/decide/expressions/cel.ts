/** Expressions of the Common Expression Language over an object of the cluster, within bounds that no object can exceed. */
import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import type { Json, JsonObject } from '../../api/meta.ts';
import { isList, isObject } from '../json/json.ts';

/** What an expression says of an object. */
export type Answer = { readonly ok: true; readonly holds: boolean } | { readonly ok: false; readonly why: string };

/** An expression that was checked once and is asked of many objects. */
export interface Expression {
  readonly text: string;
  /** Never throws: what cannot be evaluated is an answer, too. */
  readonly ask: (object: JsonObject) => Answer;
}

export type Compiled =
  { readonly ok: true; readonly expression: Expression } | { readonly ok: false; readonly problem: string };

/** Of an expression, in characters and in nodes of its syntax. */
const maxText = 1_024;
const maxNodes = 200;
const maxDepth = 24;

/** How deep macros over lists may stand in one another: each level multiplies the work by `maxItems`. */
const maxNested = 2;

/** Of an object: items of one list or map, characters of one string, levels, and values in all that an expression may look at. */
const maxItems = 200;
const maxLevels = 32;
const maxValues = 100_000;
const maxCharacters = 4_096;

/** What an expression may name: the fields of every object, and `self`, which is all of it. */
const variables = ['apiVersion', 'kind', 'metadata', 'spec', 'status', 'self'] as const;

const macros: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'existsOne', 'filter', 'map']);

/**
 * Everything else that an expression may call. `matches` is not among them, for a regular expression may take as long as the object likes, nor is
 * `cel.bind`, by which a short expression makes very large values.
 */
const functions: ReadonlySet<string> = new Set(
  'has size int double string bool type timestamp duration dyn contains startsWith endsWith lowerAscii upperAscii trim indexOf lastIndexOf substring orValue or hasValue value optMap'.split(
    ' ',
  ),
);

const environment = variables.reduce(
  (made, name) => made.registerVariable(name, ['apiVersion', 'kind'].includes(name) ? 'string' : 'map'),
  new Environment({
    enableOptionalTypes: true,
    unlistedVariablesAreDyn: false,
    limits: { maxAstNodes: maxNodes, maxDepth },
  }),
);

const isNode = (value: unknown): value is ASTNode =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value;

/** The nodes right below one, in whatever lists they are. */
const partsOf = (value: unknown): readonly ASTNode[] =>
  isNode(value) ? [value] : Array.isArray(value) ? value.flatMap(partsOf) : [];

/** What of the expression is not allowed; undefined = nothing. `nested`: how many macros stand around it. */
const forbidden = (node: ASTNode, nested = 0): string | undefined => {
  const called = node.op === 'call' || node.op === 'rcall' ? node.args[0] : undefined;
  if (called !== undefined && !macros.has(called) && !functions.has(called)) {
    return `it may not call ${called}; write ==, in, contains, startsWith, endsWith or exists`;
  }
  const isMacro = node.op === 'rcall' && macros.has(node.args[0]);
  if (isMacro && nested >= maxNested)
    return `macros such as ${called ?? ''} may stand in one another ${maxNested} deep`;
  const receiver = node.op === 'rcall' ? node.args[1] : undefined;
  for (const part of partsOf(node.args)) {
    const found = forbidden(part, isMacro && part !== receiver ? nested + 1 : nested);
    if (found !== undefined) return found;
  }
  return undefined;
};

/** The first line of what the library says; the others show the place in the text. */
const said = (error: unknown): string => {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line;
};

/** Checks an expression. `problem` says what is wrong with it, in words for whoever wrote it. */
export const compile = (text: string): Compiled => {
  if (text.length > maxText) return { ok: false, problem: `it is longer than ${maxText} characters` };
  try {
    const evaluate = environment.parse(text);
    const { valid, type, error } = evaluate.check();
    if (!valid) return { ok: false, problem: said(error) };
    if (!['bool', 'dyn'].includes(String(type))) {
      return { ok: false, problem: `it gives ${String(type)}, and must give true or false` };
    }
    const problem = forbidden(evaluate.ast);
    return problem === undefined
      ? { ok: true, expression: { text, ask: (object) => asked(evaluate, object) } }
      : { ok: false, problem };
  } catch (error) {
    return { ok: false, problem: said(error) };
  }
};

const asked = (evaluate: (context: Record<string, unknown>) => unknown, object: JsonObject): Answer => {
  try {
    const budget = { values: maxValues };
    const given = evaluate({
      self: mapOf(object, 'self', budget),
      apiVersion: object['apiVersion'] ?? '',
      kind: object['kind'] ?? '',
      metadata: mapOf(object['metadata'], 'metadata', budget),
      spec: mapOf(object['spec'], 'spec', budget),
      status: mapOf(object['status'], 'status', budget),
    });
    return typeof given === 'boolean'
      ? { ok: true, holds: given }
      : { ok: false, why: 'it gives something else than true or false' };
  } catch (error) {
    return { ok: false, why: said(error) };
  }
};

/** What is left of what one evaluation may look at. */
interface Budget {
  values: number;
}

/**
 * A map as an expression sees it: each value is made when it is asked for, and one that is too large says so then. What nobody asks for costs
 * nothing, however large it is.
 */
const mapOf = (value: Json | undefined, path: string, budget: Budget, depth = 0): object => {
  const made = {};
  if (!isObject(value)) return made;
  for (const [name, inner] of Object.entries(value)) {
    let known: unknown;
    const get = (): unknown => {
      budget.values -= 1;
      if (budget.values < 0) throw new RangeError(`it looks at more than ${maxValues} values`);
      known ??= valueOf(inner, `${path}.${name}`, budget, depth + 1);
      return known;
    };
    Object.defineProperty(made, name, { enumerable: true, get });
  }
  return made;
};

const valueOf = (value: Json, path: string, budget: Budget, depth: number): unknown => {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value === 'string') {
    if (value.length > maxCharacters) throw new RangeError(`${path} is longer than ${maxCharacters} characters`);
    return value;
  }
  if (!isList(value) && !isObject(value)) return value;
  if (depth > maxLevels) throw new RangeError(`${path} is more than ${maxLevels} levels deep`);
  if (isList(value)) {
    if (value.length > maxItems) throw new RangeError(`${path} has more than ${maxItems} items`);
    return value.map((item, place) => valueOf(item, `${path}[${place}]`, budget, depth + 1));
  }
  if (Object.keys(value).length > maxItems) throw new RangeError(`${path} has more than ${maxItems} fields`);
  return mapOf(value, path, budget, depth);
};
