/** Are authors, testers and approvers different people? */
import type { Instant } from '../../objects.ts';
import { linesOf } from '../../people/approval-lines.ts';
import { isSystemName, peopleAmong } from '../../people/identity.ts';
import { deedOf, mostSourceAuthors } from '../../people/source-authors.ts';
import { quorum } from '../../people/quorum.ts';
import { newCandidate, signAs, editPolicy } from '../remedies.ts';
import { authorsOf, consents, signatures, type Signature } from '../../people/approvals.ts';
import type { Verdict } from '../verdict.ts';
import { visible } from '../../safe-text.ts';
import { argumentFor, listed, objectNamed } from '../../messages.ts';
import { blocked, defineGate, type Facts, passed, unknown, waiting } from '../gate.ts';

const reads = [
  'candidate',
  'policy',
  'target',
  'record',
  'bundle',
  'hands',
  'sourceAuthors',
  'approvals',
  'rights',
] as const;
type Seen = Facts<typeof reads>;

/** Who wrote it must be known, and a machine writes for somebody: it must be trusted to say for whom, and say it. */
const authorProblem = (s: Seen): Verdict | undefined => {
  if (s.hands.unrecorded !== undefined) return blocked('AuthorUnrecorded', s.hands.unrecorded);
  const machines = authorsOf(s).filter(isSystemName);
  const untrusted = machines.filter((username) => !s.policy.spec.trustedAutomation.includes(username));
  if (untrusted.length > 0) {
    return blocked('AuthorNotTrusted', {
      message: `${listed(untrusted.map(visible))} wrote this content, and the policy does not trust such an account to author releases`,
      remedy: `A person ${writtenAnew(s, untrusted)} and ${lowerFirst(newCandidate(s, 'in their own name'))}; or a platform admin adds the ServiceAccount to spec.trustedAutomation: ${editPolicy(s)}`,
    });
  }
  const people = s.candidate.spec.onBehalfOf.filter((name) => name.trim() !== '' && !isSystemName(name));
  if (machines.length === 0 || people.length > 0) return undefined;
  return blocked('AutomationWithoutPerson', {
    message: `${listed(machines.map(visible))} wrote this content and spec.onBehalfOf names no person behind it`,
    remedy: newCandidate(s, 'and the people behind it in spec.onBehalfOf'),
  });
};

/** Of everybody who made the source it must be known which accounts of the cluster are theirs: under another name their signature would count. */
const sourceProblem = (s: Seen): Verdict | undefined => {
  const { unanswered, known, unknown: strangers } = s.sourceAuthors;
  if (unanswered.length > 0) {
    return unknown('RightsUnknown', {
      message: `Not answered yet who signed ${listed(unanswered)}, which may name authors`,
      remedy:
        'Wait; the operator asks the API server automatically. If it lasts, a platform admin reads the log of the operator',
    });
  }
  if (known.length > mostSourceAuthors) {
    return blocked('TooManyAuthors', {
      message: `${known.length} people made the source; at most ${mostSourceAuthors} are recorded`,
      remedy: newCandidate(s, `built from images whose statements name the commits since the last release alone`),
    });
  }
  if (strangers.length === 0) return undefined;
  const rows = strangers.slice(0, mostRows).map(({ username }, at) => {
    const name = JSON.stringify(visible(username));
    return `{name: author-${at + 1}, identities: [${name}, <username in the cluster>]}`;
  });
  return blocked('AuthorUnknown', {
    message: `It is not known which account of the cluster is whose: ${listed(strangers.map((each) => visible(deedOf(each))))}`,
    remedy: `A platform admin adds to spec.people of the policy every account of each of them: ${editPolicy(s)} with people: [${rows.join(', ')}]; or lists under bots of the line of evidence those that are no people`,
  });
};

/** People whom one command names; the rest is named once these are known. */
const mostRows = 20;

/** With what they did to the source, if it is that which makes somebody an author. */
const withDeed = (s: Seen, usernames: readonly string[]): readonly string[] => {
  const { known } = s.sourceAuthors;
  const personOf = peopleAmong(s.policy.spec.people, [...usernames, ...known.map(({ username }) => username)]);
  return usernames.map((username) => {
    const deed = known.find((each) => personOf(each.username) === personOf(username));
    return deed === undefined ? visible(username) : `${visible(username)} (${visible(deedOf(deed))})`;
  });
};

/** A record never forgets: only a new object is without a writer that the old one had. */
const writtenAnew = (s: Seen, usernames: readonly string[]): string => {
  const { namespace } = s.candidate.metadata;
  const objects = s.hands.writtenBy(usernames);
  return objects.length === 0
    ? 'applies the content'
    : `creates ${listed(objects.map(objectNamed))} again (kubectl get ${objects.map(argumentFor).join(' ')} -n ${namespace} -o yaml | kubectl replace --force -f -)`;
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);

/** People of whom more than one signature, by other accounts or in other roles, would otherwise count. */
const twice = (counted: readonly Signature[]): readonly string[] =>
  [...Map.groupBy(counted, ({ person }) => person).values()]
    .map((own) => [...new Set(own.map(({ username, role }) => `${visible(username)} as ${role}`))])
    .filter((acts) => acts.length > 1)
    .map((acts) => listed(acts.toSorted()));

/**
 * A signature by an author never counts, and one person counts once; both are settled where signatures are counted. This gate
 * says so: it holds while such a signature stands in a place that somebody else must take, and passes, still naming it, once
 * others have signed. Otherwise one mistaken signature, which nobody can take back, would end the candidate.
 */
const judge = (s: Seen, now: Instant) => {
  const problem = authorProblem(s) ?? sourceProblem(s);
  if (problem !== undefined) return problem;
  const all = signatures(s, now);
  const counted = consents(all, 'Counts');
  const { lines } = quorum(linesOf(s), counted);
  const open = lines.filter((line) => line.have < line.need).map(({ role }) => role);
  const byAuthors = withDeed(s, [...new Set(consents(all, 'Author').map(({ username }) => username))]);
  const bySame = twice(counted);
  const remedy = open
    .map((role) => `Somebody else who holds role ${role} in ${s.target.name} signs: ${signAs(s, role)}`)
    .join('; ');

  if (byAuthors.length > 0) {
    const message = `Not counted, because they changed the content: ${listed(byAuthors)}`;
    return open.length === 0 ? passed('DutiesSegregated', message) : waiting('AuthorCannotSign', { message, remedy });
  }
  if (bySame.length > 0) {
    const message = `Counted once, for they are one person: ${bySame.join('; ')}`;
    return open.length === 0 ? passed('DutiesSegregated', message) : waiting('SamePersonTwice', { message, remedy });
  }
  const made = s.sourceAuthors.known.map((each) => visible(deedOf(each)));
  const source = made.length === 0 ? '' : `; authors by the source: ${listed(made)}`;
  return passed('DutiesSegregated', `Authors, testers and approvers are different people${source}`);
};

export const segregationOfDuties = defineGate({
  name: 'SegregationOfDuties',
  asks: 'Are authors, testers and approvers different people?',
  reads,
  rejudgedAtAdmission: true,
  exceptable: 'That those who write and those who sign are different people is what signatures rest on.',
  judge,
});
