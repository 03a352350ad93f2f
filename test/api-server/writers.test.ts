/** Who changed a staged object: what the API server keeps of it by itself, with no program of ours. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { stagingLabel, writersAnnotation } from '../../operator/api/kinds.ts';
import { formatWriters, maxWriters, parseReplicas, parseWriters } from '../../operator/api/writers.ts';
import { policyLock, stampLock } from '../support/attack/attack.ts';
import { fresh, staging } from '../support/attack/objects.ts';
import { bind, eventually, robot, role, said, startWorld, type World } from '../support/attack/world.ts';
import {
  accepted,
  refused,
  targetOf,
  waitFor,
  type Answer,
  type KubeObject,
  type Manifest,
} from '../support/cluster/cluster.ts';
import { World as Pair } from '../support/cluster/system.ts';
import { ofEveryKind } from '../support/scenario/production.ts';
import { promotableKinds } from '../../operator/decide/manifest/kinds/index.ts';

/** Names that would break a careless encoding, or forge a line of the record. */
const hostile = [
  '"quoted", \'twice\' \\ {"0 developer-a"}',
  'line\n0 developer-a',
  'percent %0A0 developer-b %25 %',
  '%',
  ' spaces  around ',
  'CN=ann,O=ops+UID=1',
  'Ünï→ço∂é 名前 🦆 \u202e\u200b',
  '\u0000\u0007\t\r\u007f\u2028',
  'n'.repeat(200),
];
const unlabelled = 'plain';
const controllers = 'system:serviceaccount:kube-system';

let world: World;

beforeAll(async () => {
  world = await startWorld();
  const installer = world.as('installer');
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: unlabelled } }));
  await role(world, 'subresources', {
    apiGroups: ['apps'],
    resources: ['deployments/status', 'deployments/scale'],
    verbs: ['get', 'update', 'patch'],
  });
  for (const namespace of [staging, unlabelled]) await everybodyEdits(namespace);
  for (const name of ['horizontal-pod-autoscaler', 'cronjob-controller', 'deployment-controller'])
    await world.cluster.controlPlane.identity({ name: `${controllers}:${name}` });
  await eventually(
    'the last binding acts',
    () => world.as('developer-b').patch({ ...targetOf(deployment('none')), subresource: 'status' }, 'merge', {}),
    ({ code }) => code === 404,
  );
}, 120_000);

afterAll(() => world.stop());

/** Careless RBAC, so that nothing but the record is in anybody's way. */
async function everybodyEdits(namespace: string): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  for (const name of ['edit', 'subresources'])
    accepted(
      await world.as('installer').create({
        apiVersion: `${group}/v1`,
        kind: 'RoleBinding',
        metadata: { name: `everybody-${name}`, namespace },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name },
        subjects: [{ apiGroup: group, kind: 'Group', name: 'system:authenticated' }],
      }),
    );
}

const recordOf = ({ metadata }: KubeObject): string | undefined => metadata.annotations?.[writersAnnotation];
const rvOf = ({ metadata }: KubeObject): string => metadata.resourceVersion ?? '';
const record = (...lines: readonly (readonly [position: string, username: string | undefined])[]): string =>
  formatWriters(lines.map(([position, username]) => ({ position, username })));

const namesOf = (object: KubeObject): readonly (string | undefined)[] | undefined =>
  parseWriters(recordOf(object) ?? '')?.map(({ username }) => username);
/** Of a Deployment: its replicas are recorded, too. */
const workloadRecord = (replicas: number, ...lines: readonly (readonly [string, string | undefined])[]): string =>
  formatWriters(
    lines.map(([position, username]) => ({ position, username })),
    replicas,
  );

const settings = (name = fresh('settings'), namespace = staging) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { level: 'info' },
});

const deployment = (name = fresh('api'), namespace = staging) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'app' }] } },
  },
});

const create = async (object: Manifest, as = 'developer-a'): Promise<KubeObject> =>
  accepted(await world.as(as).create(object));
const merge = (object: KubeObject, body: unknown, as = 'developer-b') =>
  world.as(as).patch(targetOf(object), 'merge', body);
