/** What to do about a ReleasePolicy: say whether it is in force, and what production runs under it. */
import type { Approval } from '../../api/approval.ts';
import { policyName } from '../../api/kinds.ts';
import type { JudgedPolicy } from '../inherited.ts';
import type { ReleasePolicyStatus } from '../../api/policy.ts';
import { brokenRecord, brokenText } from '../record/broken-record.ts';
import { rfc3339, setConditions, type Wanted } from '../conditions.ts';
import type { Instant, NamespaceFacts, UnreadKinds } from '../objects.ts';
import { nothing, type Plan } from '../plan.ts';
import { reviewManifests, reviewOf, type ReviewState } from '../policy-review.ts';
import type { Mutator } from '../findings/foreign-mutators.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { listed } from '../messages.ts';
import { visible } from '../safe-text.ts';
import { shownFindings, signFinding } from '../findings/status.ts';
import type { SinkState } from '../notices/sinks.ts';
import { type StuckFailure, stalledBy } from '../stalled.ts';
import { resumable, signResume } from '../record/resume.ts';
import { forgettable, type Kept } from './retention.ts';
import { inForce } from './in-force.ts';
import { signedOf } from './changed-alone.ts';
import { inheritedOf } from './inherited-condition.ts';

export interface PolicySnapshot {
  readonly policy: JudgedPolicy;
  readonly namespace: NamespaceFacts | undefined;
  readonly record: NamespaceRecord;
  /** Approvals under its uid: who has read it. */
  readonly reviews: readonly Approval[];
  /** Names of definitions that nobody listed, in order; undefined = not read yet. */
  readonly unlisted: readonly string[] | undefined;
  /** Kinds of definitions that nobody can look at there; absent = none. */
  readonly unread?: UnreadKinds | undefined;
  /** What of others can change a write to this namespace on its way; undefined = not read yet. */
  readonly mutators: readonly Mutator[] | undefined;
  readonly kept: Kept;
  /** What looking at production fails at again and again; absent = it goes on. */
  readonly failing?: StuckFailure | undefined;
  readonly complete: boolean;
  /** How the sinks fare that the policy names, by name; absent = it names none. */
  readonly sinks?: ReadonlyMap<string, SinkState>;
}

export const planPolicy = (s: PolicySnapshot, now: Instant): Plan => {
  const { metadata, status } = s.policy;
  if (!s.complete || metadata.name !== policyName) return nothing;
  const review = reviewOf(s.policy, s.reviews);
  const wanted = [
    ...conditionsOf(s, review, now),
    explainedOf(s),
    everyKindOf(s),
    mutatorsOf(s),
    ...sinksOf(s),
    ...signedOf(s),
    ...inheritedOf(s.policy),
  ];
  const next: ReleasePolicyStatus = {
    observedGeneration: metadata.generation,
    conditions: setConditions(status?.conditions ?? [], wanted, { now, generation: metadata.generation }),
    packages: [...s.record.packages]
      .flatMap(([name, { production }]) =>
        production === undefined
          ? []
          : [{ package: name, bundle: production.bundle, digest: production.digest, since: rfc3339(production.at) }],
      )
      .toSorted((a, b) => a.package.localeCompare(b.package)),
    review: {
      due: rfc3339(Math.max(0, review.due)),
      by: review.last?.username ?? '',
      ...(review.last === undefined ? {} : { at: rfc3339(review.last.at) }),
      approvalManifests: { ...reviewManifests(s.policy) },
    },
    ...(s.record.explained.findings.size === 0
      ? {}
      : { findings: shownFindings(s.policy, s.record.explained.findings.values()) }),
  };
  return {
    ...nothing,
    statuses: [
      {
        kind: 'ReleasePolicy',
        namespace: metadata.namespace,
        name: metadata.name,
        uid: metadata.uid,
        resourceVersion: metadata.resourceVersion,
        before: status,
        status: next,
      },
    ],
    effects: forgettable(s.policy, s.record, s.kept),
    wakeAt: now < review.due ? review.due : undefined,
  };
};

