/** Which system error it is: `ENOENT`, `ESRCH`, …; undefined for anything else. */
/** Not `instanceof Error`: in Jest, Node's own errors are of another realm. */
export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
