/** Rights that a test gives somebody: held when this resolves, not a moment later. */
import { accepted, type ApiClient, type KubeObject } from './cluster.ts';
import { eventually, robot } from '../attack/world.ts';

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

/** A ClusterRole that is given to somebody, in a namespace or (without one) everywhere. */
interface Binding {
  readonly name: string;
  readonly namespace?: string;
  readonly role: string;
  readonly subject: Subject;
}

/** Binds a ClusterRole, and waits until the authorizer of the API server has heard of it: it follows bindings by a watch, and who acts at once is refused now and then. */
export const bindRole = async (installer: ApiClient, binding: Binding): Promise<void> => {
  const { name, namespace, role, subject } = binding;
  accepted(
    await installer.create({
      apiVersion: `${group}/v1`,
      ...place(namespace, name),
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
      subjects: [subject.kind === 'ServiceAccount' ? subject : { apiGroup: group, ...subject }],
    }),
  );
  for (const review of await reviewsOf(installer, binding))
    await eventually(`${subject.name} holds ${role}`, review, (allowed) => allowed === true);
};

/** Deletes such a binding, and waits until the authorizer denies something that its ClusterRole allows: what the subject holds otherwise, it keeps. */
export const unbindRole = async (installer: ApiClient, binding: Binding): Promise<void> => {
  const { kind, metadata } = place(binding.namespace, binding.name);
  accepted(await installer.delete({ apiVersion: `${group}/v1`, kind, ...metadata }));
  const reviews = await reviewsOf(installer, binding);
  await eventually(
    `${binding.subject.name} has lost ${binding.role}`,
    () => Promise.all(reviews.map((review) => review())),
    (answers) => answers.includes(false),
  );
};

const place = (namespace: string | undefined, name: string) =>
  namespace === undefined
    ? { kind: 'ClusterRoleBinding', metadata: { name } }
    : { kind: 'RoleBinding', metadata: { name, namespace } };

/** For each rule of the ClusterRole: is the first thing that it allows allowed to the subject? */
const reviewsOf = async (
  installer: ApiClient,
  { namespace, role, subject }: Binding,
): Promise<readonly (() => Promise<boolean | undefined>)[]> => {
  const target = { apiVersion: `${group}/v1`, kind: 'ClusterRole', name: role };
  const { rules } = accepted(await installer.get<KubeObject & { readonly rules?: readonly Rule[] | null }>(target));
  const who = inReview(subject);
  return (rules ?? []).flatMap((rule) => {
    const [resource, subresource] = (rule.resources?.[0] ?? '').split('/');
    if (resource === undefined || resource === '') return [];
    const resourceAttributes = {
      ...(namespace === undefined ? {} : { namespace }),
      verb: rule.verbs[0],
      group: rule.apiGroups?.[0] ?? '',
      resource,
      ...(subresource === undefined ? {} : { subresource }),
      ...(rule.resourceNames?.[0] === undefined ? {} : { name: rule.resourceNames[0] }),
    };
    return async () => {
      const answer = await installer.create<KubeObject & { readonly status?: { readonly allowed: boolean } }>({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: { ...who, resourceAttributes },
      });
      return accepted(answer).status?.allowed;
    };
  });
};

/** A controller that others wrote: a client with the token of a ServiceAccount of its own namespace, which may do everything. */
export const foreignController = async (
  world: { readonly as: (name: string) => ApiClient },
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Promise<ApiClient> => {
  const installer = world.as('installer');
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  const client = await robot(world, name, namespace);
  await bindRole(installer, { name, role: 'cluster-admin', subject: { kind: 'ServiceAccount', name, namespace } });
  return client;
};
