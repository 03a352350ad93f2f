/**
 * The dead hand: somebody was let in, and then operator and gate are gone for good; nobody takes the bindings away. The API server's own clock ends
 * what adds or changes something, in every kind and by every path, whatever is said about times. What shows no time goes on until a binding goes;
 * it is counted here, and said in docs/emergency-access.md. RBAC is wide open meanwhile, so that lock A alone is asked.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import {
  accepted,
  targetOf,
  type Answer,
  type ApiClient,
  type Manifest,
  type Target,
} from '../../support/cluster/cluster.ts';
import { letIn, type Written } from '../../admission-policies/world/emergency-world.ts';
import { at, kinds, one, podTemplate } from '../../admission-policies/world/guard-objects.ts';
import { open, startGuardWorld, type GuardWorld } from '../../admission-policies/world/guard-world.ts';
import { fresh, production } from '../../support/attack/objects.ts';
import { bind, eventually, said } from '../../support/attack/world.ts';
import { emergencyActs } from '../../../operator/decide/manifest/emergency-acts.ts';

const who = 'oncall-dead-hand';
const minuteMs = 60_000;
/** To be let in takes less, on a busy machine too. */
const roomMs = 8_000;

type Fields = Readonly<Record<string, unknown>>;
type Live = Manifest & { readonly metadata: { readonly managedFields?: readonly Fields[] } };

let world: GuardWorld;
let access: Written;
let began: number;
let notAfter: number;

const me = (): ApiClient => world.as(who);

beforeAll(async () => {
  world = await startGuardWorld();
  await world.cluster.controlPlane.identity({ name: who });
  await bind(world, { user: who, role: 'test-everything' });
}, 150_000);
afterAll(() => world?.stop());

/** Of Kubernetes itself: kinds that definitions give take no strategic patches. How they are held: the topic custom of guard-list.ts. */
const isOwn = (resource: string): boolean => Object.hasOwn(kinds, resource);

/** Main resources that an emergency lets somebody change. */
const changing = emergencyActs
  .filter(({ resource, acts }) => acts.includes('update') && isOwn(resource))
  .map(({ resource }) => resource);

/** All others that the guard knows: nobody but their controllers writes them, in an emergency neither. */
const others = Object.keys(kinds).filter((resource) => !changing.includes(resource) && resource !== 'bindings');

/** Another content each time. */
const contents: Readonly<Record<string, () => Fields>> = {
  configmaps: () => ({ data: { level: fresh('l') } }),
  secrets: () => ({ stringData: { password: fresh('p') } }),
  services: () => ({ spec: { selector: { app: fresh('s') } } }),
  deployments: () => ({ spec: { template: { metadata: { annotations: { why: fresh('w') } } } } }),
  statefulsets: () => ({ spec: { template: { metadata: { annotations: { why: fresh('w') } } } } }),
  daemonsets: () => ({ spec: { template: { metadata: { annotations: { why: fresh('w') } } } } }),
  cronjobs: () => ({ spec: { startingDeadlineSeconds: turn() + 10 } }),
  jobs: () => ({ spec: { backoffLimit: turn() + 7 } }),
  horizontalpodautoscalers: () => ({ spec: { maxReplicas: turn() + 3 } }),
  poddisruptionbudgets: () => ({ spec: { minAvailable: turn() } }),
  ingresses: () => ({ spec: { defaultBackend: { service: { name: fresh('i'), port: { number: 80 } } } } }),
  networkpolicies: () => ({ spec: { podSelector: { matchLabels: { app: fresh('n') } } } }),
};

let turns = 0;
const turn = (): number => {
  turns += 1;
  return turns;
};

/** What is changed: always something is added, or has another value. */
const changes = (resource: string): readonly (() => Fields)[] => [
  () => ({ metadata: { annotations: { note: fresh('n') } } }),
  () => ({ metadata: { labels: { [fresh('new')]: 'yes' } } }),
  contents[resource] ?? (() => ({ metadata: { annotations: { [fresh('more')]: 'yes' } } })),
];

