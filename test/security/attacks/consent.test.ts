/** Attacks on consent that admission alone decides (docs/threats.md), on a real API server with real identities and no operator. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { overlayBounds } from '../../../operator/api/overlay.ts';
import { identity } from '../../../operator/api/meta.ts';
import { accepted, targetOf, type Answer, type ApiClient, type KubeObject } from '../../support/cluster/cluster.ts';
import {
  admitted,
  cameToNothing,
  policyLock,
  schemaLock,
  stampLock,
  type Attack,
  type Attempt,
  type Lock,
} from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import {
  approval,
  bundle,
  candidate,
  day,
  digest,
  forgedOwner,
  fresh,
  inFlight,
  ledgerEntry,
  policy,
  production,
  rollback,
  staging,
  type Sent,
} from '../../support/attack/objects.ts';
import { bind, eventually, robot, role, said, startWorld, store, type World } from '../../support/attack/world.ts';

interface Consent extends World {
  /** A ServiceAccount with every signing role in production. */
  readonly robot: ApiClient;
}

let consent: Consent;

const wildcards = {
  'any-verb': { resources: ['approvalroles', 'approvals'], verbs: ['*'] },
  'any-resource': { resources: ['*'], verbs: ['approve', 'create'] },
  'any-thing': { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
} as const;

beforeAll(async () => {
  const world = await startWorld();
  consent = { ...world, robot: await robot(world, 'robot', staging) };
  const robotUser = `system:serviceaccount:${staging}:robot`;
  // Careless RBAC: it lets everybody here past RBAC, so that custody alone decides.
  await role(world, 'careless', {
    resources: ['approvals', 'rollbacks', 'releasecandidates', 'releasecandidates/status', 'releasepolicies'],
    verbs: ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection'],
  });
  for (const user of ['developer-b', 'approver-b', 'owner-a', 'archiver-a', robotUser])
    await bind(world, { user, role: 'careless' });
  for (const each of ['tester', 'sre'])
    await bind(world, { user: robotUser, role: `countersign-${each}`, namespace: production });
  await bind(world, { user: 'system:serviceaccount:countersign-system:countersign-operator', role: 'careless' });
  for (const [name, rule] of Object.entries(wildcards)) {
    await world.cluster.controlPlane.identity({ name });
    await role(world, name, rule);
    await bind(world, { user: name, role: name });
  }
  await world.cluster.controlPlane.identity({ name: 'definer' });
  await role(world, 'definer', {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    verbs: ['get', 'patch', 'delete'],
  });
  await bind(world, { user: 'definer', role: 'definer' });
  await eventually(
    'the last binding acts',
    () => world.as('any-thing').create(approval()),
    (answer) => said(answer).includes('ApproveOnlyByWildcard'),
  );
}, 120_000);

afterAll(() => consent.stop());

const merge = (client: ApiClient, object: KubeObject, body: unknown) => client.patch(targetOf(object), 'merge', body);
const signed = ({ as }: World) => store(as('tester-a'), approval());
const staged = ({ as }: World, given = {}) => store(as('developer-a'), candidate(given));
const ordered = ({ as }: World) => store(as('sre-a'), rollback());

async function flying(world: World, given = {}): Promise<Sent> {
  const made = await staged(world, given);
  return accepted(await world.operator.patch<Sent>(targetOf(made), 'merge', { metadata: { finalizers: [inFlight] } }));
}

const approvals = policyLock('countersign-approvals');
const candidates = policyLock('countersign-releasecandidates');
const rollbacks = policyLock('countersign-rollbacks');
const policies = policyLock('countersign-releasepolicies');

/** Reached when the object is stored with that name in that field. */
const names = (answer: Answer<Sent>, field: string, username: string): Attempt => {
  const reached = answer.ok && identity.parse(answer.body.spec[field]).username === username;
  return { reached, said: reached ? 'stored in that name' : said(answer) };
};

const inTheNameOf: readonly Attack<Consent>[] = [
  { plural: 'approvals', field: 'approver', who: 'tester-a', other: 'tester-b', make: approval, lock: approvals },
  {
    plural: 'releasecandidates',
    field: 'author',
    who: 'developer-a',
    other: 'developer-b',
    make: candidate,
    lock: candidates,
  },
  { plural: 'rollbacks', field: 'requester', who: 'sre-a', other: 'sre-b', make: rollback, lock: rollbacks },
].map(({ plural, field, who, other, make, lock }) => {
  const forged = make({ spec: { [field]: { username: other, uid: '', groups: ['system:authenticated'] } } });
  const again = (): Sent => ({ ...forged, metadata: { ...forged.metadata, name: fresh(plural) } });
  return {
    id: 'T24',
    name: `${who} creates one of ${plural} in the name of ${other}`,
    act: async ({ as }) => names(await as(who).create(again()), field, other),
    denied: cameToNothing,
    twin: async ({ as }) => names(await as(other).create(again()), field, other),
    locks: [stampLock(plural), lock],
  };
});

const robotSigners: readonly Attack<Consent>[] = [
  {
    id: 'T25',
    name: 'a ServiceAccount that holds the right signs as tester',
    act: async ({ robot }) => admitted(await robot.create(approval())),
    denied: 'ApproveNeedsPerson: ',
    twin: async ({ as }) => admitted(await as('tester-a').create(approval())),
    locks: [approvals],
  },
  {
    id: 'T25',
    name: 'a ServiceAccount that holds the right orders a rollback',
    act: async ({ robot }) => admitted(await robot.create(rollback())),
    denied: 'RollbackNeedsPerson: ',
    twin: async ({ as }) => admitted(await as('sre-a').create(rollback())),
    locks: [rollbacks],
  },
];

const wildcardSigners: readonly Attack<Consent>[] = [
  ...['admin', 'installer', ...Object.keys(wildcards)].map((who) => ({
    id: 'T26',
    name: `${who}, who holds wildcards, signs as tester`,
    act: async ({ as }: World) => admitted(await as(who).create(approval())),
    denied: 'ApproveOnlyByWildcard: ',
    twin: async ({ as }: World) => admitted(await as('tester-a').create(approval())),
    locks: [approvals],
  })),
  {
    id: 'T26',
    name: 'a cluster admin orders a rollback',
    act: async ({ as }) => admitted(await as('admin').create(rollback())),
    denied: 'RollbackOnlyByWildcard: ',
    twin: async ({ as }) => admitted(await as('sre-a').create(rollback())),
    locks: [rollbacks],
  },
  {
    id: 'T26',
    name: 'a cluster admin withdraws a candidate',
    act: async (world) => admitted(await world.as('admin').delete(targetOf(await staged(world)))),
    denied: 'WithdrawOnlyByWildcard: ',
    twin: async (world) => admitted(await world.as('owner-a').delete(targetOf(await staged(world)))),
    locks: [candidates],
  },
  {
    id: 'T26',
    name: 'a cluster admin deletes a signature',
    act: async (world) => admitted(await world.as('admin').delete(targetOf(await signed(world)))),
    denied: 'RecordKept: ',
    twin: async (world) => admitted(await world.as('owner-a').delete(targetOf(await staged(world)))),
    locks: [approvals],
  },
];

/** Every way to write; the content is another digest. */
const edits: Readonly<Record<string, (client: ApiClient, object: Sent) => Promise<Answer<unknown>>>> = {
  PUT: (client, object) => client.replace({ ...object, spec: { ...object.spec, digest: digest('c') } }),
  'a merge patch': (client, object) => merge(client, object, { spec: { digest: digest('c') } }),
  'a JSON patch': (client, object) =>
    client.patch(targetOf(object), 'json', [{ op: 'replace', path: '/spec/digest', value: digest('c') }]),
  'server-side apply with force': (client, { apiVersion, kind, metadata, spec }) =>
    client.patch(
      targetOf({ apiVersion, kind, metadata }),
      'apply',
      {
        apiVersion,
        kind,
        metadata: { name: metadata.name, namespace: metadata.namespace },
        spec: { ...spec, digest: digest('c') },
      },
      { force: true },
    ),
};

const specRule = schemaLock('approvals', { path: '/x-kubernetes-validations', value: [] });

const edited: readonly Attack<Consent>[] = [
  ...Object.entries(edits).map(([how, edit]) => ({
    id: 'T29',
    name: `a cluster admin moves a signature to another digest by ${how}`,
    act: async (world: World) => admitted(await edit(world.as('admin'), await signed(world))),
    denied: 'spec cannot be changed after creation: create a new Approval',
    twin: async ({ as }: World) => admitted(await as('tester-a').create(approval({ spec: { digest: digest('c') } }))),
    locks: [specRule, approvals],
  })),
  {
    id: 'T29',
    name: 'a developer renames a key of an overlay, which the CRD does not see',
    act: async (world) =>
      admitted(await rename(world.as('developer-b'), await staged(world, overlay({ replicas: 6 })))),
    denied: 'SpecNeverChanges: ',
    twin: async (world) => admitted(await world.as('developer-a').create(candidate(overlay({ paused: 6 })))),
    locks: [candidates],
  },
  {
    id: 'T29',
    name: 'an approver annotates a signature',
    act: async (world) =>
      admitted(
        await merge(world.as('approver-b'), await signed(world), { metadata: { annotations: { counts: 'twice' } } }),
      ),
    denied: 'MetadataNeverChanges: ',
    twin: async ({ as }) =>
      admitted(
        await as('tester-a').create(
          approval({ metadata: { generateName: 'annotated-', namespace: production, annotations: { ticket: '1' } } }),
        ),
      ),
    locks: [approvals],
  },
];

const overlay = (patch: unknown) => ({ spec: { overlay: [{ kind: 'Deployment', name: 'api', patch }] } });
const rename = (client: ApiClient, object: Sent) => merge(client, object, overlay({ paused: 6 }));

const conditions = [
  {
    type: 'Approved',
    status: 'True',
    reason: 'Approved',
    message: 'forged',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  },
];

const forgedStatus: readonly Attack<Consent>[] = ['developer-b', 'approver-b', 'admin'].flatMap((who) =>
  (['PUT', 'a merge patch'] as const).map((how) => {
    const forge = async (client: ApiClient, object: Sent): Promise<Attempt> => {
      const target = { ...targetOf(object), subresource: 'status' };
      const answer =
        how === 'PUT'
          ? await client.replace({ ...object, status: { conditions } }, { subresource: 'status' })
          : await client.patch(target, 'merge', { status: { conditions } });
      return admitted(answer);
    };
    return {
      id: 'T32',
      name: `${who}, whom RBAC lets, forges the status of a candidate by ${how}`,
      act: async (world: World) => forge(world.as(who), await staged(world)),
      denied: 'StatusByOperator: ',
      twin: async (world: World) => forge(world.operator, await staged(world)),
      locks: [candidates],
    };
  }),
);

/** Reached when the object is gone, or going. */
async function gone({ as }: World, object: Sent, answer: Answer<unknown>): Promise<Attempt> {
  const left = await as('installer').get<Sent>(targetOf(object));
  return { reached: !left.ok || left.body.metadata.deletionTimestamp !== undefined, said: said(answer) };
}

/** DELETE as a program of the control plane, which no test has the key of. */
async function deleteAs(world: World, user: string, object: Sent): Promise<Answer<unknown>> {
  const { namespace, name } = object.metadata;
  const path = `/apis/countersign.dev/v1alpha1/namespaces/${namespace}/${object.kind.toLowerCase()}s/${name}`;
  const headers = {
    'impersonate-user': `system:serviceaccount:kube-system:${user}`,
    'impersonate-group': 'system:masters',
  };
  const { code, text } = await world.as('installer').raw({ method: 'DELETE', path, headers });
  return code < 300
    ? { ok: true, code, body: text }
    : { ok: false, code, body: { kind: 'Status', code, message: text } };
}

/** A signature where nothing is guarded. */
const signedInUnguarded = async (world: World): Promise<Sent> => {
  const namespace = fresh('quiet');
  accepted(await world.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  await bind(world, { user: 'tester-a', role: 'countersign-tester', namespace });
  const made = await eventually(
    'signed',
    () => world.as('tester-a').create<Sent>(approval({ metadata: { name: fresh('approval'), namespace } })),
    ({ ok }) => ok,
  );
  return accepted(made);
};

const collection = (object: Sent) => ({
  apiVersion: object.apiVersion,
  kind: object.kind,
  namespace: object.metadata.namespace ?? '',
});

const deletions: readonly Attack<Consent>[] = [
  {
    id: 'T33',
    name: 'a developer strips the finalizer of a candidate in flight by a merge patch',
    act: async (world) =>
      admitted(await merge(world.as('developer-b'), await flying(world), { metadata: { finalizers: null } })),
    denied: 'NoForgedFinalizers: ',
    twin: async (world) =>
      admitted(await merge(world.operator, await flying(world), { metadata: { finalizers: null } })),
    locks: [candidates],
  },
  {
    id: 'T33',
    name: 'a cluster admin strips the finalizer of a candidate in flight by PUT',
    act: async (world) => admitted(await withoutFinalizers(world.as('admin'), await flying(world))),
    denied: 'NoForgedFinalizers: ',
    twin: async (world) => admitted(await withoutFinalizers(world.operator, await flying(world))),
    locks: [candidates],
  },
  {
    id: 'T33',
    name: 'an owner deletes a candidate in flight with force',
    act: async (world) => {
      const victim = await flying(world);
      return gone(world, victim, await world.as('owner-a').delete(targetOf(victim), { gracePeriodSeconds: 0 }));
    },
    denied: 'InFlightStays: ',
    twin: async (world) => {
      const victim = await staged(world);
      return gone(world, victim, await world.as('owner-a').delete(targetOf(victim), { gracePeriodSeconds: 0 }));
    },
    locks: [candidates],
  },
  {
    id: 'T33',
    name: 'a developer deletes the collection of candidates',
    act: (world) => deleteCandidates(world, 'developer-b'),
    denied: 'WithdrawRightMissing: ',
    twin: (world) => deleteCandidates(world, 'owner-a'),
    locks: [candidates],
  },
  {
    id: 'T33',
    name: 'a cluster admin deletes the collection of signatures',
    act: (world) => deleteSignatures(world, 'admin'),
    denied: 'RecordKept: ',
    twin: (world) => deleteCandidates(world, 'owner-a'),
    locks: [approvals],
  },
  ...['namespace-controller', 'generic-garbage-collector'].map((controller) => ({
    id: controller === 'namespace-controller' ? 'T21' : 'T19',
    name: `the ${controller} is led to delete a signature in a guarded namespace`,
    act: async (world: World) => {
      const victim = await signed(world);
      return gone(world, victim, await deleteAs(world, controller, victim));
    },
    denied: 'RecordKept: ',
    twin: async (world: World) => {
      const victim = await signedInUnguarded(world);
      return gone(world, victim, await deleteAs(world, 'namespace-controller', victim));
    },
    locks: [approvals],
  })),
];

const withoutFinalizers = (client: ApiClient, object: Sent) =>
  client.replace({ ...object, metadata: { ...object.metadata, finalizers: [] } });

async function deleteCandidates(world: World, who: string): Promise<Attempt> {
  const victim = fresh('victim');
  const made = await staged(world, { metadata: { name: victim, namespace: staging, labels: { victim } } });
  return gone(world, made, await world.as(who).delete(collection(made), { labelSelector: `victim=${victim}` }));
}

async function deleteSignatures(world: World, who: string): Promise<Attempt> {
  const victim = fresh('victim');
  const made = await store(
    world.as('tester-a'),
    approval({ metadata: { name: victim, namespace: production, labels: { victim } } }),
  );
  return gone(world, made, await world.as(who).delete(collection(made), { labelSelector: `victim=${victim}` }));
}

const forgedOwners: readonly Attack<Consent>[] = [
  {
    id: 'T19',
    name: 'a tester signs with a forged owner, to have the signature collected later',
    act: async ({ as }) => admitted(await as('tester-a').create(owned(approval()))),
    denied: 'NoForgedOwners: ',
    twin: async ({ as }) => admitted(await as('tester-a').create(approval())),
    locks: [approvals],
  },
  {
    id: 'T19',
    name: 'a developer gives a candidate a forged owner',
    act: async (world) =>
      admitted(
        await merge(world.as('developer-b'), await staged(world), { metadata: { ownerReferences: [forgedOwner] } }),
      ),
    denied: 'NoForgedOwners: ',
    twin: async (world) =>
      admitted(
        await merge(world.as('developer-b'), await staged(world), { metadata: { labels: { team: 'payments' } } }),
      ),
    locks: [candidates],
  },
  {
    id: 'T19',
    name: 'a cluster admin gives a rollback a forged owner',
    act: async (world) =>
      admitted(await merge(world.as('admin'), await ordered(world), { metadata: { ownerReferences: [forgedOwner] } })),
    denied: 'NoForgedOwners: ',
    twin: async (world) =>
      admitted(await merge(world.operator, await ordered(world), { metadata: { ownerReferences: [forgedOwner] } })),
    locks: [rollbacks],
  },
  ...[
    { plural: 'releasebundles', make: bundle },
    { plural: 'ledgerentries', make: ledgerEntry },
  ].map(({ plural, make }) => ({
    id: 'T19',
    name: `a cluster admin gives one of ${plural} a forged owner`,
    act: async (world: World) =>
      admitted(
        await merge(world.as('admin'), await store(world.operator, make()), {
          metadata: { ownerReferences: [forgedOwner] },
        }),
      ),
    denied: 'NoForgedOwners: ',
    twin: async (world: World) => admitted(await world.operator.create(make())),
    locks: [policyLock(`countersign-${plural}`)],
  })),
];

const owned = (object: Sent): Sent => ({ ...object, metadata: { ...object.metadata, ownerReferences: [forgedOwner] } });

const dryRuns: readonly Attack<Consent>[] = [
  {
    id: 'T34',
    name: 'a tester signs in a dry run, and something stays',
    act: ({ as }) => stays(as('tester-a'), approval(), 'All'),
    denied: 'admitted',
    twin: async ({ as }) => names(await as('tester-a').create(approval(), { dryRun: 'All' }), 'approver', 'tester-a'),
    locks: [],
    without: ({ as }) => stays(as('tester-a'), approval(), undefined),
  },
  {
    id: 'T34',
    name: 'an owner withdraws a candidate in a dry run, and it goes',
    act: async (world) => {
      const victim = await staged(world);
      return gone(world, victim, await world.as('owner-a').delete(targetOf(victim), { dryRun: ['All'] }));
    },
    denied: 'admitted',
    twin: async (world) =>
      admitted(await world.as('owner-a').delete(targetOf(await staged(world)), { dryRun: ['All'] })),
    locks: [],
    without: async (world) => {
      const victim = await staged(world);
      return gone(world, victim, await world.as('owner-a').delete(targetOf(victim)));
    },
  },
];

async function stays(client: ApiClient, object: Sent, dryRun: 'All' | undefined): Promise<Attempt> {
  const answer = await client.create(object, dryRun === undefined ? {} : { dryRun });
  return { reached: (await client.get(targetOf(object))).ok, said: said(answer) };
}

const anyText = { type: 'string', maxLength: 2_000_000 };
const anyRole = schemaLock('approvals', { path: '/properties/role', value: anyText });
const anyComment = schemaLock('approvals', { path: '/properties/comment', value: anyText });
const anyPackage = schemaLock('releasecandidates', { path: '/properties/package', value: anyText });

/** As much as the patches of a candidate may hold, but for names. */
const large = 'x'.repeat(overlayBounds.characters - 1_000);

const oddities: readonly Attack<Consent>[] = [
  ...['tеster', 'Tester', ' tester', 'tester ', '__proto__', 'constructor', '*', ''].map((odd) => ({
    id: 'T37',
    name: `a tester signs in the role ${JSON.stringify(odd)}${/^[ -~]*$/.test(odd) ? '' : ', which has a Cyrillic letter'}`,
    act: async ({ as }: World) => admitted(await as('tester-a').create(approval({ spec: { role: odd } }))),
    denied: 'spec.role',
    twin: async ({ as }: World) => admitted(await as('tester-a').create(approval({ spec: { role: 'tester' } }))),
    locks: [anyRole, approvals],
  })),
  ...['pаyments', 'Payments', 'payments ', '__proto__', 'prototype'].map((odd) => ({
    id: 'T37',
    name: `a developer stages the package ${JSON.stringify(odd)}${/^[ -~]*$/.test(odd) ? '' : ', which has a Cyrillic letter'}`,
    act: async ({ as }: World) => admitted(await as('developer-a').create(candidate({ spec: { package: odd } }))),
    denied: 'spec.package',
    twin: async ({ as }: World) =>
      admitted(await as('developer-a').create(candidate({ spec: { package: 'payments' } }))),
    locks: [anyPackage],
  })),
  {
    id: 'T37',
    name: 'a tester signs with a comment of 1 MB',
    act: async ({ as }) =>
      admitted(await as('tester-a').create(approval({ spec: { comment: 'x'.repeat(1_000_000) } }))),
    denied: 'spec.comment',
    twin: async ({ as }) => admitted(await as('tester-a').create(approval({ spec: { comment: 'x'.repeat(4096) } }))),
    locks: [anyComment],
  },
  {
    id: 'T37',
    name: 'a developer changes a candidate of 1 MB, hoping that comparing it costs too much',
    act: async (world) => admitted(await rename(world.as('developer-b'), await staged(world, overlay({ x: large })))),
    denied: 'SpecNeverChanges: ',
    twin: async ({ as }) => admitted(await as('developer-a').create(candidate(overlay({ x: large })))),
    locks: [candidates],
  },
];

const confused: readonly Attack<Consent>[] = [
  {
    id: 'T22',
    name: 'an admin deletes the policy of a guarded namespace',
    act: async (world) => {
      await ensurePolicy(world);
      return admitted(await world.as('admin').delete(targetOf(policy()), { dryRun: ['All'] }));
    },
    denied: 'GuardedKeepsPolicy: ',
    twin: async ({ as }) => {
      const quiet = fresh('quiet');
      accepted(await as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: quiet } }));
      return admitted(
        await as('admin').delete(targetOf(await store(as('admin'), policy({ metadata: { namespace: quiet } })))),
      );
    },
    locks: [policies],
  },
  {
    id: 'T36',
    name: 'a developer, whom RBAC lets, weakens the policy',
    act: async (world) => weaken(world, 'developer-b'),
    denied: 'AdministerRightMissing: ',
    twin: async (world) => weaken(world, 'admin'),
    locks: [policies],
  },
  {
    id: 'T35',
    name: 'somebody who may edit definitions takes away the rule that a signature never changes',
    act: async ({ as }) => admitted(await as('definer').patch(definition, 'json', withoutRules, { dryRun: 'All' })),
    denied: 'DefinitionsByAdmins: ',
    twin: async ({ as }) => admitted(await as('admin').patch(definition, 'json', withoutRules, { dryRun: 'All' })),
    locks: [policyLock('countersign-definitions')],
  },
  {
    id: 'T35',
    name: 'somebody who may edit definitions deletes one, and the record with it',
    act: async ({ as }) => admitted(await as('definer').delete(definition, { dryRun: ['All'] })),
    denied: 'DefinitionsByAdmins: ',
    twin: async ({ as }) => admitted(await as('admin').delete(definition, { dryRun: ['All'] })),
    locks: [policyLock('countersign-definitions')],
  },
  {
    id: 'T46',
    name: 'a developer stages a candidate for kube-system',
    act: async ({ as }) =>
      admitted(await as('developer-a').create(candidate({ spec: { targetNamespace: 'kube-system' } }))),
    denied: 'TargetIsProduction: ',
    twin: async ({ as }) => admitted(await as('developer-a').create(candidate())),
    locks: [candidates],
  },
  ...(['operator', 'restorer'] as const).map((who) => ({
    id: 'T46',
    name: `the ${who} is led to write in kube-system`,
    act: async (world: World) => admitted(await world[who].create(settings('kube-system'))),
    denied: 'ConfinedToProduction: ',
    twin: async (world: World) => admitted(await world[who].create(settings(production))),
    locks: [policyLock('countersign-confinement')] as readonly Lock<World>[],
  })),
];