const edit = async (object: KubeObject, body: unknown, as = 'developer-b') => accepted(await merge(object, body, as));

/** Who changed what in the end, whatever was answered. */
const stored = async (object: KubeObject): Promise<KubeObject> =>
  accepted(await world.as('installer').get(targetOf(object)));

describe('the record', () => {
  test('names who created the object, and who changed it since, with what they changed', async () => {
    const made = await create(settings());
    expect(recordOf(made)).toBe('0 developer-a');
    const changed = await edit(made, { data: { level: 'debug' } }, 'developer-b');
    expect(recordOf(changed)).toBe(record(['0', 'developer-a'], [rvOf(made), 'developer-b']));
  });

  test('names everybody once, with what they changed last', async () => {
    const made = await create(settings());
    const second = await edit(made, { data: { level: 'debug' } }, 'developer-b');
    const third = await edit(made, { metadata: { labels: { tier: 'a' } } }, 'developer-a');
    expect(recordOf(third)).toBe(record([rvOf(made), 'developer-b'], [rvOf(second), 'developer-a']));
  });

  test('is kept of every kind that can be promoted', async () => {
    const pair = new Pair(world.cluster, 'payments');
    const objects = ofEveryKind(pair, 'a');
    // Who stages rights holds them: test/e2e/package-rights.test.ts. What definitions give: test/e2e/custom-kinds.test.ts.
    const staged = promotableKinds.filter(({ custom, guard }) => custom === undefined && guard.topic !== 'rights');
    expect(objects.map(({ kind }) => kind).toSorted()).toEqual(staged.map(({ kind }) => kind).toSorted());
    for (const object of objects) {
      const made = await create(object);
      expect([object.kind, namesOf(made)]).toEqual([object.kind, ['developer-a']]);
      const changed = await edit(made, { metadata: { labels: { tier: 'a' } } });
      const lines = parseWriters(recordOf(changed) ?? '')?.map(({ username }) => username);
      expect([object.kind, lines]).toEqual([object.kind, ['developer-a', 'developer-b']]);
    }
  });

  test.each<[what: string, change: object]>([
    ['a label', { metadata: { labels: { tier: 'a' } } }],
    ['an annotation', { metadata: { annotations: { note: 'a' } } }],
    ['an owner', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'x' }] } }],
    ['a key of data', { data: { other: 'a' } }],
    ['a key that is dropped', { data: { level: null } }],
    ['binary data', { binaryData: { blob: 'AAAA' } }],
    ['a field outside spec', { immutable: true }],
  ])('names who changes %s', async (_, change) => {
    const made = await create(settings());
    expect(recordOf(await edit(made, change))).toBe(record(['0', 'developer-a'], [rvOf(made), 'developer-b']));
  });

  test('names who put a ServiceAccount there by its token, too', async () => {
    const account = await robot(world, 'ci', staging);
    expect(recordOf(accepted(await account.create<KubeObject>(settings())))).toBe(
      `0 system:serviceaccount:${staging}:ci`,
    );
    account.close();
  });

  test.each(hostile.map((name) => [JSON.stringify(name), name]))('survives the username %s', async (_, name) => {
    await world.cluster.controlPlane.identity({ name });
    const made = await create(settings(), name);
    const changed = await edit(made, { data: { level: 'debug' } });
    expect(parseWriters(recordOf(changed) ?? '')).toEqual([
      { position: '0', username: name },
      { position: rvOf(made), username: 'developer-b' },
    ]);
    const again = await edit(made, { data: { level: 'warn' } }, name);
    expect(recordOf(again)).toBe(record([rvOf(made), 'developer-b'], [rvOf(changed), name]));
  });
});

