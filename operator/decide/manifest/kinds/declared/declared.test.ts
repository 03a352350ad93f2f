import { expect, test } from '@jest/globals';
import type { JsonObject } from '../../../../api/meta.ts';
import type { LiveObject } from '../../../objects.ts';
import { declaredKind } from './kind.ts';
import { declareKinds } from './registry.ts';
import { declaredRows } from './row.ts';

const row = (more: JsonObject = {}): JsonObject => ({
  group: 'kinds.example',
  kind: 'Widget',
  resource: 'widgets',
  versions: ['v1', 'v1beta1'],
  ...more,
});

const kind = (more: JsonObject = {}) => {
  const [first] = declaredRows.parse([row(more)]);
  if (first === undefined) throw new Error('no row');
  return declaredKind(first);
};

const problems = (...rows: readonly JsonObject[]): readonly string[] =>
  declaredRows.safeParse(rows).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

const live = (status: JsonObject, generation = 1): LiveObject => ({
  ref: { apiVersion: 'kinds.example/v1', kind: 'Widget', name: 'w' },
  namespace: 'prod',
  uid: 'u',
  resourceVersion: '1',
  generation,
  createdAt: 0,
  deleting: false,
  bytes: 0,
  manifest: { apiVersion: 'kinds.example/v1', kind: 'Widget', metadata: { name: 'w', generation }, spec: { size: 1 } },
  status,
  writers: [],
});

const health = (row: JsonObject, object: LiveObject) => kind({ health: row }).health?.(object, 0);

test('a row that says no more than what it must is a kind of the first wave, judged by its conditions', () => {
  expect(kind()).toMatchObject({
    kind: 'Widget',
    apiVersion: 'kinds.example/v1',
    plural: 'widgets',
    wave: 'Foundation',
    prune: 'WithPromotion',
    promotable: true,
    reports: true,
    custom: { also: ['kinds.example/v1beta1'] },
    guard: { topic: 'custom' },
  });
  expect(kind().health?.(live({ conditions: [{ type: 'Ready', status: 'False', message: 'no disk' }] }), 0)).toEqual({
    state: 'Progressing',
    reason: 'NotReady',
    message: 'no disk',
  });
});

const phases = {
  current: "status.phase == 'Up'",
  failed: "status.phase == 'Broken'",
  inProgress: 'has(status.moving) && status.moving',
};

test.each([
  ['current', { phase: 'Up' }, 'Healthy'],
  ['failed', { phase: 'Broken' }, 'Failed'],
  ['in progress, before anything else', { phase: 'Up', moving: true }, 'Progressing'],
  ['none of them', { phase: 'Away' }, 'Progressing'],
  ['not to be evaluated', {}, 'Progressing'],
  ['of the generation before', { phase: 'Up', observedGeneration: 0 }, 'Progressing'],
])('health by expressions: what is %s', (_, status, state) => {
  expect(health(phases, live(status))?.state).toBe(state);
});

test('an expression that cannot be evaluated says why, and what to do', () => {
  expect(health({ current: phases.current }, live({}))).toEqual({
    state: 'Progressing',
    reason: 'ExpressionFails',
    message:
      'its expression health.current cannot be evaluated: No such key: phase. If that stays so, change the row of its kind in kinds of the chart, with has(…) around fields that may be absent',
  });
});

test('immutable fields, references and namespaces are found through lists and quoted names', () => {
  const { immutable, references, namespaceFields } = kind({
    immutable: { fields: ['spec.disks.*.class'], rollback: 'Replace' },
    secrets: ['spec.logins.*.secret'],
    configMaps: ["metadata.annotations['kinds.example/settings']"],
    namespaces: ['spec.peers.*.namespace'],
  });
  const disks = (...classes: readonly string[]): JsonObject => ({
    spec: { disks: classes.map((each) => ({ class: each })) },
  });
  expect(immutable?.changed(disks('a', 'b'), disks('a', 'b'))).toEqual([]);
  expect(immutable?.changed(disks('a', 'c'), disks('a', 'b'))).toEqual(['spec.disks.*.class']);
  expect(immutable?.wayBack).toBe('Replace');
  expect(
    references?.({
      metadata: { annotations: { 'kinds.example/settings': 'web' } },
      spec: { logins: [{ secret: 'a' }, {}, { secret: 'b' }] },
    }).map(({ kind: of, name }) => `${of}/${name}`),
  ).toEqual(['Secret/a', 'Secret/b', 'ConfigMap/web']);
  expect(namespaceFields).toEqual([['spec', 'peers', '*', 'namespace']]);
});

test.each([
  [
    'a group of Kubernetes itself',
    [row({ group: 'rbac.authorization.k8s.io' })],
    '0.group: kinds of Kubernetes itself',
  ],
  ['our own group', [row({ group: 'countersign.dev' })], '0.group: kinds of Kubernetes itself'],
  ['a group without a dot', [row({ group: 'apps' })], '0.group: write the group of the definition'],
  [
    'a kind that is built in',
    [row({ group: 'keda.sh', kind: 'ScaledObject' })],
    '0.kind: widgets.keda.sh is built in; remove the row',
  ],
  ['a kind twice', [row(), row({ kind: 'Other' })], '1.resource: widgets.kinds.example has a row already'],
  [
    'a label of other pods',
    [row({ pods: { hashLabel: 'pod-template-hash' } })],
    '0.pods: pods with the label pod-template-hash belong to another kind',
  ],
  [
    'an expression that gives a number',
    [row({ health: { current: 'size(spec)' } })],
    '0.health.current: it gives int, and must give true or false; write an expression of CEL',
  ],
  ['a field that is none', [row({ secrets: ['spec..name'] })], '0.secrets.0: write a field such as'],
  ['a word that rows do not have', [row({ shape: {} })], '0: Unrecognized key: "shape"'],
])('%s is refused, with what to write instead', (_, rows, problem) => {
  expect(problems(...rows).join('\n')).toContain(problem);
});

test('kinds are not declared after something asked for one', async () => {
  const [first] = declaredRows.parse([row()]);
  declareKinds(first === undefined ? [] : [first]);
  const { kindRow } = await import('../index.ts');
  expect(kindRow('Widget.kinds.example')?.plural).toBe('widgets');
  expect(() => declareKinds([])).toThrow('before anything asks for one');
});
