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
  });

const policy = (kind: string, plural: string): PromotableKind =>
  custom({
    kind,
    apiVersion: 'security.istio.io/v1',
    also: ['security.istio.io/v1beta1'],
    plural,
    wave: 'Foundation',
    risk: { spec: 'network' },
    namespaceFields: [['spec', 'rules', '*', 'from', '*', 'source', 'namespaces', '*']],
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
