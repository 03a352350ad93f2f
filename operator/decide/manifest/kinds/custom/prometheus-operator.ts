/** prometheus-operator (monitoring.coreos.com): what is scraped, and which alerts are told. */
import type { PromotableKind } from '../shared/kind.ts';
import { custom } from './shared.ts';

const monitor = (kind: string, plural: string, apiVersion = 'v1', also: readonly string[] = []): PromotableKind =>
  custom({
    kind,
    apiVersion: `monitoring.coreos.com/${apiVersion}`,
    also: also.map((each) => `monitoring.coreos.com/${each}`),
    plural,
    wave: 'Foundation',
    namespaceFields: [
      ['spec', 'namespaceSelector', 'matchNames', '*'],
      ['spec', 'targets', 'ingress', 'namespaceSelector', 'matchNames', '*'],
    ],
  });

export const monitoringKinds: readonly PromotableKind[] = [
  monitor('ServiceMonitor', 'servicemonitors'),
  monitor('PodMonitor', 'podmonitors'),
  monitor('Probe', 'probes'),
  monitor('ScrapeConfig', 'scrapeconfigs', 'v1alpha1'),
  monitor('PrometheusRule', 'prometheusrules'),
  monitor('AlertmanagerConfig', 'alertmanagerconfigs', 'v1beta1', ['v1alpha1']),
];
