/** Every fact that a plan reads wakes its controller when it changes, or says why it need not. */
import { describe, expect, test } from '@jest/globals';
import { manualClock } from '../../test/support/builders/clock.ts';
import {
  aBundle,
  aCandidate,
  aCandidateRecord,
  aDeployment,
  aLiveObject,
  anAccess,
  anApproval,
  anEmergency,
  anException,
  anIntent,
  aNamespace,
  anObject,
  aPiece,
  aPolicy,
  aPolicyChange,
  aRecord,
  digestOf,
  now,
  someEmergencies,
  thing,
} from '../../test/support/builders/decide.ts';
import { aPlace } from '../../test/support/builders/place.ts';
import type { LedgerEntrySpec } from '../api/ledger.ts';
import type { PodFacts } from '../decide/objects.ts';
import { grantName } from '../decide/record/grant-names.ts';
import type { NamespaceRecord } from '../decide/record/record.ts';
import { PackedValues } from '../kube/packed.ts';
import type { FamilySpec, Reflectors, ReflectorFamily } from '../kube/reflectors.ts';
import { Store, type ChangeHandler } from '../kube/store.ts';
import { createCaches, indexKey } from '../observe/caches.ts';
import { FailingWork } from '../observe/failing-work.ts';
import { SinkStates } from '../observe/sinks.ts';
import { RefusedWritesOfPackages } from '../observe/refused-writes.ts';
import { changesOf, ownSignals, type ChangingFact } from '../observe/changes.ts';
import { DirtyObjects } from '../observe/dirty-objects.ts';
import { followDirtyObjects } from '../observe/dirty-objects-follower.ts';
import type { FactName, Facts } from '../observe/facts.ts';
import { connectTriggers, factsReadBy, pickFacts, type Controller, type Wake } from './controller.ts';
import { candidateController } from './controllers/candidate.ts';
import { deletionController } from './controllers/deletion.ts';
import { emergencyController } from './controllers/emergency.ts';
import { exceptionController } from './controllers/exception.ts';
import { findingsController } from './controllers/findings.ts';
import { policyChangeController } from './controllers/policy-change.ts';
import { policyController } from './controllers/policy.ts';
import { releaseController } from './controllers/release.ts';
import { keyText, type ControllerName, type KeyOf } from './keys.ts';

const [production, staging] = ['payments-prod', 'payments-staging'];
const candidate = aCandidate();
const bundle = aBundle();
const access = anAccess();

const aDefinition = (name: string, kind: string) => {
  const [plural = '', ...group] = name.split('.');
  return { name, group: group.join('.'), kind, plural, versions: ['v1'], types: new Map() };
};
const emergency = anEmergency(access, { sessions: [{ pod: 'api-1', at: now }] });

/** A promotion is under way, somebody has emergency access, and a candidate is gone. */
const inFlight = ((): NamespaceRecord => {
  const record = aRecord({ package: { open: anIntent(bundle) }, emergencies: someEmergencies(emergency) });
  const gone = aCandidateRecord({ uid: 'uid-gone', name: 'gone' });
  return { ...record, candidates: new Map(record.candidates).set(gone.uid, gone) };
})();

/** Copies that hold what the test puts there. */
const inMemory = () => {
  const stores = new Map<unknown, Store<unknown>>();
  let version = 0;
  const family = <T>({ resource, indexes = {} }: FamilySpec<T>) => {
    const handlers: ChangeHandler<T>[] = [];
    const store = new Store<T>(indexes, (key, change) => handlers.forEach((each) => each(key, change)));
    const copy = {
      get: (key: string) => store.get(key),
      list: () => store.values(),
      byIndex: (index: string, key: string) => store.byIndex(index, key),
      countBy: (index: string, key: string) => store.countBy(index, key),
      isSynced: () => true,
    };
    const made = { resource, in: () => copy, onChange: (handler: ChangeHandler<T>) => handlers.push(handler) };
    stores.set(made, store as Store<unknown>);
    return made;
  };
  return {
    reflectors: { family } as unknown as Reflectors, // as much of them as copies need
    put<T>(into: ReflectorFamily<T> | undefined, key: string, value: T): void {
      stores.get(into)?.put(key, { uid: key, resourceVersion: String((version += 1)), value });
    },
    remove: (from: unknown, key: string): void => stores.get(from)?.remove(key, String((version += 1))),
  };
};

