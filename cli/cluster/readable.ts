/** Reads by somebody who may not read everything. */
import { toFailure } from '../../operator/kube/failures.ts';
import { isForbidden } from './cluster.ts';

/** What is read, or undefined where this person may not read it or the cluster does not serve it. Whatever else fails is thrown. */
export const ifReadable = async <T>(read: Promise<T>): Promise<T | undefined> => {
  try {
    return await read;
  } catch (error) {
    if (isForbidden(error) || toFailure(error).kind === 'NotFound') return undefined;
    throw error;
  }
};
