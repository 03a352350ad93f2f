/** Every validation of every custody policy: what it refuses and how it says so, and the twin that passes. As data. */
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import {
  approval,
  bundle,
  candidate,
  day,
  emergencyAccess,
  evidence,
  exception,
  ledgerEntry,
  policy,
  production,
  rollback,
  staging,
} from '../../support/attack/objects.ts';
import { store } from '../../support/attack/world.ts';
import { accepted, targetOf, type ApiClient, type Manifest } from '../../support/cluster/cluster.ts';
import { patched } from '../../support/scenario/patched.ts';
import { jobFinalizer } from '../../../operator/api/kinds.ts';
import {
  actOnDefinition,
  clockForgeries,
  merge,
  configMap,
  future,
  minutes,
  operatorUser,
  quiet,
  readers,
  revoke,
  stored2,
  type Kit,
  type Row,
} from './custody-kit.ts';
import { changeRows } from './custody-changes.ts';
import { overlayRows } from './custody-overlay.ts';
import { templateRows } from './custody-templates.ts';

/** What holds for several kinds. */
const ofAll = ({ commonRows, keptRows }: Kit): readonly Row[] => [
  ...commonRows('approvals', { status: 'NoStatus', record: 'Record' }),
  ...commonRows('rollbacks', { status: 'HasStatus', record: 'Record' }),
  ...commonRows('emergencyaccesses', { status: 'HasStatus', record: 'Record' }),
  ...commonRows('policychanges', { status: 'HasStatus', record: 'Record' }),
  ...commonRows('policyexceptions', { status: 'HasStatus', record: 'Record' }),
  ...commonRows('evidence', { status: 'NoStatus', record: 'Record' }),
  ...commonRows('releasecandidates', { status: 'HasStatus', record: 'Working' }),
  ...commonRows('releasepolicies', { status: 'HasStatus', record: 'Working' }),
  ...commonRows('releasebundles', { status: 'NoStatus', record: 'Record' }),
  ...commonRows('ledgerentries', { status: 'NoStatus', record: 'Record' }),
  ...keptRows('approvals'),
  ...keptRows('evidence'),
  ...keptRows('rollbacks'),
  ...keptRows('emergencyaccesses'),
  ...keptRows('policychanges'),
  ...keptRows('policyexceptions'),
  ...keptRows('ledgerentries'),
];

/** Who may sign, order, grant and revoke. */
const ofRights = ({ as, stored, rightRows }: Kit): readonly Row[] => [
  ...rightRows({
    policy: 'countersign-approvals',
    rule: 'Approve',
    doing: 'signs as approver',
    act: (client) => client.create(approval({ spec: { role: 'approver' } })),
    without: 'developer-b',
    right: 'approver-a',
    clusterRole: 'countersign-approver',
  }),
  {
    policy: 'countersign-approvals',
    rule: 'InstallationSignedAtHome',
    given: 'a tester signs for the installation where production is',
    refused: () =>
      as('tester-a').create(
        approval({ spec: { subject: { kind: 'Installation', name: 'countersign', uid: 'countersign' } } }),
      ),
    caller: 'tester-a',
    next: 'kubectl create it in the namespace that its manifest names',
    twin: () => as('tester-a').create(approval()),
  },
  ...rightRows({
    policy: 'countersign-rollbacks',
    rule: 'Rollback',
    doing: 'orders a rollback',
    act: (client) => client.create(rollback()),
    without: 'developer-b',
    right: 'sre-b',
    clusterRole: 'countersign-sre',
  }),
  ...rightRows({
    policy: 'countersign-emergencyaccesses',
    rule: 'Grant',
    doing: 'grants emergency access',
    act: (client) => client.create(emergencyAccess()),
    without: 'developer-b',
    right: 'sre-b',
    clusterRole: 'countersign-sre',
  }),
  {
    policy: 'countersign-emergencyaccesses',
    rule: 'GrantedInProduction',
    given: 'a cluster admin grants emergency access where nothing is guarded',
    refused: () => as('admin').create(emergencyAccess({ metadata: { namespace: quiet } })),
    caller: 'admin',
    next: 'kubectl get namespaces -l countersign.dev/guarded',
    twin: () => as('sre-a').create(emergencyAccess()),
  },
  ...rightRows({
    policy: 'countersign-policyexceptions',
    rule: 'Except',
    doing: 'asks for an exception',
    act: (client) => client.create(exception()),
    without: 'developer-b',
    right: 'owner-a',
    clusterRole: 'countersign-owner',
  }),
  {
    policy: 'countersign-policyexceptions',
    rule: 'ExceptedInProduction',
    given: 'a cluster admin asks for an exception where nothing is guarded',
    refused: () => as('admin').create(exception({ metadata: { namespace: quiet } })),
    caller: 'admin',
    next: 'kubectl get namespaces -l countersign.dev/guarded',
    twin: () => as('owner-a').create(exception()),
  },
  {
    policy: 'countersign-policyexceptions',
    rule: 'ExceptionEndsLater',
    given: 'an owner asks for an exception that is over',
    refused: () => as('owner-a').create(exception({ spec: { until: new Date(Date.now() - 60_000).toISOString() } })),
    caller: 'owner-a',
    next: 'set spec.until',
    twin: () => as('owner-a').create(exception({ spec: { until: new Date(Date.now() + 60_000).toISOString() } })),
  },
  ...rightRows({
    policy: 'countersign-emergencyaccesses',
    rule: 'Revoke',
    doing: 'ends the emergency access of others',
    act: async (client) => revoke(client, await stored.emergencyaccesses()),
    without: 'developer-b',
    right: 'sre-b',
    clusterRole: 'countersign-sre',
  }),
  ...(['sre-a', 'oncall-a'] as const).map((who) => ({
    policy: 'countersign-emergencyaccesses',
    rule: 'RevokeRightMissing',
    given: `somebody else without the right does what ${who} may, who ${who === 'sre-a' ? 'granted it' : 'was let in'}`,
    refused: async () => revoke(as('developer-b'), await stored.emergencyaccesses()),
    caller: 'developer-b',
    next: '--clusterrole=countersign-sre --user=developer-b',
    twin: async () => revoke(as(who), await store(as('sre-a'), emergencyAccess({ spec: { grantee: 'oncall-a' } }))),
  })),
];

