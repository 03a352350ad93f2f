/** Secrets that somebody makes because of an object of a release: production need not have them before. */
import { secretsAnnotation } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { objectAt, textAt } from '../json/json.ts';
import { objectsAt } from './kinds/shared/references.ts';

/** Where an object of a kind says which Secrets will be made because of it, by `<Kind>.<group>`. */
const makers: Readonly<Record<string, (content: JsonObject) => readonly (string | undefined)[]>> = {
  'Certificate.cert-manager.io': (content) => [textAt(content, 'spec', 'secretName')],
  'ExternalSecret.external-secrets.io': (content) => [textAt(content, 'spec', 'target', 'name') ?? nameOf(content)],
  'SealedSecret.bitnami.com': (content) => [textAt(content, 'spec', 'template', 'metadata', 'name') ?? nameOf(content)],
  'Ingress.networking.k8s.io': (content) =>
    hasIssuer(content) ? objectsAt(content, 'spec', 'tls').map((tls) => textAt(tls, 'secretName')) : [],
  'Job.batch': (content) =>
    (textAt(content, 'metadata', 'annotations', secretsAnnotation) ?? '').split(',').map((name) => name.trim()),
};

/** cert-manager makes the certificate of an Ingress that names an issuer (ingress-shim). */
const issuers = ['cert-manager.io/issuer', 'cert-manager.io/cluster-issuer', 'kubernetes.io/tls-acme'];

const hasIssuer = (content: JsonObject): boolean =>
  issuers.some((name) => objectAt(content, 'metadata', 'annotations')[name] !== undefined);

const nameOf = (content: JsonObject): string | undefined => textAt(content, 'metadata', 'name');

const keyed = (apiVersion: string, kind: string): string => `${kind}.${apiVersion.split('/').at(-2) ?? ''}`;

/** Whether objects of a kind make Secrets at all, so that their content is worth a look. */
export const mayMakeSecrets = ({ apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): boolean =>
  Object.hasOwn(makers, keyed(apiVersion, kind));

/** Names of the Secrets that are made because of an object, in its own namespace. */
export const secretsMadeBy = (content: JsonObject): readonly string[] => {
  const key = keyed(textAt(content, 'apiVersion') ?? '', textAt(content, 'kind') ?? '');
  const named = Object.hasOwn(makers, key) ? (makers[key]?.(content) ?? []) : [];
  return named.filter((name): name is string => name !== undefined && name !== '');
};
