import { at } from '../../json/json.ts';
import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import type { Kind } from './shared/kind.ts';
import { selectorKeys } from './shared/selectors.ts';

export const podDisruptionBudget: Kind = {
  kind: 'PodDisruptionBudget',
  apiVersion: 'policy/v1',
  plural: 'poddisruptionbudgets',
  namespaced: true,
  promotable: true,
  wave: 'Foundation',
  prune: 'WithPromotion',
  followed: 'Digest',
  health: present,
  risk: { spec: 'scale' },
  guard: { topic: 'scale', ...byReleases },
  // An eviction counts in it.
  subresources: { status: { guard: { topic: 'status', update: ['disruption-controller', 'apiserver'] } } },
  platformWriters: true,
  selects: (budget) => selectorKeys(at(budget, 'spec', 'selector')),
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
