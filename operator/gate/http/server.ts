/** The HTTPS server that the API server asks: it says no unless the judge says yes, and it speaks with nobody else. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { Server as NetServer, Socket } from 'node:net';
import { denialIn } from '../../api/denial-text.ts';
import { entries, type Entry } from '../../api/webhooks.ts';
import { type AdmissionRequest, refusalText } from '../../decide/admission/request.ts';
import { type AdmissionAnswer, type Judge, readReview, writeReview } from './admission-review.ts';
import { type Held, readBody } from './body.ts';
import { judgeInTime } from './judge-deadline.ts';
import { namesOf, parseJson, respond, turnAway } from './respond.ts';
import { Strangers } from './unverified-connections.ts';
import type { Logger } from '../../log.ts';
import type { ReviewOutcome, WebhookMetrics } from '../../telemetry/gate.ts';
import { type Clock, sleep } from '../../time/clock.ts';
import { createLimit } from '../../work/slices.ts';

export interface ServerLimits {
  /** Of one request's body, in bytes; the API server stores no object above 3 MiB, and sends two of them at most. */
  readonly bodyBytes: number;
  /** Of all bodies held at once, in bytes. */
  readonly bodiesBytes: number;
  /** Requests judged at once; one more is refused at once, so that the API server does not wait. */
  readonly reviews: number;
  /** Milliseconds that the judge has. Shorter than the webhook's timeout, so that the caller reads our words and not those of the timeout. */
  readonly judgeMs: number;
  /** Milliseconds for a TLS handshake, and again for the body of a request. */
  readonly requestMs: number;
  /** Connections that have not named the path yet. */
  readonly strangers: number;
  /** Milliseconds for which an ending server goes on answering, until nobody is sent to it any more; and again for connections that are open then. */
  readonly lameDuckMs: number;
}

export const defaultLimits: ServerLimits = {
  bodyBytes: 8 * 1024 * 1024,
  bodiesBytes: 64 * 1024 * 1024,
  reviews: 256,
  judgeMs: 4_000,
  requestMs: 5_000,
  strangers: 256,
  lameDuckMs: 5_000,
};

/**
 * The API server closes a connection that was idle for 90 s. We never close first, or a request could meet a closing connection: not one
 * that was used, nor one that it opened and has not needed yet, because another came free. Strangers are few instead.
 */
const keepAliveMs = 95_000;

/** Reviews of rollbacks that are read and judged at once: as many as the operator writes at once. */
const restoringAtOnce = 16;

/** What a server needs to be believed. PEM. */
export interface Material {
  readonly certificate: string;
  readonly key: string;
}

export interface GateServerOptions {
  readonly judge: Judge;
  /** What a path asks about; undefined = nobody who asks there is spoken with. */
  readonly entryAt: (path: string) => Entry | undefined;
  /** A caller who was to be answered went away. */
  readonly abandoned?: (() => void) | undefined;
  /** Where our pods are; for messages. */
  readonly namespace: string;
  /** 0 = any free port. `reusePort`: several processes of one machine share the port. */
  readonly listen: { readonly port: number; readonly host?: string | undefined; readonly reusePort?: boolean };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: WebhookMetrics;
  readonly limits?: Partial<ServerLimits> | undefined;
}

export class GateServer {
  readonly #options: GateServerOptions;
  readonly #limits: ServerLimits;
  readonly #strangers: Strangers;
  readonly #held: Held = { bytes: 0 };
  readonly #inTurn = createLimit(restoringAtOnce);
  #server: Server | undefined;
  #listening = false;
  #judging = 0;
  #draining = false;

  constructor(options: GateServerOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#strangers = new Strangers(this.#limits.strangers);
  }

  /** Serves with this certificate from now on: begins to listen, or uses it for new connections. */
  async serve({ certificate, key }: Material): Promise<void> {
    if (this.#server !== undefined) {
      this.#server.setSecureContext({ cert: certificate, key, minVersion: 'TLSv1.2' });
      return;
    }
    this.#server = this.#create(certificate, key);
    await listen(this.#server, this.#options.listen);
    this.#listening = true;
  }

  /** Whether callers may be sent here: it listens, and is not ending. */
  isServing(): boolean {
    return this.#listening && !this.#draining;
  }

  /** The port it listens on; 0 before. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /**
   * Answers on for a while, closing each connection with its answer; then takes no new ones; last it finishes what is in hand and closes.
   * An idle connection that is closed may be the one that the API server has just chosen, and nobody can tell it: so those that are
   * left are few, as none were added for a while.
   */
  async stop(): Promise<void> {
    this.#draining = true;
    const server = this.#server;
    if (server === undefined || !this.#listening) return;
    const { clock } = this.#options;
    await sleep(clock, this.#limits.lameDuckMs);
    this.#listening = false;
    const closing = new AbortController();
    // Unlike the method of an HTTPS server, this one leaves idle connections alone.
    const closed = new Promise<void>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve());
    }).then(() => closing.abort());
    await sleep(clock, this.#limits.lameDuckMs, closing.signal);
    server.closeIdleConnections();
    this.#strangers.pushOut();
    // Longer than anything that is in hand may take.
    await sleep(clock, this.#limits.requestMs + this.#limits.judgeMs, closing.signal);
    server.closeAllConnections();
    await closed;
  }

  #create(cert: string, key: string): Server {
    const server = createServer(
      {
        cert,
        key,
        minVersion: 'TLSv1.2',
        handshakeTimeout: this.#limits.requestMs,
        headersTimeout: keepAliveMs,
        requestTimeout: keepAliveMs,
        keepAliveTimeout: keepAliveMs,
      },
      (request, response) => void this.#handle(request, response),
    );
    server.on('connection', (socket) => {
      if (socket instanceof Socket) this.#strangers.arrived(socket);
    });
    return server;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { metrics, clock, logger } = this.#options;
    const [path = ''] = (request.url ?? '').split('?');
    const entry = this.#options.entryAt(path);
    const webhook = entry === undefined ? 'unknown' : `/${entry}`;
    const began = clock.monotonic();
    metrics.began(webhook);
    response.once('close', () => {
      const code = response.writableFinished ? String(response.statusCode) : 'aborted';
      metrics.ended(webhook, code, (clock.monotonic() - began) / 1_000);
      if (code === 'aborted' && entry !== undefined) this.#options.abandoned?.();
    });
    // Node ends a request that it lost by an error on the stream; whoever reads it hears of it, and nobody else needs to.
    request.on('error', () => {});
    try {
      if (entry === undefined) return turnAway(response, 404, 'not found');
      this.#strangers.introduced(request.socket);
      await this.#answer(entry, request, response);
    } catch (err) {
      logger.error({ entry, err }, 'request not answered');
      if (!response.headersSent) turnAway(response, 500, 'internal error');
    }
  }

  async #answer(entry: Entry, request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return turnAway(response, 405, 'only POST');
    if (!/^application\/json *(;|$)/i.test(request.headers['content-type'] ?? ''))
      return turnAway(response, 415, 'only application/json');

    if (entry === 'restorer') return this.#inTurn(() => this.#read(entry, request, response));
    return this.#read(entry, request, response);
  }

