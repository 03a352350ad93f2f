/** The ClusterRoles of the chart: what each lets a person do, where, and that it is nothing else. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { bind, eventually, startWorld, type World } from '../support/attack/world.ts';
import { one } from '../admission-policies/world/guard-objects.ts';
import {
  approval,
  candidate,
  emergencyAccess,
  fresh,
  production,
  exception,
  rollback,
  staging,
} from '../support/attack/objects.ts';
import { accepted, targetOf, type Answer, type KubeObject } from '../support/cluster/cluster.ts';
import { ruleMutants, sorted, written, type Rule } from './rbac.ts';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  accepted(await world.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'empty' } }));
  for (const resource of ['deployments', 'statefulsets', 'daemonsets', 'cronjobs']) {
    accepted(await world.as('installer').create(one(resource, 'standing', { namespace: 'empty' })));
  }
  for (const name of Object.keys(roles)) {
    await world.cluster.controlPlane.identity({ name });
    await bind(world, { user: name, role: name, namespace: 'empty' });
  }
  for (const [name] of standard) await bind(world, { user: `standard-${name}`, role: name });
  await eventually(
    'the last binding acts',
    () => rulesOf('countersign-admin'),
    (rules) => rules.length > reading.length,
  );
}, 120_000);

afterAll(() => world.stop());

const ours = [
  'approvals',
  'emergencyaccesses',
  'evidence',
  'ledgerentries',
  'policychanges',
  'policyexceptions',
  'releasebundles',
  'releasecandidates',
  'releasepolicies',
  'rollbacks',
];
const reading = ours.flatMap((resource) => ['get', 'list', 'watch'].map((verb) => `${verb} ${resource}`));
const policyRight = (verb: string) => `${verb} releasepolicies production`;
const signing = (role: string) => ['create approvals', `approve approvalroles ${role}`];

/** Kinds that definitions give: what runs, and where requests go. */
const customKinds = [
  'argoproj.io/rollouts',
  ...['grpcroutes', 'httproutes', 'tcproutes', 'tlsroutes', 'udproutes'].map(
    (kind) => `gateway.networking.k8s.io/${kind}`,
  ),
  'keda.sh/scaledobjects',
  ...['destinationrules', 'virtualservices'].map((kind) => `networking.istio.io/${kind}`),
];

/** Everything that each role grants beside reading our kinds. */
const roles: Readonly<Record<string, readonly string[]>> = {
  'countersign-developer': ['create releasecandidates', 'patch releasecandidates'],
  'countersign-tester': signing('tester'),
  'countersign-approver': signing('approver'),
  'countersign-releaser': signing('releaser'),
  'countersign-security': signing('security'),
  'countersign-sre': [
    ...signing('sre'),
    'create rollbacks',
    'create emergencyaccesses',
    'patch emergencyaccesses',
    ...['rollback', 'grant', 'operate'].map(policyRight),
    ...['deployments', 'statefulsets', 'daemonsets'].flatMap((kind) => [`get apps/${kind}`, `patch apps/${kind}`]),
    ...['deployments', 'statefulsets'].flatMap((kind) =>
      ['get', 'update', 'patch'].map((verb) => `${verb} apps/${kind}/scale`),
    ),
    ...['get', 'create', 'patch'].map((verb) => `${verb} batch/jobs`),
    // Pods of workloads that are only replaced by hand.
    'delete /pods',
    // To take a finalizer off what is being deleted.
    ...[
      'batch/cronjobs',
      ...['configmaps', 'persistentvolumeclaims', 'pods', 'serviceaccounts', 'services'].map((kind) => `/${kind}`),
      'autoscaling/horizontalpodautoscalers',
      ...['ingresses', 'networkpolicies'].map((kind) => `networking.k8s.io/${kind}`),
      'policy/poddisruptionbudgets',
      ...customKinds,
    ].flatMap((kind) => [`get ${kind}`, `patch ${kind}`]),
  ],
  'countersign-secrets-keeper': [
    policyRight('keepsecrets'),
    ...['create', 'update', 'patch'].map((verb) => `${verb} /secrets`),
  ],
  'countersign-oncall': ['patch emergencyaccesses'],
  'countersign-owner': [
    'create policyexceptions',
    'delete releasecandidates',
    policyRight('withdraw'),
    policyRight('except'),
  ],
  'countersign-auditor': ['/events', 'events.k8s.io/events'].flatMap((events) =>
    ['get', 'list', 'watch'].map((verb) => `${verb} ${events}`),
  ),
  'countersign-archiver': [policyRight('archive')],
  'countersign-admin': [
    'create policychanges',
    ...['create', 'delete', 'patch', 'update'].map((verb) => `${verb} releasepolicies`),
    policyRight('administer'),
  ],
  'countersign-installer': [policyRight('administer')],
  'countersign-installation': signing('installation'),
  ...Object.fromEntries(
    ['TestReport', 'VulnerabilityAssessment', 'Provenance', 'Source', 'SBOM'].map((type) => [
      `countersign-report-${type}`,
      ['create evidence', `report evidencetypes ${type}`],
    ]),
  ),
};

