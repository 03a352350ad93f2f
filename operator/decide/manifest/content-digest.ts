/**
 * The content of an object of production, as one digest: what people decide about it, without what the cluster writes into it. Equal digests
 * are equal content. The gate digests what it admits with the same function, so its entries and what the watch sees can be compared.
 */
import { createHmac } from 'node:crypto';
import type { Json, JsonObject } from '../../api/meta.ts';
import { canonicalJson, digestOf } from '../json/canonical.ts';
import { at, isObject, listAt, member, numberAt, objectAt, textAt, withMember } from '../json/json.ts';
import { normalForm } from './normal-form.ts';
import { deletePath, outside, type Path } from '../json/field-path.ts';
import { isInstalledKind } from './installed-kinds.ts';
import { kindRow, rowOf } from './kinds/index.ts';
import { programsOfPod, type Program } from './pod-fingerprint.ts';

export interface DigestOptions {
  /** Paths that the policy, an autoscaler or the bundle leaves to others. */
  readonly unmanaged?: readonly string[] | undefined;
  /** The key of the installation. Secrets are digested under it, so that nobody guesses a value by its digest. */
  readonly secretKey?: string | undefined;
}

/** Whether an object is one that a controller makes in every namespace, as it makes it. */
export const isPristine = (key: string, digest: string): boolean => {
  const slash = key.indexOf('/');
  const [kind, name] = [key.slice(0, slash), key.slice(slash + 1)];
  return kindRow(kind)?.inEveryNamespace?.includes(name) === true && contentDigest({ kind }) === digest;
};

/**
 * The content digest of an object of any kind: `sha256:` and 64 hexadecimal digits. Of a workload it leaves out `spec.replicas`; of a Scale it
 * is the digest of the replicas (`scaleDigest`); of a Secret it is an HMAC under `secretKey`. It holds nothing of name, namespace and version.
 * @throws TypeError for a Secret without `secretKey`
 */
export const contentDigest = (object: JsonObject, { unmanaged = [], secretKey }: DigestOptions = {}): string => {
  const kind = textAt(object, 'kind') ?? '';
  if (kind === 'Scale') return scaleDigest(numberAt(object, 'spec', 'replicas') ?? 0);
  if (kind === 'Pod') return podDigest(programsOfPod(object));
  if (isInstalledKind(kind)) return safeDigest(installedContent(object));
  const content = contentOf(object, kind, unmanaged);
  if (kind !== 'Secret') return safeDigest(content);
  if (secretKey === undefined) throw new TypeError('a Secret is digested under the key of the installation');
  return `sha256:${createHmac('sha256', secretKey).update(canonicalJson(content)).digest('hex')}`;
};

/** A pod is what it runs and what finds it: the rest of it is written by scheduler, kubelet and whatever injects into it. */
export const podDigest = (programs: readonly Program[]): string => digestOf({ programs: [...programs] });

/** The digest of a number of replicas. */
export const scaleDigest = (replicas: number): string => digestOf({ replicas });

/** The replicas that an object asks for; undefined = its kind is not scaled, or it leaves them to the default of one. */
export const replicasOf = (object: JsonObject): number | undefined =>
  rowOf(object)?.scaled === true ? numberAt(object, 'spec', 'replicas') : undefined;

const contentOf = (object: JsonObject, kind: string, unmanaged: readonly string[]): JsonObject => {
  const name = textAt(object, 'metadata', 'name') ?? '';
  const row = rowOf(object);
  const normal = normalForm(object, { apiVersion: textAt(object, 'apiVersion') ?? '', kind, name });
  const paths: Path[] = [
    ['apiVersion'],
    ['kind'],
    ['metadata', 'name'],
    // Beside the digest (`lifetime.ts`), so that no digest depends on them.
    ['metadata', 'finalizers'],
    ...(row?.scaled === true ? [['spec', 'replicas']] : []),
    ...(row?.controllerFields ?? [])
      .filter((each) => (each.name ?? name) === name && each.when?.(object) !== false)
      .map(({ path }) => path),
  ].map((names) => names.map((field) => ({ field })));
  const decided = paths.reduce(deletePath, outside(normal, unmanaged));
  const owners = row?.ownersByControllers === true ? [] : listAt(object, 'metadata', 'ownerReferences').map(ownerOf);
  return owners.length === 0 ? decided : withMember(decided, 'owners', owners);
};

const ownerOf = (owner: Json): Json =>
  Object.fromEntries(
    ['kind', 'name', 'uid', 'controller'].flatMap((field) => {
      const value = member(owner, field);
      return value === undefined ? [] : [[field, value]];
    }),
  );

const installedContent = (object: JsonObject): JsonObject => {
  const content = Object.fromEntries(
    Object.entries(object).filter(([name]) => !['apiVersion', 'metadata', 'status'].includes(name)),
  );
  const hooks = at(content, 'webhooks');
  return hooks === undefined ? content : { ...content, webhooks: listAt(content, 'webhooks').map(asRouted) };
};

/** The certificates rotate and the path holds a token; the host decides who answers. */
const asRouted = (hook: Json): Json => {
  if (!isObject(hook)) return hook;
  const { url, service } = objectAt(hook, 'clientConfig');
  const kept: JsonObject = {
    ...(typeof url === 'string' ? { host: hostOf(url) } : {}),
    ...(isObject(service) ? { service: withMember(service, 'path', undefined) } : {}),
  };
  return { ...hook, clientConfig: kept };
};

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : url);

/** Numbers without an exact form are written by somebody who wants no digest: the text of the object is digested then. */
const safeDigest = (content: JsonObject): string => {
  try {
    return digestOf(content);
  } catch {
    return digestOf(JSON.stringify(content));
  }
};
