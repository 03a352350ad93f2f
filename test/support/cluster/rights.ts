/** Rights that a test gives somebody: held when this resolves, not a moment later. */
import { accepted, type ApiClient, type KubeObject } from './cluster.ts';
import { eventually } from '../attack/world.ts';

const group = 'rbac.authorization.k8s.io';

export type Subject =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string };

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const inReview = (subject: Subject) => {
  switch (subject.kind) {
    case 'User':
      return { user: subject.name };
    case 'Group':
      return { user: 'somebody', groups: [subject.name] };
    case 'ServiceAccount':
      return { user: `system:serviceaccount:${subject.namespace}:${subject.name}` };
  }
};

/**
 * Binds a ClusterRole in a namespace, and waits until the authorizer of the API server has heard of it: it follows bindings by a watch, and who
 * acts at once is refused now and then.
 */
export const bindRole = async (
  installer: ApiClient,
  binding: { readonly name: string; readonly namespace: string; readonly role: string; readonly subject: Subject },
): Promise<void> => {
  const { name, namespace, role, subject } = binding;
  accepted(
    await installer.create({
      apiVersion: `${group}/v1`,
      kind: 'RoleBinding',
      metadata: { name, namespace },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
      subjects: [subject.kind === 'ServiceAccount' ? subject : { apiGroup: group, ...subject }],
    }),
  );
  const target = { apiVersion: `${group}/v1`, kind: 'ClusterRole', name: role };
  const { rules } = accepted(await installer.get<KubeObject & { readonly rules?: readonly Rule[] | null }>(target));
  const who = inReview(subject);
  for (const rule of rules ?? []) {
    const [resource, subresource] = (rule.resources?.[0] ?? '').split('/');
    if (resource === undefined || resource === '') continue;
    const attributes = {
      namespace,
      verb: rule.verbs[0],
      group: rule.apiGroups?.[0] ?? '',
      resource,
      ...(subresource === undefined ? {} : { subresource }),
      ...(rule.resourceNames?.[0] === undefined ? {} : { name: rule.resourceNames[0] }),
    };
    await eventually(
      `${subject.name} holds ${role}`,
      () =>
        installer.create<KubeObject & { readonly status?: { readonly allowed: boolean } }>({
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SubjectAccessReview',
          metadata: {},
          spec: { ...who, resourceAttributes: attributes },
        }),
      (answer) => accepted(answer).status?.allowed === true,
    );
  }
};
