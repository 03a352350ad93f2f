/** Asks the judge, and bears with a judge that hangs or fails: a verdict comes in time, whatever it does. */
import type { Clock } from '../run/clock.ts';
import type { AdmissionRequest } from '../decide/admission/request.ts';
import type { AdmissionAnswer, Judge } from './review.ts';

export type Verdict =
  | { readonly outcome: 'Judged'; readonly answer: AdmissionAnswer }
  | { readonly outcome: 'TooSlow' }
  | { readonly outcome: 'Failed'; readonly error: unknown };

export interface InTime {
  readonly clock: Clock;
  /** Milliseconds that the judge has. */
  readonly judgeMs: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Never rejects, and settles within the time. The judge's signal aborts when its time is up. */
export const judgeInTime = (judge: Judge, request: AdmissionRequest, within: InTime): Promise<Verdict> =>
  new Promise((resolve) => {
    const ending = new AbortController();
    const settle = (verdict: Verdict): void => {
      cancel();
      resolve(verdict);
    };
    const cancel = within.clock.after(within.judgeMs, () => {
      settle({ outcome: 'TooSlow' });
      ending.abort();
    });
    const signal = AbortSignal.any([ending.signal, within.signal]);
    // In a function of its own: a judge that throws at once is a judge that rejects.
    const ask = async (): Promise<AdmissionAnswer> => judge(request, signal);
    ask().then(
      (answer) => settle({ outcome: 'Judged', answer }),
      (error: unknown) => settle({ outcome: 'Failed', error }),
    );
  });
