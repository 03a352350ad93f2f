/** Does the candidate name a change in the system of record, in the form that the policy demands? */
import { editPolicy, newCandidate } from '../remedies.ts';
import { visible } from '../../safe-text.ts';
import type { Verdict } from '../verdict.ts';
import { blocked, defineGate, passed, type Facts } from '../gate.ts';

const reads = ['candidate', 'policy'] as const;

/** Whether a text has the form; undefined = the pattern cannot be read. The schema takes only patterns that are matched in bounded time. */
const hasForm = (pattern: string, text: string): boolean | undefined => {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return undefined;
  }
};

/** The system of record is not asked: the change is what signers and auditors look up there. */
const judge = (s: Facts<typeof reads>): Verdict => {
  const { change } = s.candidate.spec;
  const { mode, pattern } = s.policy.spec.changeTicket;
  const demanded = pattern === undefined ? 'a change' : `a change that matches ${visible(pattern)}`;
  if (change.trim() === '') {
    return mode === 'Optional'
      ? passed('ChangeTicketNotRequired', 'The candidate names no change, and the policy requires none')
      : blocked('ChangeTicketMissing', {
          message: `The policy requires ${demanded}, and spec.change is empty`,
          remedy: newCandidate(s, 'and spec.change: the name of its change in the system of record'),
        });
  }
  const fits = pattern === undefined || hasForm(pattern, change);
  if (fits === undefined) {
    return blocked('PolicyInvalid', {
      message: `The pattern of the policy cannot be read: ${visible(pattern ?? '')}`,
      remedy: `A platform admin corrects spec.changeTicket.pattern: ${editPolicy(s)}`,
    });
  }
  if (fits) return passed('ChangeTicketGiven', `The candidate names its change: ${visible(change)}`);
  return blocked('ChangeTicketMalformed', {
    message: `The policy takes only ${demanded}, and spec.change is "${visible(change)}"`,
    remedy: newCandidate(s, 'and spec.change: its change as the system of record writes it'),
  });
};

export const changeTicket = defineGate({
  name: 'ChangeTicket',
  asks: 'Does the candidate name a change in the system of record, in the form that the policy demands?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: true,
  judge,
});