/** Who reports evidence, where, and when it was performed. */
const ofEvidence = ({ as, serviceAccount, rightRows }: Kit): readonly Row[] => [
  ...rightRows({
    policy: 'countersign-evidence',
    rule: 'Report',
    doing: 'reports a test',
    act: (client) => client.create(evidence()),
    without: 'developer-b',
    right: 'reporter-a',
    clusterRole: 'countersign-report-TestReport',
  }).filter(({ rule }) => rule !== 'ReportNeedsPerson'),
  {
    policy: 'countersign-evidence',
    rule: 'ReporterFromElsewhere',
    given: 'an account of the staging namespace reports what is staged there',
    refused: () => serviceAccount().create(evidence()),
    caller: `system:serviceaccount:${staging}:robot`,
    next: '--clusterrole=countersign-report-TestReport --serviceaccount=<namespace>:<account>',
    twin: () => as('reporter-a').create(evidence()),
  },
  {
    policy: 'countersign-evidence',
    rule: 'ReportRightMissing',
    given: 'somebody who reports tests reports a vulnerability assessment',
    refused: () => as('reporter-a').create(evidence({ spec: { type: 'VulnerabilityAssessment' } })),
    caller: 'reporter-a',
    next: '--clusterrole=countersign-report-VulnerabilityAssessment --user=reporter-a',
    twin: () => as('reporter-a').create(evidence()),
  },
  {
    policy: 'countersign-evidence',
    rule: 'ReportedInStaging',
    given: 'somebody reports where nothing is staged',
    refused: () => as('reporter-a').create(evidence({ metadata: { namespace: quiet } })),
    caller: 'reporter-a',
    next: 'kubectl get cand -A',
    twin: () => as('reporter-a').create(evidence()),
  },
  {
    policy: 'countersign-evidence',
    rule: 'PerformedBefore',
    given: 'somebody reports a test that is to come',
    refused: () => as('reporter-a').create(evidence({ spec: { performedAt: future } })),
    caller: 'reporter-a',
    next: 'date -u +%FT%TZ',
    twin: () => as('reporter-a').create(evidence({ spec: { performedAt: new Date().toISOString() } })),
  },
];

