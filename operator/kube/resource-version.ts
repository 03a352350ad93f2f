/**
 * Whether resource version `a` was written after `b`. Both are decimal integers of any size (KEP-5504 makes them comparable within a
 * resource), so they are compared as text; the empty string is older than everything.
 */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