const options = {
  digestKey: 'key',
  guarded: ['widgets.example.com'],
  place: aPlace(),
  large: new PackedValues<object>(Infinity),
};

/** A cluster in which `record` is so, and the keys that its changes wake. */
const aWorld = (record: NamespaceRecord = inFlight) => {
  const { reflectors, put, remove } = inMemory();
  const caches = createCaches(reflectors, options);
  const own = ownSignals();
  const facts: Facts = {
    ...caches,
    records: { get: () => record, namespaces: () => [production] } as unknown as Facts['records'],
    followed: {
      isClusterRead: () => true,
      isProductionRead: () => true,
      isComplete: () => true,
      unreadKinds: () => new Map(),
    } as unknown as Facts['followed'],
    dirtyObjects: new DirtyObjects(manualClock(now), {
      looks: () => true,
      marked: (namespace) => own.dirtyObjects.emit({ namespace }),
    }),
    checks: { facts: () => new Map(), follow: () => {} } as unknown as Facts['checks'],
    refusedWrites: new RefusedWritesOfPackages(() => {}),
    failing: new FailingWork(() => {}),
    sinks: new SinkStates(() => {}),
    serverVersion: () => 'v1.36.3',
    serverTime: { bounds: () => undefined, skewMs: () => undefined },
    home: 'countersign-system',
  };
  put(facts.policies.own, `${production}/production`, aPolicy({ emergency: { clusterRole: 'countersign-emergency' } }));
  put(facts.namespaces, production, aNamespace());
  put(facts.namespaces, staging, aNamespace({ name: staging, guarded: undefined, staging: true }));
  put(facts.candidates, indexKey(staging, candidate.metadata.name), candidate);
  put(facts.bundles, indexKey(production, bundle.name), {
    uid: 'uid-bundle',
    partOf: '',
    bundle,
    parts: [],
    bytes: 10,
    programs: new Map(),
    summary: '',
  });
  put(facts.emergencies, indexKey(production, access.metadata.name), access);
  put(facts.exceptions, indexKey(production, 'hurry'), anException('hurry'));
  const named = { package: 'other', candidate: { name: 'gone', uid: 'uid-gone' } };
  put(facts.exceptions, indexKey(production, 'named'), anException('named', named));
  put(facts.policyChanges, indexKey(production, 'stricter'), aPolicyChange('stricter'));
  put(facts.definitions, 'widgets.example.com', aDefinition('widgets.example.com', 'Widget'));
  const on = changesOf(caches, own);
  const woken: Wake[] = [];
  followDirtyObjects({ facts, dirtyObjects: facts.dirtyObjects, on });
  for (const { connect } of table) connect(facts, on, (wake) => woken.push(wake));
  return { facts, own, put, remove, woken };
};

type World = ReturnType<typeof aWorld>;

/** What the test needs of a controller, whatever it works on. */
const described = <C extends ControllerName, Seen, N extends FactName>(
  controller: Controller<C, Seen, N>,
  key: KeyOf<C>,
) => ({
  name: controller.name,
  reads: factsReadBy(controller.triggers),
  without: factsReadBy(controller.triggers).filter((fact) => 'none' in controller.triggers[fact]),
  connect: (facts: Facts, on: ReturnType<typeof changesOf>, wake: (wake: Wake) => void) =>
    connectTriggers(controller.triggers, { facts, on, wake }),
  given: (facts: Facts) => pickFacts(facts, factsReadBy(controller.triggers)),
  observe: (facts: Facts) => controller.observe(pickFacts(facts, factsReadBy(controller.triggers)), key, now),
});

