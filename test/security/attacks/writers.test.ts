/** Attacks on the record of who changed staging (T61): by who signs for it, and on the record itself. */
import { afterAll, beforeAll } from '@jest/globals';

import { stagingLabel, writersAnnotation } from '../../../operator/api/kinds.ts';
import { parseWriters } from '../../../operator/api/writers.ts';
import {
  accepted,
  startTimeoutMs,
  waitFor,
  type Answer,
  type ApiClient,
  type KubeObject,
} from '../../support/cluster/cluster.ts';
import { isTrue, startSystem, type Reported, type System, type World as Pair } from '../../support/cluster/system.ts';
import { conditionSays, end, gateSays, sign, staged } from '../../support/scenario/kit.ts';
import {
  admitted,
  cameToNothing,
  policyLock,
  stampLock,
  type Attack,
  type Attempt,
} from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { fresh } from '../../support/attack/objects.ts';
import { bind, eventually, role, said, type World } from '../../support/attack/world.ts';

/** A whole system in which each act has a pair of namespaces of its own; approver-a may edit the staging one. */
interface Whole extends World {
  readonly pair: () => Promise<Pair>;
}

let system: System;
let whole: Whole;

const autoscaler = 'system:serviceaccount:kube-system:horizontal-pod-autoscaler';
const approvals = [
  { role: 'tester', count: 1 },
  { role: 'approver', count: 1 },
];

