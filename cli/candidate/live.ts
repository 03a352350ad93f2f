/** The objects of a release as production has them now, as far as the person may read them. */
import { isRecord, type KubeObject, type ResourceRow } from '../../operator/kube/resource.ts';
import { promotableResource } from '../../operator/decide/manifest/kinds/index.ts';
import { liveRef } from '../../operator/decide/release/steps.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import type { Style } from '../output/parts.ts';
import type { ReleaseBundle } from './objects.ts';
import { bundleOf } from './objects.ts';

export interface ObjectSeen {
  readonly kind: string;
  readonly name: string;
  readonly state: string;
  readonly style: Style | undefined;
}

type BundledObject = ReleaseBundle['spec']['objects'][number];

/** The objects of a bundle, from its parts where it has some. */
export const objectsOf = async (cluster: Cluster, bundle: ReleaseBundle): Promise<readonly BundledObject[]> => {
  const { namespace } = bundle.metadata;
  const parts = await Promise.all(
    bundle.spec.parts.map((name) => cluster.findOur('ReleaseBundle', { namespace, name })),
  );
  return [...bundle.spec.objects, ...parts.flatMap((part) => (part === undefined ? [] : bundleOf(part).spec.objects))];
};

/** Objects of one kind by name; undefined = they may not be read. */
type Read = ReadonlyMap<string, KubeObject> | undefined;

const number = (status: unknown, field: string): number => {
  const value = isRecord(status) ? status[field] : undefined;
  return typeof value === 'number' ? value : 0;
};

const replicasOf = ({ spec, status }: KubeObject): readonly [ready: number, wanted: number] => {
  if (isRecord(status) && 'desiredNumberScheduled' in status) {
    return [number(status, 'numberReady'), number(status, 'desiredNumberScheduled')];
  }
  return [number(status, 'readyReplicas'), number(spec, 'replicas')];
};

const isWorkload = (kind: string): boolean => ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind);

/** In a few words. What is healthy the operator decides: this only repeats what the object says. */
const stateOf = (kind: string, live: KubeObject): Pick<ObjectSeen, 'state' | 'style'> => {
  if (isWorkload(kind)) {
    const [ready, wanted] = replicasOf(live);
    return { state: `${ready}/${wanted} ready`, style: ready >= wanted ? 'green' : 'yellow' };
  }
  if (kind === 'Job') {
    if (number(live['status'], 'succeeded') > 0) return { state: 'complete', style: 'green' };
    return number(live['status'], 'failed') > 0
      ? { state: 'failed', style: 'red' }
      : { state: 'running', style: 'yellow' };
  }
  return { state: 'present', style: undefined };
};

/** What production has of each object. Kinds are listed, once each, and in pages. */
export const objectsSeen = async (cluster: Cluster, bundle: ReleaseBundle): Promise<readonly ObjectSeen[]> => {
  const objects = await objectsOf(cluster, bundle);
  const { targetNamespace: namespace } = bundle.spec;
  const resources = new Map(objects.map((object) => [`${object.apiVersion} ${object.kind}`, object]));
  const read = new Map<string, Read>();
  await Promise.all(
    [...resources].map(async ([key, object]) => {
      read.set(key, await listed(cluster, promotableResource(object), namespace));
    }),
  );
  return objects.map((object): ObjectSeen => {
    const { apiVersion, kind, name } = object;
    const all = read.get(`${apiVersion} ${kind}`);
    if (all === undefined) return { kind, name, state: '', style: undefined };
    const live = all.get(liveRef({ ref: object }, bundle.spec).name);
    return { kind, name, ...(live === undefined ? { state: 'not there yet', style: undefined } : stateOf(kind, live)) };
  });
};

const listed = async (cluster: Cluster, resource: ResourceRow, namespace: string): Promise<Read> => {
  const all = await ifReadable(cluster.list(resource, { namespace }));
  return all && new Map(all.map((each) => [each.metadata.name, each]));
};
