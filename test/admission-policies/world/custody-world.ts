/** What the checks of custody need: people with every right in RBAC, and objects of each kind that only somebody past every lock could have made. */
import { custodyKit, prepareCustody, quiet, signers, type Kit } from '../custody/custody-kit.ts';
import { accepted, targetOf, type ApiClient, type KubeObject, type Target } from '../../support/cluster/cluster.ts';
import { policyLock } from '../../support/attack/attack.ts';
import type { GuardWorld } from './guard-world.ts';
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
  policyChange,
  production,
  rollback,
  type Given,
  type Sent,
} from '../../support/attack/objects.ts';
import { bind, eventually, role, said } from '../../support/attack/world.ts';

/** Our kinds by their plurals, and one of each as it is made. */
export const makers = {
  approvals: approval,
  rollbacks: rollback,
  emergencyaccesses: emergencyAccess,
  evidence,
  policyexceptions: exception,
  policychanges: policyChange,
  releasecandidates: candidate,
  releasebundles: bundle,
  ledgerentries: ledgerEntry,
  releasepolicies: policy,
} as const satisfies Readonly<Record<string, (given?: Given) => Sent>>;
export type Plural = keyof typeof makers;
export const isPlural = (topic: string): topic is Plural => topic in makers;

/** How they are found: lying still, waiting for their dependents without being deleted, being deleted with dependents first, and without. */
export const states = ['standing', 'orphaning', 'leaving', 'leaving-orphans'] as const;
export type State = (typeof states)[number];

/** A finalizer of somebody's. */
export const stay = 'example.com/stay';

const finalizersIn: Readonly<Record<State, readonly string[]>> = {
  standing: [],
  orphaning: ['orphan'],
  leaving: [stay, 'foregroundDeletion'],
  'leaving-orphans': [stay, 'orphan'],
};

export interface Custody {
  readonly kit: Kit;
  /** One of a kind in a namespace that nobody guards. */
  readonly lying: (plural: Plural, state: State) => Target;
  /** A policy where none may be. */
  readonly misplaced: Target;
  /** One in production, lying still. */
  readonly produced: (plural: Plural) => Target;
  /** Evidence where nothing is staged, and nobody guards. */
  readonly stray: Target;
  /** A ServiceAccount of the staging namespace. */
  readonly account: ApiClient;
}

/** Programs that write our kinds in this world, with every verb but those that are asked for by name. */
const writers = [
  'system:serviceaccount:countersign-system:countersign-operator',
  'system:serviceaccount:countersign-system:countersign-gate',
  'system:serviceaccount:kube-system:generic-garbage-collector',
  'system:serviceaccount:kube-system:namespace-controller',
  'system:serviceaccount:kube-system:storage-migrators',
  'attacker',
];

export async function startCustody(world: GuardWorld): Promise<Custody> {
  await role(world, 'test-kinds', { resources: ['*'], verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'] });
  for (const user of writers) await bind(world, { user, role: 'test-kinds' });
  const serviceAccount = await prepareCustody(world);
  await role(world, 'test-definitions', {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions', 'customresourcedefinitions/status'],
    verbs: ['*'],
  });
  for (const user of [...writers.slice(2, 5), 'attacker']) await bind(world, { user, role: 'test-definitions' });
  await looseDefinitions(world);
  await audit(world);
  const made = new Map<string, Target>();
  const close: (() => Promise<void>)[] = [];
  for (const plural of Object.keys(makers)) close.push(await policyLock(`countersign-${plural}`).open(world));
  for (const plural of Object.keys(makers) as Plural[]) {
    for (const state of states) made.set(`${plural} ${state}`, await lay(world, plural, state));
    // Evidence is made where things are staged; in production it lies while the policies are away.
    const where = plural === 'evidence' ? { metadata: { namespace: production } } : {};
    if (plural !== 'releasepolicies') made.set(`${plural} produced`, await put(world, makers[plural](where)));
  }
  const misplaced = await put(world, policy({ metadata: { namespace: 'kube-public' } }));
  const stray = await put(world, evidence({ metadata: { namespace: quiet } }));
  for (const each of close) await each();
  await acting(world);
  const found = (key: string): Target => {
    const target = made.get(key);
    if (target === undefined) throw new Error(`there is none: ${key}`);
    return target;
  };
  return {
    misplaced,
    stray,
    account: serviceAccount,
    kit: custodyKit(
      () => world,
      () => serviceAccount,
    ),
    lying: (plural, state) => found(`${plural} ${state}`),
    produced: (plural) =>
      plural === 'releasepolicies'
        ? { ...found(`${plural} standing`), namespace: production }
        : found(`${plural} produced`),
  };
}

/** Guarded, and by audit alone, so that custody is the one that refuses. */
export const audited = 'audited';

async function audit(world: GuardWorld): Promise<void> {
  const installer = world.as('installer');
  accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: audited } }));
  accepted(await installer.create(policy({ metadata: { namespace: audited } })));
  const labels = { 'countersign.dev/guarded': 'audit' };
  accepted(
    await installer.patch({ apiVersion: 'v1', kind: 'Namespace', name: audited }, 'merge', { metadata: { labels } }),
  );
}

