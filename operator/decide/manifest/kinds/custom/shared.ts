/** What kinds of definitions have in common that many projects release: their rows are in force where the definition is there. */
import { byConditions } from '../shared/health.ts';
import type { PromotableKind } from '../shared/kind.ts';

/** What is to be said of such a kind; the rest is the same for all. `apiVersion`: the version that is read where it is served. */
export type CustomKind = Pick<PromotableKind, 'kind' | 'apiVersion' | 'plural' | 'wave'> &
  Partial<Omit<PromotableKind, 'namespaced' | 'promotable' | 'custom' | 'guard'>> & {
    /** Versions to read it in where that one is not served, best first. */
    readonly also?: readonly string[];
  };

/** What people may do to what runs and to where requests go; nothing of the kind to what makes Secrets or rights. */
export const forPeople = { emergency: ['create', 'update', 'delete'], operate: ['free'] } as const;

/** Its controller reports on it, and writes no more of it than metadata. */
export const custom = ({ also = [], ...row }: CustomKind): PromotableKind => ({
  namespaced: true,
  promotable: true,
  prune: 'WithPromotion',
  followed: 'Digest',
  reports: true,
  health: byConditions,
  ...row,
  custom: { also },
  guard: {
    topic: 'custom',
    create: [],
    update: ['generic-garbage-collector', 'custom-controllers'],
    delete: ['generic-garbage-collector'],
  },
});
