/** The key under which Secrets are digested: it is in one Secret of our own namespace, and made by whoever comes first. */
import type { Client } from './client.ts';
import { toFailure } from './failures.ts';
import { isRecord, type ResourceRow } from './resource.ts';

/** The chart makes it, empty; only its content is ours. */
const digestKeySecret = 'countersign-digest-key';

const secrets: ResourceRow = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

const field = 'key';

/**
 * Reads the key; fills the Secret with a new one when it is empty. Of several who find it empty one writes, and all read that.
 * @throws Failure when the Secret is not there: digests under another key would make every Secret of production look changed
 */
export const loadDigestKey = async (client: Client, namespace: string, newKey: () => string): Promise<string> => {
  const read = () => client.getResource(secrets, { namespace, name: digestKeySecret });
  const secret = await read();
  const held = keyIn(secret['data']);
  if (held !== undefined) return held;
  const key = newKey();
  try {
    await client.replaceResource(secrets, { ...secret, data: { [field]: Buffer.from(key).toString('base64') } });
    return key;
  } catch (error) {
    const failure = toFailure(error);
    const theirs = failure.kind === 'Conflict' ? keyIn((await read())['data']) : undefined;
    if (theirs === undefined) throw failure;
    return theirs;
  }
};

const keyIn = (data: unknown): string | undefined => {
  const value = isRecord(data) ? data[field] : undefined;
  return typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64').toString() : undefined;
};