describe('a write that changes nothing is no write', () => {
  const applied = { fieldManager: 'tool', force: true };
  test.each<[how: string, write: (object: KubeObject, as: string) => Promise<Answer<KubeObject>>]>([
    ['an empty patch', (object, as) => merge(object, {}, as)],
    ['a patch to what is there', (object, as) => merge(object, { spec: { replicas: 0 } }, as)],
    ['the object put as it was read', (object, as) => world.as(as).replace(object)],
    [
      'the same applied again by the server',
      ({ metadata }, as) =>
        world.as(as).patch(targetOf(deployment(metadata.name)), 'apply', deployment(metadata.name), applied),
    ],
    ['the status put as it is', (object, as) => world.as(as).replace(object, { subresource: 'status' })],
  ])('%s', async (_, write) => {
    const sent = deployment();
    accepted(await world.as('developer-a').patch(targetOf(sent), 'apply', sent, applied));
    const settled = await rolledOut(sent);
    const answer = accepted(await write(settled, 'developer-b'));
    expect({ record: recordOf(answer), version: rvOf(answer) }).toEqual({
      record: workloadRecord(0, ['0', 'developer-a']),
      version: rvOf(settled),
    });
  });

  test('the object put as it was first sent', async () => {
    const made = await create(settings());
    const put = accepted(await world.as('developer-b').replace(settings(made.metadata.name)));
    expect(put).toEqual(made);
  });

  test('kubectl apply, twice', async () => {
    const object = settings();
    const apply = () =>
      world.cluster.controlPlane.kubectl('developer-a', ['apply', '-f', '-'], { stdin: JSON.stringify(object) });
    expect(await apply()).toMatchObject({ code: 0 });
    const first = await stored(object);
    expect(await apply()).toMatchObject({ code: 0, stdout: expect.stringContaining('unchanged') });
    expect(await stored(object)).toEqual(first);
  });
});

interface Deployed extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly reason: string }[] };
}

/** The deployment controller has written all that it will write. */
const rolledOut = (object: Manifest): Promise<KubeObject> =>
  waitFor<Deployed>(
    world.as('installer'),
    targetOf(object),
    ({ status }) => status?.conditions?.some(({ reason }) => reason === 'NewReplicaSetAvailable') ?? false,
  );

describe('what somebody sends of the record is not taken', () => {
  const forged = { [writersAnnotation]: '0 developer-b' };
  const key = writersAnnotation.replace('/', '~1');
  const at = `/metadata/annotations/${key}`;

  test('on creation', async () => {
    const { metadata, ...rest } = settings();
    const made = await create({ ...rest, metadata: { ...metadata, annotations: forged } });
    expect(recordOf(made)).toBe('0 developer-a');
  });

  test.each<[how: string, write: (object: KubeObject) => Promise<Answer<KubeObject>>]>([
    ['put without it', (object) => world.as('approver-a').replace(settings(object.metadata.name))],
    ['forged by a patch', (object) => merge(object, { metadata: { annotations: forged } }, 'approver-a')],
    [
      'nulled by a patch',
      (object) => merge(object, { metadata: { annotations: { [writersAnnotation]: null } } }, 'approver-a'),
    ],
    ['all annotations nulled', (object) => merge(object, { metadata: { annotations: null } }, 'approver-a')],
    ['emptied', (object) => merge(object, { metadata: { annotations: { [writersAnnotation]: '' } } }, 'approver-a')],
    [
      'removed by a JSON patch',
      (object) => world.as('approver-a').patch(targetOf(object), 'json', [{ op: 'remove', path: at }]),
    ],
    [
      'forged by a forced apply',
      (object) => {
        const { metadata, ...rest } = settings(object.metadata.name);
        const body = { ...rest, metadata: { ...metadata, annotations: forged } };
        return world.as('approver-a').patch(targetOf(object), 'apply', body, { force: true });
      },
    ],
  ])('%s', async (_, write) => {
    const made = await create(settings());
    expect(recordOf(accepted(await write(made)))).toBe('0 developer-a');
    const changed = accepted(await write(await edit(made, { data: { level: 'debug' } }, 'approver-b')));
    expect(parseWriters(recordOf(changed) ?? '')?.map(({ username }) => username)).toEqual(
      expect.arrayContaining(['developer-a', 'approver-b']),
    );
  });

  test('beside a change: who forges is named', async () => {
    const made = await create(settings());
    const changed = await edit(made, { metadata: { annotations: forged }, data: { level: 'debug' } }, 'approver-a');
    expect(recordOf(changed)).toBe(record(['0', 'developer-a'], [rvOf(made), 'approver-a']));
  });

  test('through the status, which can carry annotations', async () => {
    const settled = await rolledOut(await create(deployment()));
    const status = { ...targetOf(settled), subresource: 'status' };
    const patch = (annotations: object) => world.as('approver-a').patch(status, 'merge', { metadata: { annotations } });
    const untouched = accepted(await patch(forged));
    expect(recordOf(untouched)).toBe(workloadRecord(0, ['0', 'developer-a']));
    const changed = accepted(await patch({ ...forged, note: 'mine' }));
    expect(recordOf(changed)).toBe(workloadRecord(0, ['0', 'developer-a'], [rvOf(untouched), 'approver-a']));
  });
});