const past = (): string => `${new Date(began).toISOString().slice(0, 16)}:30Z`;
const stranger = (more: Fields): Fields => ({
  manager: 'stranger',
  operation: 'Update',
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:note': {} } } },
  ...more,
});

/** What may be said about who wrote what when: `undefined` says nothing. All but the last were tried before the deadline, too. */
const lies: Readonly<Record<string, (entries: readonly Fields[]) => readonly unknown[] | undefined>> = {
  'as it is': () => undefined,
  'no entries': () => [],
  'an empty entry': () => [{}],
  'every entry within the emergency': (entries) => entries.map((entry) => ({ ...entry, time: past() })),
  'entries without a time': (entries) => entries.map((entry) => ({ ...entry, time: undefined })),
  'a stranger who updated within the emergency': (entries) => [...entries, stranger({ time: past() })],
  'a stranger who applied within the emergency': (entries) => [
    ...entries,
    stranger({ time: past(), operation: 'Apply' }),
  ],
  'nobody but that stranger': () => [stranger({ time: past() })],
  'oneself, within the emergency': () => [stranger({ manager: 'countersign-test', time: past() })],
  'an entry of a version that there is not': () => [stranger({ apiVersion: 'v9', time: past() })],
  'an entry that cannot be read': () => [stranger({ fieldsV1: { broken: {} }, time: past() })],
  'entries to come': (entries) => entries.map((entry) => ({ ...entry, time: '2040-01-01T00:00:00Z' })),
};

interface Write {
  readonly name: string;
  readonly resource: string;
  readonly send: () => Promise<Answer<unknown>>;
}

const merged = (into: unknown, from: unknown): unknown => {
  if (!isMap(into) || !isMap(from)) return from;
  const keys = new Set([...Object.keys(into), ...Object.keys(from)]);
  return Object.fromEntries([...keys].map((key) => [key, key in from ? merged(into[key], from[key]) : into[key]]));
};
const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const live = async (target: Target): Promise<Live> => accepted(await world.as('installer').get<Live>(target));

/** The body of a change that lies so. */
const lying = (change: Fields, managedFields: readonly unknown[] | undefined): Fields =>
  managedFields === undefined
    ? change
    : { ...change, metadata: { ...(isMap(change['metadata']) ? change['metadata'] : {}), managedFields } };

const manager = { fieldManager: 'countersign-test' };