const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: 'approvals.countersign.dev',
};
const withoutRules = [
  { op: 'remove', path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations' },
];

const settings = (namespace: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: fresh('settings'), namespace },
});

async function ensurePolicy({ as }: World): Promise<void> {
  const answer = await as('admin').create(policy());
  if (!answer.ok && answer.code !== 409) accepted(answer);
}

async function weaken(world: World, who: string): Promise<Attempt> {
  await ensurePolicy(world);
  const spec = { approvals: [{ role: 'developer', count: 1 }], reviewBy: day(300) };
  return admitted(await world.as(who).patch(targetOf(policy()), 'merge', { spec }, { dryRun: 'All' }));
}

attacks(
  () => consent,
  [
    ...inTheNameOf,
    ...robotSigners,
    ...wildcardSigners,
    ...edited,
    ...forgedStatus,
    ...deletions,
    ...forgedOwners,
    ...dryRuns,
    ...oddities,
    ...confused,
  ],
);

describe('what needs no lock', () => {
  test('T32: a status sent at creation is dropped', async () => {
    const made = accepted(await consent.as('developer-a').create<Sent>({ ...candidate(), status: { conditions } }));
    expect(made.status).toBeUndefined();
  });

  test('T29: a spec sent to /status is dropped, even from the operator', async () => {
    const made = await staged(consent);
    const sent = { ...made, spec: { ...made.spec, package: 'other' }, status: { conditions: [] } };
    const answer = accepted(await consent.operator.replace<Sent>(sent, { subresource: 'status' }));
    expect(answer.spec).toEqual(made.spec);
  });

  test('T37: an overlay under reserved names stays as it was sent', async () => {
    const patch: unknown = JSON.parse('{"__proto__": {"x": 1}, "constructor": {"prototype": 1}}');
    const made = accepted(await consent.as('developer-a').create<Sent>(candidate(overlay(patch))));
    expect(JSON.stringify(made.spec['overlay'])).toContain(JSON.stringify(patch));
  });
});
