/** How content is named: SHA-256 over canonical JSON. Two contents have one digest exactly when they are the same JSON value. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Json } from '../../api/meta.ts';
import { isList, maxDepth } from './json.ts';

/**
 * Canonical JSON (RFC 8785).
 * @throws TypeError for what is not one I-JSON value (RFC 7493): NaN, lone surrogates, and integers that a double cannot
 * tell from their neighbors, for two different manifests must never share a digest; and for what is nested too deep.
 */
export const canonicalJson = (value: Json): string => {
  refuseInexact(value, 0);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
};

const tooDeep = (): TypeError => new TypeError(`it is nested more than ${maxDepth} levels deep`);

const refuseInexact = (value: Json, depth: number): void => {
  if (depth > maxDepth) throw tooDeep();
  if (typeof value === 'number' && (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    throw new TypeError(`the number ${value} has no exact JSON form`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const inner of Object.values(value)) refuseInexact(inner, depth + 1);
};

/** What it takes to write a value is counted no further than this: values of fewer members are written at once. */
const fewMembers = 200;

const isSmall = (value: object): boolean => {
  let count = 0;
  const open: object[] = [value];
  for (let one = open.pop(); one !== undefined; one = open.pop()) {
    for (const inner of Object.values(one) as readonly unknown[]) {
      count += 1;
      if (count > fewMembers) return false;
      if (typeof inner === 'object' && inner !== null) open.push(inner);
    }
  }
  return true;
};

/** The canonical JSON of a value in pieces, one after the other: together exactly what `canonicalJson` writes. @throws as that does */
export function* canonicalPieces(value: Json, depth = 0): Generator<string, void, void> {
  if (typeof value !== 'object' || value === null || isSmall(value)) {
    refuseInexact(value, depth);
    yield canonicalJson(value);
    return;
  }
  if (depth > maxDepth) throw tooDeep();
  if (isList(value)) {
    yield '[';
    for (const [index, item] of value.entries()) {
      if (index > 0) yield ',';
      yield* canonicalPieces(item, depth + 1);
    }
    yield ']';
    return;
  }
  yield '{';
  let isFirst = true;
  // By UTF-16 code units, as the standard has it.
  for (const name of Object.keys(value).toSorted()) {
    const inner = value[name];
    if (inner === undefined) continue;
    yield `${isFirst ? '' : ','}${canonicalJson(name)}:`;
    isFirst = false;
    yield* canonicalPieces(inner, depth + 1);
  }
  yield '}';
}

/** Characters of canonical JSON that are digested in one step. */
const stepLength = 32 * 1024;

/** Pieces joined to such of a step's length. */
export function* canonicalSteps(value: Json): Generator<string, void, void> {
  let text = '';
  for (const piece of canonicalPieces(value)) {
    text += piece;
    if (text.length < stepLength) continue;
    yield text;
    text = '';
  }
  yield text;
}

interface Measured {
  readonly digest: string;
  /** Of the canonical JSON, in UTF-8. */
  readonly bytes: number;
}

/** Of maps and lists, which nobody changes once they are made: one of a megabyte takes a tenth of a second, and is asked for again and again. */
const known = new WeakMap<object, Measured>();

const measured = (value: Json): Measured => {
  const found = typeof value === 'object' && value !== null ? known.get(value) : undefined;
  if (found !== undefined) return found;
  const text = canonicalJson(value);
  const now = {
    digest: `sha256:${createHash('sha256').update(text).digest('hex')}`,
    bytes: Buffer.byteLength(text),
  };
  if (typeof value === 'object' && value !== null) known.set(value, now);
  return now;
};

/** Does in steps what `digestOf` and `sizeOf` then know: a megabyte of many members takes a tenth of a second. @throws as `canonicalJson` */
export function* digestSteps(value: Json): Generator<void, void, void> {
  if (typeof value !== 'object' || value === null || known.has(value) || isSmall(value)) return;
  const hash = createHash('sha256');
  let bytes = 0;
  for (const text of canonicalSteps(value)) {
    hash.update(text);
    bytes += Buffer.byteLength(text);
    yield;
  }
  known.set(value, { digest: `sha256:${hash.digest('hex')}`, bytes });
}

/** `sha256:` and 64 hexadecimal digits over the canonical JSON of a value. @throws as `canonicalJson` */
export const digestOf = (value: Json): string => measured(value).digest;

/** Bytes of the canonical JSON of a value. @throws as `canonicalJson` */
export const sizeOf = (value: Json): number => measured(value).bytes;

/** The first eight digits of a digest: enough to tell bundles of one candidate apart in a name, never a proof. */
export const digest8 = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 8);