/** Every path by which an object that is there is changed, or another made. */
function writesOf(resource: string, lieNames: readonly string[]): readonly Write[] {
  const target = at(resource, 'standing');
  const all = changes(resource);
  const pairs =
    lieNames.length === 1
      ? all.map((change, i) => [change, i, lieNames[0] ?? ''] as const)
      : lieNames.flatMap((lieName, i) =>
          all.slice(i % 3, (i % 3) + 1).map((change) => [change, i % 3, lieName] as const),
        );
  const updates = pairs.flatMap(([change, i, lieName]) => {
    const lie = lies[lieName] ?? (() => undefined);
    const given = async () => lying(change(), lie((await live(target)).metadata.managedFields ?? []));
    const name = `change ${i + 1}, ${lieName}`;
    return [
      {
        name: `PUT: ${name}`,
        send: async () => {
          const object = await live(target);
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the object as it came, with fields laid over it
          const changed = merged(object, lying(change(), lie(object.metadata.managedFields ?? []))) as Live;
          return me().replace(changed, manager);
        },
      },
      { name: `merge patch: ${name}`, send: async () => me().patch(target, 'merge', await given(), manager) },
      { name: `strategic patch: ${name}`, send: async () => me().patch(target, 'strategic', await given(), manager) },
      {
        name: `JSON patch: ${name}`,
        send: async () => {
          const object = await live(target);
          const changed = merged(object, lying(change(), lie(object.metadata.managedFields ?? [])));
          const patch = Object.entries(isMap(changed) ? changed : {}).map(([key, value]) => ({
            op: 'add',
            path: `/${key}`,
            value,
          }));
          return me().patch(target, 'json', patch, manager);
        },
      },
    ];
  });
  const applies = all.flatMap((change, i) =>
    [false, true].flatMap((force) =>
      ['countersign-test', fresh('another')].map((fieldManager) => ({
        name: `apply${force ? ', by force' : ''} as ${fieldManager.slice(0, 7)}: change ${i + 1}`,
        send: async () => {
          const body = merged(one(resource, 'standing'), change());
          return me().patch(target, 'apply', body, { fieldManager, force });
        },
      })),
    ),
  );
  const creates = lieNames.map((lieName) => ({
    name: `create: ${lieName}`,
    send: async () => {
      const managedFields = (lies[lieName] ?? (() => undefined))([stranger({})]);
      const metadata = { creationTimestamp: past(), ...(managedFields === undefined ? {} : { managedFields }) };
      return me().create(one(resource, fresh('new'), { metadata }), manager);
    },
  }));
  const others = [
    {
      name: 'create by generateName',
      send: async () => me().create(one(resource, 'new', { metadata: { name: undefined, generateName: 'new-' } })),
    },
    {
      name: 'create by apply',
      send: async () => {
        const object = one(resource, fresh('new'));
        return me().patch(targetOf(object), 'apply', object, { force: true });
      },
    },
  ];
  return [...updates, ...applies, ...creates, ...others].map((write) => ({ ...write, resource }));
}

/** Of each kind one after the other, of several kinds at a time; and what was answered. */
async function sendAll(writes: readonly Write[]): Promise<ReadonlyMap<Write, string>> {
  const answers = new Map<Write, string>();
  const kindsLeft = [...Map.groupBy(writes, ({ resource }) => resource).values()];
  const next = async (): Promise<void> => {
    for (let list = kindsLeft.shift(); list !== undefined; list = kindsLeft.shift())
      for (const write of list)
        for (let tries = 0; tries < 5; tries += 1) {
          const answer = await write.send();
          answers.set(write, said(answer));
          if (answer.ok || answer.code !== 409) break; // a controller was faster
        }
  };
  await Promise.all(Array.from({ length: 4 }, next));
  return answers;
}

const isAdmitted = (words: string): boolean => words.startsWith('admitted');

/** The clock of the API server, read off what it writes. */
async function serverNow(): Promise<number> {
  const target = at('configmaps', 'clock', open);
  const body = { data: { tick: fresh('t') } };
  const { metadata } = accepted(await world.as('installer').patch<Live>(target, 'merge', body));
  const times = (metadata.managedFields ?? []).map((entry) => Date.parse(isMap(entry) ? String(entry['time']) : ''));
  return Math.max(...times);
}

const stamp = (instant: number): string => new Date(instant).toISOString().slice(11, 19);

const perKind = (answers: ReadonlyMap<Write, string>): string =>
  [...Map.groupBy(answers, ([{ resource }]) => resource)]
    .map(([resource, list]) => `${list.filter(([, words]) => isAdmitted(words)).length}/${list.length} ${resource}`)
    .join(', ');

/** A write that changes something, each time. */
async function tick(): Promise<Answer<Live>> {
  return me().patch<Live>(at('configmaps', 'crossing'), 'merge', { data: { tick: fresh('t') } });
}