const uid = access.metadata.uid;
const table = [
  described(candidateController, { controller: 'candidate', namespace: staging, name: candidate.metadata.name }),
  described(releaseController, { controller: 'release', namespace: production, package: 'payments' }),
  described(policyController, { controller: 'policy', namespace: production }),
  described(findingsController, { controller: 'findings', namespace: production }),
  described(emergencyController, { controller: 'emergency', namespace: production, uid }),
  described(exceptionController, { controller: 'exception', namespace: production, name: 'hurry' }),
  described(policyChangeController, { controller: 'policy-change', namespace: production, name: 'stricter' }),
  described(deletionController, { controller: 'candidate-deletion', namespace: production, uid: 'uid-gone' }),
];

const entry = (given: Partial<LedgerEntrySpec>): LedgerEntrySpec => ({
  seq: 2,
  id: 'id-2',
  previous: digestOf('1'),
  time: '2026-03-11T15:00:00Z',
  actor: { username: 'somebody', uid: '', groups: [] },
  type: 'Observed',
  subject: { kind: 'Deployment', namespace: production, name: 'api', uid: 'uid-api' },
  package: '',
  digest: '',
  decision: '',
  reason: '',
  data: '',
  ...given,
});

const aWatched = (kind: string, name: string) => ({
  ...thing(`${kind}/${name}`, name),
  namespace: production,
  resourceVersion: '1',
});

const aPod: PodFacts = {
  name: 'api-1',
  namespace: production,
  uid: 'uid-api-1',
  createdAt: now,
  deleting: false,
  phase: 'Running',
  ready: true,
  readySince: now,
  labels: {},
  ownerKind: 'Deployment',
  ownerName: 'api',
  ownerUid: 'uid-api',
  controller: undefined,
  programs: [],
  lifetime: [],
  manager: '',
  containers: [],
};

const kept = { labels: {}, isOwned: false, selects: [] };

