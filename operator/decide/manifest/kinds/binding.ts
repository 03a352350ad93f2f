import type { Kind } from './shared/kind.ts';

/** The older way to place a pod, which no scheduler goes any more; nothing is stored under it. */
export const binding: Kind = {
  kind: 'Binding',
  apiVersion: 'v1',
  plural: 'bindings',
  namespaced: true,
  promotable: false,
  followed: 'Never',
  guard: { topic: 'pods', create: [] },
};