/** Our group goes without saying. */
const short = (right: string): string => right.replace(' countersign.dev/', ' ');

/** What the authorizer says that somebody may do in a namespace, as `verb group/resource name`. */
async function rulesOf(user: string, namespace = 'empty'): Promise<string[]> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    metadata: {},
    spec: { namespace },
  };
  interface Review extends KubeObject {
    readonly spec: unknown;
    readonly status?: { readonly resourceRules: readonly Rule[] };
  }
  const answer = accepted(await world.as(user).create<Review>(review));
  const spelled = (answer.status?.resourceRules ?? []).flatMap(written).map(short);
  return [...new Set(spelled)].filter((rule) => !everybody.has(rule)).toSorted();
}

/** What `system:basic-user` gives to everybody. */
const everybody = new Set([
  'create authorization.k8s.io/selfsubjectaccessreviews',
  'create authorization.k8s.io/selfsubjectrulesreviews',
  'create authentication.k8s.io/selfsubjectreviews',
]);

describe('each role is minimal', () => {
  test.each(Object.entries(roles))('%s grants this and nothing else', async (name, granted) => {
    expect(await rulesOf(name)).toEqual([...reading, ...granted].toSorted());
  });

  test('the chart has these roles for people, and no others', async () => {
    const list = accepted(
      await world
        .as('installer')
        .list(
          { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' },
          { labelSelector: 'app.kubernetes.io/name=countersign' },
        ),
    );
    const others = [
      'countersign-template-admin',
      'countersign-template-reader',
      'countersign-operator',
      'countersign-restorer',
      'countersign-gate',
      emergency,
    ];
    const named = list.items.map(({ metadata }) => metadata.name ?? '');
    expect(named.toSorted()).toEqual([...Object.keys(roles), ...others].toSorted());
  });
});

/** What the operator binds to whoever is let in. */
const emergency = 'countersign-emergency';

describe('the role of an emergency', () => {
  const main = [
    '/configmaps',
    '/persistentvolumeclaims',
    '/pods',
    '/serviceaccounts',
    '/services',
    'apps/daemonsets',
    'apps/deployments',
    'apps/statefulsets',
    'autoscaling/horizontalpodautoscalers',
    'batch/cronjobs',
    'batch/jobs',
    'networking.k8s.io/ingresses',
    'networking.k8s.io/networkpolicies',
    'policy/poddisruptionbudgets',
    ...customKinds,
  ];
  const whole = [...main.filter((kind) => kind !== '/pods' && kind !== '/persistentvolumeclaims'), '/secrets'];
  const beside = [
    '/endpoints',
    '/events',
    '/pods/log',
    '/replicationcontrollers',
    'apps/controllerrevisions',
    'apps/replicasets',
    'discovery.k8s.io/endpointslices',
    'events.k8s.io/events',
  ];
  const all = (verbs: readonly string[], kinds: readonly string[]) =>
    kinds.flatMap((kind) => verbs.map((verb) => `${verb} ${kind}`));
  const writing = ['create', 'update', 'patch'];

  test('reads and writes this, and nothing else: none of our kinds, no rights, and Secrets by name', async () => {
    await world.cluster.controlPlane.identity({ name: emergency });
    await bind(world, { user: emergency, role: emergency, namespace: 'empty' });
    const granted = await eventually(
      'the binding acts',
      () => rulesOf(emergency),
      (rules) => rules.length > 0,
    );
    expect(granted).toEqual(
      [
        ...all(['get', 'list', 'watch'], [...main, ...beside]),
        'get /secrets',
        ...all(writing, [...whole, '/persistentvolumeclaims']),
        ...all(['delete'], [...whole, '/pods']),
        ...all(['update', 'patch'], ['/pods/ephemeralcontainers']),
        ...all(['get', 'update', 'patch'], ['apps/deployments/scale', 'apps/statefulsets/scale']),
        ...all(['create', 'get'], ['/pods/attach', '/pods/exec', '/pods/portforward']),
      ].toSorted(),
    );
  });

  /** By which somebody would become, or make somebody, more than they are. */
  const strong = [
    /^(impersonate|bind|escalate|approve|sign|attest|deletecollection|\*) /,
    /\*/,
    /token|certificatesigningrequests|bindings|roles|webhook|policies$|policybindings|nodes/,
    /countersign\.dev|releas|approval|rollback|emergency|ledger/,
    /^(list|watch) \/secrets/,
    /\/(status|proxy|finalizers|binding|eviction|resize)$/,
    /^create \/pods$/,
  ];

  test('has no right that leads to others', async () => {
    const granted = await rulesOf(emergency);
    expect(granted.length).toBeGreaterThan(50);
    const allowed = new Set(all([...writing, 'get', 'list', 'watch', 'delete'], ['networking.k8s.io/networkpolicies']));
    expect(granted.filter((rule) => !allowed.has(rule) && strong.some((each) => each.test(rule)))).toEqual([]);
  });
});

const revoke = (who: string, access: KubeObject): Promise<Answer<unknown>> =>
  world.as(who).patch(targetOf(access), 'merge', { spec: { revoked: true } });

describe('the lists above', () => {
  test('show every role that gives less, or more', async () => {
    const counts = await Promise.all(Object.keys(roles).map((name) => mutantsShown(name)));
    expect(Math.min(...counts)).toBeGreaterThan(20);
  }, 300_000);

  /** Has each mutant of a role take its place until the authorizer says something else. Returns how many there are. */
  async function mutantsShown(name: string): Promise<number> {
    const target = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name };
    const store = (rules: readonly Rule[]) =>
      world.as('installer').patch(target, 'json', [{ op: 'replace', path: '/rules', value: rules }]);
    const { rules } = accepted(await world.as('installer').get<KubeObject & { rules: readonly Rule[] }>(target));
    const gives = (of: readonly Rule[]): string => sorted(of.flatMap(written)).join('; ');
    const listed = [...reading, ...(roles[name] ?? [])].toSorted().join('; ');
    const mutants = ruleMutants(rules).filter(({ is }) => gives(is) !== gives(rules));
    for (const { name: what, is } of mutants) {
      accepted(await store(is));
      await eventually(
        `${name} ${what} is shown`,
        () => rulesOf(name),
        (rights) => rights.join('; ') !== listed,
      );
    }
    accepted(await store(rules));
    await eventually(
      `${name} gives what it gave`,
      () => rulesOf(name),
      (rights) => rights.join('; ') === listed,
    );
    return mutants.length;
  }
});