/** Candidates, and what never changes of them and of bundles. */
const ofCandidates = ({ world, as, stored, candidateInFlight, rightRows }: Kit): readonly Row[] => [
  ...rightRows({
    policy: 'countersign-releasecandidates',
    rule: 'Withdraw',
    doing: 'deletes a candidate',
    act: async (client) => client.delete(targetOf(await stored.releasecandidates())),
    without: 'developer-b',
    right: 'owner-a',
    clusterRole: 'countersign-owner',
  }),
  {
    policy: 'countersign-releasecandidates',
    rule: 'StagedInStaging',
    given: 'a cluster admin stages where nothing is stamped',
    refused: () => as('admin').create(candidate({ metadata: { namespace: quiet } })),
    caller: 'admin',
    next: `kubectl label namespace ${quiet} countersign.dev/staging=true`,
    twin: () => as('developer-a').create(candidate()),
  },
  ...[staging, 'kube-system', systemNamespace].map((target) => ({
    policy: 'countersign-releasecandidates',
    rule: 'TargetIsProduction',
    given: `a developer releases to ${target}`,
    refused: () => as('developer-a').create(candidate({ spec: { targetNamespace: target } })),
    caller: 'developer-a',
    next: 'set spec.targetNamespace',
    twin: () => as('developer-a').create(candidate()),
  })),
  {
    policy: 'countersign-releasecandidates',
    rule: 'InFlightStays',
    given: 'an owner deletes a candidate in flight',
    refused: async () => as('owner-a').delete(targetOf(await candidateInFlight())),
    caller: 'owner-a',
    next: 'kubectl wait --for=condition=Finished releasecandidate/',
    twin: async () => {
      const held = await candidateInFlight();
      accepted(await merge(world().operator, held, { metadata: { finalizers: null } }));
      return as('owner-a').delete(targetOf(held));
    },
  },
  {
    policy: 'countersign-releasecandidates',
    rule: 'SpecNeverChanges',
    given: 'somebody renames a key of a free-form field, which the CRD does not see',
    refused: async () =>
      merge(
        as('admin'),
        await store(
          as('developer-a'),
          candidate({ spec: { overlay: [{ kind: 'Deployment', name: 'api', patch: { replicas: 6 } }] } }),
        ),
        {
          spec: { overlay: [{ kind: 'Deployment', name: 'api', patch: { paused: 6 } }] },
        },
      ),
    caller: 'admin',
    next: 'spec.replaces',
    twin: async () => merge(as('admin'), await stored.releasecandidates(), { metadata: { labels: { seen: 'yes' } } }),
  },
  {
    policy: 'countersign-releasebundles',
    rule: 'SpecNeverChanges',
    given: 'the operator exchanges authors, which are a set to the CRD',
    refused: async () =>
      merge(world().operator, await stored.releasebundles(), { spec: { authors: ['developer-b', 'developer-a'] } }),
    caller: operatorUser,
    next: 'create a new ReleaseCandidate',
    twin: async () =>
      merge(world().operator, await stored.releasebundles(), { spec: { authors: ['developer-a', 'developer-b'] } }),
  },
];

/** Bundles and entries, which programs write. */
const ofBooks = ({ world, as, stored }: Kit): readonly Row[] => [
  {
    policy: 'countersign-releasebundles',
    rule: 'BundleByOperator',
    given: 'a cluster admin writes a bundle',
    refused: () => as('admin').create(bundle()),
    caller: 'admin',
    next: 'create a ReleaseCandidate',
    twin: () => world().operator.create(bundle()),
  },
  {
    policy: 'countersign-releasebundles',
    rule: 'BundleKept',
    given: 'a cluster admin deletes a bundle',
    refused: async () => as('admin').delete(targetOf(await stored.releasebundles())),
    caller: 'admin',
    next: 'spec.retain.bundles',
    twin: async () => world().operator.delete(targetOf(await stored.releasebundles())),
  },
  {
    policy: 'countersign-ledgerentries',
    rule: 'RecordedByOperator',
    given: 'a cluster admin appends to the ledger',
    refused: () => as('admin').create(ledgerEntry()),
    caller: 'admin',
    next: 'do the act itself',
    twin: () => world().operator.create(ledgerEntry()),
  },
  {
    policy: 'countersign-ledgerentries',
    rule: 'EntryByItsWriter',
    given: 'the operator enters an act that only the gate admits',
    refused: () => world().operator.create(ledgerEntry({ spec: { type: 'Admitted' } })),
    caller: operatorUser,
    next: 'kubectl delete serviceaccount countersign-operator -n countersign-system',
    twin: () => world().operator.create(ledgerEntry()),
  },
];

