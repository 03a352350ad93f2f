/** What a fresh API server is given before anybody uses it: two bindings and the nodes. */
import { accepted, type ApiClient } from './client.ts';
import { admin, programIdentities } from './identities.ts';
import type { KubeObject } from './objects.ts';
import { waitFor, waitForAll } from './wait.ts';

interface Node extends KubeObject {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const rbac = 'rbac.authorization.k8s.io/v1';
const kwokRole = 'countersign-controlplane-kwok';

/** Creates them; to be called once, as the installer. */
export async function bootstrap(installer: ApiClient, nodes: number): Promise<void> {
  const objects = [
    adminBinding,
    ...kwokRights(),
    ...Array.from({ length: nodes }, (_, index) => node(`node-${index}`)),
  ];
  await Promise.all(objects.map(async (object) => accepted(await installer.create(object))));
}

/** Makes `admin` a cluster administrator, unless it is one. */
export async function bindAdmin(installer: ApiClient): Promise<void> {
  const answer = await installer.create(adminBinding);
  if (answer.code !== 409) accepted(answer);
}

/** Waits until `nodes` nodes are ready and take pods. */
export async function nodesReady(installer: ApiClient, nodes: number): Promise<void> {
  await waitForAll<Node>(
    installer,
    { apiVersion: 'v1', kind: 'Node' },
    (seen) => seen.filter(takesPods).length >= nodes,
  );
}

/** Waits until pods can be created in `default`: they need its ServiceAccount. */
export async function defaultServiceAccount(installer: ApiClient): Promise<void> {
  await waitFor(
    installer,
    { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'default', name: 'default' },
    () => true,
  );
}

const adminBinding = binding('countersign-controlplane-admin', 'cluster-admin', admin.name);

function takesPods(node: Node): boolean {
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  return ready && (node.spec?.taints ?? []).length === 0;
}

/** kwok is all nodes at once, so the Node authorizer, which knows one node by its name, does not cover it. */
function kwokRights(): KubeObject[] {
  const rules = [
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch', 'patch', 'update'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'patch', 'update', 'delete'] },
    { apiGroups: [''], resources: ['nodes/status', 'pods/status'], verbs: ['patch', 'update'] },
    { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch', 'update'] },
  ];
  const role = { apiVersion: rbac, kind: 'ClusterRole', metadata: { name: kwokRole }, rules };
  return [role, binding(kwokRole, kwokRole, programIdentities.kwok.name)];
}

function binding(name: string, role: string, user: string): KubeObject & { roleRef: unknown; subjects: unknown } {
  return {
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  };
}

function node(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' },
    },
  };
}