/** A change of each fact. */
const happens: { readonly [N in ChangingFact]: (world: World) => void } = {
  namespaces: ({ facts, put }) => put(facts.namespaces, production, aNamespace({ guarded: 'audit' })),
  nodes: ({ facts, put, woken }) => {
    put(facts.pods, `${production}/api-1`, { ...aPod, nodeName: 'node-1' });
    woken.length = 0;
    const node = { name: 'node-1', ready: false, readySince: undefined, bootID: '', rebootedAt: undefined };
    put(facts.nodes, 'node-1', { ...node, unreachable: true });
  },
  policies: ({ facts, put }) => {
    const policy = aPolicy();
    put(facts.policies.own, `${production}/production`, { ...policy, metadata: { ...policy.metadata, generation: 2 } });
  },
  candidates: ({ facts, remove }) => remove(facts.candidates, indexKey(staging, candidate.metadata.name)),
  bundles: ({ facts, remove }) => remove(facts.bundles, indexKey(production, bundle.name)),
  approvals: ({ facts, put }) => {
    const signed = anApproval('tester-a');
    const of = (
      kind: 'ReleaseCandidate' | 'Finding' | 'EmergencyAccess' | 'PolicyChange' | 'PolicyException' | 'ReleasePolicy',
    ) => {
      const about = {
        EmergencyAccess: { uid },
        PolicyChange: { name: 'stricter', uid: 'uid-stricter' },
        PolicyException: { name: 'hurry', uid: 'uid-hurry' },
      };
      const subject = { ...signed.spec.subject, kind, ...(kind in about && about[kind as keyof typeof about]) };
      put(facts.approvals, `${production}/${kind}`, { ...signed, spec: { ...signed.spec, subject } });
    };
    of('PolicyException');
    of('PolicyChange');
    of('ReleasePolicy');
    of('ReleaseCandidate');
    of('Finding');
    of('EmergencyAccess');
  },
  evidence: ({ facts, put }) =>
    put(facts.evidence, `${staging}/tests`, aPiece('tests', { about: { uid: candidate.metadata.uid } })),
  exceptions: ({ facts, put }) => {
    put(facts.exceptions, `${production}/hurry`, anException('hurry', { reason: 'other' }));
    put(facts.exceptions, `${production}/new`, anException('new'));
  },
  policyChanges: ({ facts, put }) => put(facts.policyChanges, `${production}/looser`, aPolicyChange('looser')),
  rollbacks: ({ facts, put }) =>
    put(facts.rollbacks, `${production}/back`, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'Rollback',
      metadata: { ...access.metadata, name: 'back' },
      spec: { package: 'payments', reason: 'r', requester: { username: 'sre-a', uid: '', groups: [] } },
    } as never), // no more of it is asked
  emergencies: ({ facts, remove }) => remove(facts.emergencies, indexKey(production, access.metadata.name)),
  clusterRoles: ({ facts, put }) =>
    put(facts.clusterRoles, 'countersign-emergency', { name: 'countersign-emergency', digest: digestOf('8') } as never),
  ledger: () => {}, // nobody reads it but the records
  objects: ({ facts, put }) => {
    put(facts.objects.get('Deployment'), `${production}/api`, { ...aLiveObject(aDeployment()), ...kept });
    const name = grantName(uid);
    put(facts.objects.get('Role'), `${production}/${name}`, { ...aLiveObject(anObject('Role', name)), ...kept });
  },
  pods: ({ facts, put }) => {
    put(facts.pods, `${production}/api-1`, aPod);
    put(facts.pods, `${production}/api-1`, { ...aPod, deleting: true });
  },
  secrets: ({ facts, put }) =>
    put(facts.secrets, `${production}/s`, { ...aWatched('Secret', 's'), keys: new Set<string>() }),
  watched: ({ facts, put }) => {
    put(facts.watched.get('ResourceQuota'), `${production}/most`, aWatched('ResourceQuota', 'most'));
    const controller = { kind: 'Deployment', name: 'api', uid: 'uid-api' };
    const set = { ...aWatched('ReplicaSet', 'api-1'), namespace: staging, controller };
    put(facts.watched.get('ReplicaSet'), `${staging}/api-1`, set);
  },
  bindings: ({ facts, put }) =>
    put(facts.bindings.get('ClusterRoleBinding'), 'nodes', {
      namespace: '',
      name: 'nodes',
      role: { kind: 'ClusterRole', name: 'nodes' },
      subjects: [`system:serviceaccount:${staging}:api`],
    }),
  classes: ({ facts, put }) => put(facts.classes.get('StorageClass'), 'fast', 'fast'),
  definitions: ({ facts, put }) => put(facts.definitions, 'a.example', aDefinition('a.example', 'A')),
  mutators: ({ facts, put }) =>
    put(facts.mutators.webhooks, 'w', { key: 'MutatingWebhookConfiguration/w', version: '1', reaches: [] }),
  guarded: ({ facts, put }) =>
    put(facts.guarded.get('widgets.example.com'), `${production}/w`, aWatched('widgets.example.com', 'w')),
  installed: ({ facts, put }) =>
    put(facts.installed.get('ClusterRole'), 'c', {
      ...aWatched('ClusterRole', 'c'),
      namespace: '',
      changedBy: '',
    }),
  records: ({ own }) => {
    const subject = { kind: 'EmergencyAccess', namespace: production, name: access.metadata.name, uid };
    own.records.emit({ namespace: production, entry: entry({ subject, type: 'EmergencyOpened' }) });
    own.records.emit({ namespace: production, entry: entry({ type: 'Promoted', package: 'payments' }) });
    const gone = { kind: 'ReleaseCandidate', namespace: staging, name: 'gone', uid: 'uid-gone' };
    const policySubject = { kind: 'ReleasePolicy', namespace: production, name: 'production', uid: 'uid-production' };
    own.records.emit({ namespace: production, entry: entry({ subject: policySubject, type: 'Admitted' }) });
    own.records.emit({ namespace: production, entry: entry({ subject: gone, type: 'Staged', package: 'payments' }) });
  },
  followed: ({ own }) => {
    own.followed.emit({ namespace: production });
    own.followed.emit({ namespace: undefined });
  },
  dirtyObjects: ({ facts }) => facts.dirtyObjects.mark(production, 'Deployment/api'),
  checks: ({ own }) => own.checks.emit({ namespace: production, package: 'payments' }),
  refusedWrites: ({ own }) => own.refusedWrites.emit({ namespace: production, package: 'payments' }),
  sinks: ({ own }) => own.sinks.emit({}),
  failing: ({ own }) => {
    own.failing.emit({ namespace: production, package: 'payments' });
    own.failing.emit({ namespace: production, package: '' });
  },
};