beforeAll(async () => {
  system = await startSystem();
  const nobody = system.as('auditor-a');
  await system.controlPlane.identity({ name: autoscaler });
  whole = {
    cluster: system,
    as: (name) => system.as(name),
    operator: nobody,
    restorer: nobody,
    stop: system.stop,
    async pair() {
      const pair = await system.world(fresh('attack'), { approvals });
      for (const user of ['approver-a', 'approver-b'])
        await bind(whole, { user, role: 'edit', namespace: pair.staging });
      await eventually(
        'staged', // a lock that is being opened refuses for a moment
        () => pair.as('developer-a').create(pair.configMap('settings', { level: 'old' })),
        ({ ok }) => ok,
      );
      await eventually(
        'bound',
        () => edit(pair, 'approver-b', {}),
        ({ ok }) => ok,
      );
      return pair;
    },
  };
  await role(whole, 'status-editor', { apiGroups: ['apps'], resources: ['deployments/status'], verbs: ['patch'] });
  await role(whole, 'labeller', { apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'patch'] });
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

const recording = [stampLock('writers'), policyLock('countersign-writers')];

const elsewhere = [stampLock('writers-elsewhere'), policyLock('countersign-writers-elsewhere')];

const tester = ['tester-a', 'tester'] as const;
const approver = ['approver-a', 'approver'] as const;
const otherApprover = ['approver-b', 'approver'] as const;

const settings = (pair: Pair) => pair.ref('ConfigMap', 'settings', pair.staging);
const edit = (pair: Pair, as: string, patch: object): Promise<Answer<KubeObject>> =>
  pair.as(as).patch(settings(pair), 'merge', patch);
const level = (value: string) => ({ data: { level: value } });

const recordOf = ({ metadata }: KubeObject): string => metadata.annotations?.[writersAnnotation] ?? '';
const namesIn = (object: KubeObject): readonly string[] =>
  parseWriters(recordOf(object))?.flatMap(({ username }) => username ?? []) ?? [];

/** Who changed the object is not named in it: what attacks on the record are for. */
const unnamed = async (pair: Pair, who: string, answer: Answer<KubeObject>): Promise<Attempt> => {
  const live = accepted(await pair.as('installer').get<KubeObject & { data: { level: string } }>(settings(pair)));
  return { reached: live.data.level === 'mine' && !namesIn(live).includes(who), said: said(answer) };
};

const proposed = async (pair: Pair): Promise<Reported> => {
  await pair.propose(pair.candidate('x', ['ConfigMap/settings']));
  return staged(pair, 'x');
};

/** approver-a changes staging, somebody else stages it, and approver-a signs. */
const editedBefore = async (): Promise<Pair> => {
  const pair = await whole.pair();
  accepted(await edit(pair, 'approver-a', level('mine')));
  await proposed(pair);
  await sign(pair, 'x', tester, approver);
  return pair;
};

/** approver-a changes staging when it is staged, and changes it back, or does not; then signs. */
const editedAfter = async (then: 'ChangedBack' | 'Untouched'): Promise<Pair> => {
  const pair = await whole.pair();
  await proposed(pair);
  for (const value of then === 'ChangedBack' ? ['mine', 'old'] : [])
    accepted(await edit(pair, 'approver-a', level(value)));
  await sign(pair, 'x', tester, approver);
  return pair;
};

const forging = { ...level('mine'), metadata: { annotations: { [writersAnnotation]: '0 developer-a' } } };

/** approver-a changes staging and says that developer-a did; stamp and policy keep the record, or are away just then. */
const forgedBefore = async (recording: 'Recorded' | 'NotRecorded'): Promise<Pair> => {
  const pair = await whole.pair();
  if (recording === 'Recorded') accepted(await edit(pair, 'approver-a', forging));
  else await withoutLocks(pair, () => eventuallyForged(pair));
  await proposed(pair);
  await sign(pair, 'x', tester, approver);
  return pair;
};

const eventuallyForged = (pair: Pair): Promise<unknown> =>
  eventually(
    'forged',
    () => edit(pair, 'approver-a', forging),
    (answer) => answer.ok && recordOf(answer.body) === '0 developer-a',
  );

const withoutLocks = async (pair: Pair, act: () => Promise<unknown>): Promise<void> => {
  const close: (() => Promise<void>)[] = [];
  for (const lock of recording) close.unshift(await lock.open(whole));
  await act();
  for (const each of close) await each();
  await eventually(
    'recorded again',
    () => pair.as('developer-a').create(pair.configMap('other', {}), { dryRun: 'All' }),
    (answer) => answer.ok && recordOf(answer.body) !== '',
  );
};

const refused = (make: () => Promise<Pair>) => async (): Promise<Attempt> => {
  const pair = await make();
  const { message } = await gateSays(pair, 'x', 'SegregationOfDuties', 'AuthorCannotSign');
  return {
    reached: (await pair.live('ConfigMap', 'settings')) !== undefined,
    said: `SegregationOfDuties AuthorCannotSign: ${message}`,
  };
};

const released = async (pair: Pair, kind = 'ConfigMap', name = 'settings'): Promise<Attempt> => {
  const reason = (await end(pair, 'x')) ?? '';
  return { reached: reason === 'Promoted' && (await pair.live(kind, name)) !== undefined, said: reason };
};
const releasedAs = (make: () => Promise<Pair>) => async (): Promise<Attempt> => released(await make());
/** The signature counts, whether the release goes on or waits, for that locks were away may be an open finding. */
const counted = (make: () => Promise<Pair>) => async (): Promise<Attempt> => {
  const pair = await make();
  const { status } = await pair.when('x', (candidate) => isTrue(candidate, 'Approved'));
  return { reached: true, said: `${status?.approvals ?? ''} approvals` };
};

/** Somebody who had no hand in it signs in their place. */
const mended = (make: () => Promise<Pair>) => async (): Promise<Attempt> => {
  const pair = await make();
  await sign(pair, 'x', otherApprover);
  return released(pair);
};

/** How somebody changes the object and keeps out of the record. */
const hidings: readonly (readonly [
  how: string,
  write: (client: ApiClient, pair: Pair) => Promise<Answer<KubeObject>>,
])[] = [
  ['names another in a patch', (client, pair) => client.patch(settings(pair), 'merge', forging)],
  [
    'empties the annotations by a JSON patch',
    (client, pair) =>
      client.patch(settings(pair), 'json', [
        { op: 'add', path: '/metadata/annotations', value: {} },
        { op: 'replace', path: '/data/level', value: 'mine' },
      ]),
  ],
  ['puts the object without it', (client, pair) => client.replace(pair.configMap('settings', { level: 'mine' }))],
  [
    'forces it by an apply',
    (client, pair) => {
      const { metadata, ...rest } = pair.configMap('settings', { level: 'mine' });
      const forged = { ...metadata, annotations: { [writersAnnotation]: '0 developer-a' } };
      return client.patch(settings(pair), 'apply', { ...rest, metadata: forged }, { force: true });
    },
  ],
];

const hiding = hidings.map(([how, write]): Attack<Whole> => {
  const as = (who: string, name: string) => async (): Promise<Attempt> => {
    const pair = await whole.pair();
    return unnamed(pair, name, await write(pair.as(who), pair));
  };
  return {
    id: 'T61',
    name: `who edits staging ${how}`,
    act: as('approver-a', 'approver-a'),
    denied: cameToNothing,
    async twin() {
      const pair = await whole.pair();
      const answer = await write(pair.as('developer-a'), pair);
      const live = accepted(await pair.as('installer').get(settings(pair)));
      return { reached: answer.ok && recordOf(live).endsWith(' developer-a'), said: said(answer) };
    },
    locks: recording,
  };
});

/** A mutating policy of somebody's that writes the record over, after or before ours. */
const withForger = async (attempt: (pair: Pair) => Promise<Attempt>): Promise<Attempt> => {
  const pair = await whole.pair();
  const name = fresh('zz-forger');
  const installer = pair.as('installer');
  const admission = 'admissionregistration.k8s.io/v1';
  const policy = { apiVersion: admission, kind: 'MutatingAdmissionPolicy', metadata: { name } };
  const binding = { apiVersion: admission, kind: 'MutatingAdmissionPolicyBinding', metadata: { name } };
  const forged = `{"${writersAnnotation}": "0 developer-a", "forger": "was here"}`;
  const expression = `[JSONPatch{op: "add", path: "/metadata/annotations", value: ${forged}}]`;
  accepted(
    await installer.create({
      ...policy,
      spec: {
        failurePolicy: 'Fail',
        reinvocationPolicy: 'IfNeeded',
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': pair.staging } },
          resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['UPDATE'], resources: ['configmaps'] }],
        },
        matchConditions: [{ name: 'approver', expression: "request.userInfo.username == 'approver-a'" }],
        mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
      },
    }),
  );
  accepted(await installer.create({ ...binding, spec: { policyName: name } }));
  try {
    return await attempt(pair);
  } finally {
    accepted(await installer.delete({ ...binding, name }));
    accepted(await installer.delete({ ...policy, name }));
  }
};

