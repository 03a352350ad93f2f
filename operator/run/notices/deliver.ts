/** One POST to one sink: to the very address that was checked, to none that a redirect or a second look at the name would give. */
import { lookup } from 'node:dns/promises';
import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../../time/clock.ts';

/** `Denied`: it would go to an address that is not allowed. `Unfit`: the sink will never take this one. `Retry`: it may take it later. */
export interface Undelivered {
  readonly how: 'Denied' | 'Unfit' | 'Retry';
  /** For people. Never the path or the body of an answer: of chats the path is the credential. */
  readonly why: string;
  /** What the sink asked for, in milliseconds. */
  readonly retryAfterMs?: number;
}

export interface Parcel {
  readonly url: URL;
  /** PEM; absent = the authorities that Node trusts. */
  readonly ca?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal?: AbortSignal;
}

/** @returns undefined when the sink has taken it. Never throws. */
export type Deliver = (parcel: Parcel) => Promise<Undelivered | undefined>;

interface Address {
  readonly address: string;
  readonly family: number;
}

export interface DeliverOptions {
  readonly allows: (address: string) => boolean;
  readonly clock: Pick<Clock, 'after'>;
  readonly userAgent: string;
  /** All addresses of a name; the system's resolver when absent. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
}

/** From the first packet to the head of the answer, and again to its end. */
const timeoutMs = 10_000;
/** Nobody reads it. */
const maxAnswerBytes = 65_536;
const maxRetryAfterMs = 300_000;

const resolveAll = (host: string): Promise<readonly Address[]> => lookup(host, { all: true, verbatim: true });

export const createDeliver = ({ allows, clock, userAgent, resolve = resolveAll }: DeliverOptions): Deliver => {
  const addressesOf = async (host: string): Promise<readonly Address[] | Undelivered> => {
    const version = isIP(host);
    const found = version === 0 ? await resolve(host) : [{ address: host, family: version }];
    if (found.length === 0) return { how: 'Retry', why: `${host} has no address` };
    // Of a name for public and private addresses nothing is picked: whoever answers for it may want us to.
    const denied = found.find(({ address }) => !allows(address));
    return denied === undefined
      ? found
      : {
          how: 'Denied',
          why: `${host}${version === 0 ? ` is at ${denied.address}, which` : ''} is no address of the internet, and not in notify.allowedNetworks of the chart`,
        };
  };
  return async (parcel) => {
    const host = parcel.url.hostname.replaceAll(/^\[|\]$/g, '');
    try {
      const addresses = await addressesOf(host);
      if ('how' in addresses) return addresses;
      return await send(parcel, { host, addresses, clock, userAgent });
    } catch (error) {
      return { how: 'Retry', why: error instanceof Error ? error.message : String(error) };
    }
  };
};

interface Target extends Pick<DeliverOptions, 'clock' | 'userAgent'> {
  readonly host: string;
  readonly addresses: readonly Address[];
}

/** Nothing but what was checked is connected to, whatever the name says by now. */
const fixed =
  (addresses: readonly Address[]): LookupFunction =>
  (_, options, done) => {
    const [first = { address: '', family: 4 }] = addresses;
    if (options.all === true) done(null, [...addresses]);
    else done(null, first.address, first.family);
  };

const send = (parcel: Parcel, target: Target): Promise<Undelivered | undefined> =>
  new Promise((resolve, reject) => {
    const { url, ca, headers, body, signal } = parcel;
    const options: RequestOptions = {
      method: 'POST',
      host: target.host,
      port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : url.port,
      path: `${url.pathname}${url.search}`,
      headers: {
        ...headers,
        'user-agent': target.userAgent,
        'content-length': Buffer.byteLength(body),
        connection: 'close',
      },
      agent: false,
      lookup: fixed(target.addresses),
      ...(signal === undefined ? {} : { signal }),
    };
    const request: ClientRequest =
      url.protocol === 'https:'
        ? requestHttps({
            ...options,
            minVersion: 'TLSv1.2',
            ...(ca === undefined ? {} : { ca }),
            ...(isIP(target.host) === 0 ? { servername: target.host } : {}),
          })
        : requestHttp(options);
    const cancel = target.clock.after(timeoutMs, () =>
      request.destroy(new Error(`no answer within ${timeoutMs / 1_000} s`)),
    );
    request.on('error', reject);
    request.on('close', () => {
      cancel();
      reject(new Error('the connection was closed without an answer'));
    });
    request.on('response', (response) => {
      drain(response);
      resolve(judged(response));
    });
    request.end(body);
  });

/** Takes what comes, up to a bound; the timer of the request ends what comes too slowly. */
const drain = (response: IncomingMessage): void => {
  let bytes = 0;
  response.on('error', () => {});
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) response.destroy();
  });
};

/** What a body can be at fault for. */
const unfit = new Set([400, 413, 414, 415, 422]);

const judged = ({ statusCode = 0, headers }: IncomingMessage): Undelivered | undefined => {
  if (statusCode >= 200 && statusCode < 300) return undefined;
  if (statusCode >= 300 && statusCode < 400) {
    return { how: 'Retry', why: `it answers with a redirect (${statusCode}), which is not followed` };
  }
  const seconds = Number(headers['retry-after']);
  return {
    how: unfit.has(statusCode) ? 'Unfit' : 'Retry',
    why: `it answers ${statusCode}`,
    ...(seconds > 0 ? { retryAfterMs: Math.min(seconds * 1_000, maxRetryAfterMs) } : {}),
  };
};
