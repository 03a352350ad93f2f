/** A steady load of requests that the gate is asked about. */
import type { Answer } from '../../cluster/cluster.ts';
import { said } from '../../attacks/world.ts';

export interface Load {
  /** Ends it, and tells how it went. */
  stop(): Promise<{ readonly sent: number; readonly failed: readonly string[] }>;
}

/** Sends one request every `everyMs`, whether or not the ones before have been answered. */
export const startLoad = (send: () => Promise<Answer<unknown>>, everyMs: number): Load => {
  const open = new Set<Promise<void>>();
  const failed: string[] = [];
  let sent = 0;
  const one = async (): Promise<void> => {
    try {
      const answer = await send();
      if (!answer.ok) failed.push(said(answer));
    } catch (error) {
      failed.push(String(error));
    }
  };
  const timer = setInterval(() => {
    sent += 1;
    const sending: Promise<void> = one().then(() => void open.delete(sending));
    open.add(sending);
  }, everyMs);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      return { sent, failed };
    },
  };
};
