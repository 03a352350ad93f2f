/** Kinds of which our own installation is made. All are cluster-scoped; none is ever released. */
import type { ServedKind } from './kinds/shared/kind.ts';

const admission = 'admissionregistration.k8s.io/v1';
const rights = 'rbac.authorization.k8s.io/v1';

export const installedKinds: readonly ServedKind[] = [
  { kind: 'ValidatingAdmissionPolicy', apiVersion: admission, plural: 'validatingadmissionpolicies' },
  { kind: 'ValidatingAdmissionPolicyBinding', apiVersion: admission, plural: 'validatingadmissionpolicybindings' },
  { kind: 'MutatingAdmissionPolicy', apiVersion: admission, plural: 'mutatingadmissionpolicies' },
  { kind: 'MutatingAdmissionPolicyBinding', apiVersion: admission, plural: 'mutatingadmissionpolicybindings' },
  { kind: 'ValidatingWebhookConfiguration', apiVersion: admission, plural: 'validatingwebhookconfigurations' },
  {
    kind: 'CustomResourceDefinition',
    apiVersion: 'apiextensions.k8s.io/v1',
    plural: 'customresourcedefinitions',
  },
  { kind: 'ClusterRole', apiVersion: rights, plural: 'clusterroles' },
  { kind: 'ClusterRoleBinding', apiVersion: rights, plural: 'clusterrolebindings' },
];

const names: ReadonlySet<string> = new Set(installedKinds.map(({ kind }) => kind));

export const isInstalledKind = (kind: string): boolean => names.has(kind);
