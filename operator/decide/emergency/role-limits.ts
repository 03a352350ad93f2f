/** What no emergency may hold, whatever role a policy names: rights that give rights, that reach past the namespace, or that loosen a lock. */
import { group } from '../../api/kinds.ts';
import type { Json, JsonObject } from '../../api/meta.ts';
import { listAt, objectAt } from '../json/json.ts';

/** One rule of a role (`rbac.authorization.k8s.io/v1`, PolicyRule). */
export interface RoleRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Absent = every name. */
  readonly resourceNames?: readonly string[];
  /** Absent = none. */
  readonly nonResourceURLs?: readonly string[];
}

/** A ClusterRole, as much as matters for whoever is bound to it in a namespace. */
export interface RoleFacts {
  readonly name: string;
  readonly rules: readonly RoleRule[];
  /** It is put together from others by label: whoever makes one of those widens it. */
  readonly aggregated: boolean;
}

const texts = (rule: Json, field: string): readonly string[] =>
  listAt(rule, field).filter((each) => typeof each === 'string');

/** Most rules have none of it, and there are many rules. */
const some = (rule: Json, field: 'resourceNames' | 'nonResourceURLs'): Partial<RoleRule> => {
  const found = texts(rule, field);
  return found.length === 0 ? {} : { [field]: found };
};

/** The facts of a ClusterRole as the API server holds it. */
export const roleFacts = (name: string, role: JsonObject): RoleFacts => ({
  name,
  rules: listAt(role, 'rules').map((rule) => ({
    apiGroups: texts(rule, 'apiGroups'),
    resources: texts(rule, 'resources'),
    verbs: texts(rule, 'verbs'),
    ...some(rule, 'resourceNames'),
    ...some(rule, 'nonResourceURLs'),
  })),
  aggregated: Object.keys(objectAt(role, 'aggregationRule')).length > 0,
});

const reads: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** Verbs that let somebody be, or raise, another; constrained impersonation (KEP-5284) has a family of them. */
const isRaising = (verb: string): boolean =>
  ['bind', 'escalate', 'approve', 'sign', 'attest'].includes(verb) || verb.startsWith('impersonate');

/** Whole groups in which only reading is harmless. */
const lawful: ReadonlySet<string> = new Set([
  'rbac.authorization.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'certificates.k8s.io',
  'authentication.k8s.io',
  group,
]);

/** Resources that are refused under any verb: tokens, certificates, and what a node serves past every lock. */
const isSecretDoor = (apiGroup: string, resource: string): boolean =>
  apiGroup === ''
    ? ['serviceaccounts/token', 'nodes/proxy'].includes(resource)
    : apiGroup === 'certificates.k8s.io' && resource.startsWith('certificatesigningrequests');

/** A group that is not of Kubernetes itself: no verb on custom resources gives rights, but for those of the groups above. */
const isCustom = (apiGroup: string): boolean => apiGroup.includes('.') && !apiGroup.endsWith('.k8s.io');

const isForbidden = (apiGroup: string, resource: string, verb: string): boolean =>
  [apiGroup, resource].some((each) => each.includes('*')) ||
  (verb === '*' && !isCustom(apiGroup)) ||
  isRaising(verb) ||
  isSecretDoor(apiGroup, resource) ||
  (lawful.has(apiGroup) && !reads.has(verb));

const rightText = (apiGroup: string, resource: string, verb: string): string =>
  `${verb} ${resource}${apiGroup === '' ? '' : `.${apiGroup}`}`;

/** Rights of the role that keep it from being bound in an emergency, as people read them; none = it may be. */
export const forbiddenRights = ({ rules, aggregated }: Pick<RoleFacts, 'rules' | 'aggregated'>): readonly string[] => [
  ...new Set([
    ...(aggregated ? ['aggregationRule'] : []),
    ...rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((apiGroup) =>
        resources.flatMap((resource) =>
          verbs
            .filter((verb) => isForbidden(apiGroup, resource, verb))
            .map((verb) => rightText(apiGroup, resource, verb)),
        ),
      ),
    ),
  ]),
];
