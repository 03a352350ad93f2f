/**
 * Long proofs: `make proofs` and `.ci/run` run the whole of them, `make test` a part that is the same in every run, so that people
 * run it.
 */
export const isWhole = process.env['COUNTERSIGN_PROOFS'] === 'whole';

/** All of a list in a whole proof; otherwise every `nth`, from the first on. */
export const partOf = <T>(list: readonly T[], nth: number): readonly T[] =>
  isWhole ? list : list.filter((_, i) => i % nth === 0);
