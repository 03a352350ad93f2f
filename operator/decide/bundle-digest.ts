/** What people sign: the digest of a whole bundle. */
import type { Json } from '../api/meta.ts';
import type { Bundle, Irreversible, LeftOut, UnmanagedFields } from './bundle.ts';
import { canonicalJson, digestOf } from './json/canonical.ts';
import type { ObjectRef } from './objects.ts';

/** What a signer consents to. */
export interface SignedContent {
  readonly targetNamespace: string;
  /** Ties consent to one life of the production namespace. */
  readonly policyUID: string;
  readonly package: string;
  readonly objects: readonly (ObjectRef & { readonly digest: string })[];
  readonly removed: readonly ObjectRef[];
  readonly unmanaged: readonly UnmanagedFields[];
  readonly irreversible: readonly Irreversible[];
  readonly leftOut: readonly LeftOut[];
  /** '' = none. */
  readonly overlay: string;
  readonly onFailure: 'Rollback' | 'Page';
  /** Digest of what production ran when this was rendered; `none` when it ran nothing. */
  readonly base: string;
}

/** Without a group where it says none: the digests of bundles from before are the same. */
const named = ({ kind, name, group = '' }: Omit<UnmanagedFields, 'fields'>) => ({
  kind,
  name,
  ...(group === '' ? {} : { group }),
});

/** Digest of a whole bundle. The order of objects, removals and unmanaged fields does not matter; nothing else is looked at. */
export const bundleDigest = (content: SignedContent): string =>
  digestOf({
    targetNamespace: content.targetNamespace,
    policyUID: content.policyUID,
    package: content.package,
    objects: inOrder(content.objects.map(({ apiVersion, kind, name, digest }) => ({ apiVersion, kind, name, digest }))),
    removed: inOrder(content.removed.map(({ apiVersion, kind, name }) => ({ apiVersion, kind, name }))),
    unmanaged: inOrder(content.unmanaged.map((entry) => ({ ...named(entry), fields: entry.fields.toSorted() }))),
    // Absent where there is none: the digests of bundles from before are the same.
    ...(content.irreversible.length === 0
      ? {}
      : {
          irreversible: inOrder(
            content.irreversible.map((entry) => ({
              ...named(entry),
              fields: entry.fields.toSorted(),
              reason: entry.reason,
            })),
          ),
        }),
    ...(content.leftOut.length === 0
      ? {}
      : {
          leftOut: inOrder(
            content.leftOut.map(({ kind, name, apiVersion, reason }) => ({ kind, name, apiVersion, reason })),
          ),
        }),
    ...(content.overlay === '' ? {} : { overlay: content.overlay }),
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
    irreversible: bundle.irreversible,
    leftOut: bundle.leftOut,
    overlay: bundle.overlay,
    onFailure: bundle.onFailure,
    base: bundle.base,
  });

const inOrder = (values: readonly Json[]): Json[] =>
  values
    .map((value) => ({ value, text: canonicalJson(value) }))
    .toSorted((a, b) => (a.text < b.text ? -1 : 1))
    .map(({ value }) => value);
