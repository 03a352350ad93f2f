/** The guard against the API server that it is for: nothing is served that it forgot, and it stays where its label is. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { acts, guard } from '../admission-policies/world/guard-file.ts';
import { image, one, podSpec } from '../admission-policies/world/guard-objects.ts';
import { fresh, ledgerEntry, production } from '../support/attack/objects.ts';
import { eventually, said, startWorld, type World } from '../support/attack/world.ts';
import { accepted, waitFor, waitForGone, type KubeObject } from '../support/cluster/cluster.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 120_000);
afterAll(() => world?.stop());

const get = async <T>(path: string): Promise<T> => {
  const { code, text } = await world.as('installer').raw({ method: 'GET', path });
  if (code !== 200) throw new Error(`${path}: ${code} ${text}`);
  return JSON.parse(text) as T; // oxlint-disable-line typescript/no-unsafe-type-assertion -- discovery documents
};

interface Served {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
}

/** Every namespaced resource of every version that the API server serves, but our own. */
async function served(): Promise<readonly Served[]> {
  interface Resources {
    readonly resources: readonly { readonly name: string; readonly namespaced: boolean; readonly verbs: string[] }[];
  }
  const { groups } = await get<{ groups: { name: string; versions: { groupVersion: string }[] }[] }>('/apis');
  const places = [
    ['', '/api/v1'] as const,
    ...groups
      .filter(({ name }) => name !== 'countersign.dev')
      .flatMap(({ name, versions }) => versions.map(({ groupVersion }) => [name, `/apis/${groupVersion}`] as const)),
  ];
  const all = await Promise.all(
    places.map(async ([group, path]) =>
      (await get<Resources>(path)).resources
        .filter(({ namespaced }) => namespaced)
        .map(({ name, verbs }) => ({ group, resource: name, verbs })),
    ),
  );
  return all.flat();
}

/** Subresources by which somebody connects to something: every verb does. */
const connecting = new Set(['pods/exec', 'pods/attach', 'pods/portforward', 'pods/proxy', 'services/proxy']);

/** The operation of admission for each verb that writes. */
const operations: Readonly<Record<string, string>> = {
  create: 'create',
  update: 'update',
  patch: 'update',
  delete: 'delete',
  deletecollection: 'delete',
};

const actsOf = ({ resource, verbs }: Omit<Served, 'group'>): readonly string[] =>
  connecting.has(resource) ? ['connect'] : [...new Set(verbs.flatMap((verb) => operations[verb] ?? []))];

/** `act group/resource`, and the names that the file has for it. */
const decided = new Map<string, readonly string[]>(
  Object.values(guard.topics)
    .flat()
    .flatMap((row) =>
      acts.flatMap((act) => {
        const names = row[act];
        return names === undefined ? [] : [[`${act} ${row.group}/${row.resource}`, names] as const];
      }),
    ),
);

describe('files/guard.yaml', () => {
  test('decides about every write to every namespaced resource that is served, or says why RBAC does', async () => {
    const exempt = new Set(guard.exempt.map(({ group, resource }) => `${group}/${resource}`));
    const all = (await served()).filter(({ group, resource }) => !exempt.has(`${group}/${resource}`));
    const undecided = all.flatMap((each) =>
      actsOf(each)
        .map((act) => `${act} ${each.group}/${each.resource}`)
        .filter((key) => !decided.has(key)),
    );
    expect(all.length).toBeGreaterThan(50);
    expect(undecided).toEqual([]);
  });

  test('names nothing that is not served, and no operation that there is not', async () => {
    const all = await served();
    const there = new Set(all.flatMap((each) => actsOf(each).map((act) => `${act} ${each.group}/${each.resource}`)));
    // A cluster need not have the definitions.
    const custom = new Set(guard.topics['custom']?.map(({ group, resource }) => `${group}/${resource}`));
    const isOwn = (key: string): boolean => !custom.has(key.slice(key.indexOf(' ') + 1));
    expect([...decided.keys()].filter((key) => isOwn(key) && !there.has(key))).toEqual([]);
    const names = new Set(all.map(({ group, resource }) => `${group}/${resource}`));
    expect(guard.exempt.filter(({ group, resource }) => !names.has(`${group}/${resource}`))).toEqual([]);
  });

  test('has one row for a resource, and none for what is exempt', () => {
    const named = [...Object.values(guard.topics).flat(), ...guard.exempt].map(
      ({ group, resource }) => `${group}/${resource}`,
    );
    expect(named.toSorted()).toEqual([...new Set(named)].toSorted());
  });
});