/** What production demands. */
const ofPolicies = ({ world, serviceAccount, as, stored, actOnPolicy, label }: Kit): readonly Row[] => [
  {
    policy: 'countersign-ledgerentries',
    rule: 'EntryActor',
    given: 'the operator enters a promotion in the name of a person',
    refused: () => world().operator.create(ledgerEntry({ spec: { type: 'Promoted' } })),
    caller: operatorUser,
    next: 'kubectl delete serviceaccount countersign-operator -n countersign-system',
    twin: () => world().operator.create(ledgerEntry({ spec: { type: 'Promoted', actor: { username: operatorUser } } })),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'PolicyInProduction',
    given: 'a cluster admin guards kube-public',
    refused: () => as('admin').create(policy({ metadata: { namespace: 'kube-public' } })),
    caller: 'admin',
    next: 'kubectl get namespaces',
    twin: stored2(() => stored.releasepolicies()),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'PolicyInProduction',
    given: 'a cluster admin guards the namespace of Countersign',
    refused: () => as('admin').create(policy({ metadata: { namespace: systemNamespace } })),
    caller: 'admin',
    next: 'kubectl get namespaces',
    twin: stored2(() => stored.releasepolicies()),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'AdministerNeedsPerson',
    given: 'a ServiceAccount that holds the right creates a policy',
    refused: () => serviceAccount().create(policy({ metadata: { namespace: quiet } }), { dryRun: 'All' }),
    caller: `system:serviceaccount:${staging}:robot`,
    next: 'have a person do it',
    twin: stored2(() => stored.releasepolicies()),
  },
  ...(['create', 'update', 'delete'] as const).map((verb) => ({
    policy: 'countersign-releasepolicies',
    rule: 'AdministerRightMissing',
    given: `somebody without the right tries to ${verb} a policy`,
    refused: async () => actOnPolicy(verb, as('developer-b')),
    caller: 'developer-b',
    next: '--clusterrole=countersign-admin --user=developer-b',
    twin: async () => actOnPolicy(verb, as('admin')),
  })),
  {
    policy: 'countersign-releasepolicies',
    rule: 'GuardedKeepsPolicy',
    given: 'an admin deletes the policy of a guarded namespace',
    refused: async () => {
      const guarded = await stored.releasepolicies();
      await label(guarded.metadata.namespace ?? '', 'enforce');
      return as('admin').delete(targetOf(guarded));
    },
    caller: 'admin',
    next: 'countersign.dev/guarded-',
    twin: async () => as('admin').delete(targetOf(await stored.releasepolicies())),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: 'an admin puts the review of a new policy too far off',
    refused: () =>
      as('admin').create(policy({ metadata: { namespace: quiet }, spec: { reviewBy: day(733) } }), { dryRun: 'All' }),
    caller: 'admin',
    next: 'set an earlier day',
    twin: () =>
      as('admin').create(policy({ metadata: { namespace: quiet }, spec: { reviewBy: day(729) } }), { dryRun: 'All' }),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: 'an admin moves the review of a policy too far off',
    refused: async () => merge(as('admin'), await stored.releasepolicies(), { spec: { reviewBy: day(733) } }),
    caller: 'admin',
    next: 'set an earlier day',
    twin: async () => merge(as('admin'), await stored.releasepolicies(), { spec: { reviewBy: day(729) } }),
  },
  {
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: 'an admin creates a policy that says it is created in times to come',
    refused: () =>
      as('admin').create(
        policy({ metadata: { namespace: quiet, creationTimestamp: future }, spec: { reviewBy: day(733) } }),
        { dryRun: 'All' },
      ),
    caller: 'admin',
    next: 'set an earlier day',
    twin: () =>
      as('admin').create(policy({ metadata: { namespace: quiet, creationTimestamp: future } }), { dryRun: 'All' }),
  },
];

/** Definitions, and the clock of a policy. */
const ofDefinitions = ({ as, stored, putReview }: Kit): readonly Row[] => [
  ...(['update', 'delete', 'status'] as const).map((verb) => ({
    policy: 'countersign-definitions',
    rule: 'DefinitionsByAdmins',
    given: `somebody who may edit definitions writes one of ours (${verb})`,
    refused: () => actOnDefinition(verb, as('definer')),
    caller: 'definer',
    next: 'kubectl create rolebinding countersign-installer',
    twin: () => actOnDefinition(verb, as('admin')),
  })),
  ...clockForgeries.map(([given, forge]) => ({
    policy: 'countersign-releasepolicies',
    rule: 'ReviewWithin24Months',
    given: `an admin moves the review too far off, with ${given}`,
    refused: async () => putReview(await stored.releasepolicies(), day(733), forge),
    caller: 'admin',
    next: 'set an earlier day',
    twin: async () => putReview(await stored.releasepolicies(), day(729), forge),
  })),
];

