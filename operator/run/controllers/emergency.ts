/** Emergency accesses: grants and ends them, and accounts for what was done. */
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import { planEmergency } from '../../decide/emergency/plan.ts';
import type { EmergencySnapshot } from '../../decide/emergency/snapshot.ts';
import { emergencyStuck } from '../../decide/policy/stuck.ts';
import type { EmergencyRecord } from '../../decide/record/emergency.ts';
import { grantName, grantPrefix } from '../../decide/record/grant-names.ts';
import { isStatusOnly, type RecordChange } from '../../observe/changes.ts';
import { observeEmergency, type EmergencyFacts } from '../../observe/emergency.ts';
import type { Facts } from '../../observe/facts.ts';
import type { Priority } from '../../work/queue.ts';
import type { Controller, NoTrigger, Wake } from '../controller.ts';
import { productions } from '../lookup.ts';

type Wakes = readonly Wake<'emergency'>[];

const one = (namespace: string, uid: string, priority: Priority = 'Promotion'): Wake<'emergency'> => ({
  key: { controller: 'emergency', namespace, uid },
  priority,
});

/** Accesses of a namespace that are not over and done with. */
const open = (
  { records }: Facts,
  namespace: string,
  concerns: (each: EmergencyRecord) => boolean = () => true,
): Wakes =>
  [...records.get(namespace).emergencies.all.values()]
    .filter((each) => each.stage !== 'Closed' && each.stage !== 'Refused' && concerns(each))
    .map(({ uid }) => one(namespace, uid));

/** Those that are not judged yet: what stood in the way of one may be gone. */
const unjudged = ({ records, emergencies }: Facts, namespace: string): Wakes =>
  (emergencies.in()?.byIndex('namespace', namespace) ?? [])
    .filter(({ metadata }) => !records.get(namespace).emergencies.all.has(metadata.uid))
    .map(({ metadata }) => one(namespace, metadata.uid));

/** Accesses of which stage an entry may concern: their acts are counted, their account waits for what came of acts, a release settles what they left. */
const waiting: ReadonlyMap<LedgerEntrySpec['type'], EmergencyRecord['stage']> = new Map([
  ['Admitted', 'Opened'],
  ['AdmittedTogether', 'Opened'],
  ['Observed', 'Ended'],
  ['ObservedTogether', 'Ended'],
  ['Promoted', 'Accounted'],
  ['RollbackStarted', 'Accounted'],
  ['RolledBack', 'Accounted'],
]);

/** Entries by which an access gets out of the way of another. */
const settling: ReadonlySet<LedgerEntrySpec['type']> = new Set([
  'EmergencyEnded',
  'EmergencyAccounted',
  'EmergencyClosed',
  'EmergencyOverdue',
]);

const recorded = ({ namespace, entry }: RecordChange, facts: Facts): Wakes => {
  if (entry === undefined) return [];
  const { type, subject } = entry;
  const isAccess = subject.kind === 'EmergencyAccess';
  const goesOn = type === 'Resumed' && facts.records.get(namespace).broken === undefined;
  const stage = waiting.get(type);
  return [
    ...(goesOn ? open(facts, namespace) : []),
    ...(isAccess ? [one(namespace, subject.uid)] : []),
    ...(isAccess && settling.has(type) ? unjudged(facts, namespace) : []),
    ...(stage === undefined ? [] : open(facts, namespace, (each) => each.stage === stage)),
  ];
};

const entered: NoTrigger = { none: 'What an access changed is entered as an act or observed, and entries wake.' };

/** Works on one emergency access, as long as cluster or record have it. */
export const emergencyController: Controller<'emergency', EmergencySnapshot, keyof EmergencyFacts> = {
  name: 'emergency',
  priority: 'Normal',
  triggers: {
    emergencies: (change) => {
      const access = change.new ?? change.old;
      return access === undefined ? [] : [one(access.metadata.namespace, access.metadata.uid)];
    },
    policies: (change, facts) => {
      const policy = change.new ?? change.old;
      if (policy === undefined || isStatusOnly(change)) return [];
      const { namespace } = policy.metadata;
      return [...open(facts, namespace), ...unjudged(facts, namespace)];
    },
    clusterRoles: ({ key, old, new: now }, facts) =>
      old?.digest === now?.digest
        ? []
        : productions(facts).flatMap((namespace) => open(facts, namespace, ({ clusterRole }) => clusterRole === key)),
    records: recorded,
    approvals: (change) => {
      const approval = change.new ?? change.old;
      return approval?.spec.subject.kind === 'EmergencyAccess'
        ? [one(approval.metadata.namespace, approval.spec.subject.uid, 'Normal')]
        : [];
    },
    pods: (change, facts) => {
      const pod = change.new ?? change.old;
      return pod === undefined || change.new?.deleting === change.old?.deleting
        ? []
        : open(facts, pod.namespace, ({ sessions }) => sessions.some((session) => session.pod === pod.name));
    },
    objects: (change, facts) => {
      const object = change.new ?? change.old;
      return object?.ref.name.startsWith(grantPrefix) === true
        ? open(facts, object.namespace, ({ uid }) => object.ref.name.startsWith(grantName(uid)))
        : [];
    },
    followed: ({ namespace }, facts) =>
      namespace === undefined ? [] : [...open(facts, namespace), ...unjudged(facts, namespace)],
    watched: entered,
    secrets: entered,
    guarded: entered,
    installed: entered,
    dirtyObjects: entered,
    bundles: { none: 'A release that settles what an access left is in the record, and entries wake.' },
    serverTime: { none: 'A plan asks to be woken at the deadlines that it waits for.' },
  },
  everything: (facts) => [
    ...(facts.emergencies.in()?.list() ?? []).map(({ metadata }) => one(metadata.namespace, metadata.uid)),
    ...facts.records.namespaces().flatMap((namespace) => open(facts, namespace)),
  ],
  observe: (facts, { namespace, uid }) => observeEmergency(facts, namespace, uid),
  plan: planEmergency,
  stuck: emergencyStuck,
};
