import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.ts';

/** Why a named part is not all right; undefined when it is. */
export type Check = () => string | undefined;

export interface TelemetryServerOptions {
  /** 0 = any free port. */
  readonly port: number;
  /** Address to listen on; all when absent. */
  readonly host?: string | undefined;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  /** Failing: this process should be restarted. */
  readonly liveness: Readonly<Record<string, Check>>;
  /** Failing: this process should get no requests. */
  readonly readiness: Readonly<Record<string, Check>>;
}

export interface TelemetryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/metrics`, `/healthz` and `/readyz`, the latter with one line a check like the API server's. */
export async function startTelemetryServer(options: TelemetryServerOptions): Promise<TelemetryServer> {
  const { metrics, liveness, readiness } = options;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') answerChecks(response, liveness);
    else if (path === '/readyz') answerChecks(response, readiness);
    else if (path === '/metrics') void answerMetrics(response, metrics);
    else answer(response, 404, 'not found\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: portOf(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answerChecks(response: ServerResponse, checks: Readonly<Record<string, Check>>): void {
  const results = Object.entries(checks).map(([name, check]) => ({ name, wrong: check() }));
  const lines = results.map(({ name, wrong }) =>
    wrong === undefined ? `[+]${name} ok` : `[-]${name} failed: ${wrong}`,
  );
  const failed = results.some(({ wrong }) => wrong !== undefined);
  answer(response, failed ? 503 : 200, [...lines, failed ? 'check failed' : 'ok', ''].join('\n'));
}

async function answerMetrics(response: ServerResponse, metrics: TelemetryServerOptions['metrics']): Promise<void> {
  try {
    answer(response, 200, await metrics.text(), metrics.contentType);
  } catch (error) {
    answer(response, 500, `${String(error)}\n`);
  }
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(text);
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
