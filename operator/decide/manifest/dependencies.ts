/** What content needs by name, beside itself, in order to do its work. */
import type { JsonObject } from '../../api/meta.ts';
import { at, listAt, objectAt, textAt } from '../json/json.ts';
import type { ObjectRef } from '../objects.ts';
import { references } from './config-references.ts';
import { rowNamed, rowOf } from './kinds/index.ts';
import { objectsAt } from './kinds/shared/references.ts';
import { containersOf, podSpecsOf } from './pod-spec.ts';

export interface Need extends ObjectRef {
  /** Without it pods are refused, or traffic goes nowhere: the release must not begin. Otherwise it is only told. */
  readonly required: boolean;
  /** Of another namespace; '' = of the same, or of the whole cluster. */
  readonly namespace: string;
}

const need = (apiVersion: string, kind: string, name: string | undefined, required = true): readonly Need[] =>
  name === undefined || name === '' ? [] : [{ apiVersion, kind, name, required, namespace: '' }];

const service = (name: string | undefined, required = true): readonly Need[] => need('v1', 'Service', name, required);

const ofPodSpec = (spec: JsonObject): readonly Need[] => [
  ...objectsAt(spec, 'volumes').flatMap((volume) =>
    need('v1', 'PersistentVolumeClaim', textAt(volume, 'persistentVolumeClaim', 'claimName')),
  ),
  ...need('v1', 'ServiceAccount', textAt(spec, 'serviceAccountName')),
  ...need('scheduling.k8s.io/v1', 'PriorityClass', textAt(spec, 'priorityClassName')),
  ...need('node.k8s.io/v1', 'RuntimeClass', textAt(spec, 'runtimeClassName')),
];

const storageClass = (claim: JsonObject): readonly Need[] =>
  need('storage.k8s.io/v1', 'StorageClass', textAt(claim, 'spec', 'storageClassName'));

const backend = (holder: JsonObject): readonly Need[] => service(textAt(holder, 'service', 'name'));

/** What a kind refers to beside its pods, by kind; a custom resource of another group with the same name says nothing by these fields. */
const byKind: Readonly<Record<string, (content: JsonObject) => readonly Need[]>> = {
  PersistentVolumeClaim: storageClass,
  StatefulSet: (content) => [
    ...objectsAt(content, 'spec', 'volumeClaimTemplates').flatMap(storageClass),
    // Pods start without it, and have no names.
    ...service(textAt(content, 'spec', 'serviceName'), false),
  ],
  Ingress: (content) => [
    ...need('networking.k8s.io/v1', 'IngressClass', textAt(content, 'spec', 'ingressClassName')),
    ...backend(objectAt(content, 'spec', 'defaultBackend')),
    ...objectsAt(content, 'spec', 'rules').flatMap((rule) =>
      objectsAt(rule, 'http', 'paths').flatMap((path) => backend(objectAt(path, 'backend'))),
    ),
  ],
  HTTPRoute: (content) => routeNeeds(content),
  GRPCRoute: (content) => routeNeeds(content),
  RoleBinding: (content) => {
    const kind = textAt(content, 'roleRef', 'kind');
    return kind === 'Role' ? need('rbac.authorization.k8s.io/v1', 'Role', textAt(content, 'roleRef', 'name')) : [];
  },
  Certificate: (content) => {
    const kind = textAt(content, 'spec', 'issuerRef', 'kind') ?? 'Issuer';
    return need('cert-manager.io/v1', kind, textAt(content, 'spec', 'issuerRef', 'name'), false);
  },
  ExternalSecret: (content) => {
    const kind = textAt(content, 'spec', 'secretStoreRef', 'kind') ?? 'SecretStore';
    return need('external-secrets.io/v1', kind, textAt(content, 'spec', 'secretStoreRef', 'name'), false);
  },
};

/** What an autoscaler scales, as its row says. */
const scaleTarget = (content: JsonObject): readonly Need[] => {
  const target = rowOf(content)?.scales?.(content);
  if (target === undefined) return [];
  const written = textAt(content, 'spec', 'scaleTargetRef', 'apiVersion');
  return need(written ?? rowNamed(target)?.apiVersion ?? '', target.kind, target.name, false);
};

