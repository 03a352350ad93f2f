/**
 * The kinds that the installation declares. They are constants of a process like the kinds that are built in: said once, before anything asks for
 * a kind, and the same until it ends.
 */
import type { PromotableKind } from '../shared/kind.ts';
import { declaredKind } from './kind.ts';
import type { DeclaredKind } from './row.ts';

let declared: readonly DeclaredKind[] = [];
let isAsked = false;

/** @throws Error when kinds have been asked for: what was made of them then would know nothing of these */
export const declareKinds = (rows: readonly DeclaredKind[]): void => {
  if (isAsked) throw new Error('kinds are declared before anything asks for one');
  declared = rows;
};

/** As they were declared: for threads, which are programs of their own. */
export const rowsDeclared = (): readonly DeclaredKind[] => declared;

export const declaredKinds = (): readonly PromotableKind[] => {
  isAsked = true;
  return declared.map(declaredKind);
};