/** approver-a changes the object until the forger has come to act, and what came of it in the end. Who runs last is not fixed. */
const forgedLate = async (pair: Pair): Promise<Attempt> => {
  const answer = await eventually(
    'the forger acts',
    () => edit(pair, 'approver-a', { data: { level: 'mine', again: fresh('a') } }),
    (each) => (each.ok ? each.body.metadata.annotations?.['forger'] !== undefined : said(each).includes('WritersAre')),
  );
  return unnamed(pair, 'approver-a', answer);
};

/** RBAC has come to know what was bound a moment ago. */
const isAllowed = (answer: Answer<unknown>): boolean => !said(answer).includes(' cannot patch resource ');

/** A Deployment of staging, which somebody scales or annotates beside the main resource. */
const beside = async (subresource: string, as: string, patch: object): Promise<Answer<KubeObject>> => {
  const pair = await whole.pair();
  accepted(await pair.as('developer-a').create(pair.deployment('api', 'a', { replicas: 0 })));
  for (const each of ['status-editor', 'edit']) await bind(whole, { user: as, role: each, namespace: pair.staging });
  const target = { ...pair.ref('Deployment', 'api', pair.staging), subresource };
  return eventually('bound', () => pair.as(as).patch(target, 'merge', patch), isAllowed);
};

const annotated = async (as: string): Promise<Attempt> => {
  const annotations = { note: 'mine', [writersAnnotation]: '0 developer-a' };
  const answer = await beside('status', as, { metadata: { annotations } });
  return { reached: answer.ok && !namesIn(answer.body).includes('approver-a'), said: said(answer) };
};

const unlabelled = async (as: string): Promise<Attempt> => {
  const pair = await whole.pair();
  const patch = { metadata: { labels: { [stagingLabel]: null } } };
  await bind(whole, { user: as, role: 'labeller' });
  const answer = await eventually(
    'bound',
    () => pair.as(as).patch({ apiVersion: 'v1', kind: 'Namespace', name: pair.staging }, 'merge', patch),
    isAllowed,
  );
  return admitted(answer);
};

