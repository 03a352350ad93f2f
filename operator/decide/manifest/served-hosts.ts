/** Hosts that an object serves to the world. */
import type { JsonObject } from '../../api/meta.ts';
import { listAt, textAt } from '../json/json.ts';
import { objectsAt } from './kinds/shared/references.ts';

/** Kinds that serve hosts, by id. */
export const hostKinds = [
  'Ingress',
  'HTTPRoute.gateway.networking.k8s.io',
  'GRPCRoute.gateway.networking.k8s.io',
] as const;

/** Of an Ingress or a route; none for all other kinds. Wildcards are no host. */
export const hostsServedBy = (content: JsonObject): readonly string[] => {
  const kind = textAt(content, 'kind') ?? '';
  const hosts =
    kind === 'Ingress'
      ? objectsAt(content, 'spec', 'rules').map((rule) => textAt(rule, 'host'))
      : kind.endsWith('Route')
        ? listAt(content, 'spec', 'hostnames')
        : [];
  return hosts.filter((host): host is string => typeof host === 'string' && host !== '' && !host.includes('*'));
};
