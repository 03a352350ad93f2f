/** What custody holds of our kinds, beside the rows of test/admission-policies/custody/custody-rows.ts: who ends an object, who stamps it, and whose an entry is. */
import { ledgerTypes, type LedgerType } from '../../../operator/api/ledger.ts';
import { ledgerWriters } from '../../../operator/api/ledger-writers.ts';
import { quiet } from './custody-kit.ts';
import { custodyRows } from './custody-rows.ts';
import type { Answer, ApiClient } from '../../support/cluster/cluster.ts';
import { unstamped } from './check-staging.ts';
import { dryDelete, dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { makers, stay, type Custody, type Plural, type State } from '../world/custody-world.ts';
import type { OwnWorld } from '../world/own-world.ts';
import {
  approval,
  candidate,
  emergencyAccess,
  evidence,
  exception,
  forgedOwner,
  ledgerEntry,
  policyChange,
  rollback,
  type Given,
  type Sent,
} from '../../support/attack/objects.ts';
import { said } from '../../support/attack/world.ts';

type Check = WorldCheck<OwnWorld>;

/** Both halves of each row of a policy; of twins those that ask the same policy. */
export const ofRows = (topic: string, { kit }: Custody): readonly Check[] => {
  const policy = `countersign-${topic}`;
  return custodyRows(kit).flatMap((row) =>
    row.policy === policy
      ? [
          {
            name: `${row.rule}: ${row.given}`,
            passes: async () => {
              const answer = await row.refused();
              return refusedBy(answer, row.rule) && said(answer).includes(`'${policy}'`);
            },
          },
          ...(row.rule === 'RecordKept'
            ? []
            : [{ name: `twin of ${row.rule}: ${row.given}`, passes: async () => (await row.twin()).ok }]),
        ]
      : [],
  );
};

const isRefused = (answer: Answer<unknown>): boolean => !answer.ok && answer.code === 403;

const collector = ({ controller }: OwnWorld): ApiClient => controller('generic-garbage-collector');
const cleaner = ({ controller }: OwnWorld): ApiClient => controller('namespace-controller');

/** Who ends objects: the collector its own finalizers, the cleaner what a namespace holds that nobody guards. */
export const ofEnds = (plural: Plural, { lying, produced }: Custody): readonly Check[] => {
  const finalizes = (who: ApiClient, state: State, finalizers: readonly string[], more: object = {}) =>
    who.patch(lying(plural, state), 'merge', { ...more, metadata: { finalizers } }, dryRun);
  return [
    {
      name: `the namespace controller deletes ${plural} where nobody guards, and there alone`,
      passes: async (world) =>
        (await cleaner(world).delete(lying(plural, 'standing'), dryDelete)).ok &&
        // Candidates are in staging namespaces, which nobody guards.
        (plural === 'releasecandidates' || isRefused(await cleaner(world).delete(produced(plural), dryDelete))),
    },
    {
      name: `nobody else deletes ${plural} where nobody guards`,
      passes: async (world) =>
        isRefused(await world.as('attacker').delete(lying(plural, 'standing'), dryDelete)) &&
        isRefused(await collector(world).delete(lying(plural, 'standing'), dryDelete)),
    },
    {
      name: `the garbage collector takes its finalizers off ${plural} that are being deleted`,
      passes: async (world) =>
        (await finalizes(collector(world), 'leaving', [stay])).ok &&
        (await finalizes(collector(world), 'leaving-orphans', [stay])).ok,
    },
    {
      name: `it takes off no finalizer of others, and none of what is not being deleted, of ${plural}`,
      passes: async (world) => {
        const answers = [
          await finalizes(collector(world), 'leaving', ['foregroundDeletion']),
          await finalizes(collector(world), 'leaving', []),
          await finalizes(collector(world), 'orphaning', []),
        ];
        return answers.every(isRefused);
      },
    },
    {
      name: `nobody else takes its finalizers off ${plural}`,
      passes: async (world) =>
        isRefused(await finalizes(world.as('attacker'), 'leaving', [stay])) &&
        isRefused(await finalizes(cleaner(world), 'leaving', [stay])),
    },
    {
      name: `it changes no content of ${plural} along with them`,
      passes: async (world) => !(await finalizes(collector(world), 'leaving', [stay], { spec: contentOf[plural] })).ok,
    },
    {
      name: `labels, annotations and owners of ${plural} are not the garbage collector's`,
      passes: async (world) => {
        if (plural === 'releasecandidates' || plural === 'releasepolicies') return true;
        const target = lying(plural, 'standing');
        const answers = [
          await collector(world).patch(target, 'merge', { metadata: { labels: null } }, dryRun),
          await collector(world).patch(target, 'merge', { metadata: { annotations: null } }, dryRun),
        ];
        return answers.every(isRefused);
      },
    },
    {
      name: `what ${plural} say never changes`,
      passes: async (world) => {
        const answer = await world
          .as('attacker')
          .patch(lying(plural, 'standing'), 'merge', { spec: contentOf[plural] }, dryRun);
        if (plural === 'releasepolicies') return refusedBy(answer, 'AdministerRightMissing');
        if (plural === 'releasecandidates' || plural === 'releasebundles') return !answer.ok;
        return refusedBy(answer, plural === 'emergencyaccesses' ? 'OnlyRevoked' : 'SpecNeverChanges');
      },
    },
    {
      name: `what is being deleted of ${plural} is deleted once more with its namespace, whatever its owners and finalizers`,
      passes: async (world) => (await cleaner(world).delete(lying(plural, 'leaving'), dryDelete)).ok,
    },
    {
      name: `nobody makes ${plural} with owners or finalizers`,
      passes: async (world) => {
        const creates = (metadata: object) => authorOf[plural](world).create(madeWith(plural, metadata), dryRun);
        return (
          (await creates({})).ok &&
          refusedBy(await creates({ ownerReferences: [forgedOwner] }), 'NoForgedOwners') &&
          refusedBy(await creates({ finalizers: [stay] }), 'NoForgedFinalizers')
        );
      },
    },
    {
      name: `the namespace controller changes no ${plural}`,
      passes: async (world) =>
        isRefused(
          await cleaner(world).patch(
            lying(plural, 'standing'),
            'merge',
            plural === 'releasepolicies' ? { spec: contentOf[plural] } : { metadata: { finalizers: [stay] } },
            dryRun,
          ),
        ),
    },
    {
      name: `others of our kinds than ${plural} are made by those who may`,
      passes: async (world) => {
        for (const other of Object.keys(makers) as Plural[])
          if (other !== plural && !(await authorOf[other](world).create(madeWith(other, {}), dryRun)).ok) return false;
        return true;
      },
    },
    {
      name: `who may write ${plural} writes one back as it is`,
      passes: async (world) =>
        plural === 'releasepolicies' ||
        (await world.as('attacker').patch(lying(plural, 'standing'), 'merge', {}, dryRun)).ok,
    },
  ];
};

/** Who makes each by right; of policies in a namespace that has none. */
const authorOf: Readonly<Record<Plural, (world: OwnWorld) => ApiClient>> = {
  approvals: ({ as }) => as('tester-a'),
  rollbacks: ({ as }) => as('sre-a'),
  emergencyaccesses: ({ as }) => as('sre-a'),
  evidence: ({ as }) => as('reporter-a'),
  policyexceptions: ({ as }) => as('owner-a'),
  policychanges: ({ as }) => as('admin'),
  releasecandidates: ({ as }) => as('developer-a'),
  releasebundles: ({ operator }) => operator,
  ledgerentries: ({ operator }) => operator,
  releasepolicies: ({ as }) => as('admin'),
};

const madeWith = (plural: Plural, metadata: object): Sent =>
  makers[plural]({ metadata: { ...(plural === 'releasepolicies' ? { namespace: quiet } : {}), ...metadata } });

/** A change of what each says. */
const contentOf: Readonly<Record<Plural, object>> = {
  approvals: { role: 'other' },
  rollbacks: { reason: 'other' },
  emergencyaccesses: { reason: 'other' },
  evidence: { result: 'Failed' },
  policyexceptions: { reason: 'other' },
  policychanges: { reason: 'other' },
  releasecandidates: { version: '3.0.0' },
  releasebundles: { version: '3.0.0' },
  ledgerentries: { reason: 'other' },
  releasepolicies: { soak: '1h' },
};

export const stamped = {
  approvals: { field: 'approver', who: 'tester-a', make: approval },
  rollbacks: { field: 'requester', who: 'sre-a', make: rollback },
  emergencyaccesses: { field: 'grantor', who: 'sre-a', make: emergencyAccess },
  policyexceptions: { field: 'requester', who: 'owner-a', make: exception },
  policychanges: { field: 'author', who: 'admin', make: policyChange },
  evidence: { field: 'reporter', who: 'reporter-a', make: evidence },
  releasecandidates: { field: 'author', who: 'developer-a', make: candidate },
} as const satisfies Partial<
  Record<Plural, { readonly field: string; readonly who: string; readonly make: (given?: Given) => Sent }>
>;

/** Behind the stamp, which looks away: what is sent must be the truth in every part. */
export const ofStamp = (plural: Plural): readonly Check[] => {
  const given = Object.entries(stamped).find(([each]) => each === plural)?.[1];
  if (given === undefined) return [];
  const { field, who, make } = given;
  const truth = { username: who, uid: '', groups: ['system:authenticated'] };
  const sends = ({ as }: OwnWorld, stamp: object) =>
    as(who).create(make({ metadata: { labels: unstamped }, spec: { [field]: stamp } }), dryRun);
  return [
    {
      name: `StampIsCaller: ${plural} with the truth are taken`,
      passes: async (world) => (await sends(world, truth)).ok,
    },
    ...Object.entries({ username: 'somebody-else', uid: '1', groups: ['system:authenticated', 'change-board'] }).map(
      ([part, lie]) => ({
        name: `StampIsCaller: ${plural} with another ${part} are not`,
        passes: async (world: OwnWorld) => refusedBy(await sends(world, { ...truth, [part]: lie }), 'StampIsCaller'),
      }),
    ),
  ];
};

const username = (program: string): string => `system:serviceaccount:countersign-system:countersign-${program}`;
const robot = 'system:serviceaccount:payments-staging:robot';
const collectorUser = 'system:serviceaccount:kube-system:generic-garbage-collector';

/** In whose name an entry of a type may be, and in whose not. */
const actorsOf = (type: LedgerType): { readonly right: readonly string[]; readonly wrong: readonly string[] } => {
  const { writer, actor } = ledgerWriters[type];
  const self = username(writer);
  const other = username(writer === 'gate' ? 'operator' : 'gate');
  switch (actor) {
    case 'Self':
      return { right: [self], wrong: ['developer-a', other, robot] };
    case 'Person':
      return { right: ['developer-a'], wrong: [self, other, robot] };
    case 'PersonOrSelf':
      return { right: ['developer-a', self], wrong: [other, robot] };
    case 'Other':
      return { right: ['developer-a', 'attacker', robot, collectorUser], wrong: [self, other, username('restorer')] };
  }
};

/** Whose each type of entry is. */
export const ofEntries: readonly Check[] = ledgerTypes.flatMap((type) => {
  const { writer } = ledgerWriters[type];
  const { right, wrong } = actorsOf(type);
  const appends = (client: ApiClient, actor: string) =>
    client.create(ledgerEntry({ spec: { type, actor: { username: actor } } }), dryRun);
  const pair = ({ gate, operator }: OwnWorld) => (writer === 'gate' ? [gate, operator] : [operator, gate]);
  return [
    {
      name: `${type} is written by the ${writer}, in the names that may be`,
      passes: async (world: OwnWorld) => {
        const [own, other] = pair(world);
        if (own === undefined || other === undefined) return false;
        for (const actor of right) if (!(await appends(own, actor)).ok) return false;
        for (const actor of wrong) if (!refusedBy(await appends(own, actor), 'EntryActor')) return false;
        return refusedBy(await appends(other, right[0] ?? ''), 'EntryByItsWriter');
      },
    },
  ];
});
