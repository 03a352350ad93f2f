/** Raw objects → what explaining them needs: digests, owners, programs. No value of a Secret is kept. */
import { z } from 'zod';
import type { JsonObject } from '../api/meta.ts';
import { type RoleFacts, roleFacts } from '../decide/emergency/role-limits.ts';
import type { Watched } from '../decide/findings/view.ts';
import { at, isObject, objectAt } from '../decide/json/json.ts';
import { contentDigest, podDigest, replicasOf } from '../decide/manifest/content-digest.ts';
import { kindRow } from '../decide/manifest/kinds/index.ts';
import { decidedFinalizers, lifetimeOf } from '../decide/manifest/lifetime.ts';
import { programsOfTemplate } from '../decide/manifest/pod-fingerprint.ts';
import { type FieldWriter, type LiveObject, type PodFacts, type KindName, kindIdOf } from '../decide/objects.ts';
import type { KubeObject } from '../kube/resource.ts';
import { controllerOf } from './parse-pods.ts';
import { instantOf, json, writersOf } from './parse.ts';

export const owners = z
  .array(
    z.object({
      apiVersion: z.string().default(''),
      kind: z.string(),
      name: z.string(),
      uid: z.string(),
      controller: z.boolean().default(false),
    }),
  )
  .catch([]);

interface Written {
  readonly ref: KindName & { readonly name: string };
  readonly uid: string;
  readonly createdAt: number;
  readonly deleting: boolean;
  readonly writers: readonly FieldWriter[];
}

/** Of an object, what explaining it needs. `digest` is asked only when it has to be explained. */
const watchedOf = (object: JsonObject, written: Written, digest: Watched['digest']): Watched => {
  const { name } = written.ref;
  const kind = kindIdOf(written.ref);
  return {
    key: `${kind}/${name}`,
    kind,
    name,
    uid: written.uid,
    createdAt: written.createdAt,
    deleting: written.deleting,
    controller: controllerOf(owners.parse(at(object, 'metadata', 'ownerReferences'))),
    lifetime: lifetimeOf(object),
    gives: decidedFinalizers(objectAt(object, 'spec', 'template'), 'Pod'),
    digest,
    replicas: replicasOf(object),
    programs: programsOfTemplate(object),
    idle: kindRow(kind)?.isIdle?.(object) ?? false,
    selects: kind === 'Service' && isObject(at(object, 'spec', 'selector')),
    managers: written.writers.map(({ manager }) => manager),
  };
};

/** What a ClusterRole allows, and the digest of that. */
export type BoundRole = RoleFacts & { readonly digest: string };

export const boundRole = (raw: KubeObject): BoundRole => {
  const object = json.parse(raw);
  return { ...roleFacts(raw.metadata.name, object), digest: contentDigest(object) };
};

/** An object that is kept only to be explained. */
export type WatchedObject = Watched & { readonly namespace: string; readonly resourceVersion: string };

/** A kind that is not promoted: only its digest is kept, and no value of a Secret. */
export const watchedObject = (raw: KubeObject, secretKey?: string): WatchedObject => {
  const object = json.parse(raw);
  const { metadata } = raw;
  const digest = contentDigest(object, { secretKey });
  return {
    namespace: metadata.namespace ?? '',
    resourceVersion: metadata.resourceVersion,
    ...watchedOf(
      object,
      {
        ref: { apiVersion: raw.apiVersion, kind: raw.kind, name: metadata.name },
        uid: metadata.uid,
        createdAt: instantOf(metadata.creationTimestamp) ?? 0,
        deleting: metadata.deletionTimestamp !== undefined,
        writers: writersOf(metadata['managedFields']),
      },
      () => digest,
    ),
  };
};

const seen = new WeakMap<LiveObject, Watched>();

/** A live object that is kept whole: digested when asked, once for every choice of paths. */
export const watchedLive = (live: LiveObject): Watched => {
  const known = seen.get(live);
  if (known !== undefined) return known;
  const digests = new Map<string, string>();
  const watched = watchedOf({ ...live.manifest, status: live.status }, live, (without) => {
    const context = without.join();
    const digest = digests.get(context) ?? contentDigest(live.manifest, { unmanaged: without });
    digests.set(context, digest);
    return digest;
  });
  seen.set(live, watched);
  return watched;
};

const over = new Set(['Succeeded', 'Failed']);

export const watchedPod = (pod: PodFacts): Watched => ({
  key: `Pod/${pod.name}`,
  kind: 'Pod',
  name: pod.name,
  uid: pod.uid,
  createdAt: pod.createdAt,
  deleting: pod.deleting,
  controller: pod.controller,
  lifetime: pod.lifetime,
  gives: [],
  digest: () => podDigest(pod.programs),
  replicas: undefined,
  programs: pod.programs,
  idle: over.has(pod.phase),
  selects: false,
  managers: pod.manager === '' ? [] : [pod.manager],
});
