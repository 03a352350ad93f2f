/** Kinds of Kubernetes that several commands read. */
import type { ResourceRow } from '../../operator/kube/resource.ts';

export const namespaceRow: ResourceRow = {
  apiVersion: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  namespaced: false,
};
