/** The commands that remedies name, exactly as they are typed. */
import type { GateSnapshot } from './gate.ts';

type OfCandidate = Pick<GateSnapshot, 'candidate'>;
type OfPolicy = Pick<GateSnapshot, 'policy'>;

/** How the content, which never changes, is changed all the same. `what`: what the new candidate does differently. */
export const newCandidate = ({ candidate }: OfCandidate, what: string): string =>
  `The developer creates a new candidate with spec.replaces: ${candidate.metadata.name} ${what}: kubectl create -f <candidate>.yaml -n ${candidate.metadata.namespace}`;

/** Signs for the content as it is now. */
export const signAs = ({ candidate }: OfCandidate, role: string): string =>
  `kubectl get cand ${candidate.metadata.name} -n ${candidate.metadata.namespace} -o jsonpath={.status.approvalManifests.${role}} | kubectl create -f -`;

/** Corrects what production demands. */
export const editPolicy = ({ policy }: OfPolicy): string =>
  `kubectl edit relpol ${policy.metadata.name} -n ${policy.metadata.namespace}`;