  async #read(entry: Entry, request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Those of rollbacks take turns, so that there is room for each: without its body nothing can be refused in words.
    const held = entry === 'restorer' ? { bytes: 0 } : this.#held;
    const body = await readBody(request, held, { ...this.#limits, clock: this.#options.clock });
    switch (body.outcome) {
      case 'Aborted':
        return;
      case 'TooSlow':
        return turnAway(response, 408, `the review took longer than ${this.#limits.requestMs} ms to arrive`);
      case 'TooLarge':
        return turnAway(response, 413, `the review is larger than ${this.#limits.bodyBytes} bytes`);
      case 'NoRoom':
        this.#options.metrics.reviewed(entry, 'Overloaded');
        return turnAway(response, 503, 'the gate holds too many reviews');
      case 'Read':
        try {
          await this.#review(entry, body.text, response);
        } finally {
          body.release();
        }
    }
  }

  async #review(entry: Entry, text: string, response: ServerResponse): Promise<void> {
    const review = readReview(parseJson(text));
    if (!review.ok) {
      this.#options.metrics.reviewed(entry, 'Malformed');
      return turnAway(response, 400, `no AdmissionReview of admission.k8s.io/v1: ${review.problems.join('; ')}`);
    }
    const { value: request } = review;
    if (this.#judging >= this.#limits.reviews && entry !== 'restorer') {
      const said = refusalText(request, 'GateBusy', { judging: `${this.#judging}`, home: this.#options.namespace });
      return this.#giveUp(entry, request, response, { outcome: 'Overloaded', said });
    }
    this.#judging += 1;
    try {
      await this.#judge(entry, request, response);
    } finally {
      this.#judging -= 1;
    }
  }

  async #judge(entry: Entry, request: AdmissionRequest, response: ServerResponse): Promise<void> {
    const { judge, clock, logger, metrics, namespace } = this.#options;
    const { judgeMs } = this.#limits;
    const ending = new AbortController();
    // Whoever has the answer is gone too, and needs no telling.
    response.once('close', () => response.writableFinished || ending.abort());
    const verdict = await judgeInTime(judge, request, { clock, judgeMs, ending });
    if (verdict.outcome === 'TooSlow') {
      logger.warn({ entry, ...namesOf(request) }, 'review took too long');
      const said = refusalText(request, 'GateTooSlow', { limit: `${judgeMs}`, home: namespace });
      return this.#giveUp(entry, request, response, { outcome: 'TooSlow', said });
    }
    if (verdict.outcome === 'Failed') {
      logger.error({ entry, ...namesOf(request), err: verdict.error }, 'review failed');
      const said = refusalText(request, 'GateFailed', { home: namespace });
      return this.#giveUp(entry, request, response, { outcome: 'Failed', said });
    }
    const { answer } = verdict;
    metrics.reviewed(entry, answer.allowed ? 'Allowed' : 'Refused');
    if (!answer.allowed) {
      metrics.refused(entry, denialIn(answer.message) ?? 'other');
      logger.debug({ entry, ...namesOf(request), message: answer.message }, 'refused');
    }
    this.#say(response, request, answer);
  }

  /** No verdict: a refusal, or for entries that the API server ignores when the gate is dead, no answer that it could take for one. */
  #giveUp(
    entry: Entry,
    request: AdmissionRequest,
    response: ServerResponse,
    { outcome, said }: { outcome: ReviewOutcome; said: string },
  ): void {
    this.#options.metrics.reviewed(entry, outcome);
    if (entries[entry] === 'Fail') return respond(response, 503, said, 'text/plain; charset=utf-8');
    this.#say(response, request, { allowed: false, reason: 'Unavailable', message: said });
  }

  #say(response: ServerResponse, { uid }: AdmissionRequest, answer: AdmissionAnswer): void {
    if (this.#draining) response.setHeader('connection', 'close');
    respond(response, 200, JSON.stringify(writeReview(uid, answer)), 'application/json');
  }
}

const listen = (server: Server, options: GateServerOptions['listen']): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...options, reusePort: options.reusePort ?? false }, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
