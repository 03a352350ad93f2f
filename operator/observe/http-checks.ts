/** Asks the policy's http checks while a release is on its way or observed, and keeps what they said last. */
import { milliseconds } from '../api/duration.ts';
import type { ReleasePolicy } from '../api/policy.ts';
import type { Cancel, Clock } from '../time/clock.ts';
import type { CheckFacts } from '../decide/health/types.ts';

type Check = ReleasePolicy['spec']['health']['checks'][number];
type HttpCheck = NonNullable<Check['http']>;

/** A check that hangs is a check that fails. */
const longestAnswerMs = 5_000;

interface Running {
  /** What the results belong to: another release starts with none. */
  readonly since: string;
  readonly asked: string;
  readonly facts: Map<string, CheckFacts>;
  stop(): void;
}

export interface ChecksOptions {
  readonly clock: Clock;
  /** A check of that package says something else than before. */
  readonly changed: (namespace: string, pkg: string) => void;
}

const none: ReadonlyMap<string, CheckFacts> = new Map();

export class Checks {
  readonly #options: ChecksOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: ChecksOptions) {
    this.#options = options;
  }

  facts(namespace: string, pkg: string): ReadonlyMap<string, CheckFacts> {
    return this.#running.get(`${namespace}/${pkg}`)?.facts ?? none;
  }

  /** From now on these, for the release that `since` names; none when there is nothing to watch. */
  follow(
    namespace: string,
    pkg: string,
    { since, checks }: { readonly since: string; readonly checks: readonly Check[] },
  ): void {
    const key = `${namespace}/${pkg}`;
    const asked = JSON.stringify(checks);
    const now = this.#running.get(key);
    if (now?.since === since && now.asked === asked) return;
    now?.stop();
    this.#running.delete(key);
    if (checks.length === 0) return;
    const facts = new Map<string, CheckFacts>();
    const stops = checks.flatMap(({ name, http }) =>
      http === undefined
        ? []
        : [
            this.#repeat(http, (result) => {
              const before = facts.get(name);
              facts.set(name, next(before, result));
              if (isNews(before, facts.get(name))) this.#options.changed(namespace, pkg);
            }),
          ],
    );
    this.#running.set(key, { since, asked, facts, stop: () => stops.forEach((stop) => stop()) });
  }

  stop(): void {
    for (const running of this.#running.values()) running.stop();
    this.#running.clear();
  }

  #repeat(http: HttpCheck, told: (wrong: string | undefined) => void): Cancel {
    const stopping = new AbortController();
    let cancel: Cancel | undefined;
    const once = async (): Promise<void> => {
      const wrong = await ask(http, stopping.signal);
      if (stopping.signal.aborted) return;
      told(wrong);
      cancel = this.#options.clock.after(milliseconds(http.interval), () => void once());
    };
    void once();
    return () => {
      stopping.abort();
      cancel?.();
    };
  }
}

/** What is wrong; undefined = the answer is the healthy one. Never throws. */
const ask = async ({ url, status }: HttpCheck, stopping: AbortSignal): Promise<string | undefined> => {
  try {
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(longestAnswerMs)]);
    const answer = await fetch(url, { redirect: 'manual', signal });
    await answer.body?.cancel();
    return answer.status === status ? undefined : `${url} answered ${answer.status} instead of ${status}`;
  } catch {
    return `${url} did not answer`;
  }
};

const next = (before: CheckFacts | undefined, wrong: string | undefined): CheckFacts =>
  wrong === undefined
    ? { consecutiveFailures: 0, succeededOnce: true, message: '' }
    : {
        consecutiveFailures: (before?.consecutiveFailures ?? 0) + 1,
        succeededOnce: before?.succeededOnce ?? false,
        message: wrong,
      };

const isNews = (before: CheckFacts | undefined, now: CheckFacts | undefined): boolean =>
  before?.consecutiveFailures !== now?.consecutiveFailures || before?.succeededOnce !== now?.succeededOnce;
