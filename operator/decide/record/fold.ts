/** A fold of the ledger: what each type of entry makes of a state. A type without a row does not compile. */
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';

type Type = EntryData['type'];

interface Given<T extends Type> {
  readonly entry: LedgerEntrySpec;
  readonly data: Extract<EntryData, { type: T }>;
}

/** What an entry makes of the state before it. What it does not touch is the same object as before. */
type Reducer<State, T extends Type, More> = (before: State, given: Given<T> & More) => State;

/** One row for each type of entry. `More`: what rows are given beside the entry. */
export type Folds<State, More = object> = { readonly [T in Type]: Reducer<State, T, More> };

/** The row of an entry that the state does not depend on. */
export const unchanged = <State>(before: State): State => before;

/** Calls the row of a type with data of that type. */
const reduce = <State, More, T extends Type>(
  folds: Folds<State, More>,
  type: T,
  before: State,
  given: Given<T> & More,
): State => folds[type](before, given);

/** The state after one more entry. */
export const foldBy = <State, More>(folds: Folds<State, More>, before: State, given: Given<Type> & More): State =>
  reduce(folds, given.data.type, before, given);
