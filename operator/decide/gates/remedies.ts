/** The commands that remedies name, exactly as they are typed. */
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { EvidenceLine } from '../../api/policy-evidence.ts';
import type { GateSnapshot } from './gate.ts';

type OfCandidate = Pick<GateSnapshot, 'candidate'>;
type OfContent = OfCandidate & { readonly bundle: Pick<GateSnapshot['bundle'], 'digest'> };
type OfPolicy = Pick<GateSnapshot, 'policy'>;

/** How the content, which never changes, is changed all the same. `what`: what the new candidate does differently. */
export const newCandidate = ({ candidate }: OfCandidate, what: string): string =>
  `The developer creates a new candidate with spec.replaces: ${candidate.metadata.name} ${what}: kubectl create -f <candidate>.yaml -n ${candidate.metadata.namespace}`;

/** Signs for the content as it is now. */
export const signAs = ({ candidate }: OfCandidate, role: string): string =>
  `kubectl get cand ${candidate.metadata.name} -n ${candidate.metadata.namespace} -o jsonpath={.status.approvalManifests.${role}} | kubectl create -f -`;

/** Images that one command names; the rest is named once these are known. */
const imagesAtOnce = 100;

/** Reports that evidence about these subjects passed, performed now, with nothing counted that the policy limits. */
export const report = ({ candidate, bundle }: OfContent, line: EvidenceLine, subjects: readonly string[]): string => {
  const { name, uid, namespace } = candidate.metadata;
  const manifest = {
    apiVersion,
    kind: kinds.Evidence.kind,
    metadata: { generateName: `${line.type.toLowerCase()}-`, namespace },
    spec: {
      type: line.type,
      subject:
        line.about === 'Candidate'
          ? { candidate: { name, uid, digest: bundle.digest } }
          : { images: subjects.slice(0, imagesAtOnce) },
      result: 'Passed',
      summary: Object.fromEntries(Object.keys(line.most).map((count) => [count, 0])),
      performedAt: performedNow,
    },
  };
  return `echo '${JSON.stringify(manifest).replace(performedNow, `'$(date -u +%Y-%m-%dT%H:%M:%SZ)'`)}' | kubectl create -f -`;
};

const performedNow = 'performed now';

/** Corrects what production demands. */
export const editPolicy = ({ policy }: OfPolicy): string =>
  `kubectl edit relpol ${policy.metadata.name} -n ${policy.metadata.namespace}`;
