/** What the server says, as it changes, and what is sent to it. All addresses are below the one that the command printed. */
import { useEffect, useState } from 'preact/hooks';
import type { Done, Model, ProblemModel } from '../cli/dashboard/models.ts';

/** Live; asked for the first time; out of reach, and asked again; or at rest because other tabs were opened. */
export type Line = 'live' | 'asked' | 'lost' | 'paused';

export interface Seen<M> {
  readonly model: M | undefined;
  readonly problem: ProblemModel | undefined;
  readonly line: Line;
}

const addressOf = (path: string, query: Readonly<Record<string, string>>): string =>
  `./${path}?${new URLSearchParams(query).toString()}`;

/** Anything that our own server sent. */
const parsed = (event: Event): unknown => (event instanceof MessageEvent ? JSON.parse(String(event.data)) : undefined);

/** Follows a view for as long as it is shown. */
export const useLive = <M extends Model>(view: M['view'], query: Readonly<Record<string, string>>): Seen<M> => {
  const address = addressOf('live', { view, ...query });
  const [seen, setSeen] = useState<Seen<M>>({ model: undefined, problem: undefined, line: 'asked' });
  useEffect(() => {
    // What was asked for before stays until the answer is there.
    setSeen((before) => ({ ...before, problem: undefined, line: 'asked' }));
    let source: EventSource | undefined;
    const close = (): void => {
      source?.close();
      source = undefined;
    };
    const open = (): void => {
      source = new EventSource(address);
      source.addEventListener(
        'model',
        (event) => setSeen({ model: parsed(event) as M, problem: undefined, line: 'live' }), // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own server made it, by the same types
      );
      source.addEventListener(
        'problem',
        (event) => setSeen((before) => ({ ...before, problem: parsed(event) as ProblemModel, line: 'live' })), // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own server made it, by the same types
      );
      source.addEventListener('paused', () => {
        close();
        setSeen((before) => ({ ...before, line: 'paused' }));
      });
      source.addEventListener('error', () => setSeen((before) => ({ ...before, line: 'lost' })));
    };
    const resume = (): void => {
      if (document.visibilityState === 'visible' && source === undefined) open();
    };
    open();
    document.addEventListener('visibilitychange', resume);
    globalThis.addEventListener('focus', resume);
    return () => {
      close();
      document.removeEventListener('visibilitychange', resume);
      globalThis.removeEventListener('focus', resume);
    };
  }, [address]);
  return seen;
};

const unreachable: ProblemModel = {
  message: 'The command that serves this page does not answer',
  next: 'Look at the terminal in which kubectl countersign dashboard runs, and start it again if it has ended',
};

export type Answer<T> = { readonly ok: T } | { readonly problem: ProblemModel };

const answerOf = async <T>(asked: Promise<Response>): Promise<Answer<T>> => {
  try {
    const response = await asked;
    const body: unknown = await response.json();
    return response.ok ? { ok: body as T } : { problem: body as ProblemModel }; // oxlint-disable-line typescript/no-unsafe-type-assertion -- our own server made it, by the same types
  } catch {
    return { problem: unreachable };
  }
};

/** Reads what does not change. */
export const read = <T>(path: string, query: Readonly<Record<string, string>>): Promise<Answer<T>> =>
  answerOf<T>(fetch(addressOf(path, query)));

/** Sends what somebody decided. */
export const send = (path: string, body: object): Promise<Answer<Done>> =>
  answerOf<Done>(
    fetch(`./${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );

/** The time, as often as what is shown of it changes. */
export const useNow = (everyMs: number): number => {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
};
