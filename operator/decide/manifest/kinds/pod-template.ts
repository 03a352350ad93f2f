import { byReleases } from './shared/guard.ts';
import type { Kind } from './shared/kind.ts';

export const podTemplate: Kind = {
  kind: 'PodTemplate',
  apiVersion: 'v1',
  plural: 'podtemplates',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: { topic: 'workloads', ...byReleases },
};
