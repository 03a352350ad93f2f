/** Webhooks, mutating policies and API services of others, as far as they can change a write to production (`decide/findings/foreign-mutators.ts`). */
import { z } from 'zod';
import { followedKinds } from '../decide/manifest/kinds/index.ts';
import { groupOf } from '../decide/manifest/kinds/shared/kind.ts';
import type { Json, JsonObject } from '../api/meta.ts';
import { digest8, digestOf } from '../decide/json/canonical.ts';
import { isList, isObject } from '../decide/json/json.ts';
import { keyOf, type ObjectKey } from '../decide/objects.ts';
import {
  bound,
  reaches,
  type GuardedResource,
  type Mutator,
  type MutatorBinding,
} from '../decide/findings/foreign-mutators.ts';
import type { KubeObject, ResourceRow } from '../kube/resource.ts';
import type { ReflectorFamily } from '../kube/reflectors.ts';
import type { DefinedFamilies } from './custom-kinds.ts';

const admission = 'admissionregistration.k8s.io/v1';
const cluster = (apiVersion: string, kind: string, plural: string): ResourceRow => ({
  apiVersion,
  kind,
  plural,
  namespaced: false,
});

/** What is followed, without a selector: a label of ours on somebody's webhook hides nothing. */
export const mutatorRows = {
  webhooks: cluster(admission, 'MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'),
  policies: cluster(admission, 'MutatingAdmissionPolicy', 'mutatingadmissionpolicies'),
  bindings: cluster(admission, 'MutatingAdmissionPolicyBinding', 'mutatingadmissionpolicybindings'),
  services: cluster('apiregistration.k8s.io/v1', 'APIService', 'apiservices'),
} as const;

const texts = z
  .array(z.string())
  .nullish()
  .transform((each) => each ?? []);
const selector = z
  .object({
    matchLabels: z
      .record(z.string(), z.string())
      .nullish()
      .transform((each) => each ?? {}),
    matchExpressions: z
      .array(z.object({ key: z.string(), operator: z.string(), values: texts }))
      .nullish()
      .transform((each) => each ?? []),
  })
  .nullish()
  .transform((each) => each ?? { matchLabels: {}, matchExpressions: [] });
const rules = z
  .array(
    z.object({
      apiGroups: texts,
      resources: texts,
      operations: texts,
      scope: z
        .string()
        .nullish()
        .transform((each) => each ?? '*'),
    }),
  )
  .nullish()
  .transform((each) => each ?? []);

const configuration = z.object({
  webhooks: z
    .array(z.object({ namespaceSelector: selector, rules }))
    .nullish()
    .transform((each) => each ?? []),
});
const policy = z.object({
  spec: z.object({ matchConstraints: z.object({ namespaceSelector: selector, resourceRules: rules }) }),
});
const binding = z.object({
  spec: z.object({
    policyName: z.string(),
    matchResources: z.object({ namespaceSelector: selector }).nullish(),
  }),
});
const service = z.object({ spec: z.object({ group: z.string().default(''), service: z.unknown().optional() }) });

/** Rotated by itself. */
const certificate = 'caBundle';

const withoutCertificates = (value: Json): Json => {
  if (isList(value)) return value.map(withoutCertificates);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== certificate)
      .map(([name, inner]) => [name, withoutCertificates(inner)]),
  );
};

const json = z.custom<JsonObject>();

/** Of what decides: everything but metadata and status. */
const versionOf = (raw: KubeObject): string => {
  const decides = Object.entries(json.parse(raw)).filter(([name]) => name !== 'metadata' && name !== 'status');
  return digest8(digestOf(withoutCertificates(Object.fromEntries(decides))));
};

const nameOf = ({ kind, metadata }: KubeObject): ObjectKey => keyOf({ kind, name: metadata.name });

export const webhookMutator = (raw: KubeObject): Mutator => ({
  key: nameOf(raw),
  version: versionOf(raw),
  reaches: configuration.parse(raw).webhooks.map(({ namespaceSelector, rules: asked }) => ({
    namespaces: namespaceSelector,
    rules: asked,
  })),
});

/** Our own are part of the installation, and looked after there. */
const isOurs = ({ metadata }: KubeObject): boolean => metadata.labels?.['app.kubernetes.io/part-of'] === 'countersign';

/** undefined = one of ours */
export const policyMutator = (raw: KubeObject): Mutator | undefined => {
  if (isOurs(raw)) return undefined;
  const { namespaceSelector, resourceRules } = policy.parse(raw).spec.matchConstraints;
  return {
    key: nameOf(raw),
    version: versionOf(raw),
    reaches: [{ namespaces: namespaceSelector, rules: resourceRules }],
  };
};

export const mutatorBinding = (raw: KubeObject): MutatorBinding => {
  const { policyName, matchResources } = binding.parse(raw).spec;
  const everywhere = { matchLabels: {}, matchExpressions: [] };
  return { policy: policyName, version: versionOf(raw), namespaces: matchResources?.namespaceSelector ?? everywhere };
};

/** undefined = the API server answers itself. A service answers everything that is asked of its group. */
export const serviceMutator = (raw: KubeObject): Mutator | undefined => {
  const { group, service: backend } = service.parse(raw).spec;
  if (backend === undefined || backend === null) return undefined;
  const everything = { apiGroups: [group], resources: ['*'], operations: ['*'], scope: '*' };
  return {
    key: nameOf(raw),
    version: versionOf(raw),
    reaches: [{ namespaces: { matchLabels: {}, matchExpressions: [] }, rules: [everything] }],
  };
};

const resources: readonly GuardedResource[] = followedKinds.map((row) => ({ group: groupOf(row), plural: row.plural }));

export interface Mutators {
  readonly mutators: {
    readonly webhooks: ReflectorFamily<Mutator>;
    readonly policies: ReflectorFamily<Mutator>;
    readonly bindings: ReflectorFamily<MutatorBinding>;
    readonly services: ReflectorFamily<Mutator>;
  };
  readonly guarded: Pick<DefinedFamilies<unknown>, 'kinds'>;
}

/** Those that can change a write to a namespace with these labels, in the order of their names; undefined = not all have been read. */
export const foreignMutators = (
  { mutators, guarded }: Mutators,
  labels: Readonly<Record<string, string>>,
): readonly Mutator[] | undefined => {
  const [webhooks, policies, bindings, services] = [
    mutators.webhooks.in(),
    mutators.policies.in(),
    mutators.bindings.in(),
    mutators.services.in(),
  ];
  if (![webhooks, policies, bindings, services].every((each) => each?.isSynced() === true)) return undefined;
  const added = guarded.kinds.map(({ definition }) => ({
    plural: definition.slice(0, definition.indexOf('.')),
    group: definition.slice(definition.indexOf('.') + 1),
  }));
  const bindingsNow = bindings?.list() ?? [];
  return [
    ...(webhooks?.list() ?? []),
    ...(policies?.list() ?? []).map((each) => bound(each, bindingsNow)),
    ...(services?.list() ?? []),
  ]
    .filter((each) => reaches(each, labels, [...resources, ...added]))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
};