describe('the dead hand', () => {
  test('meanwhile what adds or changes something passes, of every kind that an emergency covers, by every path', async () => {
    accepted(await world.as('installer').create(one('configmaps', 'clock', { namespace: open })));
    began = await serverNow();
    const long = await letIn(world, { grantee: who, from: began, duration: '1h' });
    await eventually(
      'let in',
      () => me().create(one('configmaps', 'canary'), { dryRun: 'All' }),
      ({ ok }) => ok,
    );
    const env = ['A', 'B'].map((name) => ({ name, value: name }));
    const template = podTemplate('in-order', { containers: [{ name: 'main', image: 'registry.example/app', env }] });
    const spec = { replicas: 0, selector: { matchLabels: { app: 'in-order' } }, template };
    const ports = [80, 81].map((port) => ({ name: `p${port}`, port }));
    for (const object of [
      one('deployments', 'in-order', { spec }),
      one('services', 'in-order', { spec: { ports } }),
      one('configmaps', 'crossing'),
    ])
      accepted(await me().create(object));
    for (const resource of changing) {
      const { apiVersion, kind, metadata } = one(resource, 'standing');
      const applied = { apiVersion, kind, metadata: { ...metadata, annotations: spares } };
      accepted(await me().patch(targetOf(applied), 'apply', applied, { fieldManager: 'spares' }));
    }
    const answers = await sendAll(changing.flatMap((resource) => writesOf(resource, ['as it is'])));
    process.stdout.write(`\nMeanwhile, admitted: ${perKind(answers)}\n`);
    const refused = [...answers].filter(([{ name }, words]) => !isAdmitted(words) && !mayConflict(name, words));
    expect(refused.map(([{ name, resource }, words]) => `${resource}: ${name}: ${words}`)).toEqual([]);
    for (const object of [long.minutes, ...long.bindings]) accepted(await world.restorer.delete(targetOf(object)));
  });

  test('it ends at the deadline, by the clock of the API server', async () => {
    const now = await serverNow();
    notAfter = Math.ceil((now + roomMs) / minuteMs) * minuteMs;
    began = notAfter - 30 * minuteMs;
    access = await letIn(world, { grantee: who, from: began, duration: '30m' });
    await eventually('let in again', tick, ({ ok }) => ok);
    const admittedBy: number[] = [];
    let asked = await serverNow();
    let answer = await tick();
    for (; answer.ok && asked < notAfter; answer = await tick()) {
      admittedBy.push(await serverNow());
      await new Promise((resolve) => setTimeout(resolve, 200));
      asked = await serverNow();
    }
    const [last = 0, first] = [admittedBy.at(-1), await serverNow()];
    process.stdout.write(
      `Deadline ${stamp(notAfter)}: ${admittedBy.length} writes admitted, the last by ${stamp(last)}; the first refused by ${stamp(first)}.\n`,
    );
    expect(said(answer)).toContain('ProductionGuardEmergencyOver: ');
    expect(admittedBy.length).toBeGreaterThan(0);
    expect(first).toBeGreaterThanOrEqual(notAfter);
  });

  test('after it none of a thousand and more passes: every kind, every path, whatever is said about times', async () => {
    const writes = [
      ...changing.flatMap((resource) => writesOf(resource, Object.keys(lies))),
      ...others.flatMap((resource) => writesOf(resource, ['as it is', 'every entry within the emergency'])),
    ];
    const answers = await sendAll(writes);
    const admitted = [...answers].filter(([, words]) => isAdmitted(words));
    const guarded = [...answers].filter(([, words]) => words.includes("ValidatingAdmissionPolicy 'countersign-guard-"));
    const otherwise = [...answers].filter(([, words]) => !isAdmitted(words) && !words.includes('countersign-guard-'));
    process.stdout.write(
      `After the deadline: ${answers.size} writes that add or change something, ${admitted.length} admitted, ${guarded.length} refused by lock A, ${otherwise.length} by the API server before.\n`,
    );
    expect(admitted.map(([{ name, resource }]) => `${resource}: ${name}`)).toEqual([]);
    expect(guarded.length).toBeGreaterThanOrEqual(1000);
  });

  test('what shows no time goes on, and is counted', async () => {
    process.stdout.write('After the deadline, the bindings still there, of what shows no time:\n');
    const counted: Record<string, string> = {};
    for (const [what, writes] of Object.entries(await undated())) {
      const answers = await sendAll(writes);
      const admitted = [...answers.values()].filter(isAdmitted).length;
      counted[what] = admitted === answers.size ? 'all' : admitted === 0 ? 'none' : 'some';
      const held = [...answers].flatMap(([{ resource, name }, words]) =>
        isAdmitted(words) ? [] : [`${resource} (${name})`],
      );
      const but = counted[what] === 'some' ? `, but ${held.join(', ')}` : '';
      process.stdout.write(`  ${what}: ${admitted} of ${answers.size} admitted${but}\n`);
      const refused = [...answers].filter(([, words]) => !isAdmitted(words) && !words.includes('EmergencyUndated'));
      expect(refused.map(([{ resource, name }, words]) => `${what}: ${resource}: ${name}: ${words}`)).toEqual([]);
    }
    expect(counted).toEqual({
      'takes away, last changed within the emergency': expect.stringMatching(/all|some/), // controllers report meanwhile
      'takes away, last changed later': 'none',
      'takes away, last changed later, and lies about it': 'all',
      'puts a list in another order, last changed within the emergency': 'all',
      scales: 'all',
      'opens a session': 'all',
      deletes: 'all',
    });
  });

  test('once the binding is gone, none of all that passes', async () => {
    accepted(await world.restorer.delete(targetOf(access.bindings[0])));
    await eventually(
      'the binding is gone',
      () => sessions.map(session)[0]?.send() ?? Promise.reject(new Error('no session')),
      ({ ok }) => !ok,
    );
    const writes = [
      ...Object.values(await undated()).flat(),
      ...changing.flatMap((resource) => writesOf(resource, ['every entry within the emergency'])),
    ];
    const answers = await sendAll(writes);
    const admitted = [...answers].filter(([, words]) => isAdmitted(words));
    process.stdout.write(`Without the binding: ${admitted.length} of ${answers.size} admitted.\n`);
    expect(admitted.map(([{ name, resource }, words]) => `${resource}: ${name}: ${words}`)).toEqual([]);
  });
});