describe('nobody is dropped', () => {
  const patchAs = async (object: KubeObject, username: string, data: object): Promise<Answer<KubeObject>> => {
    const answer = await world.as('installer').raw({
      method: 'PATCH',
      path: `/api/v1/namespaces/${staging}/configmaps/${object.metadata.name}`,
      contentType: 'application/merge-patch+json',
      headers: { 'impersonate-user': username, 'impersonate-group': 'system:masters' },
      body: { data },
    });
    const body: unknown = JSON.parse(answer.text);
    return { ok: answer.code < 300, code: answer.code, body } as Answer<KubeObject>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- as the client reads it
  };

  test('one more writer than fit is refused, those who are there go on, and a new object begins anew', async () => {
    const object = await create(settings());
    for (let n = 1; n < maxWriters; n += 1) accepted(await patchAs(object, `writer-${n}`, { level: String(n) }));
    const refusal = refused(await patchAs(object, 'one-more', { level: 'more' }));
    expect(refusal.message).toContain('WritersAreBounded: one-more ');
    expect(parseWriters(recordOf(accepted(await patchAs(object, 'writer-1', { level: 'x' }))) ?? '')).toHaveLength(
      maxWriters,
    );
    expect(recordOf(accepted(await patchAs(object, 'one-more', {})))).toContain('writer-50');

    const { controlPlane } = world.cluster;
    const [, get = '', replace = ''] =
      /(kubectl get [^|]*) \| (kubectl replace [^|]*)$/.exec(refusal.message ?? '') ?? [];
    const { stdout } = await controlPlane.kubectl('developer-b', get.trim().split(' ').slice(1));
    expect(
      await controlPlane.kubectl('developer-b', replace.trim().split(' ').slice(1), { stdin: stdout }),
    ).toMatchObject({
      code: 0,
    });
    expect(recordOf(await stored(object))).toBe('0 developer-b');
  });

  test('a name that no release could list changes nothing', async () => {
    const object = await create(settings());
    const refusal = refused(await patchAs(object, 'n'.repeat(513), { level: 'x' }));
    expect(refusal.message).toContain(`WriterHasName: ${'n'.repeat(100)}… has a name of more than 512 characters`);
    expect(accepted(await patchAs(object, 'n'.repeat(512), { level: 'x' }))).toBeDefined();
  });
});