/** Somebody wrote an entry where the record has not come yet. Production goes on, so that it is said here. */
const aheadOf = ({ policy, record }: PolicySnapshot): Wanted | undefined => {
  const [first, ...more] = record.ahead ?? [];
  if (first === undefined || record.broken !== undefined) return undefined;
  const others = more.length === 0 ? '' : `, and ${more.length} more`;
  return {
    type: 'Explained',
    status: 'False',
    reason: 'EntriesAhead',
    message: `entry ${first.name} stands ahead of the newest entry of the ledger, ${record.head.seq}${others}: it counts for nothing, but a program that starts takes the entries between for missing and stops. Only a stolen token of ours writes such an entry: find out in the audit log who did, and end it as docs/operations.md says. Then somebody who holds an approval role signs for going on without it: ${signResume(policy, first)}`,
  };
};

/** A kind of which nobody sees what changes, while everything else is looked at. */
const unseenOf = ({ policy, unread = new Map() }: PolicySnapshot): Wanted | undefined => {
  const [first, ...others] = unread;
  if (first === undefined) return undefined;
  const [kind, why] = first;
  const more = others.length === 0 ? '' : `, nor ${listed(others.map(([each]) => each))}`;
  return {
    type: 'Explained',
    status: 'Unknown',
    reason: 'KindNotRead',
    message: `the API server cannot read ${kind}${more}, so that nobody sees what changes of it: ${visible(why)}. Everything else is looked at. Next: a cluster administrator repairs the definition, or what converts its objects, until this answers: kubectl get ${kind} -n ${policy.metadata.namespace}`,
  };
};

/** Is every change of production explained? */
const explainedOf = (s: PolicySnapshot): Wanted => {
  const ahead = aheadOf(s);
  if (ahead !== undefined) return ahead;
  const { policy, record } = s;
  const { adopted, findings } = record.explained;
  const open = [...findings.values()].toSorted((a, b) => a.seq - b.seq);
  const [first] = open;
  if (first !== undefined) {
    const told = listed(open.map(({ name, reason }) => `${reason} (finding ${name})`));
    return {
      type: 'Explained',
      status: 'False',
      reason: 'FindingsOpen',
      message:
        `${open.length} open ${open.length === 1 ? 'finding' : 'findings'}: ${told}. Release the object, or somebody who holds an approval role signs: ${signFinding(policy, first)}`.slice(
          0,
          8_000,
        ),
    };
  }
  if (record.broken !== undefined) {
    // The watch measures against the record, and has stopped.
    return {
      type: 'Explained',
      status: 'Unknown',
      reason: 'LedgerBroken',
      message: `production is not looked at meanwhile: ${brokenText(policy.metadata.namespace, record.broken, record)}`,
    };
  }
  if (s.failing !== undefined) {
    const { reason, message } = stalledBy(s.failing);
    return {
      type: 'Explained',
      status: 'Unknown',
      reason,
      message: `what changes in production is not recorded: ${message}`,
    };
  }
  const unseen = unseenOf(s);
  if (unseen !== undefined) return unseen;
  return adopted.size > 0
    ? {
        type: 'Explained',
        status: 'True',
        reason: 'Explained',
        message:
          'every change of the kinds that are guarded is explained; kinds that nobody listed are not looked at: see EveryKindGuarded',
      }
    : {
        type: 'Explained',
        status: 'Unknown',
        reason: 'NotLookedAt',
        message: 'production has not been looked at for the first time',
      };
};

/** How many kinds are named; the command at the end shows the rest. */
const maxNamed = 20;

