/** Resources of Kubernetes that are followed, beside those that releases hold. */
import type { ResourceRow } from '../kube/resource.ts';

export const core = (kind: string, plural: string, namespaced = true): ResourceRow => ({
  apiVersion: 'v1',
  kind,
  plural,
  namespaced,
});

export const grouped = (apiVersion: string, kind: string, plural: string, namespaced = true): ResourceRow => ({
  apiVersion,
  kind,
  plural,
  namespaced,
});

export const clusterRoles = grouped('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', false);

export const bindingRows: readonly ResourceRow[] = [
  grouped('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false),
  grouped('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
];

export const classRows: readonly ResourceRow[] = [
  grouped('storage.k8s.io/v1', 'StorageClass', 'storageclasses', false),
  grouped('networking.k8s.io/v1', 'IngressClass', 'ingressclasses', false),
  grouped('scheduling.k8s.io/v1', 'PriorityClass', 'priorityclasses', false),
  grouped('node.k8s.io/v1', 'RuntimeClass', 'runtimeclasses', false),
];