describe('what comes to be served later', () => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.later.example' },
    spec: {
      group: 'later.example',
      scope: 'Namespaced',
      names: { kind: 'Thing', plural: 'things', singular: 'thing' },
      versions: ['v1', 'v2'].map((name) => ({
        name,
        served: true,
        storage: name === 'v1',
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        subresources: { status: {} },
      })),
    },
  };

  test('people do not write it in production, under any version, and write it everywhere else', async () => {
    const admin = world.as('admin');
    accepted(await admin.create(definition));
    for (const version of ['v1', 'v2']) {
      const path = (namespace: string) => `/apis/later.example/${version}/namespaces/${namespace}/things`;
      const body = { apiVersion: `later.example/${version}`, kind: 'Thing', metadata: { name: fresh('thing') } };
      await eventually(
        'it is served',
        () => admin.raw({ method: 'GET', path: path('default') }),
        ({ code }) => code === 200,
      );
      const [inProduction, elsewhere] = [
        await admin.raw({ method: 'POST', path: path(production), body }),
        await admin.raw({ method: 'POST', path: path('default'), body }),
      ];
      expect(inProduction.text).toContain('ProductionGuardUnlisted: admin may not create things.later.example');
      expect(elsewhere.code).toBe(201);
    }
    const { apiVersion, kind, metadata } = definition;
    accepted(await admin.delete({ apiVersion, kind, name: metadata.name }));
  });
});

/** What RBAC gives a loop of kube-controller-manager and the guard does not, and why nothing is missed. */
const narrower: Readonly<Record<string, string>> = {
  'cronjob-controller: update batch/cronjobs': 'it writes their status',
  'cronjob-controller: update batch/jobs': 'it creates and deletes them, and writes nothing else of them',
  'cronjob-controller: delete /pods': 'the garbage collector deletes the pods of a Job that is gone',
  'daemon-set-controller: create /pods/binding': 'the scheduler binds the pods of DaemonSets',
  'deployment-controller: update apps/deployments':
    'it writes revisions with the status; what is left is to roll back by an annotation, around every signature',
  'deployment-controller: update /pods': 'it has not labelled pods since ReplicaSets carry the hash of their template',
  'job-controller: update batch/jobs': 'it writes their status',
  'persistent-volume-binder: create /pods': 'recycling of volumes is deprecated, and happens elsewhere',
  'persistent-volume-binder: delete /pods': 'recycling of volumes is deprecated, and happens elsewhere',
  'replicaset-controller: update apps/replicasets': 'it writes their status',
  'replication-controller: update /replicationcontrollers': 'it writes their status',
  'statefulset-controller: delete /persistentvolumeclaims':
    'it gives them an owner, and the garbage collector deletes them',
};

/** Loops whose rights name no resource. */
const sweeping: Readonly<Record<string, string>> = {
  'namespace-controller': 'it deletes what is in a namespace that is deleted, and none that is guarded is',
};