/** Is there a kind that nobody decided about? By its definition: whether there are objects of it is not known. */
const everyKindOf = ({ policy, unlisted }: PolicySnapshot): Wanted => {
  const type = 'EveryKindGuarded';
  if (unlisted === undefined) {
    return { type, status: 'Unknown', reason: 'DefinitionsNotRead', message: 'the definitions have not been read yet' };
  }
  if (unlisted.length === 0) {
    return { type, status: 'True', reason: 'EveryKindListed', message: 'every defined kind is guarded' };
  }
  const more = unlisted.length - maxNamed;
  const names = `${unlisted.slice(0, maxNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const who =
    policy.spec.unlistedKinds === 'Deny'
      ? 'only the control plane and declared controllers write them here'
      : 'controllers may write them here, and people do not';
  return {
    type,
    status: 'False',
    reason: 'KindsUnlisted',
    message: `${unlisted.length} ${unlisted.length === 1 ? 'kind that nobody listed is' : 'kinds that nobody listed are'} defined, and may have objects here that are not looked at: ${names}; ${who}. List what releases are to hold in kinds of the chart, and what else belongs to what runs in guardedKinds; all of them: kubectl get crd`,
  };
};

/** Who else has a hand in what is written here? They are named by what they do now, so that a changed one shows. */
const mutatorsOf = ({ policy, mutators }: PolicySnapshot): Wanted => {
  const type = 'NoForeignMutators';
  if (mutators === undefined) {
    return {
      type,
      status: 'Unknown',
      reason: 'MutatorsNotRead',
      message: 'webhooks and API services have not been read yet',
    };
  }
  if (mutators.length === 0) {
    return {
      type,
      status: 'True',
      reason: 'NothingForeign',
      message: 'no webhook, mutating policy or API service of others can change what is written here',
    };
  }
  const more = mutators.length - maxNamed;
  const names = mutators.slice(0, maxNamed).map(({ key, version }) => `${key} (${version})`);
  return {
    type,
    status: 'False',
    reason: 'ForeignMutators',
    message: `${mutators.length} ${mutators.length === 1 ? 'other is' : 'others are'} asked about what is written to ${policy.metadata.namespace} and may change it on the way: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}. They are named, not refused; the digits change when one does. Remove, or narrow by namespaceSelector, what does not belong there: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings,apiservices`,
  };
};

const sinkReasons = { NotDeclared: 'SinkMissing', NotAllowed: 'SinkNotAllowed', Failing: 'SinkFailing' } as const;

/** Do notices arrive? Nothing waits for them, so this is only said. */
const sinksOf = ({ sinks }: PolicySnapshot): readonly Wanted[] => {
  if (sinks === undefined || sinks.size === 0) return [];
  const type = 'NoticesDelivered';
  const troubles = [...sinks].flatMap(([name, state]) =>
    state === undefined || state === 'NotRead' ? [] : [{ name, ...state }],
  );
  const [first] = troubles;
  if (first !== undefined) {
    return [
      {
        type,
        status: 'False',
        reason: sinkReasons[first.is],
        message: listed(troubles.map(({ name, why }) => `sink ${name}: ${visible(why)}`)),
      },
    ];
  }
  return [...sinks.values()].includes('NotRead')
    ? [{ type, status: 'Unknown', reason: 'SinksNotRead', message: 'the Secret of sinks has not been read yet' }]
    : [
        {
          type,
          status: 'True',
          reason: 'SinksTakeNotices',
          message: 'every sink that spec.notify names takes notices',
        },
      ];
};

/** Where all others who wait are sent to, so here is the command itself. */
const howToGoOn = ({ policy, record }: PolicySnapshot, broken: string): string => {
  const { namespace } = policy.metadata;
  const entry = resumable(record);
  if (entry === undefined) return brokenText(namespace, broken, record);
  return `${brokenRecord(namespace, broken)}. Nothing is promoted, rolled back or pruned meanwhile. Look at it: kubectl get ledger -n ${namespace} -o json | node hack/ledger.ts. If somebody holds a token of ours they can write such an entry again: docs/operations.md says how to end it. Then somebody who holds an approval role signs for going on without that entry and what came after it: ${signResume(policy, entry)}`;
};

const conditionsOf = (s: PolicySnapshot, review: ReviewState, now: Instant): Wanted[] => {
  const settled: Wanted = { type: 'Reconciling', status: 'False', reason: 'Settled', message: 'no work is under way' };
  const moving: Wanted = {
    type: 'Stalled',
    status: 'False',
    reason: 'NotStalled',
    message: 'nothing needs to be changed',
  };
  if (s.namespace?.guarded === undefined) {
    const message = `label the namespace: kubectl label namespace ${s.policy.metadata.namespace} countersign.dev/guarded=enforce`;
    return [
      { type: 'Ready', status: 'False', reason: 'NamespaceNotGuarded', message },
      settled,
      { type: 'Stalled', status: 'True', reason: 'NamespaceNotGuarded', message },
    ];
  }
  if (s.record.broken !== undefined) {
    const message = howToGoOn(s, s.record.broken);
    return [
      { type: 'Ready', status: 'False', reason: 'LedgerBroken', message },
      settled,
      { type: 'Stalled', status: 'True', reason: 'LedgerBroken', message },
    ];
  }
  return [inForce(s.policy, review, now), settled, moving];
};
