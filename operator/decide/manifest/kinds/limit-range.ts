import { byReleases } from './shared/guard.ts';
import type { Kind } from './shared/kind.ts';

export const limitRange: Kind = {
  kind: 'LimitRange',
  apiVersion: 'v1',
  plural: 'limitranges',
  namespaced: true,
  promotable: false,
  followed: 'Digest',
  guard: { topic: 'rights', ...byReleases },
};
