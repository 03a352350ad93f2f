/** What an attack is, and what can be taken out of its way. */
import { accepted, type Answer, type KubeObject, type Manifest, type Target } from '../cluster/cluster.ts';
import { said, type World } from './world.ts';

/** How an attempt ended. */
export interface Attempt {
  /** Whether the attacker got what the attack is for, whatever the API server answered. */
  readonly reached: boolean;
  readonly said: string;
  /** With which code, where it was one answer. */
  readonly code?: number;
}

/** Something that stands in an attacker's way and can be taken away. */
export interface Lock<W extends World> {
  /** Attacks whose controls open locks of the same names share one opening. */
  readonly name: string;
  /** Opens it and returns what closes it again. */
  readonly open: (world: W) => Promise<() => Promise<void>>;
}

export interface Attack<W extends World> {
  /** Number in docs/threats.md, such as T24. */
  readonly id: string;
  /** Who does what, as a sentence. */
  readonly name: string;
  /** Brings about what it needs (afresh each time it is called) and attacks. */
  readonly act: (world: W) => Promise<Attempt>;
  /** What the refusal says: the rule; or that it is `cameToNothing`; '' where it may be either. */
  readonly denied: string;
  /** The same act by the right principal: it must reach its end. */
  readonly twin: (world: W) => Promise<Attempt>;
  /** The locks that hold it; empty when `without` says what is left out instead. */
  readonly locks: readonly Lock<W>[];
  /** The act of the control, where it is not the attack itself. */
  readonly without?: (world: W) => Promise<Attempt>;
  /** What `without` leaves out, for the table. */
  readonly left?: string;
}

/** What is said of attacks that are answered kindly: a refusal would be by another lock than the one that holds it. */
export const cameToNothing = 'admitted (';

/** An attempt that reaches its end when it is admitted. */
export const admitted = (answer: Answer<unknown>): Attempt => ({
  reached: answer.ok,
  said: said(answer),
  code: answer.code,
});

const admission = 'admissionregistration.k8s.io/v1';

function binding(kind: string, name: string): Lock<World> {
  const target = { apiVersion: admission, kind, name };
  return {
    name,
    open: async ({ as }) => {
      const { apiVersion, metadata, spec } = accepted(
        await as('installer').get<KubeObject & { spec: unknown }>(target),
      );
      accepted(await as('installer').delete(target));
      return async () => {
        accepted(
          await as('installer').create({ apiVersion, kind, metadata: { name, labels: metadata.labels ?? {} }, spec }),
        );
      };
    },
  };
}

/** A ValidatingAdmissionPolicy: its binding is deleted. */
export const policyLock = (name: string): Lock<World> => binding('ValidatingAdmissionPolicyBinding', name);

/** The stamp on a kind: its binding is deleted. */
export const stampLock = (plural: string): Lock<World> =>
  binding('MutatingAdmissionPolicyBinding', `countersign-stamp-${plural}`);

/** A part of a CRD's schema below spec: it is replaced by one that says nothing. */
export const schemaLock = (plural: string, given: { path: string; value: unknown }): Lock<World> =>
  replaced(plural, { path: `/properties/spec${given.path}`, value: given.value });

/** The rules of a CRD about the whole object. */
export const rulesLock = (plural: string): Lock<World> =>
  replaced(plural, { path: '/x-kubernetes-validations', value: [] });

function replaced(plural: string, given: { path: string; value: unknown }): Lock<World> {
  const target: Target = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    name: `${plural}.countersign.dev`,
  };
  const path = `/spec/versions/0/schema/openAPIV3Schema${given.path}`;
  return {
    name: `the schema of ${plural}${given.path.replace('/properties/spec', '')}`,
    open: async ({ as }) => {
      const before = accepted(await as('installer').get<KubeObject & { spec: { versions: unknown } }>(target));
      accepted(await as('installer').patch(target, 'json', [{ op: 'replace', path, value: given.value }]));
      return async () => {
        const back = [{ op: 'replace', path: '/spec/versions', value: before.spec.versions }];
        accepted(await as('installer').patch(target, 'json', back));
      };
    },
  };
}

const configuration = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  name: 'countersign-gate',
};

/** The configuration of the gate is deleted: the API server asks nobody. */
export const gateLock: Lock<World> = {
  name: 'the gate',
  async open({ as }) {
    const { apiVersion, kind, metadata, ...rest } = accepted(await as('installer').get<Manifest>(configuration));
    accepted(await as('installer').delete(configuration));
    return async () => {
      const { name, labels = {}, annotations = {} } = metadata;
      accepted(
        await as('installer').create({
          ...rest,
          apiVersion,
          kind,
          metadata: { name: name ?? '', labels, annotations },
        }),
      );
    };
  },
};
