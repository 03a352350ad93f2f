/** Tells when what was written of admission policies acts: the API server takes it up some time later, and says nothing. */
import { accepted, targetOf, type KubeObject, type Manifest } from '../cluster/cluster.ts';
import { fresh } from './objects.ts';
import { eventually, said, type World } from './world.ts';

/** The API server takes up policies once a second. */
const askedEveryMs = 100;

/** In which nothing else happens. */
const place = 'default';

export type PolicyKind = 'ValidatingAdmissionPolicy' | 'MutatingAdmissionPolicy';

export interface Sentinel {
  /** Waits until everything that has been written before acts. */
  readonly acts: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** By kind, what a policy does to a Lease, of which no policy of ours speaks there: it says a word, and the binding asks for the same. */
const acting = (kind: PolicyKind, word: string) =>
  kind === 'ValidatingAdmissionPolicy'
    ? { validations: [{ expression: 'false', message: word }] }
    : {
        reinvocationPolicy: 'Never',
        mutations: [
          {
            patchType: 'JSONPatch',
            jsonPatch: {
              expression: `[JSONPatch{op: "add", path: "/metadata/annotations", value: {"word": "${word}"}}]`,
            },
          },
        ],
      };

const specsFor = (kind: PolicyKind, policyName: string, word: string) => ({
  policy: {
    failurePolicy: 'Fail',
    matchConstraints: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': place } },
      resourceRules: [
        { apiGroups: ['coordination.k8s.io'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['leases'] },
      ],
    },
    ...acting(kind, word),
  },
  binding: {
    policyName,
    ...(kind === 'ValidatingAdmissionPolicy' ? { validationActions: ['Deny'] } : {}),
    matchResources: { objectSelector: { matchLabels: { [policyName]: word } } },
  },
});

/**
 * A policy of its own, of the same kind as what it is `of` and named after it, that is changed last: the API server takes up all policies of a kind that it
 * has seen at once, so when it acts, all others do.
 */
export async function startSentinel(
  world: Pick<World, 'as'>,
  of: { readonly policy: string; readonly kind: PolicyKind },
): Promise<Sentinel> {
  const installer = world.as('installer');
  const { kind } = of;
  const metadata = { name: `sentinel-${of.policy}` };
  const first = specsFor(kind, metadata.name, 'first');
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const policy: Manifest = { apiVersion, kind, metadata, spec: first.policy };
  const binding: Manifest = { apiVersion, kind: `${kind}Binding`, metadata, spec: first.binding };
  accepted(await installer.create(policy));
  accepted(await installer.create(binding));
  return {
    acts: async () => {
      const word = fresh('turn');
      const specs = specsFor(kind, metadata.name, word);
      for (const [target, value] of [
        [targetOf(policy), specs.policy],
        [targetOf(binding), specs.binding],
      ] as const)
        accepted(await installer.patch(target, 'json', [{ op: 'replace', path: '/spec', value }]));
      const lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'sentinel', namespace: place, labels: { [metadata.name]: word } },
      };
      await eventually(
        'what was written acts',
        async () => {
          await new Promise((resolve) => setTimeout(resolve, askedEveryMs));
          return installer.create<KubeObject>(lease, { dryRun: 'All' });
        },
        (answer) => (answer.ok ? answer.body.metadata.annotations?.['word'] === word : said(answer).includes(word)),
      );
    },
    stop: async () => {
      for (const each of [binding, policy]) accepted(await installer.delete(targetOf(each)));
    },
  };
}