/** Somebody else changed it after the deadline. */
const changedLater = async (resource: string, name: string): Promise<void> => {
  const body = { metadata: { annotations: { later: fresh('l') } } };
  accepted(await changer(resource).patch(at(resource, name), 'merge', body));
};

/** Who may change it at all times: releases hold no Secrets, so that one is a platform writer's. */
const changer = (resource: string): ApiClient => (resource === 'secrets' ? world.platform : world.preparer);

/** What can be taken away. */
const spares = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`spare-${i}`, 'x']));

const spareOf = ({ metadata }: Live): string =>
  Object.keys(metadata.annotations ?? {}).find((key) => key.startsWith('spare-')) ?? 'none left';

/** Every path by which an annotation is taken away, and nothing else is done. */
function removalsOf(resource: string, name: string, lieName: string): readonly Write[] {
  const target = at(resource, name);
  const lie = lies[lieName] ?? (() => undefined);
  const managedFields = async () => lie((await live(target)).metadata.managedFields ?? []);
  const gone = async () =>
    lying({ metadata: { annotations: { [spareOf(await live(target))]: null } } }, await managedFields());
  return [
    {
      name: 'PUT',
      send: async () => {
        const object = await live(target);
        const first = spareOf(object);
        const { [first]: _, ...annotations } = object.metadata.annotations ?? {};
        const changed = { ...object, metadata: { ...object.metadata, annotations } };
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the object as it came, less an annotation
        return me().replace(lying(changed, lie(object.metadata.managedFields ?? [])) as Live, manager);
      },
    },
    { name: 'merge patch', send: async () => me().patch(target, 'merge', await gone(), manager) },
    { name: 'strategic patch', send: async () => me().patch(target, 'strategic', await gone(), manager) },
    {
      name: 'JSON patch',
      send: async () => {
        const first = spareOf(await live(target));
        const entries = await managedFields();
        const forge = entries === undefined ? [] : [{ op: 'replace', path: '/metadata/managedFields', value: entries }];
        const path = `/metadata/annotations/${first}`;
        return me().patch(target, 'json', [{ op: 'remove', path }, ...forge], manager);
      },
    },
  ].map((write) => ({ ...write, resource }));
}