const keysOf = ({ woken }: World): readonly string[] => [...new Set(woken.map(({ key }) => keyText(key)))].toSorted();

const the = {
  candidate: `candidate/${staging}/${candidate.metadata.name}`,
  release: `release/${production}/payments`,
  policy: `policy/${production}`,
  findings: `findings/${production}`,
  emergency: `emergency/${production}/${uid}`,
  exception: `exception/${production}/hurry`,
  named: `exception/${production}/named`,
  change: `policy-change/${production}/stricter`,
  deletion: `candidate-deletion/${production}/${candidate.metadata.uid}`,
} as const;

test.each<[ChangingFact, readonly string[]]>([
  ['namespaces', [the.candidate, the.findings, the.policy, the.release]],
  ['nodes', [the.candidate, the.release]],
  [
    'policies',
    [the.candidate, the.change, the.emergency, the.exception, the.findings, the.named, the.policy, the.release],
  ],
  ['candidates', [the.deletion, the.candidate]],
  ['bundles', [the.candidate, the.release]],
  ['approvals', [the.candidate, the.change, the.emergency, the.exception, the.findings, the.policy]],
  ['evidence', [the.candidate]],
  ['exceptions', [the.candidate, the.exception, `exception/${production}/new`]],
  ['policyChanges', [`policy-change/${production}/looser`]],
  ['rollbacks', [the.release]],
  ['emergencies', [the.emergency]],
  ['clusterRoles', [the.candidate, the.emergency]],
  ['objects', [the.candidate, the.emergency, the.findings, the.release]],
  ['pods', [the.candidate, the.emergency, the.findings, the.release]],
  ['secrets', [the.candidate, the.findings]],
  ['watched', [the.candidate, the.findings]],
  ['bindings', [the.candidate]],
  ['classes', [the.candidate]],
  ['definitions', [the.policy]],
  ['mutators', [the.policy]],
  ['guarded', [the.findings]],
  ['installed', [the.candidate, the.findings]],
  [
    'records',
    [
      the.named,
      `candidate-deletion/${production}/uid-gone`,
      `candidate/${staging}/gone`,
      the.candidate,
      the.change,
      the.emergency,
      the.findings,
      the.policy,
      the.release,
    ],
  ],
  ['followed', [the.candidate, the.emergency, the.findings, the.policy, the.release]],
  ['dirtyObjects', [the.findings]],
  ['checks', [the.candidate, the.release]],
  ['refusedWrites', [the.candidate]],
  ['failing', [the.candidate, the.policy]],
  ['sinks', [the.policy]],
])('a change of %s wakes whom it concerns', (fact, expected) => {
  const world = aWorld();
  world.woken.length = 0;
  happens[fact](world);
  expect(keysOf(world)).toEqual(expected.toSorted());
});

test.each<[sentence: string, versions: readonly string[], wakes: readonly string[]]>([
  ['served in other versions', ['v2'], [the.findings]],
  ['with another status or schema', ['v1'], []],
])(
  'the definition of a kind that is followed is %s: production is looked at again, or not',
  (_, versions, expected) => {
    const world = aWorld();
    world.woken.length = 0;
    const changed = { ...aDefinition('widgets.example.com', 'Widget'), versions };
    world.put(world.facts.definitions, 'widgets.example.com', changed);
    expect(keysOf(world)).toEqual(expected);
  },
);

