import { byReleases } from './shared/guard.ts';
import type { Kind } from './shared/kind.ts';

export const resourceQuota: Kind = {
  kind: 'ResourceQuota',
  apiVersion: 'v1',
  plural: 'resourcequotas',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: { topic: 'rights', ...byReleases },
  subresources: { status: { guard: { topic: 'status', update: ['resourcequota-controller', 'apiserver'] } } },
};
