/** JSON whose shape its writer guarantees: the API server, or this folder's own state file. */

/** Parses the text as a T, unchecked. Throws a SyntaxError when it is not JSON. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the writer guarantees
export function parseJson<T>(text: string): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return JSON.parse(text) as T;
}
