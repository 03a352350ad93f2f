/** A policy in sentences: what a release into this namespace needs, in the order in which people ask. */
import type { ReleasePolicy } from '../../../operator/api/policy.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { policyIn } from '../../candidate/find.ts';
import { conditionOf } from '../../candidate/objects.ts';
import type { View } from '../desk.ts';
import type { RuleModel } from '../models.ts';

type Spec = ReleasePolicy['spec'];
type Line = Spec['approvals'][number];

const people = (count: number): string => (count === 1 ? '1 person' : `${count} different people`);

const lineText = ({ role, count, oneFromEach }: Line): string =>
  `${people(count)} as ${role}${oneFromEach.length === 0 ? '' : `, one of each group: ${oneFromEach.map(visible).join(', ')}`}`;

const soakText = (soak: string): string =>
  soak === '0s'
    ? 'Staging need not have run it for any time.'
    : `Staging has run exactly this content for ${soak}, healthy.`;

const whoSigns = (spec: Spec): readonly string[] => [
  ...spec.approvals.map(lineText),
  `A signature counts for ${spec.approvalValidFor}; a candidate may wait for ${spec.candidateValidFor}.`,
  'Nobody who changed the content signs for it, and one person counts once.',
  ...spec.people.map(({ name, identities }) => `${visible(name)} is ${identities.map(visible).join(', ')}.`),
];

const expedited = ({ expedited: lane }: Spec): readonly string[] =>
  lane === undefined
    ? ['There is no faster lane: expedited candidates are refused.']
    : [
        'An expedited candidate names its incident, and besides needs:',
        ...lane.approvals.map(lineText),
        soakText(lane.soak),
        ...(lane.passes.length === 0 ? [] : [`It passes: ${lane.passes.join(', ')}.`]),
      ];

const whenItStarts = (spec: Spec): readonly string[] => [
  ...(spec.windows.length === 0 ? ['At any time.'] : []),
  ...spec.windows.map(({ schedule, duration, timeZone }) => `From ${schedule} (${timeZone}), for ${duration}.`),
  ...spec.freezes.map(({ from, to, reason }) => `Not from ${from} to ${to}: ${visible(reason)}`),
];

const whatItNeeds = (spec: Spec): readonly string[] => [
  soakText(spec.soak),
  spec.stagingHold === 'UntilPromoted'
    ? 'Staging keeps the content until the promotion starts.'
    : 'Staging keeps the content until it was tested.',
  spec.notes === 'Required'
    ? 'Notes: summary, changes, dependencies, installation and rollback plan.'
    : 'Notes are optional.',
  spec.changeTicket.mode === 'Required'
    ? `A change in the system of record${spec.changeTicket.pattern === undefined ? '' : `, such as ${visible(spec.changeTicket.pattern)}`}.`
    : 'A change in the system of record is optional.',
  spec.images === 'DigestRequired'
    ? 'Images are named by digest.'
    : 'Images named by tag are pinned to the digest that staging ran.',
];

const whatHealthyMeans = ({ health }: Spec): readonly string[] => [
  `A promotion may take ${health.progressTimeout}. Then it is rolled back.`,
  health.observeFor === '0s'
    ? 'It is not watched afterwards.'
    : `Failing health rolls back for ${health.observeFor} afterwards.`,
  `Pods have been ready for ${health.settle} before it counts as complete.`,
  `A container may restart ${health.restarts.most} times.`,
  ...health.checks.flatMap(({ name, http }) =>
    http === undefined
      ? []
      : [`${visible(name)}: ${visible(http.url)} answers ${http.status}, every ${http.interval}.`],
  ),
];

const emergencies = ({ emergency }: Spec): readonly string[] =>
  emergency === undefined
    ? ['There is no emergency access here.']
    : [
        `One access lasts at most ${emergency.maxDuration}; ${emergency.maxActive} may be live at once.`,
        `What was changed is followed up by a release within ${emergency.followUpWithin}.`,
        emergency.endSessions === 'Evict'
          ? 'Pods that somebody went into are replaced at the end.'
          : 'Pods that somebody went into are named at the end, and stay.',
      ];

const whatElse = (spec: Spec): readonly string[] => [
  spec.deliveredBy === 'GitOps'
    ? `A GitOps tool writes production: ${spec.gitOpsWriters.map(visible).join(', ')}.`
    : 'Countersign writes production.',
  ...spec.trustedAutomation.map((each) => `${visible(each)} may propose releases for people whom it names.`),
  ...spec.platformWriters.map(
    ({ identity, kind, names }) => `${visible(identity)} writes ${kind} ${names.map(visible).join(', ')}.`,
  ),
  ...spec.unmanagedFields.map(
    ({ kind, name, fields }) => `Not managed: ${fields.map(visible).join(', ')} of ${kind} ${visible(name)}.`,
  ),
  ...spec.overlay.map(
    (item) => `Production keeps ${item.kind} ${visible(item.name)} of ${item.package} different from staging.`,
  ),
  ...spec.operate.scale.map(
    ({ kind, name, min, max }) => `Holders of operate may scale ${kind} ${visible(name)} from ${min} to ${max}.`,
  ),
];

const rulesOf = ({ spec }: ReleasePolicy): readonly RuleModel[] => [
  { title: 'Where releases come from', says: [`Staging namespace ${spec.sourceNamespace}, and no other.`] },
  { title: 'Who signs', says: whoSigns(spec) },
  { title: 'What a release needs', says: whatItNeeds(spec) },
  { title: 'When it may start', says: whenItStarts(spec) },
  { title: 'What healthy means', says: whatHealthyMeans(spec) },
  { title: 'The expedited lane', says: expedited(spec) },
  { title: 'Emergencies', says: emergencies(spec) },
  { title: 'Besides', says: whatElse(spec) },
  { title: 'Review', says: [`Somebody looks at this policy again by ${spec.reviewBy}.`] },
];

export const policy: View = (desk, place) => async () => {
  const namespace = place('namespace');
  desk.follow(ourResource('ReleasePolicy'), { namespace });
  const found = await policyIn(desk.cluster(), namespace);
  const ready = conditionOf(found, 'Ready');
  return {
    view: 'policy',
    namespace,
    ready: ready && {
      type: 'Ready',
      reason: ready.reason,
      message: ready.message,
      tone: ready.status === 'True' ? 'good' : 'bad',
    },
    rules: rulesOf(found),
  };
};
