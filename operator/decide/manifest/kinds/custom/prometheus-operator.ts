/** prometheus-operator (monitoring.coreos.com): what is scraped, and which alerts are told. */
import type { PromotableKind } from '../shared/kind.ts';
import { custom, type CustomKind } from './shared.ts';

const monitor = (kind: string, plural: string, more: Partial<CustomKind> = {}): PromotableKind =>
  custom({ kind, apiVersion: 'monitoring.coreos.com/v1', plural, wave: 'Foundation', ...more });

const selected = ['namespaceSelector', 'matchNames', '*'];

export const monitoringKinds: readonly PromotableKind[] = [
  monitor('ServiceMonitor', 'servicemonitors', { namespaceFields: [['spec', ...selected]] }),
  monitor('PodMonitor', 'podmonitors', { namespaceFields: [['spec', ...selected]] }),
  monitor('Probe', 'probes', { namespaceFields: [['spec', 'targets', 'ingress', ...selected]] }),
  monitor('ScrapeConfig', 'scrapeconfigs', {
    apiVersion: 'monitoring.coreos.com/v1alpha1',
    namespaceFields: [['spec', 'kubernetesSDConfigs', '*', 'namespaces', 'names', '*']],
  }),
  monitor('PrometheusRule', 'prometheusrules'),
  monitor('AlertmanagerConfig', 'alertmanagerconfigs', {
    apiVersion: 'monitoring.coreos.com/v1beta1',
    also: ['monitoring.coreos.com/v1alpha1'],
  }),
];
