/** Gateway API (sigs.k8s.io/gateway-api). */
import { at, listAt, textAt } from '../../../json/json.ts';
import { healthy, progressing } from '../shared/health.ts';
import type { HealthRule, PromotableKind } from '../shared/kind.ts';
import { custom, forPeople } from './shared.ts';

/** Conditions that every parent of a route has to hold. */
const needed: ReadonlySet<string> = new Set(['Accepted', 'ResolvedRefs']);

/** A route that no controller has looked at is there, and no more is known: a cluster may be without one. */
const routeHealth: HealthRule = ({ status, generation }) => {
  const conditions = listAt(status, 'parents')
    .flatMap((parent) => listAt(parent, 'conditions'))
    .filter((each) => needed.has(textAt(each, 'type') ?? ''));
  if (conditions.some((each) => Number(at(each, 'observedGeneration') ?? generation) < generation))
    return progressing('NotObserved', 'a gateway has not seen the latest change yet');
  const failing = conditions.find((each) => textAt(each, 'status') !== 'True');
  return failing === undefined
    ? healthy('Present', 'no gateway refuses it')
    : progressing('NotAccepted', textAt(failing, 'message') || `${textAt(failing, 'type') ?? ''} is not True`);
};

const mirrored = ['filters', '*', 'requestMirror', 'backendRef', 'namespace'];
const authorized = ['filters', '*', 'externalAuth', 'backendRef', 'namespace'];

/** Of routes that look into requests, and send copies of them elsewhere or ask there whether they may pass. */
const filtered = (filter: readonly string[]): readonly (readonly string[])[] => [
  ['spec', 'rules', '*', ...filter],
  ['spec', 'rules', '*', 'backendRefs', '*', ...filter],
];

const routeOf = (kind: string, apiVersion: string, also: readonly string[] = []): PromotableKind =>
  custom({
    kind,
    apiVersion: `gateway.networking.k8s.io/${apiVersion}`,
    also: also.map((each) => `gateway.networking.k8s.io/${each}`),
    plural: `${kind.toLowerCase()}s`,
    wave: 'Traffic',
    ...forPeople,
    health: routeHealth,
    risk: { spec: 'network', 'metadata.annotations': 'network' },
    namespaceFields: [
      ['spec', 'parentRefs', '*', 'namespace'],
      ['spec', 'rules', '*', 'backendRefs', '*', 'namespace'],
      ...(['HTTPRoute', 'GRPCRoute'].includes(kind) ? filtered(mirrored) : []),
      ...(kind === 'HTTPRoute' ? filtered(authorized) : []),
    ],
  });

export const gatewayKinds: readonly PromotableKind[] = [
  custom({
    kind: 'Gateway',
    apiVersion: 'gateway.networking.k8s.io/v1',
    also: ['gateway.networking.k8s.io/v1beta1'],
    plural: 'gateways',
    wave: 'Traffic',
    prune: 'AfterObservation',
    risk: { spec: 'network', 'metadata.annotations': 'network' },
    namespaceFields: [
      ['spec', 'listeners', '*', 'tls', 'certificateRefs', '*', 'namespace'],
      ['spec', 'tls', 'backend', 'clientCertificateRef', 'namespace'],
      ['spec', 'tls', 'frontend', 'default', 'validation', 'caCertificateRefs', '*', 'namespace'],
      ['spec', 'tls', 'frontend', 'perPort', '*', 'tls', 'validation', 'caCertificateRefs', '*', 'namespace'],
    ],
  }),
  routeOf('HTTPRoute', 'v1', ['v1beta1']),
  routeOf('GRPCRoute', 'v1', ['v1alpha2']),
  routeOf('TLSRoute', 'v1', ['v1alpha3', 'v1alpha2']),
  routeOf('TCPRoute', 'v1', ['v1alpha2']),
  routeOf('UDPRoute', 'v1', ['v1alpha2']),
  custom({
    kind: 'ReferenceGrant',
    apiVersion: 'gateway.networking.k8s.io/v1',
    also: ['gateway.networking.k8s.io/v1beta1'],
    plural: 'referencegrants',
    wave: 'Foundation',
    risk: { spec: 'rights' },
    namespaceFields: [['spec', 'from', '*', 'namespace']],
  }),
];
