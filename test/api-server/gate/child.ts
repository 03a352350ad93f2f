/**
 * The gate's program with a judge that does as it is told by an object's name: `deny-…` is refused, `warn-…` is allowed with a warning,
 * `throw-…` makes it throw, `hang-…` makes it hang; everything else is allowed.
 */
import type { AdmissionAnswer, Judge } from '../../../operator/gate/http/admission-review.ts';
import { runGate } from '../../../operator/programs/gate.ts';

const answers: Readonly<Record<string, () => Promise<AdmissionAnswer>>> = {
  deny: () =>
    Promise.resolve({ allowed: false, reason: 'Forbidden', message: 'ToldTo: you may not. Next: kubectl get nothing' }),
  invalid: () => Promise.resolve({ allowed: false, reason: 'Invalid', message: 'ToldTo: that is wrong. Next: none' }),
  warn: () => Promise.resolve({ allowed: true, warnings: ['ToldTo: mind this'] }),
  throw: () => Promise.reject(new Error('the judge was told to throw')),
  hang: () => new Promise(() => {}),
};

const judge: Judge = ({ name }) => answers[name.split('-')[0] ?? '']?.() ?? Promise.resolve({ allowed: true });

await runGate(judge);
