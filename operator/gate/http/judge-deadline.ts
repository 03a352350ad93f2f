/** Asks the judge, and bears with a judge that hangs or fails: a verdict comes in time, whatever it does. */
import type { Clock } from '../../time/clock.ts';
import type { AdmissionRequest } from '../../decide/admission/request.ts';
import type { AdmissionAnswer, Judge } from './admission-review.ts';

export type Verdict =
  | { readonly outcome: 'Judged'; readonly answer: AdmissionAnswer }
  | { readonly outcome: 'TooSlow' }
  | { readonly outcome: 'Failed'; readonly error: unknown };

export interface InTime {
  readonly clock: Clock;
  /** Milliseconds that the judge has. */
  readonly judgeMs: number;
  /** Its signal is the judge's: aborted by whoever asks when nobody waits any more, and here when the time is up. */
  readonly ending: AbortController;
}

/** Never rejects, and settles within the time. */
export const judgeInTime = (judge: Judge, request: AdmissionRequest, within: InTime): Promise<Verdict> =>
  new Promise((resolve) => {
    const settle = (verdict: Verdict): void => {
      cancel();
      resolve(verdict);
    };
    const cancel = within.clock.after(within.judgeMs, () => {
      settle({ outcome: 'TooSlow' });
      within.ending.abort();
    });
    // In a function of its own: a judge that throws at once is a judge that rejects.
    const ask = async (): Promise<AdmissionAnswer> => judge(request, within.ending.signal);
    ask().then(
      (answer) => settle({ outcome: 'Judged', answer }),
      (error: unknown) => settle({ outcome: 'Failed', error }),
    );
  });
