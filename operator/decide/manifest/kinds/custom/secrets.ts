/** Programs that make Secrets from what may be read by everybody: external-secrets (external-secrets.io) and sealed-secrets (bitnami.com). */
import { failed, byConditions, holds, messageOf, condition } from '../shared/health.ts';
import { textAt } from '../../../json/json.ts';
import type { HealthRule, PromotableKind } from '../shared/kind.ts';
import { custom } from './shared.ts';

/** What cannot be opened, such as a Secret sealed for another namespace, is not opened by waiting. */
const sealedHealth: HealthRule = (object, since) =>
  textAt(condition(object, 'Synced'), 'status') === 'False' && !holds(object, 'Synced')
    ? failed('NotUnsealed', messageOf(object, 'Synced', 'its controller cannot open it'))
    : byConditions(object, since);

export const secretKinds: readonly PromotableKind[] = [
  custom({
    kind: 'SecretStore',
    apiVersion: 'external-secrets.io/v1',
    also: ['external-secrets.io/v1beta1'],
    plural: 'secretstores',
    wave: 'Foundation',
    prune: 'AfterObservation',
    risk: { spec: 'identity' },
  }),
  custom({
    kind: 'ExternalSecret',
    apiVersion: 'external-secrets.io/v1',
    also: ['external-secrets.io/v1beta1'],
    plural: 'externalsecrets',
    wave: 'Foundation',
    prune: 'AfterObservation',
    risk: { spec: 'identity' },
  }),
  custom({
    kind: 'SealedSecret',
    apiVersion: 'bitnami.com/v1alpha1',
    plural: 'sealedsecrets',
    wave: 'Foundation',
    prune: 'AfterObservation',
    health: sealedHealth,
    risk: { spec: 'configuration' },
    namespaceFields: [['spec', 'template', 'metadata', 'namespace']],
  }),
];
