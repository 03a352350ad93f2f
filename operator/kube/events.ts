import { hash } from 'node:crypto';
import { delayMs } from '../time/backoff.ts';
import { sleep, type Clock } from '../time/clock.ts';
import type { Logger } from '../log.ts';
import { retryPolicy, toFailure } from './failures.ts';
import type { Transport } from './transport.ts';

/** The object that an event is about, or is related to. */
export interface EventObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid: string;
}

/** Something that happened, or lasts. */
export interface EventNotice {
  readonly regarding: EventObject;
  readonly related?: EventObject;
  readonly type: 'Normal' | 'Warning';
  /** One word in CamelCase: why. */
  readonly reason: string;
  /** One word in CamelCase: what was done. */
  readonly action: string;
  /** For people; cut at 1024 bytes. */
  readonly note: string;
  /** Sent again when it is recorded so long after it was last, in milliseconds; absent = once, and never again. */
  readonly againMs?: number;
}

/** Tells people what happened, as Kubernetes Events (events.k8s.io/v1, as `kubectl describe` shows them). A notice, never the record. */
export interface EventRecorder {
  /** Sends a notice soon, unless the same was sent before or too many wait. Never throws. */
  record(notice: EventNotice): void;
  /** Notices not sent because too many waited, or because the API server would not have them. */
  dropped(): number;
  /** Sends what waits, for at most `withinMs`. */
  stop(withinMs: number): Promise<void>;
}

export interface EventRecorderOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  /** A number in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
  /** Who reports: `countersign.dev/operator`. */
  readonly controller: string;
  /** Which process of it reports: the pod's name. */
  readonly instance: string;
}

const maxNoteBytes = 1_024;
const maxWaiting = 1_000;
const maxRemembered = 10_000;
const maxAttempts = 5;

/** A recorder with a bounded queue and one request at a time. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #waiting: EventNotice[] = [];
  /** When it was last said, oldest first. */
  readonly #said = new Map<string, number>();
  readonly #stopping = new AbortController();
  #sending: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
  }

  record(notice: EventNotice): void {
    if (this.#stopping.signal.aborted || this.#isRepeated(notice)) return;
    if (this.#waiting.length >= maxWaiting) {
      this.#dropped += 1;
      return;
    }
    this.#waiting.push(notice);
    this.#sending ??= this.#sendAll();
  }

  dropped(): number {
    return this.#dropped;
  }

  async stop(withinMs: number): Promise<void> {
    const cancel = this.#options.clock.after(withinMs, () => this.#stopping.abort());
    await this.#sending;
    cancel();
    this.#stopping.abort();
  }

  #isRepeated({ regarding, reason, note, againMs = Infinity }: EventNotice): boolean {
    const saying = hash('sha1', [regarding.uid, reason, note].join('\0'), 'base64');
    const [now, before] = [this.#options.clock.now(), this.#said.get(saying)];
    if (before !== undefined && now - before < againMs) return true;
    this.#said.delete(saying);
    this.#said.set(saying, now);
    if (this.#said.size > maxRemembered) for (const oldest of this.#said.keys()) return !this.#said.delete(oldest);
    return false;
  }

  async #sendAll(): Promise<void> {
    for (let notice = this.#waiting.shift(); notice; notice = this.#waiting.shift()) {
      if (!(await this.#send(this.#eventOf(notice)))) this.#dropped += 1;
    }
    this.#sending = undefined;
  }

  /** Whether the event was taken. */
  async #send(event: SentEvent): Promise<boolean> {
    const { transport, clock, random, logger } = this.#options;
    const { signal } = this.#stopping;
    const path = `/apis/events.k8s.io/v1/namespaces/${event.metadata.namespace}/events`;
    for (let attempt = 1; attempt <= maxAttempts && !signal.aborted; attempt += 1) {
      try {
        await transport.request({ method: 'POST', path, body: event, signal });
        return true;
      } catch (error) {
        const failure = toFailure(error);
        // The name is ours alone: an attempt without an answer has taken effect.
        if (failure.kind === 'AlreadyExists') return true;
        if (failure.kind !== 'Unavailable' && failure.kind !== 'Throttled') {
          logger.debug({ err: failure, reason: event.reason }, 'event not taken');
          return false;
        }
        const waitMs = Math.max(delayMs(retryPolicy[failure.kind], attempt, random()), failure.retryAfterMs ?? 0);
        await sleep(clock, waitMs, signal);
      }
    }
    return false;
  }

  #eventOf(notice: EventNotice): SentEvent {
    const { controller, instance, clock } = this.#options;
    const now = clock.now();
    const { regarding, related } = notice;
    return {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: {
        // Events about cluster-scoped objects live in the default namespace.
        namespace: regarding.namespace ?? 'default',
        name: `${regarding.name.slice(0, 220).replaceAll(/[^a-z0-9.-]/g, '-')}.${now.toString(16)}${crypto.randomUUID().slice(0, 8)}`,
      },
      eventTime: new Date(now).toISOString().replace('Z', '000Z'),
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      type: notice.type,
      reason: notice.reason,
      action: notice.action,
      note: cutAt(maxNoteBytes, notice.note),
      regarding,
      ...(related && { related }),
    };
  }
}

interface SentEvent {
  readonly apiVersion: 'events.k8s.io/v1';
  readonly kind: 'Event';
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly type: EventNotice['type'];
  readonly reason: string;
  readonly action: string;
  readonly note: string;
  readonly regarding: EventObject;
  readonly related?: EventObject;
}

/** The text, cut at a whole character so that its UTF-8 form fits. */
function cutAt(maxBytes: number, text: string): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  const mark = '…';
  const room = new Uint8Array(maxBytes - Buffer.byteLength(mark));
  const { read } = new TextEncoder().encodeInto(text, room);
  return text.slice(0, read) + mark;
}
