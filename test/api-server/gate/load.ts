/** A steady load of requests that the gate is asked about. */
import { said } from '../../support/attack/world.ts';
import type { Answer } from '../../support/cluster/cluster.ts';

export interface Load {
  /** How many requests were sent so far. */
  readonly sent: () => number;
  /** Ends it, and tells what failed and when it was sent. */
  stop(): Promise<{ readonly sent: number; readonly failed: readonly Failed[] }>;
}

export interface Failed {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly said: string;
}

/** Sends one request every `everyMs`, whether or not the ones before have been answered. */
export const startLoad = (send: () => Promise<Answer<unknown>>, everyMs: number): Load => {
  const open = new Set<Promise<void>>();
  const failed: Failed[] = [];
  let sent = 0;
  const one = async (): Promise<void> => {
    const at = Date.now();
    try {
      const answer = await send();
      if (!answer.ok) failed.push({ at, said: said(answer) });
    } catch (error) {
      failed.push({ at, said: String(error) });
    }
  };
  const timer = setInterval(() => {
    sent += 1;
    const sending: Promise<void> = one().then(() => void open.delete(sending));
    open.add(sending);
  }, everyMs);
  return {
    sent: () => sent,
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return { sent, failed };
    },
  };
};