const routeNeeds = (content: JsonObject): readonly Need[] => [
  ...objectsAt(content, 'spec', 'parentRefs').flatMap((parent) =>
    elsewhere(
      parent,
      need(
        apiVersionOf(parent, 'gateway.networking.k8s.io'),
        textAt(parent, 'kind') ?? 'Gateway',
        textAt(parent, 'name'),
        false,
      ),
    ),
  ),
  ...objectsAt(content, 'spec', 'rules')
    .flatMap((rule) => objectsAt(rule, 'backendRefs'))
    .filter((target) => (textAt(target, 'kind') ?? 'Service') === 'Service')
    .flatMap((target) => elsewhere(target, service(textAt(target, 'name')))),
];

const apiVersionOf = (holder: JsonObject, group: string): string => `${textAt(holder, 'group') ?? group}/v1`;

/** What lies in another namespace is not looked at. */
const elsewhere = (holder: JsonObject, needs: readonly Need[]): readonly Need[] => {
  const namespace = textAt(holder, 'namespace') ?? '';
  return namespace === '' ? needs : needs.map((each) => ({ ...each, namespace, required: false }));
};

/** Namespaces and Services whose names may stand in content as hosts. */
export interface ServiceNames {
  /** The namespace of production. */
  readonly namespace: string;
  /** Services of production and of staging: a name alone counts if it is one of theirs. */
  readonly services: ReadonlySet<string>;
}

const hostName = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const inCluster = new RegExp(
  String.raw`(?<![A-Za-z0-9_-])(?<service>${hostName})\.(?<namespace>${hostName})\.svc(?![A-Za-z0-9_-])`,
  'g',
);
const inAddress = new RegExp(
  String.raw`(?:://(?:[^/\s@]*@)?|(?<![\w.@/-]))(?<service>${hostName})(?=:\d{2,5}(?!\d)|/)`,
  'g',
);

/** Services that texts name as hosts. They are told and never demanded: a text may mean something else. */
const hostsIn = (content: JsonObject, { namespace, services }: ServiceNames): readonly Need[] =>
  textsOf(content).flatMap((text) => [
    ...[...text.matchAll(inCluster)].flatMap(({ groups = {} }) =>
      service(groups['service'], false).map((found) =>
        groups['namespace'] === namespace ? found : { ...found, namespace: groups['namespace'] ?? '' },
      ),
    ),
    ...[...text.matchAll(inAddress)].flatMap(({ 0: whole, groups = {} }) => {
      const name = groups['service'] ?? '';
      const isUrl = whole.includes('://') && !/^\d+$/.test(name) && name !== 'localhost';
      return services.has(name) || isUrl ? service(name, false) : [];
    }),
    ...(services.has(text) ? service(text, false) : []),
  ]);

/** Whole files are not looked through for names: hosts stand in values. */
const longestText = 20_000;

const textsOf = (content: JsonObject): readonly string[] => [
  ...podSpecsOf(content)
    .flatMap(containersOf)
    .flatMap((container) => [
      ...objectsAt(container, 'env').map((variable) => at(variable, 'value')),
      ...listAt(container, 'args'),
      ...listAt(container, 'command'),
    ])
    .filter((text): text is string => typeof text === 'string'),
  ...(textAt(content, 'kind') === 'ConfigMap' ? Object.values(objectAt(content, 'data')) : []).filter(
    (text): text is string => typeof text === 'string' && text.length <= longestText,
  ),
  ...(textAt(content, 'kind') === 'Service' ? [textAt(content, 'spec', 'externalName') ?? ''] : []),
];

/** Everything that a content needs, each once for each place. Secrets and ConfigMaps are demanded by the gate SecretsPresent. */
export const needsOf = (content: JsonObject, known: ServiceNames): readonly Need[] => {
  const kind = textAt(content, 'kind') ?? '';
  const runs = kind !== 'ConfigMap' && kind !== 'Secret';
  return [
    ...(runs ? references(content).flatMap(({ kind: of, name }) => need('v1', of, name, false)) : []),
    ...(runs ? podSpecsOf(content).flatMap(ofPodSpec) : []),
    ...(Object.hasOwn(byKind, kind) ? (byKind[kind]?.(content) ?? []) : []),
    ...scaleTarget(content),
    ...hostsIn(content, known),
  ];
};