describe('each role is sufficient', () => {
  const acts = [
    { who: 'developer-a', does: 'stages a candidate', act: () => world.as('developer-a').create(candidate()) },
    {
      who: 'developer-a',
      does: 'stages a candidate by server-side apply',
      act: () => {
        const { apiVersion, kind, metadata, spec } = candidate();
        const target = { apiVersion, kind, namespace: staging, name: metadata.name ?? '' };
        return world.as('developer-a').patch(target, 'apply', { apiVersion, kind, metadata, spec });
      },
    },
    ...(['tester', 'approver', 'releaser', 'security', 'sre'] as const).map((role) => ({
      who: `${role}-a`,
      does: `signs as ${role}`,
      act: () => world.as(`${role}-a`).create(approval({ spec: { role } })),
    })),
    { who: 'sre-a', does: 'orders a rollback', act: () => world.as('sre-a').create(rollback()) },
    {
      who: 'sre-a',
      does: 'grants emergency access, and ends it',
      act: async () => revoke('sre-a', accepted(await world.as('sre-a').create(emergencyAccess()))),
    },
    {
      who: 'countersign-oncall',
      does: 'ends their own emergency access',
      act: async () => {
        await bind(world, { user: 'countersign-oncall', role: 'countersign-oncall', namespace: production });
        const access = emergencyAccess({ spec: { grantee: 'countersign-oncall' } });
        return revoke('countersign-oncall', accepted(await world.as('sre-a').create(access)));
      },
    },
    {
      who: 'owner-a',
      does: 'withdraws a candidate',
      act: async () => {
        const { apiVersion, kind, metadata } = accepted(await world.as('developer-a').create(candidate()));
        return world.as('owner-a').delete({ apiVersion, kind, namespace: staging, name: metadata.name ?? '' });
      },
    },
    { who: 'owner-a', does: 'asks for an exception', act: () => world.as('owner-a').create(exception()) },
    ...['tester-a', 'approver-a', 'releaser-a', 'security-a', 'sre-a', 'auditor-a', 'owner-a'].map((who) => ({
      who,
      does: 'reads the candidates it is about',
      act: () =>
        world.as(who).list({ apiVersion: 'countersign.dev/v1alpha1', kind: 'ReleaseCandidate', namespace: staging }),
    })),
    {
      who: 'auditor-a',
      does: 'reads the ledger',
      act: () =>
        world
          .as('auditor-a')
          .list({ apiVersion: 'countersign.dev/v1alpha1', kind: 'LedgerEntry', namespace: production }),
    },
    {
      who: 'archiver-a',
      does: 'reads the ledger',
      act: () =>
        world
          .as('archiver-a')
          .list({ apiVersion: 'countersign.dev/v1alpha1', kind: 'LedgerEntry', namespace: production }),
    },
  ];

  test.each(acts)('$who $does', async ({ act }) => {
    expect(await act()).toMatchObject({ ok: true });
  });

  test.each([
    ['restarts a Deployment', ['rollout', 'restart', 'deployment/standing']],
    ['restarts a StatefulSet', ['rollout', 'restart', 'statefulset/standing']],
    ['restarts a DaemonSet', ['rollout', 'restart', 'daemonset/standing']],
    ['scales a Deployment', ['scale', 'deployment/standing', '--replicas=1']],
    [
      'scales a Deployment that has so many replicas',
      ['scale', 'deployment/standing', '--current-replicas=1', '--replicas=0'],
    ],
    ['scales a StatefulSet', ['scale', 'statefulset/standing', '--replicas=1']],
    [
      'scales a StatefulSet that has so many replicas',
      ['scale', 'statefulset/standing', '--current-replicas=1', '--replicas=0'],
    ],
    ['runs a CronJob now', ['create', 'job', 'now', '--from=cronjob/standing']],
  ])('an sre who is nothing else %s', async (_, args) => {
    expect(await world.cluster.controlPlane.kubectl('countersign-sre', [...args, '-n', 'empty'])).toMatchObject({
      code: 0,
    });
  });

  test('an admin who is nothing else creates a policy', async () => {
    const namespace = fresh('shop');
    accepted(
      await world.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }),
    );
    await bind(world, { user: 'countersign-admin', role: 'countersign-admin', namespace });
    const spec = { sourceNamespace: staging, approvals: [{ role: 'tester', count: 1 }], reviewBy: '2026-12-31' };
    const sent = {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'ReleasePolicy',
      metadata: { name: 'production', namespace },
      spec,
    };
    const created = await eventually(
      'created',
      () => world.as('countersign-admin').create(sent),
      ({ ok }) => ok,
    );
    expect(created).toMatchObject({ ok: true });
  });
});

