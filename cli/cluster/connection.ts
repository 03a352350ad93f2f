/** The connection to the API server: Node's own HTTP client, which starts in no time, and a proxy where one is named. */
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http';
import { Agent, request, type AgentOptions, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { Failure, timedOut } from '../../operator/kube/failures.ts';
import { jsonLines } from '../../operator/kube/lines.ts';
import { noStream, type ApiRequest, type ApiResponse, type Connection } from '../../operator/kube/transport.ts';
import { Problem } from '../exit.ts';
import type { Credentials } from './credentials.ts';

/** The API server gives up on a call after 60 s. */
const defaultTimeoutMs = 60_000;
const maxSockets = 16;

const agentFor = async ({ server, tls, proxy }: Credentials): Promise<Agent | PlainAgent> => {
  const options: AgentOptions = { ...tls, keepAlive: true, maxSockets };
  if (proxy === undefined) return server.startsWith('http:') ? new PlainAgent({ keepAlive: true }) : new Agent(options);
  if (proxy.startsWith('socks')) {
    const { SocksProxyAgent } = await import('socks-proxy-agent');
    return new SocksProxyAgent(proxy, { ...options });
  }
  if (!/^https?:/.test(proxy)) {
    throw new Problem(`proxy-url ${proxy} is of no kind that is known`, 'Use http://, https:// or socks5://');
  }
  const { HttpsProxyAgent } = await import('hpagent');
  return new HttpsProxyAgent({ ...options, proxy });
};

/** Where requests go, under the credentials of now. */
interface Line {
  readonly credentials: Credentials;
  readonly agent: Agent | PlainAgent;
}

const send = ({ credentials, agent }: Line, asked: ApiRequest, given: { version: string; signal: AbortSignal }) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const { server, tls, headers } = credentials;
    const base = new URL(server);
    const isPlain = base.protocol === 'http:';
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const options: RequestOptions = {
      ...tls,
      agent,
      method: asked.method,
      host: base.hostname.replace(/^\[|\]$/g, ''),
      port: base.port || (isPlain ? 80 : 443),
      path: base.pathname.replace(/\/+$/, '') + pathOf(asked),
      headers: {
        ...headers,
        accept: asked.accept ?? 'application/json',
        'user-agent': `kubectl-countersign/${given.version}`,
        ...(body === undefined
          ? {}
          : { 'content-type': asked.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      signal: given.signal,
    };
    (isPlain ? plainRequest : request)(options, resolve).on('error', reject).end(body);
  });

/**
 * Opens nothing yet: the first request does. What the server no longer accepts, such as a token that has expired while somebody waited, is asked
 * for once more.
 */
export const connectionTo = async (read: () => Promise<Credentials>, version: string): Promise<Connection> => {
  const open = async (): Promise<Line> => {
    const credentials = await read();
    return { credentials, agent: await agentFor(credentials) };
  };
  let line = await open();

  const attempt = async (asked: ApiRequest): Promise<ApiResponse> => {
    const timeoutMs = asked.timeoutMs ?? defaultTimeoutMs;
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), timeoutMs);
    const signal = asked.signal === undefined ? deadline.signal : AbortSignal.any([asked.signal, deadline.signal]);
    try {
      const message = await send(line, asked, { version, signal });
      const answer = { status: message.statusCode ?? 0, headers: flat(message) };
      if (asked.answer === 'Stream' && answer.status < 400) {
        return { ...answer, body: undefined, stream: jsonLines(message) };
      }
      return { ...answer, body: parsed(await text(message), answer.headers), stream: noStream };
    } catch (error) {
      throw deadline.signal.aborted ? timedOut(timeoutMs) : error;
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    server: line.credentials.server,
    async exchange(asked) {
      const answer = await attempt(asked);
      if (answer.status !== 401) return answer;
      // Refused before anything was done, so it is safe to ask again, whatever it was.
      line.agent.destroy();
      line = await open();
      return attempt(asked);
    },
    close() {
      line.agent.destroy();
      return Promise.resolve();
    },
  };
};

const pathOf = ({ path, query = {} }: ApiRequest): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size > 0 ? `${path}?${search.toString()}` : path;
};

const flat = ({ headers }: IncomingMessage): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

const parsed = (answer: string, headers: Readonly<Record<string, string>>): unknown => {
  if (headers['content-type']?.includes('json') !== true) return answer;
  try {
    return JSON.parse(answer);
  } catch (cause) {
    throw new Failure('Unavailable', 'the answer is cut short: not JSON', { cause });
  }
};
