/** Which known name somebody may have meant. */

/** Names longer than this are not looked at: nobody types them. */
const longest = 64;

/** The known name that differs least, by letters put in, left out or exchanged; undefined = none is near. */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
  if (name.length > longest) return undefined;
  const limit = Math.max(1, Math.floor(name.length / 3));
  const lower = name.toLowerCase();
  const measured = known
    .filter((each) => each.length <= longest)
    .map((each) => ({
      each,
      distance: distanceTo(lower, each.toLowerCase()),
      longer: each.toLowerCase().startsWith(lower),
    }))
    // `terminationGracePeriod` stands for `terminationGracePeriodSeconds`.
    .filter(({ distance, longer }) => distance <= limit || (longer && name.length >= 4))
    .toSorted((a, b) => a.distance - b.distance);
  return measured[0]?.each;
};

/** Levenshtein's distance, row by row. */
const distanceTo = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of a.split('').entries()) {
    const next = [i + 1];
    for (const [j, other] of b.split('').entries()) {
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + Number(letter !== other)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
};
