/** Reading a request's body within limits: of one body, and of all that are held at once. */
import type { IncomingMessage } from 'node:http';
import { type Clock, sleep } from '../../time/clock.ts';

/** Bytes of bodies that are held now, over all requests. */
export interface Held {
  bytes: number;
}

export interface BodyLimits {
  /** Of one body, in bytes. */
  readonly bodyBytes: number;
  /** Of all bodies that are being read or judged, in bytes. */
  readonly bodiesBytes: number;
  /** Milliseconds for the whole body to arrive. */
  readonly requestMs: number;
}

export type Body =
  | { readonly outcome: 'Read'; readonly text: string; readonly release: () => void }
  | { readonly outcome: 'TooLarge' | 'NoRoom' | 'TooSlow' | 'Aborted' };

/** Reads the whole body, within the time for it. Whoever gets it calls `release` when it is no longer needed. */
export const readBody = async (
  request: IncomingMessage,
  held: Held,
  { clock, ...limits }: BodyLimits & { readonly clock: Clock },
): Promise<Body> => {
  const read = new AbortController();
  const late = async (): Promise<Body> => {
    await sleep(clock, limits.requestMs, read.signal);
    return { outcome: 'TooSlow' };
  };
  try {
    // One that is late lets go of what it holds when its connection ends.
    return await Promise.race([collect(request, held, limits), late()]);
  } finally {
    read.abort();
  }
};

const collect = async (request: IncomingMessage, held: Held, limits: BodyLimits): Promise<Body> => {
  if (Number(request.headers['content-length'] ?? 0) > limits.bodyBytes) return { outcome: 'TooLarge' };
  let own = 0;
  const release = (): void => {
    held.bytes -= own;
    own = 0;
  };
  const drop = (outcome: 'TooLarge' | 'NoRoom' | 'Aborted'): Body => {
    release();
    return { outcome };
  };
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer; // oxlint-disable-line typescript/no-unsafe-type-assertion -- no encoding is set, so chunks are bytes
      own += bytes.length;
      held.bytes += bytes.length;
      if (own > limits.bodyBytes) return drop('TooLarge');
      if (held.bytes > limits.bodiesBytes) return drop('NoRoom');
      chunks.push(bytes);
    }
  } catch {
    return drop('Aborted');
  }
  return { outcome: 'Read', text: Buffer.concat(chunks).toString('utf8'), release };
};