describe('/scale records nobody', () => {
  const scale = (object: KubeObject, as: string, replicas = 3) =>
    world.as(as).patch({ ...targetOf(object), subresource: 'scale' }, 'merge', { spec: { replicas } });

  test('so a person does not use it in staging, and is told what to do', async () => {
    const object = await create(deployment());
    const name = object.metadata.name ?? '';
    expect(refused(await scale(object, 'approver-a')).message).toContain(
      `ScaleIsRecorded: approver-a cannot scale deployments/${name} of ${staging} this way: it is a staging namespace, and a write to /scale does not say who changed the object. Next: change spec.replicas in the object itself: kubectl edit deployments/${name} -n ${staging}`,
    );
    const changed = await edit(object, { spec: { replicas: 3 } }, 'approver-a');
    expect(parseWriters(recordOf(changed) ?? '')?.at(-1)?.username).toBe('approver-a');
  });

  const scaled = async (replicas = 3): Promise<KubeObject> => {
    const object = await create(deployment());
    accepted(await scale(object, `${controllers}:horizontal-pod-autoscaler`, replicas));
    return stored(object);
  };

  test('the autoscaler does, and what people wrote stays known', async () => {
    const object = await scaled();
    expect(object).toMatchObject({ spec: { replicas: 3 } });
    expect(recordOf(object)).toBe('0 %replicas\n0 developer-a');
  });

  test.each<[what: string, change: object]>([
    ['a label', { metadata: { labels: { tier: 'a' } } }],
    ['the replicas as they are, and a label', { metadata: { labels: { tier: 'a' } }, spec: { replicas: 3 } }],
  ])('who changes %s does not answer for the replicas', async (_, change) => {
    const object = await scaled();
    const changed = await edit(object, change);
    expect(namesOf(changed)).toEqual(['developer-a', 'developer-b']);
    expect(parseReplicas(recordOf(changed) ?? '')).toBe(0);
  });

  test('who patches nothing, or writes to the status, does not answer for them either', async () => {
    const object = await scaled();
    for (const body of [{}, { spec: { replicas: 3 } }])
      expect(recordOf(await edit(object, body))).toBe('0 %replicas\n0 developer-a');
    const status = { ...targetOf(object), subresource: 'status' };
    // More than its controller may have counted by now, which the API server compares.
    accepted(await world.as('developer-b').patch(status, 'merge', { spec: { replicas: 7 }, status: { replicas: 9 } }));
    expect(parseReplicas(recordOf(await stored(object)) ?? '')).toBe(0);
  });

  test('who changes them does', async () => {
    const object = await scaled();
    const changed = await edit(object, { spec: { replicas: 4 } });
    expect(parseReplicas(recordOf(changed) ?? '')).toBe(4);
    expect(namesOf(changed)).toEqual(['developer-a', 'developer-b']);
  });

  const answering = (object: KubeObject, text: string) => {
    const { controlPlane } = world.cluster;
    const of = `deployment/${object.metadata.name}`;
    return controlPlane.kubectl('developer-b', [
      'annotate',
      of,
      '-n',
      staging,
      '--overwrite',
      `${writersAnnotation}=${text}`,
    ]);
  };

  test('so does who says how many there are, as the remedy has it', async () => {
    const object = await scaled();
    expect(await answering(object, '3 %replicas')).toMatchObject({ code: 0 });
    const answered = await stored(object);
    expect(parseReplicas(recordOf(answered) ?? '')).toBe(3);
    expect(namesOf(answered)).toEqual(['developer-a', 'developer-b']);
    expect(recordOf(await edit(object, {}, 'approver-a'))).toBe(recordOf(answered));
  });

  test.each(['4 %replicas', '3 %replicas\n0 developer-a', '%replicas', ''])(
    'who sends %j as the record does not',
    async (text) => {
      const object = await scaled();
      expect(await answering(object, text)).toMatchObject({ code: 0 });
      expect(recordOf(await stored(object))).toBe('0 %replicas\n0 developer-a');
    },
  );

  test('everybody does where nothing is recorded', async () => {
    const object = await create(deployment(fresh('api'), unlabelled));
    expect(await scale(object, 'approver-a')).toMatchObject({ ok: true, body: { spec: { replicas: 3 } } });
  });
});

describe('controllers', () => {
  test('roll out, and are not named', async () => {
    const settled = await rolledOut(await create(deployment()));
    expect(recordOf(settled)).toBe(workloadRecord(0, ['0', 'developer-a']));
  });

  test('make objects for others, which nobody is recorded to have written', async () => {
    const name = fresh('state');
    const forged = { [writersAnnotation]: '0 developer-a' };
    await create({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, namespace: staging },
      spec: {
        ...deployment(name).spec,
        replicas: 1,
        serviceName: name,
        volumeClaimTemplates: [
          {
            metadata: { name: 'data', annotations: { ...forged, note: 'kept' } },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    });
    const claim = await waitFor(
      world.as('installer'),
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: staging,
        name: `data-${name}-0`,
      },
      () => true,
    );
    expect(claim.metadata.annotations).toMatchObject({ note: 'kept' });
    expect(recordOf(claim)).toBeUndefined();
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: staging, name: 'default' };
    expect(recordOf(accepted(await world.as('installer').get(account)))).toBeUndefined();
  });

  test('keep the record as it is, though they put the object without it', async () => {
    const settled = await rolledOut(await create(deployment()));
    const as = world.as(`${controllers}:deployment-controller`);
    const { metadata, ...rest } = settled;
    const { [writersAnnotation]: _, ...annotations } = metadata.annotations ?? {};
    const put = accepted(
      await as.replace({ ...rest, metadata: { ...metadata, annotations: { ...annotations, seen: '1' } } }),
    );
    expect(put.metadata.annotations).toMatchObject({
      seen: '1',
      [writersAnnotation]: workloadRecord(0, ['0', 'developer-a']),
    });
  });
});

