/** Roles and bindings as RBAC stores them. */
import { visible } from '../../operator/decide/safe-text.ts';
import { isRecord, type KubeObject, type ResourceRow } from '../../operator/kube/resource.ts';
import type { RuleSeen } from './cluster.ts';

const row = (kind: string, plural: string, namespaced: boolean): ResourceRow => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  plural,
  namespaced,
});
export const rbacRows = {
  RoleBinding: row('RoleBinding', 'rolebindings', true),
  ClusterRoleBinding: row('ClusterRoleBinding', 'clusterrolebindings', false),
  Role: row('Role', 'roles', true),
  ClusterRole: row('ClusterRole', 'clusterroles', false),
} as const;

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/** The rules of a role; none where there is no role. */
export const rulesOf = (role: Readonly<Record<string, unknown>> | undefined): readonly RuleSeen[] => {
  const rules = role?.['rules'];
  return (Array.isArray(rules) ? rules : []).filter(isRecord).map((rule) => ({
    verbs: texts(rule['verbs']),
    apiGroups: texts(rule['apiGroups']),
    resources: texts(rule['resources']),
    resourceNames: texts(rule['resourceNames']),
  }));
};

/** Whether a rule names it, or all of them. */
export const covers = (listed: readonly string[], value: string): boolean =>
  listed.includes(value) || listed.includes('*');

/** Whom a binding binds. */
export interface Subject {
  readonly kind: string;
  /** Of a ServiceAccount; '' for others. */
  readonly namespace: string;
  readonly name: string;
}

export const subjectsOf = (binding: KubeObject): readonly Subject[] => {
  const subjects = binding['subjects'];
  return (Array.isArray(subjects) ? subjects : []).filter(isRecord).map(({ kind, name, namespace }) => ({
    kind: String(kind),
    namespace: typeof namespace === 'string' ? namespace : '',
    name: String(name),
  }));
};

/** `User tester-a`, `ServiceAccount ci/deployer`. */
export const subjectText = ({ kind, namespace, name }: Subject): string =>
  visible(`${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`);

/** What a binding gives. */
export const roleRefOf = (binding: KubeObject): { readonly kind: string; readonly name: string } => {
  const ref = binding['roleRef'];
  return isRecord(ref) ? { kind: String(ref['kind']), name: String(ref['name']) } : { kind: '', name: '' };
};
