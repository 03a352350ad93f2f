/** What the bindings of the policies that hold Countersign itself say: a refusal is a refusal, warns of nothing, and leaves its mark in the audit log. */
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import type { RawRequest } from '../../../hack/controlplane/client.ts';
import { writersAnnotation } from '../../../operator/api/kinds.ts';
import { answered } from '../guard/check-binding.ts';
import { unstamped } from '../custody/check-staging.ts';
import type { WorldCheck } from '../world/check.ts';
import { isPlural, makers } from '../world/custody-world.ts';
import { one } from '../world/guard-objects.ts';
import { open, type GuardWorld } from '../world/guard-world.ts';
import { roamer } from './installation-list.ts';
import { node, proxying } from './nodes-list.ts';
import { clusterPolicy, fresh, staging } from '../../support/attack/objects.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A request that a policy refuses, and whose it is. */
interface Refused {
  /** A person, or one of our programs. */
  readonly by: string;
  readonly request: () => RawRequest;
}

const patch = (path: string, body: unknown): RawRequest => ({
  method: 'PATCH',
  path: `${path}?dryRun=All`,
  body,
  contentType: 'application/merge-patch+json',
});

const create = (resource: string, namespace: string, metadata: Fields = {}, fields: Fields = {}): RawRequest => {
  const body = one(resource, fresh('new'), { namespace, metadata, ...fields });
  const group = body.apiVersion.includes('/') ? 'apis' : 'api';
  return { method: 'POST', path: `/${group}/${body.apiVersion}/namespaces/${namespace}/${resource}?dryRun=All`, body };
};

const refused: Readonly<Record<string, Refused>> = {
  installation: { by: 'attacker', request: () => create('configmaps', systemNamespace) },
  'installation-rights': {
    by: roamer,
    request: () => patch('/apis/rbac.authorization.k8s.io/v1/clusterroles/countersign-gate', { rules: [] }),
  },
  'installation-unlisted': { by: 'attacker', request: () => create('gadgets', systemNamespace) },
  impersonation: {
    by: 'installer',
    request: () => ({
      ...create('secrets', open),
      headers: {
        'impersonate-user': `system:serviceaccount:${systemNamespace}:countersign-gate`,
        'impersonate-group': 'system:masters',
      },
    }),
  },
  nodes: {
    by: proxying,
    request: () => ({ method: 'POST', path: `/api/v1/nodes/${node}/proxy/exec/payments-prod/api-0/main?command=id` }),
  },
  definitions: {
    by: 'definer',
    request: () =>
      patch('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/approvals.countersign.dev', {
        spec: { names: { shortNames: ['x'] } },
      }),
  },
  clusterreleasepolicies: {
    by: 'attacker',
    request: () => {
      const body = clusterPolicy();
      return { method: 'POST', path: `/apis/${body.apiVersion}/clusterreleasepolicies?dryRun=All`, body };
    },
  },
  confinement: { by: 'operator', request: () => create('configmaps', open) },
  minutes: {
    by: 'admin',
    request: () => {
      const rule = {
        apiGroups: ['countersign.dev'],
        resources: ['emergencyminutes'],
        resourceNames: ['none'],
        verbs: ['use'],
      };
      return create('roles', open, {}, { rules: [rule] });
    },
  },
  staging: {
    by: 'attacker',
    request: () =>
      patch(`/api/v1/namespaces/${staging}`, { metadata: { labels: { 'countersign.dev/staging': null } } }),
  },
  writers: { by: 'attacker', request: () => create('configmaps', staging, { labels: unstamped }) },
  'writers-elsewhere': {
    by: 'attacker',
    request: () =>
      create('configmaps', open, { labels: unstamped, annotations: { [writersAnnotation]: '0 attacker' } }),
  },
};

/** Of our kinds, anybody's try to make one where its own kind of policy refuses it. */
const ofKind = (topic: string): Refused | undefined =>
  isPlural(topic)
    ? {
        by: 'attacker',
        request: () => {
          const body = makers[topic]({ metadata: { namespace: 'kube-public' } });
          return { method: 'POST', path: `/apis/${body.apiVersion}/namespaces/kube-public/${topic}?dryRun=All`, body };
        },
      }
    : undefined;

/** Of a policy, by its name without what all have in common. */
export function marks(topic: string): readonly WorldCheck[] {
  const given = refused[topic] ?? ofKind(topic);
  if (given === undefined) return [];
  return [
    {
      name: `${topic}: a refusal leaves its mark in the audit log, and warns of nothing`,
      passes: async (world: GuardWorld) => {
        const {
          refused: code,
          warned,
          marked,
        } = await answered(world, given.by === 'operator' ? world.operator : world.as(given.by), given.request());
        return code === 403 && !warned && marked.includes(`countersign-${topic}"`);
      },
    },
  ];
}