/** approver-a sets the replicas of a staged Deployment by an autoscaler, leaves it there or takes it away, and signs. */
const autoscaled = async (then: 'Stays' | 'Gone' | 'None'): Promise<Pair> => {
  const pair = await whole.pair();
  const approver = pair.as('approver-a');
  accepted(await pair.as('developer-a').create(pair.deployment('api', 'a', { replicas: 1 })));
  const api = pair.ref('Deployment', 'api', pair.staging);
  const target = pair.ref('HorizontalPodAutoscaler', 'api', pair.staging);
  if (then !== 'None') {
    const { apiVersion, kind, name, namespace } = target;
    accepted(
      await approver.create({
        apiVersion,
        kind,
        metadata: { name: name ?? '', namespace: namespace ?? '' },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
          minReplicas: 5,
          maxReplicas: 6,
        },
      }),
    );
    await waitFor<KubeObject & { spec: { replicas: number } }>(
      pair.as('installer'),
      api,
      (live) => live.spec.replicas === 5,
      60_000,
    );
  }
  if (then === 'Gone') accepted(await approver.delete(target));
  await pair.propose(pair.candidate('x', ['Deployment/api']));
  return pair;
};

const signedFor = async (pair: Pair): Promise<Pair> => {
  await staged(pair, 'x');
  await sign(pair, 'x', tester, approver);
  return pair;
};

/** Whether it is staged, or waits for somebody who answers for it. */
const waitsForSomebody = async (pair: Pair): Promise<Attempt> => {
  const { message, reason } = await conditionSays(pair, 'x', 'Staged', 'AuthorUnrecorded');
  return { reached: false, said: `${reason}: ${message}` };
};

/** developer-a answers for the replicas, so that approver-a is no author, and does not hide. */
const answeredFor = async (pair: Pair): Promise<Attempt> => {
  const api = pair.ref('Deployment', 'api', pair.staging);
  const answer = { metadata: { annotations: { [writersAnnotation]: '5 %replicas' } } };
  accepted(await pair.as('developer-a').patch(api, 'merge', answer));
  await signedFor(pair);
  return released(pair, 'Deployment', 'api');
};

/** A namespace without a label, or with another value of it, in which somebody makes an object that says who wrote it; then it is labelled. */
const labelledLate = async (as: string, value: string | undefined): Promise<Attempt> => {
  const namespace = fresh('late');
  const installer = whole.as('installer');
  const labels = value === undefined ? {} : { [stagingLabel]: value };
  const place = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
  accepted(await installer.create(place));
  await bind(whole, { user: as, role: 'edit', namespace });
  const annotations = { [writersAnnotation]: '0 developer-a', note: 'kept' };
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace, annotations },
    data: { level: 'mine' },
  };
  const answer = await eventually(
    'bound',
    () => whole.as(as).create<KubeObject>(object),
    (each) => !said(each).includes(' cannot create resource '),
  );
  const target = { apiVersion: 'v1', kind: 'Namespace', name: namespace };
  accepted(await installer.patch(target, 'merge', { metadata: { labels: { [stagingLabel]: 'true' } } }));
  const settings = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'settings' };
  const live = answer.ok ? accepted(await installer.get(settings)) : undefined;
  return { reached: live !== undefined && recordOf(live) === '0 developer-a', said: said(answer) };
};

/** Somebody copies what staging holds, annotations included, to where nothing is recorded: the copy is taken, without the record. */
const copied = async (): Promise<Attempt> => {
  const pair = await whole.pair();
  const { data, metadata } = accepted(await pair.as('installer').get<KubeObject & { data: object }>(settings(pair)));
  const { annotations = {} } = metadata;
  const copy = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'copy', namespace: 'default', annotations },
    data,
  };
  const answer = await whole.as('installer').create<KubeObject>(copy);
  if (answer.ok)
    accepted(await whole.as('installer').delete({ ...settings(pair), name: 'copy', namespace: 'default' }));
  const isTaken = answer.ok && recordOf(answer.body) === '' && writersAnnotation in annotations;
  return { reached: isTaken, said: said(answer) };
};