/** Without the rule that a spec never changes, so that the policies alone say it. */
async function looseDefinitions(world: GuardWorld): Promise<void> {
  const rules = '/spec/versions/0/schema/openAPIV3Schema/properties/spec/x-kubernetes-validations';
  for (const plural of [
    'approvals',
    'evidence',
    'policychanges',
    'policyexceptions',
    'rollbacks',
    'emergencyaccesses',
    'ledgerentries',
  ]) {
    const name = `${plural}.countersign.dev`;
    const target = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
    accepted(await world.as('installer').patch(target, 'json', [{ op: 'remove', path: rules }]));
  }
}

/** While no policy of ours acts. */
async function put(world: GuardWorld, object: Sent): Promise<Target> {
  const stored = await eventually(
    `${object.kind} is taken`,
    () => world.as('installer').create<KubeObject>(object),
    ({ ok, code }) => ok || code === 409,
  );
  return targetOf(stored.ok ? stored.body : object);
}

/** Each state has a namespace of its own, for there is one policy in each. */
async function lay(world: GuardWorld, plural: Plural, state: State): Promise<Target> {
  const installer = world.as('installer');
  const namespace = `given-up-${state}`;
  const labels = { 'countersign.dev/staging': 'true' };
  const created = await installer.create({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels },
  });
  if (!created.ok && created.code !== 409) accepted(created);
  const owner = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owner', namespace } };
  const owned = await installer.create<KubeObject>(owner);
  const { uid = '' } = (owned.ok ? owned.body : accepted(await installer.get(targetOf(owner)))).metadata;
  const metadata = {
    namespace,
    finalizers: finalizersIn[state],
    labels: { seen: 'no' },
    annotations: { note: 'kept' },
    ownerReferences: state === 'leaving' ? [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid }] : [],
  };
  // A policy whose review nobody may set so any more: it was, when there was no such rule. What it inherits keeps no namespace from going.
  // Nor that its changes take others.
  const signed = state === 'leaving' ? signers : {};
  const spec = plural === 'releasepolicies' ? { spec: { reviewBy: day(900), inherits: 'house', ...signed } } : {};
  const target = await put(world, makers[plural]({ metadata, ...spec }));
  if (state.startsWith('leaving'))
    await eventually(
      'it is being deleted',
      () => installer.delete(target),
      ({ ok }) => ok,
    );
  return target;
}

/** All of them act again: who may nothing is told so. */
async function acting(world: GuardWorld): Promise<void> {
  for (const [plural, make] of Object.entries(makers))
    await eventually(
      `countersign-${plural} acts`,
      () => world.as('admin').create(make({ metadata: { namespace: 'kube-public' } }), { dryRun: 'All' }),
      (answer) => said(answer).includes(`countersign-${plural}'`),
    );
}
