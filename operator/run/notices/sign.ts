/** Signs what is sent, as the Standard Webhooks specification says: HMAC-SHA256 over id, time and body. */
import { createHmac } from 'node:crypto';

const prefix = 'whsec_';

/** @param keys `whsec_…`, the newest first; each gives a signature, so that a receiver may hold either */
export const signatureHeaders = (
  { id, body, keys }: { readonly id: string; readonly body: string; readonly keys: readonly string[] },
  now: number,
): Readonly<Record<string, string>> => {
  const timestamp = String(Math.floor(now / 1_000));
  const signed = (key: string): string =>
    createHmac('sha256', Buffer.from(key.slice(prefix.length), 'base64'))
      .update(`${id}.${timestamp}.${body}`)
      .digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(keys.length === 0 ? {} : { 'webhook-signature': keys.map((key) => `v1,${signed(key)}`).join(' ') }),
  };
};