describe('the loops of kube-controller-manager', () => {
  test('that RBAC lets write something are let through, or it is said why not', async () => {
    interface Role extends KubeObject {
      readonly rules:
        | readonly {
            readonly apiGroups?: readonly string[];
            readonly resources?: readonly string[];
            readonly verbs: readonly string[];
          }[]
        | null;
    }
    const roles = await world
      .as('installer')
      .list<Role>({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' });
    const prefix = 'system:controller:';
    const given = accepted(roles).items.flatMap(({ metadata: { name = '' }, rules }) =>
      name.startsWith(prefix) ? (rules ?? []).map((rule) => ({ ...rule, loop: name.slice(prefix.length) })) : [],
    );
    const refused = new Set<string>();
    for (const { loop, apiGroups = [], resources = [], verbs } of given) {
      if (sweeping[loop] !== undefined) continue;
      for (const [key, names] of decided) {
        const [act = '', place = ''] = key.split(' ');
        const [group = '', main = '', sub] = place.split('/');
        const named = sub === undefined ? ['*', main] : [`*/${sub}`, `${main}/${sub}`];
        if (!apiGroups.some((each) => each === group || each === '*')) continue;
        if (!resources.some((each) => named.includes(each))) continue;
        if (!verbs.some((verb) => verb === '*' || operations[verb] === act)) continue;
        if (!names.includes(loop)) refused.add(`${loop}: ${key}`);
      }
    }
    expect([...refused].toSorted()).toEqual(Object.keys(narrower).toSorted());
    expect(given.length).toBeGreaterThan(100);
  });
});

const namespaceAt = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', name });
const guarded = (value: string | null) => ({ metadata: { labels: { 'countersign.dev/guarded': value } } });
const admission = 'admissionregistration.k8s.io/v1';

describe('a production namespace is given up as docs/operations.md says', () => {
  const binding = {
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    name: 'countersign-guard-namespaces',
  };
  const exempting = (name: string) => ({
    spec: {
      matchResources: {
        namespaceSelector: {
          matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [name] }],
        },
      },
    },
  });

  test('one at a time: the guard stays on every other', async () => {
    const admin = world.as('admin');
    const [going, staying] = [fresh('going'), fresh('staying')];
    for (const name of [going, staying]) {
      const labels = { 'countersign.dev/guarded': 'enforce' };
      accepted(await admin.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }));
    }
    accepted(await world.operator.create(ledgerEntry({ metadata: { namespace: going } })));
    expect(said(await admin.delete(namespaceAt(going)))).toContain('NamespaceGuardKept: ');

    accepted(await admin.patch(binding, 'merge', exempting(going)));
    await eventually(
      'the label goes',
      () => admin.patch(namespaceAt(going), 'merge', guarded(null)),
      ({ ok }) => ok,
    );
    accepted(await admin.delete(namespaceAt(going)));
    expect(said(await admin.patch(namespaceAt(staying), 'merge', guarded(null)))).toContain('NamespaceGuardStays: ');
    await waitForGone(world.as('installer'), namespaceAt(going), 60_000);

    accepted(await admin.patch(binding, 'json', [{ op: 'remove', path: '/spec/matchResources' }]));
  });
});

describe('without the definition of ReleasePolicy, and after the API server has started anew', () => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    name: 'releasepolicies.countersign.dev',
  };

  test('production is shut, and nothing else notices', async () => {
    const installer = world.as('installer');
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ordinary' } }));
    accepted(await installer.delete(definition));
    await waitForGone(installer, definition);
    await world.cluster.controlPlane.restartApiServer();

    for (const namespace of ['ordinary', 'kube-system', 'default']) {
      await waitFor(installer, { apiVersion: 'v1', kind: 'ServiceAccount', namespace, name: 'default' }, () => true);
      const writes = [
        one('configmaps', fresh('new'), { namespace }),
        one('deployments', fresh('new'), { namespace }),
        one('pods', fresh('new'), { namespace, spec: podSpec({ containers: [{ name: 'main', image: image('a') }] }) }),
        one('rolebindings', fresh('new'), { namespace }),
      ];
      for (const object of writes) {
        expect({ namespace, said: said(await installer.create(object)) }).toEqual({
          namespace,
          said: 'admitted (201)',
        });
      }
    }
    const name = fresh('made');
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    await waitFor(
      installer,
      { apiVersion: 'v1', kind: 'ServiceAccount', namespace: name, name: 'default' },
      () => true,
    );
    accepted(await installer.delete(namespaceAt(name)));
    await waitForGone(installer, namespaceAt(name), 60_000);

    const shut = await world.operator.create(one('configmaps', fresh('new'), { namespace: production }));
    expect(said(shut)).toContain('countersign-guard-configuration');
    expect(said(await installer.delete(namespaceAt(production)))).toContain('NamespaceGuardKept: ');
  });
});
