/** Reasons of exceptions. */
import { exceptableGates } from '../exceptable-gates.ts';
import { entry, type ReasonEntry } from './entry.ts';

export const exceptionReasons = {
  PassedByException: entry(
    exceptableGates,
    'The gate does not pass, and an exception that others signed for passes it until the moment that the message names.',
  ),
  ExceptionGranted: entry(
    ['Granted'],
    'Everybody has signed whose signature it needs: releases pass by it until its end.',
  ),
  ExceptionAwaitsSignatures: entry(
    ['Granted', 'Reconciling'],
    'It lacks signatures.',
    'Somebody who holds the role that the message names, and neither asked for it nor changed the content, signs.',
  ),
  ExceptionOver: entry(['Granted'], 'Its time is over.', 'Who needs it longer creates a new PolicyException.'),
  ExceptionRefused: entry(
    ['Granted'],
    'Somebody who may sign refused it, or took it back.',
    'Read why, and create a new PolicyException that answers it.',
  ),
  ExceptionNotOffered: entry(
    ['Granted', 'Stalled'],
    'The policy lets no exception pass the gates that it names.',
    'A platform admin lists them in spec.exceptions.gates of the policy.',
  ),
  ExceptionTooLong: entry(
    ['Granted', 'Stalled'],
    'It would last longer than the policy allows.',
    'Create a new PolicyException with an earlier spec.until.',
  ),
} as const satisfies Record<string, ReasonEntry>;
