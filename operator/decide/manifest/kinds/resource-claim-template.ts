import { byReleases } from './shared/guard.ts';
import type { Kind } from './shared/kind.ts';

export const resourceClaimTemplate: Kind = {
  kind: 'ResourceClaimTemplate',
  apiVersion: 'resource.k8s.io/v1',
  plural: 'resourceclaimtemplates',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: { topic: 'storage', ...byReleases },
};