/** A Job that the operator made and that waits for the record of its end. */
const heldJob = async (operator: ApiClient): Promise<Manifest> =>
  accepted(
    await operator.create({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { generateName: 'held-', namespace: production, finalizers: [jobFinalizer] },
      spec: {
        // So that no controller writes it meanwhile.
        managedBy: 'example.com/nobody',
        suspend: true,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example/app' }] } },
      },
    }),
  );

/** Where our own programs write, and who gives minutes. */
const ofPrograms = ({ world, as }: Kit): readonly Row[] => [
  ...['kube-public', quiet, staging].flatMap((namespace) =>
    (['operator', 'restorer'] as const).map((who) => ({
      policy: 'countersign-confinement',
      rule: 'ConfinedToProduction',
      given: `the ${who} writes a ConfigMap in ${namespace}`,
      refused: () => world()[who].create(configMap(namespace)),
      caller: `system:serviceaccount:countersign-system:countersign-${who}`,
      next:
        namespace === quiet || namespace === staging
          ? `kubectl label namespace ${namespace} countersign.dev/guarded=enforce`
          : 'point the ReleaseCandidate at',
      twin: () => world()[who].create(configMap(production)),
    })),
  ),
  {
    policy: 'countersign-confinement',
    rule: 'ConfinedToProduction',
    given: 'the operator writes a Role where nothing is guarded',
    refused: () => world().operator.create({ ...minutes('Role', { namespace: quiet }), rules: [] }),
    caller: operatorUser,
    next: `kubectl label namespace ${quiet} countersign.dev/guarded=enforce`,
    twin: () => world().operator.create(minutes('Role', { namespace: production })),
  },
  ...(['operator', 'restorer'] as const).flatMap((who) =>
    (
      [
        ['changes a Job that runs', { spec: { parallelism: 2 } }],
        [
          'changes a label of a Job along with its finalizer',
          { metadata: { labels: { other: 'yes' }, finalizers: [] } },
        ],
        ['sets another finalizer of a Job', { metadata: { finalizers: ['example.com/mine'] } }],
      ] as const
    ).map(([given, patch]) => ({
      policy: 'countersign-confinement',
      rule: 'JobsOnlyLetGo',
      given: `the ${who} ${given}`,
      refused: async () => world()[who].replace(patched(await heldJob(world().operator), patch)),
      caller: `system:serviceaccount:countersign-system:countersign-${who}`,
      next: 'kubectl create a ReleaseCandidate',
      twin: async () =>
        world()[who].replace(patched(await heldJob(world().operator), { metadata: { finalizers: [] } })),
    })),
  ),
  ...(
    [
      ['a cluster admin gives minutes by hand, in a namespace', 'admin', minutes('Role', { namespace: quiet })],
      ['a cluster admin gives minutes by hand, in a ClusterRole', 'admin', minutes('ClusterRole')],
      ['the operator gives minutes in a ClusterRole', 'operator', minutes('ClusterRole')],
      ['a cluster admin gives one minute in a rule about everything', 'admin', minutes('ClusterRole', {}, '*')],
      ...['unclocked', 'none'].map((name) => {
        const object = minutes('ClusterRole');
        const rules = object.rules.map((rule) => ({ ...rule, resourceNames: ['other', name] }));
        return [
          `a cluster admin gives what is asked of writes without a time: ${name}`,
          'admin',
          { ...object, rules },
        ] as const;
      }),
    ] as const
  ).map(([given, who, object]) => ({
    policy: 'countersign-minutes',
    rule: 'MinutesByOperator',
    given,
    refused: () => (who === 'operator' ? world().operator : as(who)).create(object),
    caller: who === 'operator' ? operatorUser : who,
    next: 'create an EmergencyAccess',
    twin: () => world().operator.create(minutes('Role', { namespace: production })),
  })),
  {
    policy: 'countersign-minutes',
    rule: 'MinutesByOperator',
    given: 'a cluster admin adds a minute to a ClusterRole',
    refused: async () =>
      merge(as('admin'), accepted(await as('admin').create(readers())), { rules: minutes('ClusterRole').rules }),
    caller: 'admin',
    next: 'create an EmergencyAccess',
    twin: async () =>
      merge(as('admin'), accepted(await as('admin').create(readers())), {
        rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }],
      }),
  },
];

export const custodyRows = (kit: Kit): readonly Row[] =>
  [
    ofAll,
    ofRights,
    ofEvidence,
    ofCandidates,
    overlayRows,
    ofBooks,
    ofPolicies,
    changeRows,
    templateRows,
    ofDefinitions,
    ofPrograms,
  ].flatMap((of) => of(kit));
