/** Istio (networking.istio.io, security.istio.io): where requests go, and who may send them. */
import type { PromotableKind } from '../shared/kind.ts';
import { custom, forPeople } from './shared.ts';

const routing = (kind: string, plural: string): PromotableKind =>
  custom({
    kind,
    apiVersion: 'networking.istio.io/v1',
    also: ['networking.istio.io/v1beta1', 'networking.istio.io/v1alpha3'],
    plural,
    wave: 'Traffic',
    ...(['DestinationRule', 'VirtualService'].includes(kind) ? forPeople : {}),
    risk: { spec: 'network' },
    namespaceFields: routed[kind] ?? [],
  });

const exported = ['spec', 'exportTo', '*'];
const targeted: readonly (readonly string[])[] = [
  ['spec', 'targetRef', 'namespace'],
  ['spec', 'targetRefs', '*', 'namespace'],
];

/** Fields that hold a namespace, by kind. */
const routed: Readonly<Record<string, readonly (readonly string[])[]>> = {
  DestinationRule: [exported],
  ServiceEntry: [exported],
  VirtualService: [
    exported,
    ['spec', 'http', '*', 'delegate', 'namespace'],
    ...['http', 'tcp', 'tls'].map((protocol) => ['spec', protocol, '*', 'match', '*', 'sourceNamespace']),
  ],
  AuthorizationPolicy: [
    ...['namespaces', 'notNamespaces'].map((field) => ['spec', 'rules', '*', 'from', '*', 'source', field, '*']),
    ...targeted,
  ],
  RequestAuthentication: targeted,
};

const policy = (kind: string, plural: string): PromotableKind =>
  custom({
    kind,
    apiVersion: 'security.istio.io/v1',
    also: ['security.istio.io/v1beta1'],
    plural,
    wave: 'Foundation',
    risk: { spec: 'network' },
    namespaceFields: routed[kind] ?? [],
  });

export const istioKinds: readonly PromotableKind[] = [
  routing('DestinationRule', 'destinationrules'),
  routing('Gateway', 'gateways'),
  routing('ServiceEntry', 'serviceentries'),
  routing('Sidecar', 'sidecars'),
  routing('VirtualService', 'virtualservices'),
  policy('AuthorizationPolicy', 'authorizationpolicies'),
  policy('PeerAuthentication', 'peerauthentications'),
  policy('RequestAuthentication', 'requestauthentications'),
];
