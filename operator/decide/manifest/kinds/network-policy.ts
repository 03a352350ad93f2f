import type { Json, JsonObject } from '../../../api/meta.ts';
import { at, listAt } from '../../json/json.ts';
import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import type { Kind } from './shared/kind.ts';
import { selectorKeys } from './shared/selectors.ts';

const peerPods = (peer: Json): Json | undefined => at(peer, 'podSelector');

const selects = (policy: JsonObject): readonly string[] =>
  [
    at(policy, 'spec', 'podSelector'),
    ...listAt(policy, 'spec', 'ingress').flatMap((rule) => listAt(rule, 'from').map(peerPods)),
    ...listAt(policy, 'spec', 'egress').flatMap((rule) => listAt(rule, 'to').map(peerPods)),
  ].flatMap(selectorKeys);

export const networkPolicy: Kind = {
  kind: 'NetworkPolicy',
  apiVersion: 'networking.k8s.io/v1',
  plural: 'networkpolicies',
  namespaced: true,
  promotable: true,
  wave: 'Foundation',
  prune: 'WithPromotion',
  followed: 'Digest',
  health: present,
  risk: { spec: 'network' },
  guard: { topic: 'network', ...byReleases },
  platformWriters: true,
  selects,
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
