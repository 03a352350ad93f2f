/** Reasons of the gate SegregationOfDuties; some that say who wrote what are of others, too. */
import { entry, type ReasonEntry } from './entry.ts';

export const dutiesReasons = {
  DutiesSegregated: entry(['SegregationOfDuties'], 'Authors, testers and approvers are different people.'),
  AuthorCannotSign: entry(
    ['SegregationOfDuties'],
    'Somebody who changed the content has signed for it; that signature does not count.',
    'Somebody who had no hand in the content signs in their place.',
  ),
  SamePersonTwice: entry(
    ['SegregationOfDuties'],
    'One person has signed more than once; one signature counts.',
    'Another person signs for the line that is still open.',
  ),
  AuthorNotTrusted: entry(
    ['SegregationOfDuties'],
    'The author is a ServiceAccount that the policy does not trust to author releases.',
    'A person creates the candidate, or the policy lists the ServiceAccount under trustedAutomation.',
  ),
  AutomationWithoutPerson: entry(
    ['SegregationOfDuties'],
    'The author is trusted automation and names no person behind it.',
    'Create a new candidate with the people in spec.onBehalfOf.',
  ),
  AuthorUnknown: entry(
    ['SegregationOfDuties'],
    'Somebody made the source of whom it is not known which account of the cluster is theirs, so a signature of theirs would count.',
    'A platform admin adds them to spec.people of the policy with every account, or to bots of the line of evidence if they are no people.',
  ),
  TooManyAuthors: entry(
    ['SegregationOfDuties'],
    'More people made the source than are recorded for one release.',
    'Have statements made that name the commits since the last release alone, for images that are built again.',
  ),
  AuthorUnrecorded: entry(
    ['SegregationOfDuties', 'Staged', 'Stalled'],
    'It is not recorded who wrote a staged object, so it cannot be told who may sign for it.',
    'Somebody who answers for the named object sends it again as it is, in a namespace labelled countersign.dev/staging=true: kubectl get <object> -o yaml | kubectl replace -f -.',
  ),
} as const satisfies Record<string, ReasonEntry>;