/** The ClusterRoles of Kubernetes, and what none of them may come to hold by aggregation. */
const standard = [['admin'], ['edit'], ['view']] as const;
const rights = [
  ['approve', 'approvalroles', 'tester'],
  ['create', 'approvals', ''],
  ['create', 'rollbacks', ''],
  ['create', 'emergencyaccesses', ''],
  ['patch', 'emergencyaccesses', ''],
  ['create', 'policychanges', ''],
  ['create', 'policyexceptions', ''],
  ['use', 'emergencyminutes', 'unclocked'],
  ['create', 'releasecandidates', ''],
  ['update', 'releasepolicies', ''],
  ...['administer', 'grant', 'rollback', 'withdraw', 'except', 'operate', 'archive'].map(
    (verb) => [verb, 'releasepolicies', 'production'] as const,
  ),
] as const;

describe('no right is aggregated', () => {
  test.each(standard)('ClusterRole %s holds none of ours', async (name) => {
    interface Review extends KubeObject {
      readonly spec: unknown;
      readonly status?: { readonly allowed: boolean };
    }
    const held = [];
    for (const [verb, resource, resourceName] of rights) {
      const resourceAttributes = {
        group: 'countersign.dev',
        verb,
        resource,
        name: resourceName,
        namespace: production,
      };
      const review: Review = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        metadata: {},
        spec: { user: `standard-${name}`, resourceAttributes },
      };
      if (accepted(await world.as('installer').create<Review>(review)).status?.allowed === true) held.push(verb);
    }
    expect(held).toEqual([]);
  });
});