describe('an object that is older than its record', () => {
  /** It was made while the namespace was no staging namespace. */
  const older = async (): Promise<KubeObject> => {
    const namespace = fresh('late');
    const installer = world.as('installer');
    const place = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
    accepted(await installer.create(place));
    const object = accepted(await installer.create<KubeObject>(settings(fresh('settings'), namespace)));
    expect(recordOf(object)).toBeUndefined();
    await everybodyEdits(namespace);
    accepted(
      await installer.patch(targetOf(place), 'merge', { metadata: { labels: { 'countersign.dev/staging': 'true' } } }),
    );
    await eventually(
      'stamped',
      () => world.as('developer-b').create<KubeObject>(settings(fresh('probe'), namespace), { dryRun: 'All' }),
      (answer) => answer.ok && recordOf(answer.body) !== undefined,
    );
    return object;
  };

  test('names who changes it, and that there were others', async () => {
    const object = await older();
    const changed = await edit(object, { data: { level: 'debug' } }, 'approver-a');
    expect(recordOf(changed)).toBe(record(['0', undefined], [rvOf(object), 'approver-a']));
  });

  test('is answered for by who sends it as it is, with those who were named', async () => {
    const object = await older();
    const changed = await edit(object, { data: { level: 'debug' } }, 'approver-a');
    const { controlPlane } = world.cluster;
    const { namespace = '', name = '' } = object.metadata;
    const { stdout } = await controlPlane.kubectl('developer-b', [
      'get',
      `configmap/${name}`,
      '-n',
      namespace,
      '-o',
      'yaml',
    ]);
    expect(await controlPlane.kubectl('developer-b', ['replace', '-f', '-'], { stdin: stdout })).toMatchObject({
      code: 0,
    });
    const answered = await stored(object);
    expect(recordOf(answered)).toBe(record([rvOf(object), 'approver-a'], [rvOf(changed), 'developer-b']));
    expect(rvOf(await edit(object, {}, 'developer-b'))).toBe(rvOf(answered));
  });

  test('is not answered for by who only sets a finalizer', async () => {
    const object = await older();
    const held = await edit(object, { metadata: { finalizers: ['example.com/hold'] } });
    expect(recordOf(held)).toBeUndefined();
    await edit(object, { metadata: { finalizers: null } });
  });
});

