/** Records of writers: none outside staging namespaces, and none that lies within. The stamps leave alone what carries a label, so that the policies alone decide. */
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import { stagingLabel, writersAnnotation } from '../../../operator/api/kinds.ts';
import { accepted, type ApiClient, type KubeObject, type Manifest } from '../../support/cluster/cluster.ts';
import { policyLock } from '../../support/attack/attack.ts';
import { dryDelete, dryRun, namespaceOf, refusedBy, type WorldCheck } from '../world/check.ts';
import { releasedOfKubernetes } from '../world/guard-file.ts';
import { at, one } from '../world/guard-objects.ts';
import { open, type GuardWorld } from '../world/guard-world.ts';
import { fresh, staging } from '../../support/attack/objects.ts';
import { eventually } from '../../support/attack/world.ts';

/** What carries it is left alone by the stamps of this world, but for writes of a manager of that name. */
export const unstamped = { unstamped: 'yes' };
export const stamped = { fieldManager: 'stamped' } as const;
/** The condition of the stamps that says so. */
export const lookingAway = 'test-unstamped';

const resources = releasedOfKubernetes;

const recorded = (value: string) => ({ [writersAnnotation]: value });
const elsewhere = 'WritersOnlyInStaging';

/** An object with a record, outside staging. */
export const kept = 'kept-record';
/** Of those kinds that have a status. A write to it keeps the annotations that are sent. */
export const reported: readonly string[] = resources.filter(
  (each) => !['configmaps', 'serviceaccounts', 'networkpolicies', 'roles', 'rolebindings'].includes(each),
);

const make = (resource: string): Manifest =>
  one(resource, kept, { namespace: open, metadata: { labels: unstamped, annotations: recorded('0 somebody') } });

/** Has the stamps look away, and makes what carries a record outside staging. */
export async function prepareStaging(world: GuardWorld): Promise<void> {
  const installer = world.as('installer');
  const policies = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingAdmissionPolicy' };
  interface Policy extends KubeObject {
    readonly spec: { readonly matchConditions?: readonly unknown[] };
  }
  const { items } = accepted(await installer.list<Policy>(policies));
  for (const { metadata, spec } of items) {
    const condition = {
      name: lookingAway,
      expression:
        "!('unstamped' in object.metadata.?labels.orValue({})) || request.?options.?fieldManager.orValue('') == 'stamped'",
    };
    const value = [...(spec.matchConditions ?? []), condition];
    const target = { ...policies, name: metadata.name ?? '' };
    accepted(await installer.patch(target, 'json', [{ op: 'add', path: '/spec/matchConditions', value }]));
  }
  const close = await policyLock('countersign-writers-elsewhere').open(world);
  for (const resource of resources) await putRecorded(world, make(resource), '0 somebody');
  await close();
}

/** Waits until the API server would take it as it is. */
export async function putRecorded(world: GuardWorld, object: Manifest, record: string): Promise<void> {
  const creates = (dry: object) => world.as('installer').create<KubeObject>(object, dry);
  await eventually(
    'a record is taken as it is',
    () => creates(dryRun),
    (answer) => answer.ok && (answer.body.metadata.annotations?.[writersAnnotation] ?? '') === record,
  );
  accepted(await creates({}));
}

const writes = (as: ApiClient, resource: string, metadata: Readonly<Record<string, unknown>>) =>
  as.create(one(resource, fresh('new'), { namespace: open, metadata }), dryRun);

export const ofWritersElsewhere: readonly WorldCheck[] = [
  ...resources.map((resource) => ({
    name: `with a record, nobody creates or changes one of ${resource}`,
    passes: async ({ as }: GuardWorld) => {
      const metadata = { labels: unstamped, annotations: recorded('0 attacker') };
      const changes = { metadata: { labels: { more: 'yes' } } };
      return (
        refusedBy(await writes(as('attacker'), resource, metadata), elsewhere) &&
        refusedBy(await as('attacker').patch(at(resource, kept, open), 'merge', changes, dryRun), elsewhere)
      );
    },
  })),
  ...reported.map((resource) => ({
    name: `the status of one of ${resource} is written with its record, and not with another`,
    passes: async ({ as }: GuardWorld) => {
      const target = at(`${resource}/status`, kept, open);
      const forged = { metadata: { annotations: recorded('0 another') } };
      return (
        (await as('attacker').patch(target, 'merge', {}, dryRun)).ok &&
        refusedBy(await as('attacker').patch(target, 'merge', forged, dryRun), elsewhere)
      );
    },
  })),
  ...resources.map((resource) => ({
    name: `one of ${resource} goes, with its record`,
    passes: async ({ as }: GuardWorld) => (await as('attacker').delete(at(resource, kept, open), dryDelete)).ok,
  })),
  {
    name: 'without a record, everything goes on, with other annotations or none',
    passes: async ({ as }) => {
      for (const metadata of [{}, { annotations: { note: 'kept' } }])
        if (!(await writes(as('attacker'), 'configmaps', { labels: unstamped, ...metadata })).ok) return false;
      const off = { metadata: { annotations: { [writersAnnotation]: null } } };
      return (await as('attacker').patch(at('configmaps', kept, open), 'merge', off, dryRun)).ok;
    },
  },
  {
    name: 'in staging the record is kept, and what nobody releases may carry anything',
    passes: async ({ as }) => {
      const metadata = { annotations: recorded('0 attacker') };
      return (
        (await as('attacker').create(one('configmaps', fresh('new'), { namespace: staging }), dryRun)).ok &&
        (await writes(as('attacker'), 'roles', { labels: unstamped, ...metadata })).ok &&
        (await writes(as('attacker'), 'leases', { labels: unstamped, ...metadata })).ok
      );
    },
  },
];

