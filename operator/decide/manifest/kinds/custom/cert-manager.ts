/** cert-manager (cert-manager.io). */
import type { PromotableKind } from '../shared/kind.ts';
import { custom } from './shared.ts';

export const certManagerKinds: readonly PromotableKind[] = [
  custom({
    kind: 'Issuer',
    apiVersion: 'cert-manager.io/v1',
    plural: 'issuers',
    wave: 'Foundation',
    prune: 'AfterObservation',
    risk: { spec: 'identity' },
    namespaceFields: [['spec', 'acme', 'solvers', '*', 'http01', 'gatewayHTTPRoute', 'parentRefs', '*', 'namespace']],
  }),
  custom({
    kind: 'Certificate',
    apiVersion: 'cert-manager.io/v1',
    plural: 'certificates',
    wave: 'Foundation',
    prune: 'AfterObservation',
    risk: { spec: 'identity' },
  }),
];