describe('outside staging namespaces', () => {
  const forged = { [writersAnnotation]: '0 somebody' };
  const annotated = (value: string | null) => ({ metadata: { annotations: { [writersAnnotation]: value } } });
  const settled = (object: KubeObject) => {
    const { metadata, ...rest } = object;
    return { ...rest, metadata: { ...metadata, annotations: { ...metadata.annotations, ...forged } } };
  };

  test('nothing is recorded, and no record is kept of any kind, however it is written', async () => {
    const pair = new Pair(world.cluster, 'payments');
    for (const { metadata, ...rest } of ofEveryKind(pair, 'a')) {
      const { kind } = rest;
      const annotations = { ...forged, note: 'kept' };
      const made = await create({ ...rest, metadata: { ...metadata, namespace: unlabelled, annotations } });
      expect([kind, recordOf(made)]).toEqual([kind, undefined]);
      expect(made.metadata.annotations).toMatchObject({ note: 'kept' });
      const changed = await edit(made, annotated('0 somebody'));
      expect([kind, recordOf(changed)]).toEqual([kind, undefined]);
    }
  });

  test('an apply that names a record is taken without it, and changes nothing when it is repeated', async () => {
    const { metadata, ...rest } = settings(fresh('settings'), unlabelled);
    const body = { ...rest, metadata: { ...metadata, annotations: forged } };
    const apply = async () =>
      accepted(await world.as('developer-a').patch(targetOf(body), 'apply', body, { force: true }));
    const made = await apply();
    expect(recordOf(made)).toBeUndefined();
    expect(rvOf(await apply())).toBe(rvOf(made));
  });

  test('what controllers copy from templates carries none either', async () => {
    const name = fresh('state');
    const annotations = { ...forged, note: 'kept' };
    await create({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name, namespace: unlabelled },
      spec: {
        ...deployment(name).spec,
        replicas: 1,
        serviceName: name,
        volumeClaimTemplates: [
          {
            metadata: { name: 'data', annotations },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      },
    });
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: unlabelled, name: `data-${name}-0` };
    const made = await waitFor(world.as('installer'), claim, () => true);
    expect(made.metadata.annotations).toMatchObject({ note: 'kept' });
    expect(recordOf(made)).toBeUndefined();
  });

  describe('without what takes it off', () => {
    let close: () => Promise<void>;
    let kept: KubeObject;
    beforeAll(async () => {
      close = await stampLock('writers-elsewhere').open(world);
      const closePolicy = await policyLock('countersign-writers-elsewhere').open(world);
      const { metadata, ...rest } = deployment(fresh('api'), unlabelled);
      const make = () => ({ ...rest, metadata: { ...metadata, annotations: forged } });
      await eventually(
        'both act no more',
        () => world.as('developer-a').create<KubeObject>(make(), { dryRun: 'All' }),
        (answer) => answer.ok && recordOf(answer.body) !== undefined,
      );
      kept = await rolledOut(await create(make()));
      await closePolicy();
      await eventually(
        'the policy acts',
        () => merge(kept, { data: {} }),
        ({ ok }) => !ok,
      );
    });
    afterAll(() => close());

    test('it is refused, and the refusal says what to do', async () => {
      const { metadata, ...rest } = settings(fresh('settings'), unlabelled);
      const answer = refused(
        await world.as('developer-a').create({ ...rest, metadata: { ...metadata, annotations: forged } }),
      );
      expect(answer.message).toContain(
        `WritersOnlyInStaging: developer-a cannot write configmaps/${metadata.name} of ${unlabelled} with the annotation countersign.dev/writers: the API server keeps that record in staging namespaces alone, and ${unlabelled} is none. Next: leave the annotation out; if you sent none, find the mutating webhook or policy that adds it: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies,mutatingadmissionpolicybindings`,
      );
    });

    test('what carries one from before is not changed with it, by anybody', async () => {
      for (const as of ['developer-b', `${controllers}:deployment-controller`])
        expect(said(await world.as(as).patch(targetOf(kept), 'merge', { spec: { paused: true } }))).toContain(
          'WritersOnlyInStaging: ',
        );
      const taken = await world.as('developer-b').replace(settled(await stored(kept)), { dryRun: 'All' });
      expect(said(taken)).toContain('WritersOnlyInStaging: ');
    });

    test('its status goes on, as long as that does not write the record', async () => {
      const status = { ...targetOf(kept), subresource: 'status' };
      const reported = { status: { observedGeneration: 0 } };
      expect(await world.as('developer-b').patch(status, 'merge', reported)).toMatchObject({ ok: true });
      expect(said(await world.as('developer-b').patch(status, 'merge', annotated('0 another')))).toContain(
        'WritersOnlyInStaging: ',
      );
    });

    test('writes without one are nobody’s business, nor is taking it off', async () => {
      const plain = await create(settings(fresh('settings'), unlabelled));
      expect(recordOf(await edit(plain, { data: { level: 'debug' } }))).toBeUndefined();
      expect(recordOf(await edit(kept, annotated(null)))).toBeUndefined();
    });
  });
});

