/** The server of the page: on this machine only, for one browser, with the rights of the person who started it. It keeps nothing and logs nothing. */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';
import type { Session } from '../session.ts';
import { act, acts } from './acts.ts';
import { cleanJson, problemModel } from './clean.ts';
import type { Place, View } from './desk.ts';
import { admitted, headersOfAll } from './guard.ts';
import { liveViews, type Live } from './live.ts';
import { pageFiles } from './page-files.ts';
import { candidate } from './views/candidate.ts';
import { deltaOf, wholeOf } from './views/delta.ts';
import { emergencies } from './views/emergencies.ts';
import { findings } from './views/findings.ts';
import { home } from './views/home.ts';
import { ledger } from './views/ledger.ts';
import { packages } from './views/packages.ts';
import { policy } from './views/policy.ts';
import { requests } from './views/requests.ts';

/** Nobody else on the network reaches it, and no name is needed. */
const loopback = '127.0.0.1';
/** What people type is shorter. */
const longestBody = 64 * 1024;

const views: ReadonlyMap<string, View> = new Map(
  Object.entries({ home, candidate, packages, emergencies, findings, requests, ledger, policy }),
);
const reads: ReadonlyMap<string, (cluster: Cluster, place: Place) => Promise<unknown>> = new Map(
  Object.entries({ '/delta': deltaOf, '/whole': wholeOf }),
);

const answer = (response: ServerResponse, code: number, type: string, text: string): void => {
  response.writeHead(code, { 'Content-Type': type });
  response.end(text);
};

const json = (response: ServerResponse, code: number, model: unknown): void =>
  answer(response, code, 'application/json', cleanJson(model));

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > longestBody) throw new Problem('That is more than anybody signs with');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
};

/** What may be asked for below the token. */
const routes = (session: Session, cluster: Cluster, live: Live) => {
  /** What it has asked of rights is forgotten with every question. */
  const fresh = (): Cluster => new Cluster(cluster.access, cluster.transport);

  const get = async (path: string, query: URLSearchParams, response: ServerResponse): Promise<void> => {
    const place: Place = (name) => query.get(name) ?? '';
    const view = path === '/live' ? views.get(place('view')) : undefined;
    if (view !== undefined) return live.open(view, place, response);
    const read = reads.get(path);
    if (read !== undefined) return json(response, 200, await read(fresh(), place));
    const file = pageFiles.get(path === '/' ? '/index.html' : path);
    if (file === undefined) return answer(response, 404, 'text/plain', 'There is nothing here\n');
    return answer(response, 200, `${file.type}; charset=utf-8`, file.text);
  };

  const post = async (path: string, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const what = acts.get(path);
    if (what === undefined) return answer(response, 404, 'text/plain', 'There is nothing here\n');
    return json(response, 200, { says: await act(what, fresh(), await bodyOf(request), session.now()) });
  };
  return { get, post };
};

export interface Started {
  /** Where the person opens it. Whoever has it can do what they can. */
  readonly address: string;
  readonly server: Server;
}

/** `port` 0: any that is free. @throws Problem when it is taken */
export const startServer = async (session: Session, port: number): Promise<Started> => {
  const cluster = await session.cluster();
  const token = randomBytes(32).toString('base64url');
  const { get, post } = routes(session, cluster, liveViews(session, cluster));
  let host = '';
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = request;
    for (const [name, value] of Object.entries(headersOfAll)) response.setHeader(name, value);
    const asked = admitted({ method, url, headers }, { host, token });
    if (asked.is === 'Refused') return answer(response, asked.code, 'text/plain', `${asked.why}\n`);
    try {
      await (method === 'POST' ? post(asked.path, request, response) : get(asked.path, asked.query, response));
    } catch (error) {
      if (response.headersSent) response.destroy();
      else json(response, 422, problemModel(error));
    }
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Problem(`Port ${port} cannot be used: ${error.message}`, 'Leave out --port, or name another one')),
    );
    server.listen(port, loopback, resolve);
  });
  const { port: taken } = server.address() as AddressInfo; // oxlint-disable-line typescript/no-unsafe-type-assertion -- it listens on a port, and not on a pipe
  host = `${loopback}:${taken}`;
  return { address: `http://${host}/${token}/`, server };
};
