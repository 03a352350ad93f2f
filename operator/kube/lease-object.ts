/** The Lease of an election, as it is read and written. */
import { isRecord, type KubeObject, type ResourceRow } from './resource.ts';

export const leases: ResourceRow = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

/** What a Lease says, as far as an election needs it. */
export interface LeaseView {
  readonly resourceVersion: string;
  readonly uid: string;
  readonly holder: string | undefined;
  readonly leaseMs: number | undefined;
  readonly transitions: number;
  /** What the holder noted last; undefined = nothing. */
  readonly note: string | undefined;
}

/** On a Lease: what its holder notes for the next one, with every renewal. */
export const noteAnnotation = 'countersign.dev/note';

export function viewOf(object: KubeObject): LeaseView {
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  const { holderIdentity, leaseDurationSeconds, leaseTransitions } = spec;
  return {
    resourceVersion: object.metadata.resourceVersion,
    uid: object.metadata.uid,
    holder: typeof holderIdentity === 'string' && holderIdentity !== '' ? holderIdentity : undefined,
    leaseMs: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1_000 : undefined,
    transitions: typeof leaseTransitions === 'number' ? leaseTransitions : 0,
    note: object.metadata.annotations?.[noteAnnotation],
  };
}

/** leaseTransitions is an int32 that nothing decides by: at its end, which only an edit reaches, counting begins again. */
export const nextTransition = (transitions: number): number => (transitions < 2_147_483_647 ? transitions + 1 : 0);

/** RFC 3339 with exactly six decimals, which the API server demands of a MicroTime. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