attacks<Whole>(
  () => whole,
  [
    {
      id: 'T61',
      name: 'an approver-to-be edits staging before it is staged, and signs',
      act: refused(editedBefore),
      denied: 'SegregationOfDuties AuthorCannotSign: Not counted, because they changed the content: approver-a',
      twin: mended(editedBefore),
      locks: [],
      without: counted(() => forgedBefore('NotRecorded')),
      left: 'stamp and policy, the record forged',
    },
    {
      id: 'T61',
      name: 'an approver-to-be forges the record, and signs',
      act: refused(() => forgedBefore('Recorded')),
      denied: 'SegregationOfDuties AuthorCannotSign',
      twin: mended(() => forgedBefore('Recorded')),
      locks: [],
      without: counted(() => forgedBefore('NotRecorded')),
      left: 'stamp and policy',
    },
    {
      id: 'T61',
      name: 'an approver-to-be edits what was staged, changes it back, and signs',
      act: refused(() => editedAfter('ChangedBack')),
      denied: 'SegregationOfDuties AuthorCannotSign',
      twin: mended(() => editedAfter('ChangedBack')),
      locks: [],
      without: releasedAs(() => editedAfter('Untouched')),
      left: 'the edit',
    },
    {
      id: 'T61',
      name: 'an approver-to-be scales staging by an autoscaler, and signs',
      act: refused(async () => signedFor(await autoscaled('Stays'))),
      denied: 'SegregationOfDuties AuthorCannotSign: Not counted, because they changed the content: approver-a',
      async twin() {
        const pair = await signedFor(await autoscaled('Stays'));
        await sign(pair, 'x', otherApprover);
        return released(pair, 'Deployment', 'api');
      },
      locks: [],
      without: counted(async () => signedFor(await autoscaled('None'))),
      left: 'the autoscaler',
    },
    {
      id: 'T61',
      name: 'an approver-to-be scales staging by an autoscaler, and takes it away again',
      act: async () => waitsForSomebody(await autoscaled('Gone')),
      denied: 'AuthorUnrecorded: It is not recorded who set the replicas of Deployment api',
      twin: async () => answeredFor(await autoscaled('Gone')),
      locks: [],
      without: counted(async () => signedFor(await autoscaled('None'))),
      left: 'the autoscaler',
    },
    ...hiding,
    {
      id: 'T61',
      name: 'who edits staging creates the object in the name of another',
      async act() {
        const pair = await whole.pair();
        const { metadata, ...rest } = pair.configMap('other', { level: 'mine' });
        const annotations = { [writersAnnotation]: '0 developer-a' };
        const answer = await pair
          .as('approver-a')
          .create<KubeObject>({ ...rest, metadata: { ...metadata, annotations } });
        return { reached: answer.ok && recordOf(answer.body) === '0 developer-a', said: said(answer) };
      },
      denied: cameToNothing,
      async twin() {
        const pair = await whole.pair();
        const answer = await pair.as('developer-a').create<KubeObject>(pair.configMap('other', { level: 'mine' }));
        return { reached: answer.ok && recordOf(answer.body) === '0 developer-a', said: said(answer) };
      },
      locks: recording,
    },
    {
      id: 'T61',
      name: 'who edits staging annotates through the status, and forges the record',
      act: () => annotated('approver-a'),
      denied: cameToNothing,
      twin: () => annotated('developer-a'),
      locks: recording,
    },
    {
      id: 'T61',
      name: 'who edits staging scales through /scale, which records nobody',
      act: async () => admitted(await beside('scale', 'approver-a', { spec: { replicas: 3 } })),
      denied: 'ScaleIsRecorded: ',
      twin: async () => admitted(await beside('scale', autoscaler, { spec: { replicas: 3 } })),
      locks: [policyLock('countersign-writers')],
    },
    {
      id: 'T61',
      name: 'who makes an object before the namespace is labelled says that another wrote it',
      act: () => labelledLate('approver-a', undefined),
      denied: cameToNothing,
      twin: copied,
      locks: elsewhere,
    },
    {
      id: 'T61',
      name: 'who makes an object while the label has another value says that another wrote it',
      act: () => labelledLate('approver-a', 'TRUE'),
      denied: cameToNothing,
      twin: copied,
      locks: elsewhere,
    },
    {
      id: 'T18',
      name: 'a mutating policy writes the record over',
      act: () => withForger(forgedLate),
      // Refused, or written over once more: the API server runs the two mutating policies in either order.
      denied: '',
      async twin() {
        return withForger(async (pair) => admitted(await edit(pair, 'developer-a', level('mine'))));
      },
      locks: recording,
    },
    {
      id: 'T40',
      name: 'who may label namespaces takes the label off staging',
      act: () => unlabelled('approver-a'),
      denied: 'StagingStays: ',
      twin: () => unlabelled('admin'),
      locks: [policyLock('countersign-staging')],
    },
  ],
);
