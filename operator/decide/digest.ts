/** How content is named: SHA-256 over canonical JSON. Two contents have one digest exactly when they are the same JSON value. */
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Json } from '../api/meta.ts';
import type { Bundle, UnmanagedFields } from './bundle.ts';
import { maxDepth } from './json.ts';
import type { ObjectRef } from './objects.ts';

/**
 * Canonical JSON (RFC 8785).
 * @throws TypeError for what is not one I-JSON value (RFC 7493): NaN, lone surrogates, and integers that a double cannot
 * tell from their neighbours, for two different manifests must never share a digest; and for what is nested too deep.
 */
export const canonicalJson = (value: Json): string => {
  refuseInexact(value, 0);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
};

const refuseInexact = (value: Json, depth: number): void => {
  if (depth > maxDepth) throw new TypeError(`it is nested more than ${maxDepth} levels deep`);
  if (typeof value === 'number' && (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER)) {
    throw new TypeError(`the number ${value} has no exact JSON form`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const inner of Object.values(value)) refuseInexact(inner, depth + 1);
};

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

/** `sha256:` and 64 hexadecimal digits over the canonical JSON of a value. @throws as `canonicalJson` */
export const digestOf = (value: Json): string => measured(value).digest;

/** Bytes of the canonical JSON of a value. @throws as `canonicalJson` */
export const sizeOf = (value: Json): number => measured(value).bytes;

/** What a signer consents to. */
export interface SignedContent {
  readonly targetNamespace: string;
  /** Ties consent to one life of the production namespace. */
  readonly policyUID: string;
  readonly package: string;
  readonly objects: readonly (ObjectRef & { readonly digest: string })[];
  readonly removed: readonly ObjectRef[];
  readonly unmanaged: readonly UnmanagedFields[];
  readonly onFailure: 'Rollback' | 'Page';
  /** Digest of what production ran when this was rendered; `none` when it ran nothing. */
  readonly base: string;
}

/** Digest of a whole bundle. The order of objects, removals and unmanaged fields does not matter; nothing else is looked at. */
export const bundleDigest = (content: SignedContent): string =>
  digestOf({
    targetNamespace: content.targetNamespace,
    policyUID: content.policyUID,
    package: content.package,
    objects: inOrder(content.objects.map(({ apiVersion, kind, name, digest }) => ({ apiVersion, kind, name, digest }))),
    removed: inOrder(content.removed.map(({ apiVersion, kind, name }) => ({ apiVersion, kind, name }))),
    unmanaged: inOrder(content.unmanaged.map(({ kind, name, fields }) => ({ kind, name, fields: fields.toSorted() }))),
    onFailure: content.onFailure,
    base: content.base,
  });

/** The same of a bundle: what its `digest` has to be. */
export const digestOfBundle = (bundle: Omit<Bundle, 'digest' | 'name' | 'createdAt'>): string =>
  bundleDigest({
    targetNamespace: bundle.namespace,
    policyUID: bundle.policyUID,
    package: bundle.package,
    objects: bundle.objects.map(({ ref, digest }) => ({ ...ref, digest })),
    removed: bundle.removed,
    unmanaged: bundle.unmanaged,
    onFailure: bundle.onFailure,
    base: bundle.base,
  });

const inOrder = (values: readonly Json[]): Json[] =>
  values
    .map((value) => ({ value, text: canonicalJson(value) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ value }) => value);

/** The first eight digits of a digest: enough to tell bundles of one candidate apart in a name, never a proof. */
export const digest8 = (digest: string): string => digest.replace(/^sha256:/, '').slice(0, 8);
