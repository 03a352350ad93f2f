/** What a change of the policy says of itself. */
import type { PolicyChangeStatus } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Reason } from '../../api/reasons.ts';
import { rfc3339, setConditions, type Wanted } from '../conditions.ts';
import { firstLine, listed } from '../messages.ts';
import type { Instant } from '../objects.ts';
import { openLines, openPlaces } from '../people/open-lines.ts';
import type { Quorum } from '../people/quorum.ts';
import { refuseRequest, requestManifests, signRequest } from '../people/request-manifests.ts';
import { uncountedText } from '../people/requests.ts';
import { policyDifference } from '../policy/difference.ts';
import { visible } from '../safe-text.ts';
import { changeDigest, endOfChange, uncountedBecause, type ChangeState, type KnownChange } from './change.ts';
import { showChange } from './manifests.ts';

interface Changing extends KnownChange {
  readonly policy: ReleasePolicy | undefined;
}

export type ShownState =
  | ChangeState
  | { readonly is: 'Applied' }
  | { readonly is: 'NoPolicy' }
  /** Everybody has signed, and the API server says no, in these words. */
  | { readonly is: 'NotTaken'; readonly why: string };

const isOpen = (state: ShownState): state is Extract<ChangeState, { readonly quorum: Quorum }> =>
  state.is === 'Waiting' || state.is === 'Unanswered';

const stalling: ReadonlySet<ShownState['is']> = new Set(['NotNeeded', 'NotTaken', 'NoPolicy']);

export const changeStatus = (s: Changing, state: ShownState, now: Instant): PolicyChangeStatus => {
  const { change, policy } = s;
  const { generation } = change.metadata;
  const { reason, message } = said(s, state);
  const wanted: readonly Wanted[] = [
    { type: 'Applied', status: state.is === 'Applied' ? 'True' : 'False', reason, message },
    isOpen(state) || state.is === 'Signed'
      ? { type: 'Reconciling', status: 'True', reason, message: 'it waits for signatures, or is being applied' }
      : { type: 'Reconciling', status: 'False', reason: 'Settled', message: 'no work is under way' },
    stalling.has(state.is)
      ? { type: 'Stalled', status: 'True', reason, message }
      : { type: 'Stalled', status: 'False', reason: 'NotStalled', message: 'nothing needs to be changed' },
  ];
  return {
    observedGeneration: generation,
    conditions: setConditions(change.status?.conditions ?? [], wanted, { now, generation }),
    state: reason,
    approvals: approvalsOf(state, change.status?.approvals ?? ''),
    ...(policy === undefined || !isOpen(state)
      ? { difference: [], approvalManifests: {} }
      : {
          digest: changeDigest(change, policy),
          difference: differenceOf(s, policy),
          approvalManifests: requestManifests(
            change,
            changeDigest(change, policy),
            openLines(state.quorum).map(({ role }) => role),
          ),
        }),
  };
};

/** How many signed, as long as they are counted; afterwards what was said last. */
const approvalsOf = (state: ShownState, before: string): string => {
  if (state.is === 'Signed') return `${state.by.length}/${state.by.length}`;
  return isOpen(state) ? `${state.quorum.have}/${state.quorum.need}` : before;
};

const differenceOf = ({ change }: Changing, policy: ReleasePolicy): string[] => {
  const { lines, more } = policyDifference(policy, change.spec.policy);
  const { name, namespace } = change.metadata;
  return more === 0
    ? [...lines]
    : [...lines, `and ${more} more fields: kubectl get polchg ${name} -n ${namespace} -o jsonpath={.spec.policy}`];
};

interface Saying {
  readonly reason: Reason;
  readonly message: string;
}

const said = (s: Changing, state: ShownState): Saying => {
  const { change } = s;
  const { namespace, name } = change.metadata;
  const policyOf = `kubectl get relpol production -n ${namespace} -o yaml`;
  switch (state.is) {
    case 'Applied':
      return {
        reason: 'PolicyChanged',
        message: `the policy was changed to what it says; who signed is in the record: kubectl get ledger -n ${namespace} -o yaml`,
      };
    case 'Signed':
      return {
        reason: 'PolicyChangeSigned',
        message: `signed by ${listed(state.by.map(({ username, role }) => `${visible(username)} as ${role}`))}; it is applied automatically`,
      };
    case 'Waiting':
      return { reason: 'PolicyChangeAwaitsSignatures', message: waitingText(s, state) };
    case 'Unanswered':
      return {
        reason: 'RightsUnknown',
        message: 'the API server is asked whether its signers hold their roles; it goes on automatically',
      };
    case 'Rejected':
      return {
        reason: 'PolicyChangeRejected',
        message: `${visible(state.username)} refused it as ${state.role}, which is final: kubectl get appr ${state.approval} -n ${namespace} -o jsonpath={.spec.comment}`,
      };
    case 'Expired':
      return {
        reason: 'PolicyChangeExpired',
        message: `nobody signed for it in time; who still wants it asks for it again: kubectl countersign policy change -f <policy>.yaml -n ${namespace} --reason <why>`,
      };
    case 'NotNeeded':
      return {
        reason: 'PolicyChangeNotNeeded',
        message: `the policy has no spec.changes, so nobody needs to sign: who holds the right to administer changes it directly: kubectl edit relpol production -n ${namespace}`,
      };
    case 'Nothing':
      return { reason: 'PolicyChangeNothing', message: `the policy is already what it says: ${policyOf}` };
    case 'NoPolicy':
      return {
        reason: 'PolicyMissing',
        message: `namespace ${namespace} has no ReleasePolicy named production; a platform admin creates it: kubectl create -f <policy>.yaml -n ${namespace}`,
      };
    case 'NotTaken':
      return {
        reason: 'PolicyChangeNotTaken',
        message: `everybody has signed, and the API server does not take it: ${visible(firstLine(state.why))}. Next: ask for one without that: kubectl countersign policy change -f <policy>.yaml -n ${namespace} --reason <why>; until ${name} expires it is asked again whether it is taken`,
      };
  }
};

const waitingText = (
  { change, policy }: Changing,
  { quorum, ignored }: Extract<ChangeState, { is: 'Waiting' }>,
): string => {
  const { namespace } = change.metadata;
  const open = openLines(quorum);
  const next = open.map(
    ({ role }) =>
      `somebody who holds role ${role} in ${namespace} by name, and did not ask for it, signs: ${signRequest(change, role)}`,
  );
  const until = policy === undefined ? '' : ` until ${rfc3339(Math.max(0, endOfChange(change, policy)))}`;
  const refuse =
    policy === undefined
      ? ''
      : `; or refuses it for good: ${refuseRequest(change, changeDigest(change, policy), { role: open[0]?.role ?? '', comment: '<why not>' })}`;
  return `${quorum.have} of ${quorum.need} signatures; waiting${until} for ${listed(open.map(openPlaces))}${uncountedText(ignored, uncountedBecause)}. Read what it changes: ${showChange(change)}. Next: ${next.join('; ')}${refuse}`;
};
