/** Reasons of changes of the policy. */
import { entry, type ReasonEntry } from './entry.ts';

export const policyChangeReasons = {
  PolicyChanged: entry(['Applied'], 'The policy was changed to what it says, and everybody had signed for that.'),
  PolicyChangeAwaitsSignatures: entry(
    ['Applied', 'Reconciling'],
    'It lacks signatures.',
    'Somebody who holds the role that the message names, and did not ask for the change, reads the difference and signs.',
  ),
  PolicyChangeSigned: entry(
    ['Applied', 'Reconciling'],
    'Everybody has signed whose signature it needs: the operator applies it.',
  ),
  PolicyChangeRejected: entry(
    ['Applied'],
    'Somebody who may sign refused it.',
    'Read why, and create a new PolicyChange that answers it.',
  ),
  PolicyChangeExpired: entry(
    ['Applied'],
    'It has waited longer than spec.candidateValidFor of the policy.',
    'Who still wants it creates a new PolicyChange.',
  ),
  PolicyChangeNotNeeded: entry(
    ['Applied', 'Stalled'],
    'The policy has no spec.changes: who holds the right to administer changes it directly.',
    'Change the policy directly, or set spec.changes of it.',
  ),
  PolicyChangeNothing: entry(['Applied'], 'The policy is what it says, and nothing is left to change.'),
  PolicyChangeNotTaken: entry(
    ['Applied', 'Stalled'],
    'Everybody has signed, and the API server does not take the policy as it is to be.',
    'Create a new PolicyChange without what the message names.',
  ),
  EveryChangeSigned: entry(['ChangesSigned'], 'Others have signed for the policy as it is.'),
  ChangedAlone: entry(
    ['ChangesSigned'],
    'A cluster admin changed the policy alone, and nobody else has signed for it since.',
    'Somebody else who holds an approval role reads the policy and signs that, by the command in the message.',
  ),
} as const satisfies Record<string, ReasonEntry>;
