/** Who may ask the server of the page: the browser of the person who started it, on this machine, with the address that the command printed. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface Asked {
  readonly method: string;
  /** As it was sent. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

interface House {
  /** `127.0.0.1:<port>`: no other name, so that no name which somebody else points here is answered. */
  readonly host: string;
  readonly token: string;
}

export type Admitted =
  | { readonly is: 'Admitted'; readonly path: string; readonly query: URLSearchParams }
  | { readonly is: 'Refused'; readonly code: number; readonly why: string };

const refused = (code: number, why: string): Admitted => ({ is: 'Refused', code, why });

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes as long for a token that is nearly right as for any other. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(hashOf(a), hashOf(b));

/** Browsers say from where they ask; programs that are no browser do not. A write says it always. */
const isFromPage = ({ method, headers }: Asked, host: string): boolean => {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  if (origin === undefined ? method !== 'GET' : origin !== `http://${host}`) return false;
  // `none`: somebody typed the address, or opened it from a terminal.
  return site === undefined || site === 'same-origin' || (site === 'none' && method === 'GET');
};

/** Why a request is answered or not. No reason repeats what was sent: it may hold the token. */
export const admitted = (asked: Asked, { host, token }: House): Admitted => {
  if (asked.headers.host !== host) return refused(421, `This server answers under ${host} only`);
  if (asked.method !== 'GET' && asked.method !== 'POST') return refused(405, 'GET and POST only');
  const [, given = '', rest] = /^\/([^/?#]*)(\/.*)?$/.exec(asked.url) ?? [];
  if (!isSame(given, token)) {
    return refused(403, 'The address is not the one that kubectl countersign dashboard printed');
  }
  if (!isFromPage(asked, host)) return refused(403, 'Only its own page may ask this server');
  if (asked.method === 'POST' && asked.headers['content-type'] !== 'application/json') {
    return refused(415, 'Writes are application/json');
  }
  const [path = '', query = ''] = (rest ?? '').split('?');
  return { is: 'Admitted', path, query: new URLSearchParams(query) };
};

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Of every answer. Nothing is kept, framed, guessed at, or sent along to other places. */
export const headersOfAll: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy,
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  'Cache-Control': 'no-store',
};