test.each<[sentence: string, kind: 'StatefulSet' | 'PersistentVolumeClaim', name: string, wakes: readonly string[]]>([
  ['a StatefulSet that the release in production dropped', 'StatefulSet', 'db-1', [the.release]],
  ['a claim that it made', 'PersistentVolumeClaim', 'data-db-1-0', [the.release]],
  ['a claim that it did not', 'PersistentVolumeClaim', 'data-other-0', []],
])('%s wakes the release that is to delete it', (_, kind, name, wakes) => {
  const at = { at: now, observeUntil: now, how: 'Promoted' as const };
  const { digest, candidate: of } = bundle;
  const fact = { bundle: bundle.name, digest, candidateUid: of.uid, previous: 'older', ...at };
  const world = aWorld(aRecord({ package: { production: fact } }));
  const older = aBundle({ name: 'older', objects: [anObject('StatefulSet', 'db-1')] });
  const head = { uid: 'uid-older', partOf: '', bundle: older, parts: [], bytes: 10, programs: new Map(), summary: '' };
  world.put(world.facts.bundles, indexKey(production, 'older'), head);
  world.woken.length = 0;
  const object = { ...aLiveObject(anObject(kind, name)), ...kept };
  world.put(world.facts.objects.get(kind), `${production}/${name}`, object);
  expect(keysOf(world).filter((key) => key.startsWith('release/'))).toEqual(wakes);
});

describe.each(table)('$name', ({ name, reads, without, given, observe }) => {
  test('every fact that its plan reads wakes it, but those of which it says why not', () => {
    const silent = reads.filter((fact) => {
      const world = aWorld();
      world.woken.length = 0;
      if (isChanging(fact)) happens[fact](world);
      return world.woken.every(({ key }) => key.controller !== name);
    });
    expect(silent.toSorted()).toEqual(without.filter((fact) => !markedBy(name, fact)).toSorted());
  });

  test('it is given the facts that have a row, and observes by these alone', () => {
    const { facts } = aWorld();
    expect(new Set(Object.keys(given(facts)))).toEqual(new Set(reads));
    expect(observe(facts)).toBeDefined();
  });
});

/** A change of these marks an object as dirty, and that wakes. */
const markedBy = (name: ControllerName, fact: FactName): boolean =>
  name === 'findings' && !['bundles', 'failing', 'home'].includes(fact);

const isChanging = (fact: FactName): fact is ChangingFact => fact in happens;

test('facts without a trigger are few, and known', () => {
  expect(Object.fromEntries(table.map(({ name, without }) => [name, new Set(without)]))).toEqual({
    candidate: new Set(['definitions', 'guarded', 'mutators', 'rollbacks', 'serverVersion']),
    release: new Set(['failing', 'refusedWrites']),
    policy: new Set(['bundles', 'candidates', 'guarded', 'objects']),
    findings: new Set([
      'bundles',
      'failing',
      'guarded',
      'home',
      'installed',
      'namespaces',
      'objects',
      'pods',
      'policies',
      'secrets',
      'watched',
    ]),
    exception: new Set(['followed']),
    'policy-change': new Set(['followed']),
    emergency: new Set(['bundles', 'dirtyObjects', 'guarded', 'installed', 'secrets', 'serverTime', 'watched']),
    'candidate-deletion': new Set(['followed']),
  });
});

test('a fact without a row cannot be read, and a fact that is read cannot be without one', () => {
  // @ts-expect-error -- one that names the policies alone is not given the candidates
  const other: keyof Parameters<Controller<'policy', unknown, 'policies'>['observe']>[0] = 'candidates';
  expect(Object.keys(pickFacts(aWorld().facts, ['policies']))).not.toContain(other);
  // @ts-expect-error -- a fact that it names has no row
  const missing: Controller<'policy', unknown, 'policies' | 'pods'>['triggers'] = { policies: () => [] };
  expect(factsReadBy(missing)).toEqual(['policies']);
});

test('a candidate that is deleted while it is being staged is withdrawn', () => {
  const world = aWorld(aRecord());
  const { name, uid: candidateUid } = candidate.metadata;
  world.remove(world.facts.candidates, indexKey(staging, name));
  world.woken.length = 0;
  const subject = { kind: 'ReleaseCandidate', namespace: staging, name, uid: candidateUid };
  world.own.records.emit({ namespace: production, entry: entry({ subject, type: 'Staged', package: 'payments' }) });
  expect(keysOf(world)).toContain(the.deletion);
});
