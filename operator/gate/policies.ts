/** Policies and their templates, read past every copy. */
import { type ClusterReleasePolicy, parseClusterReleasePolicy } from '../api/cluster-policy.ts';
import { policyName } from '../api/kinds.ts';
import { jsonObject } from '../api/meta.ts';
import { parseReleasePolicy, type ReleasePolicy } from '../api/policy.ts';
import type { JudgedPolicy } from '../decide/inherited.ts';
import { textAt } from '../decide/json/json.ts';
import { effectivePolicy } from '../decide/policy/effective.ts';
import type { Client } from '../kube/client.ts';
import { listPages } from '../kube/read.ts';
import type { KubeObject } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import type { Transport } from '../kube/transport.ts';
import { ifFound, valueOf } from './reading.ts';

export interface PolicyReader {
  /** As it is stored; undefined = it is not there. */
  own(namespace: string): Promise<ReleasePolicy | undefined>;
  /** With what it inherits; undefined = it is not there. */
  effective(namespace: string): Promise<JudgedPolicy | undefined>;
  /** The policy and its template, as the API server tells them. */
  raw(namespace: string): Promise<readonly KubeObject[]>;
  template(name: string): Promise<ClusterReleasePolicy | undefined>;
  /** Namespaces whose policies inherit from a template. */
  inheriting(name: string): Promise<readonly string[]>;
}

export const createPolicyReader = (client: Client, transport: Transport): PolicyReader => {
  const rawPolicy = (namespace: string) =>
    ifFound<KubeObject>(client.getResource(ourResource('ReleasePolicy'), { namespace, name: policyName }));
  const rawTemplate = (name: string) =>
    ifFound<KubeObject>(client.getResource(ourResource('ClusterReleasePolicy'), { name }));

  const own = async (namespace: string): Promise<ReleasePolicy | undefined> => {
    const raw = await rawPolicy(namespace);
    return raw && valueOf(parseReleasePolicy(raw));
  };
  const template = async (name: string): Promise<ClusterReleasePolicy | undefined> => {
    const raw = await rawTemplate(name);
    return raw && valueOf(parseClusterReleasePolicy(raw));
  };

  return {
    own,
    template,
    async effective(namespace) {
      const policy = await own(namespace);
      if (policy?.spec.inherits === undefined) return policy;
      return effectivePolicy(policy, await template(policy.spec.inherits));
    },
    async raw(namespace) {
      const policy = await rawPolicy(namespace);
      if (policy === undefined) return [];
      const inherits = textAt(jsonObject(policy), 'spec', 'inherits');
      const inherited = inherits === undefined ? undefined : await rawTemplate(inherits);
      return inherited === undefined ? [policy] : [policy, inherited];
    },
    async inheriting(name) {
      const found: string[] = [];
      for await (const { items } of listPages(transport, ourResource('ReleasePolicy'), {})) {
        const policies = items.map((item) => jsonObject(item));
        const heirs = policies.filter((policy) => textAt(policy, 'spec', 'inherits') === name);
        found.push(...heirs.map((policy) => textAt(policy, 'metadata', 'namespace') ?? ''));
      }
      return found;
    },
  };
};
