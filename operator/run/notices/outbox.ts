/** What one sink has not taken yet: in order, bounded, sent one after the other by a task of its own. Nobody waits for it. */
import type { JsonObject } from '../../api/meta.ts';
import { cloudEventOf } from '../../decide/notices/cloud-event.ts';
import { mattermostOf, slackOf, teamsOf } from '../../decide/notices/chat.ts';
import type { OutboundNotice } from '../../decide/notices/notice.ts';
import type { Sink } from '../../decide/notices/sinks.ts';
import type { Instant } from '../../decide/objects.ts';
import type { OutboxMetrics } from '../../telemetry/notices.ts';
import { delayMs, maxQuietFailures } from '../../time/backoff.ts';
import { sleep, type Clock } from '../../time/clock.ts';
import type { Deliver, Undelivered } from './deliver.ts';
import { signatureHeaders } from './sign.ts';

/** Notices that wait for one sink. When one more comes the oldest goes: what is newest matters most. */
export const maxWaiting = 1_000;

/** Nobody needs to hear of what is older. */
export const horizonMs = 3_600_000;

const backoff = { firstMs: 1_000, capMs: 60_000 };

export interface OutboxTools {
  readonly deliver: Deliver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: OutboxMetrics;
  /** Who the events are from. */
  readonly source: string;
  /** Told what a sink fails at; undefined = it takes notices. */
  readonly state: (sink: string, trouble: Undelivered | undefined) => void;
}

interface Waiting {
  readonly notice: OutboundNotice;
  readonly since: Instant;
}

const bodies: Readonly<Record<Sink['type'], (notice: OutboundNotice, source: string) => JsonObject>> = {
  CloudEvents: cloudEventOf,
  Slack: slackOf,
  Mattermost: mattermostOf,
  Teams: teamsOf,
};

const contentTypes: Readonly<Record<Sink['type'], string>> = {
  CloudEvents: 'application/cloudevents+json; charset=utf-8',
  Slack: 'application/json; charset=utf-8',
  Mattermost: 'application/json; charset=utf-8',
  Teams: 'application/json; charset=utf-8',
};

export class Outbox {
  readonly #tools: OutboxTools;
  readonly #waiting: Waiting[] = [];
  readonly #ended = new AbortController();
  #sink: Sink;
  #sending: Promise<void> | undefined;
  #nap = new AbortController();
  #failures = 0;

  constructor(sink: Sink, tools: OutboxTools) {
    this.#sink = sink;
    this.#tools = tools;
  }

  add(notice: OutboundNotice): void {
    if (this.#ended.signal.aborted) return;
    const { clock, metrics } = this.#tools;
    if (this.#waiting.length >= maxWaiting) {
      this.#waiting.shift();
      metrics.dropped(this.#sink.name, 'queue_full');
    }
    this.#waiting.push({ notice, since: clock.now() });
    this.#sending ??= this.#sendAll();
  }

  /** What the Secret says of it now: it is tried again at once. */
  update(sink: Sink): void {
    this.#sink = sink;
    this.#failures = 0;
    this.#nap.abort();
  }

  size(): number {
    return this.#waiting.length;
  }

  /** When the earliest of what is not taken yet happened. */
  oldest(): Instant | undefined {
    return this.#waiting.reduce<Instant | undefined>(
      (least, { notice }) => (least === undefined ? notice.at : Math.min(least, notice.at)),
      undefined,
    );
  }

  /** The sink is no more: what waits for it is dropped. */
  drop(): void {
    for (const _ of this.#waiting.splice(0)) this.#tools.metrics.dropped(this.#sink.name, 'sink_gone');
    this.#ended.abort();
    this.#nap.abort();
  }

  /** Sends what waits, for at most `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    const cancel = this.#tools.clock.after(withinMs, () => this.#end());
    if (this.#failures > 0) this.#end();
    await this.#sending;
    cancel();
    this.#end();
  }

  #end(): void {
    this.#ended.abort();
    this.#nap.abort();
  }

  async #sendAll(): Promise<void> {
    const { clock, random, metrics, state } = this.#tools;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (this.#ended.signal.aborted) break;
      if (clock.now() - first.since > horizonMs) {
        this.#done(first);
        metrics.dropped(this.#sink.name, 'too_old');
        continue;
      }
      this.#nap = new AbortController();
      const { signal } = this.#nap;
      const trouble = await this.#send(first.notice);
      if (this.#ended.signal.aborted) {
        if (trouble === undefined) this.#done(first);
        break;
      }
      if (trouble === undefined || trouble.how === 'Unfit') {
        this.#done(first);
        if (trouble === undefined) metrics.sent(this.#sink.name);
        else metrics.dropped(this.#sink.name, 'not_taken');
        this.#failures = 0;
        state(this.#sink.name, trouble);
        continue;
      }
      this.#failures += 1;
      metrics.failed(this.#sink.name);
      if (trouble.how === 'Denied' || this.#failures > maxQuietFailures) state(this.#sink.name, trouble);
      const wait = Math.max(delayMs(backoff, this.#failures, random()), trouble.retryAfterMs ?? 0);
      await sleep(clock, wait, signal);
    }
    this.#sending = undefined;
  }

  /** It may have been driven out of the queue meanwhile. */
  #done(each: Waiting): void {
    const at = this.#waiting.indexOf(each);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  async #send(notice: OutboundNotice): Promise<Undelivered | undefined> {
    const { deliver, clock, source } = this.#tools;
    const { type, url, ca, keys } = this.#sink;
    const body = JSON.stringify(bodies[type](notice, source));
    return deliver({
      url,
      ca,
      body,
      headers: {
        'content-type': contentTypes[type],
        ...signatureHeaders({ id: notice.id, body, keys }, clock.now()),
      },
      signal: this.#ended.signal,
    });
  }
}
