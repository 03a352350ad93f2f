/** Real sinks of notices in the test process: https under an authority of their own, on loopback. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { stringify } from 'yaml';
import { z } from 'zod';
import { createAuthority, issueServer } from '../../../hack/controlplane/pki.ts';
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import { accepted, type ApiClient } from '../cluster/cluster.ts';
import { patienceMs } from './kit.ts';

export interface Received {
  /** Of the request: `/events`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What a sink answers, instead of taking what it got. */
export type Behavior = (request: IncomingMessage, response: ServerResponse) => void;

export interface SinkServer {
  /** `localhost:12345`, as the chart names it. */
  readonly host: string;
  readonly authority: string;
  /** What was taken, in order. */
  readonly received: Received[];
  /** Paths of what was not taken, in order. */
  readonly refused: string[];
  /** From now on requests of a path are answered so; undefined = they are taken. */
  behave(path: string, behavior: Behavior | undefined): void;
  /** Resolves with the first that was taken, now or later, and is so. @throws after `patienceMs`, with what was taken */
  when(is: (received: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

export const startSinks = async (): Promise<SinkServer> => {
  const authority = await createAuthority('sinks');
  const { certificate, key } = await issueServer(authority, 'localhost', { dns: ['localhost'], ips: ['127.0.0.1'] });
  const received: Received[] = [];
  const refused: string[] = [];
  const behaviors = new Map<string, Behavior>();
  const waiting = new Set<() => void>();
  const server: Server = createServer({ cert: certificate, key }, (request, response) => {
    void text(request).then((body) => {
      const path = request.url ?? '';
      const behavior = behaviors.get(path);
      if (behavior === undefined) {
        received.push({ path, headers: request.headers, body });
        response.writeHead(200).end('ok');
      } else {
        refused.push(path);
        behavior(request, response);
      }
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // oxlint-disable-line typescript/no-unsafe-type-assertion -- it listens on a port
  return {
    host: `localhost:${port}`,
    authority: authority.certificate,
    received,
    refused,
    behave(path, behavior) {
      if (behavior === undefined) behaviors.delete(path);
      else behaviors.set(path, behavior);
    },
    when: (is) =>
      new Promise((resolve, reject) => {
        const end = setTimeout(() => {
          waiting.delete(look);
          const seen = received.map(({ path, body }) => `${path} ${body.slice(0, 400)}`);
          reject(new Error(`no such notice; there were:\n${seen.join('\n')}\nnot taken: ${refused.join(' ')}`));
        }, patienceMs);
        const look = (): void => {
          const found = received.find(is);
          if (found === undefined) return;
          clearTimeout(end);
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export const newKey = (): string => `whsec_${randomBytes(32).toString('base64')}`;

const sinksSecret = { apiVersion: 'v1', kind: 'Secret', namespace: systemNamespace, name: 'countersign-sinks' };

/** Declares the sinks of the installation, or declares them anew. */
export const declareSinks = async (
  as: ApiClient,
  sinks: readonly Readonly<Record<string, unknown>>[],
): Promise<void> => {
  const { name, namespace, ...type } = sinksSecret;
  const manifest = { ...type, metadata: { name, namespace }, stringData: { 'sinks.yaml': stringify({ sinks }) } };
  const created = await as.create(manifest);
  if (!created.ok) accepted(await as.replace(manifest));
};

/** Whether one of the signatures of a request is under that key, as docs/notices.md says. */
export const isSigned = ({ headers, body }: Received, key: string): boolean => {
  const expected = createHmac('sha256', Buffer.from(key.replace('whsec_', ''), 'base64'))
    .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`)
    .digest();
  return String(headers['webhook-signature'])
    .split(' ')
    .map((each) => Buffer.from(each.replace(/^v1,/, ''), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
};

const cloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string(),
  source: z.string(),
  type: z.string(),
  subject: z.string(),
  time: z.string(),
  data: z.object({
    context: z.object({ specversion: z.string(), id: z.string(), type: z.string(), timestamp: z.string() }),
    subject: z.object({ id: z.string(), content: z.record(z.string(), z.unknown()) }),
    customData: z.object({
      notice: z.string(),
      about: z.string(),
      namespace: z.string(),
      package: z.string(),
      role: z.string(),
      version: z.string(),
      digest: z.string(),
      facts: z.array(z.object({ label: z.string(), value: z.string() })),
      command: z.string(),
    }),
  }),
});
export type CloudEvent = z.infer<typeof cloudEvent>;

/** @throws when it is no CloudEvent with a CDEvent in it */
export const eventOf = ({ body }: Received): CloudEvent => cloudEvent.parse(JSON.parse(body));