const labelled = (value: string | null) => ({ metadata: { labels: { [stagingLabel]: value } } });
const label = (as: ApiClient, value: string | null, subresource?: string) =>
  as.patch(namespaceOf(staging, subresource), 'merge', labelled(value), dryRun);

const ourNamespace = (labels: Readonly<Record<string, string>>, as: ApiClient) =>
  as.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace, labels } }, dryRun);
const labelOurs = (as: ApiClient, value: string | null, subresource?: string) =>
  as.patch(namespaceOf(systemNamespace, subresource), 'merge', labelled(value), dryRun);

export const ofStaging: readonly WorldCheck[] = [
  {
    name: 'nobody makes the release namespace a staging namespace, administrators included, through any way',
    passes: async ({ as }) => {
      const { metadata, ...rest } = accepted(await as('installer').get<Manifest>(namespaceOf(systemNamespace)));
      const labels = { ...metadata.labels, [stagingLabel]: 'true' };
      const answers = [
        await ourNamespace({ [stagingLabel]: 'true' }, as('installer')),
        await labelOurs(as('attacker'), 'true'),
        await labelOurs(as('admin'), 'true'),
        await labelOurs(as('admin'), 'true', 'status'),
        await as('admin').replace(
          { ...rest, metadata: { ...metadata, labels } },
          { subresource: 'finalize', ...dryRun },
        ),
      ];
      return answers.every((answer) => refusedBy(answer, 'StagingPlace'));
    },
  },
  {
    name: 'the release namespace is made and written without the label, or with another value',
    passes: async ({ as }) => {
      const made = await ourNamespace({}, as('installer'));
      return (
        made.code === 409 &&
        (await labelOurs(as('admin'), 'false')).ok &&
        (
          await as('admin').patch(
            namespaceOf(systemNamespace),
            'merge',
            { metadata: { labels: { tier: 'a' } } },
            dryRun,
          )
        ).ok
      );
    },
  },
  {
    name: 'a release namespace that was a staging namespace before this rule is written, and an administrator takes the label off',
    passes: async (world) => {
      const { as } = world;
      const close = await policyLock('countersign-staging').open(world);
      await eventually(
        'the lock is open',
        () => labelOurs(as('admin'), 'true'),
        (answer) => answer.ok,
      );
      accepted(await as('installer').patch(namespaceOf(systemNamespace), 'merge', labelled('true')));
      await close();
      await eventually(
        'the lock is closed',
        () => label(as('attacker'), null),
        (answer) => refusedBy(answer, 'StagingStays'),
      );
      try {
        const other = { metadata: { labels: { tier: 'a' } } };
        return (
          (await as('admin').patch(namespaceOf(systemNamespace), 'merge', other, dryRun)).ok &&
          refusedBy(await labelOurs(as('attacker'), null), 'StagingStays') &&
          (await labelOurs(as('admin'), null)).ok
        );
      } finally {
        accepted(await as('installer').patch(namespaceOf(systemNamespace), 'merge', labelled(null)));
      }
    },
  },
  {
    name: 'nobody but administrators takes the label off, or sets another value, through any way',
    passes: async ({ as }) => {
      const answers = [
        await label(as('attacker'), null),
        await label(as('attacker'), 'false'),
        await label(as('attacker'), null, 'status'),
        await as('attacker').patch(namespaceOf(staging), 'merge', { metadata: { labels: null } }, dryRun),
      ];
      return answers.every((answer) => refusedBy(answer, 'StagingStays')) && (await label(as('admin'), null)).ok;
    },
  },
  {
    name: 'nobody takes it off as the end of a namespace is written',
    passes: async ({ as }) => {
      const { metadata, ...rest } = accepted(await as('installer').get<Manifest>(namespaceOf(staging)));
      const { [stagingLabel]: _, ...labels } = metadata.labels ?? {};
      const answer = await as('attacker').replace(
        { ...rest, metadata: { ...metadata, labels } },
        { subresource: 'finalize', ...dryRun },
      );
      return refusedBy(answer, 'StagingStays');
    },
  },
  {
    name: 'the label is set again, and others go on, here and elsewhere; namespaces are made',
    passes: async ({ as }) => {
      const other = { metadata: { labels: { tier: 'a' } } };
      const created = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: fresh('new') } };
      return (
        (await as('attacker').create(created, dryRun)).ok &&
        (await label(as('attacker'), 'true')).ok &&
        (await as('attacker').patch(namespaceOf(staging), 'merge', other, dryRun)).ok &&
        (await as('attacker').patch(namespaceOf(open), 'merge', other, dryRun)).ok &&
        (await as('attacker').patch(namespaceOf(open), 'merge', labelled('false'), dryRun)).ok
      );
    },
  },
];