/** The order of a list whose items have keys says something, and is no value to the API server. */
const reordered = (resource: 'deployments' | 'services', name: string): Write => ({
  name: 'PUT',
  resource,
  send: async () => {
    const object = await live(at(resource, name));
    const text = JSON.stringify(object, (key, value: unknown) =>
      (key === 'env' || key === 'ports') && Array.isArray(value) ? value.toReversed() : value,
    );
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the object as it came, one list in another order
    return me().replace(JSON.parse(text) as Live, manager);
  },
});

const sessions = [
  'exec?command=sh&container=main&stdout=true',
  'attach?container=main&stdout=true',
  'portforward?ports=80',
];

/** A session that gets past admission ends at the kubelet, of which there is none. */
const session = (path: string): Write => ({
  name: path.split('?')[0] ?? '',
  resource: 'pods',
  send: async () => {
    const { code, text } = await me().raw({
      method: 'POST',
      path: `/api/v1/namespaces/${production}/pods/none-such/${path}`,
    });
    return code === 403
      ? { ok: false, code, body: { kind: 'Status', code, message: text } }
      : { ok: true, code, body: text };
  },
});

const scaling = (resource: string): Write => ({
  name: 'merge patch of /scale',
  resource,
  send: () => me().patch({ ...at(resource, 'standing'), subresource: 'scale' }, 'merge', { spec: { replicas: 0 } }),
});

const deletable = emergencyActs
  .filter(({ resource, acts }) => acts.includes('delete') && resource !== 'pods' && isOwn(resource))
  .map(({ resource }) => resource);

const deletion = (resource: string, name: string): Write => ({
  name: 'DELETE',
  resource,
  send: () => me().delete(at(resource, name)),
});

/** What shows no time, by what it is. `later`: of objects that somebody changed after the deadline. */
async function undated(): Promise<Readonly<Record<string, readonly Write[]>>> {
  const later = new Map<string, string>();
  const doomed = new Map<string, string>();
  for (const resource of changing) {
    const name = resource === 'secrets' ? 'db' : fresh('later');
    if (resource !== 'secrets')
      accepted(await world.preparer.create(one(resource, name, { metadata: { annotations: spares } })));
    else accepted(await world.platform.patch(at(resource, name), 'merge', { metadata: { annotations: spares } }));
    later.set(resource, name);
    await changedLater(resource, name);
  }
  for (const resource of deletable) {
    const name = resource === 'secrets' ? 'api-key' : fresh('doomed');
    accepted(await changer(resource).create(one(resource, name)));
    doomed.set(resource, name);
  }
  const lie = 'every entry within the emergency';
  return {
    'takes away, last changed within the emergency': changing.flatMap((each) =>
      removalsOf(each, 'standing', 'as it is'),
    ),
    'takes away, last changed later': changing.flatMap((each) => removalsOf(each, later.get(each) ?? '', 'as it is')),
    'takes away, last changed later, and lies about it': changing.flatMap((each) =>
      removalsOf(each, later.get(each) ?? '', lie),
    ),
    'puts a list in another order, last changed within the emergency': [
      reordered('deployments', 'in-order'),
      reordered('services', 'in-order'),
    ],
    scales: ['deployments', 'statefulsets'].map(scaling),
    'opens a session': sessions.map(session),
    deletes: deletable.map((each) => deletion(each, doomed.get(each) ?? '')),
  };
}

/** Who applies without force may be told that the field is somebody else's. */
const mayConflict = (name: string, words: string): boolean => name.startsWith('apply as') && words.includes('conflict');