describe('the label of a staging namespace', () => {
  const place = { apiVersion: 'v1', kind: 'Namespace', name: staging };
  const label = (as: string, value: string | null, subresource?: string) =>
    world
      .as(as)
      .patch(
        { ...place, ...(subresource === undefined ? {} : { subresource }) },
        'merge',
        { metadata: { labels: { [stagingLabel]: value } } },
        { dryRun: 'All' },
      );

  beforeAll(async () => {
    await role(world, 'labeller', {
      apiGroups: [''],
      resources: ['namespaces', 'namespaces/status'],
      verbs: ['get', 'patch'],
    });
    await bind(world, { user: 'developer-b', role: 'labeller' });
    await eventually(
      'bound, and the policy acts',
      () => label('developer-b', null),
      (answer) => said(answer).includes('StagingStays: '),
    );
  });

  test.each([
    ['taken off', null, undefined],
    ['set to another value', 'false', undefined],
    ['taken off through the status', null, 'status'],
  ])('is not %s by who may only label namespaces', async (_, value, subresource) => {
    expect(refused(await label('developer-b', value, subresource)).message).toContain(
      `StagingStays: developer-b may not take the label countersign.dev/staging off ${staging}: who changes what in it would no longer be recorded. Next: ask a cluster admin to do it, or for the right: kubectl create rolebinding developer-b-countersign-admin --clusterrole=countersign-admin --user=developer-b -n ${staging}`,
    );
  });

  test('is taken off by who may administer, and others go on labelling', async () => {
    expect(await label('admin', null)).toMatchObject({ ok: true });
    expect(await label('developer-b', 'true')).toMatchObject({ ok: true });
    const other = { metadata: { labels: { tier: 'a' } } };
    expect(await world.as('developer-b').patch(place, 'merge', other, { dryRun: 'All' })).toMatchObject({ ok: true });
  });
});

describe('without the stamp the policy refuses', () => {
  let close: () => Promise<void>;
  let object: KubeObject;
  beforeAll(async () => {
    object = await create(settings());
    close = await stampLock('writers').open(world);
    await eventually(
      'it acts no more',
      () => world.as('developer-a').create(settings(), { dryRun: 'All' }),
      ({ ok }) => !ok,
    );
  });
  afterAll(() => close());

  const refusal = () =>
    `WritersAreRecorded: the annotation countersign.dev/writers of configmaps/${object.metadata.name} of ${staging} must say that developer-b changed it`;
  const annotated = (value: string | null) => ({ metadata: { annotations: { [writersAnnotation]: value } } });

  test.each<[what: string, change: () => object]>([
    ['a change without the record', () => ({ data: { level: 'x' } })],
    ['removing it', () => annotated(null)],
    ['a record of somebody else', () => annotated('0 developer-b')],
    [
      'a record in which somebody is missing',
      () => ({ data: { level: 'x' }, ...annotated(`${rvOf(object)} developer-b`) }),
    ],
    ['a record with another position', () => ({ data: { level: 'x' }, ...annotated('0 developer-a\n0 developer-b') })],
    ['a record with a line too many', () => annotated('0 developer-a\n0 approver-a')],
  ])('%s', async (_, change) => {
    expect(refused(await merge(object, change())).message).toContain(refusal());
  });

  test('creating without a record, or with one of somebody else', async () => {
    const { metadata, ...rest } = settings();
    const made = (annotations: Readonly<Record<string, string>>) =>
      world.as('developer-b').create({ ...rest, metadata: { ...metadata, annotations } });
    expect(said(await made({}))).toContain('WritersAreRecorded: ');
    expect(said(await made({ [writersAnnotation]: '0 developer-a' }))).toContain('WritersAreRecorded: ');
    expect(recordOf(accepted(await made({ [writersAnnotation]: '0 developer-b' })))).toBe('0 developer-b');
  });

  test('nothing that changes nothing', async () => {
    expect(rvOf(accepted(await merge(object, {})))).toBe(rvOf(object));
  });

  test('nothing once it is gone, too', async () => {
    const closePolicy = await policyLock('countersign-writers').open(world);
    const removal = await eventually(
      'removed',
      () => merge(object, annotated(null)),
      ({ ok }) => ok,
    );
    expect(recordOf(accepted(removal))).toBeUndefined();
    await closePolicy();
  });
});
