/** Tells when what was written of admission policies acts: the API server takes it up some time later, and says nothing. */
import { accepted, targetOf, type Manifest } from '../cluster/cluster.ts';
import { fresh } from './objects.ts';
import { eventually, said, type World } from './world.ts';

/** In which nothing else happens. */
const place = 'default';

export interface Sentinel {
  /** Waits until everything that has been written before acts. */
  readonly acts: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Refuses a Lease, of which no policy of ours speaks there: the policy says a word, and the binding asks for the same. */
const specsFor = (word: string) => ({
  policy: {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': place } },
      resourceRules: [
        { apiGroups: ['coordination.k8s.io'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['leases'] },
      ],
    },
    validations: [{ expression: 'false', message: word }],
  },
  binding: {
    policyName: 'test-sentinel',
    validationActions: ['Deny'],
    matchResources: { objectSelector: { matchLabels: { word } } },
  },
});

/** A policy of its own that is changed last: the API server takes up all that it has seen at once, so when it acts, all others do. */
export async function startSentinel(world: Pick<World, 'as'>): Promise<Sentinel> {
  const installer = world.as('installer');
  const metadata = { name: 'test-sentinel' };
  const first = specsFor('first');
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const policy: Manifest = { apiVersion, kind: 'ValidatingAdmissionPolicy', metadata, spec: first.policy };
  const binding: Manifest = { apiVersion, kind: 'ValidatingAdmissionPolicyBinding', metadata, spec: first.binding };
  accepted(await installer.create(policy));
  accepted(await installer.create(binding));
  return {
    acts: async () => {
      const word = fresh('turn');
      const specs = specsFor(word);
      for (const [target, value] of [
        [targetOf(policy), specs.policy],
        [targetOf(binding), specs.binding],
      ] as const)
        accepted(await installer.patch(target, 'json', [{ op: 'replace', path: '/spec', value }]));
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'sentinel', namespace: place, labels: { word } },
      };
      await eventually(
        'what was written acts',
        () => installer.create(lease, { dryRun: 'All' }),
        (answer) => said(answer).includes(word),
      );
    },
    stop: async () => {
      for (const each of [binding, policy]) accepted(await installer.delete(targetOf(each)));
    },
  };
}
