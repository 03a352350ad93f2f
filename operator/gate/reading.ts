/** What comes of reading one object past every copy. */
import type { Parsed } from '../api/parse.ts';
import { toFailure } from '../kube/failures.ts';

/** What is not there is undefined; what cannot be read is thrown. */
export const ifFound = async <T>(read: Promise<T>): Promise<T | undefined> => {
  try {
    return await read;
  } catch (error) {
    if (toFailure(error).kind === 'NotFound') return undefined;
    throw error;
  }
};

export const valueOf = <T>(parsed: Parsed<T>): T => {
  if (parsed.ok) return parsed.value;
  throw new TypeError(parsed.problems.join('; '));
};

/** The gate may read the ClusterRoles that the chart lists, and no others: one that it may not read is none that may be bound. */
export const ifReadable = async <T>(call: Promise<T>): Promise<T | undefined> => {
  try {
    return await call;
  } catch (error) {
    const { kind } = toFailure(error);
    if (kind === 'NotFound' || kind === 'Forbidden') return undefined;
    throw error;
  }
};
