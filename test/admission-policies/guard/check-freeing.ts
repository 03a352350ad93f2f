/** What a holder of the right to operate does to an object that is being deleted: takes finalizers off, and nothing else. */
import { accepted } from '../../support/cluster/cluster.ts';
import { bare, changesOf, contents, deliverer, full, metadataChanges, others, rulesOf } from './check-content.ts';
import { dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { at, one } from '../world/guard-objects.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { production } from '../../support/attack/objects.ts';
import { eventually, said } from '../../support/attack/world.ts';

/** In which there is such a thing. */
const topics = ['workloads', 'pods', 'scale', 'configuration', 'network', 'accounts', 'storage'] as const;

const finalizer = 'example.dev/hold';

/** What the control plane alone takes off; `orphan`, too, which cannot be beside `foregroundDeletion`. */
const ofControlPlane = [
  'foregroundDeletion',
  'kubernetes.io/pvc-protection',
  'batch.kubernetes.io/job-tracking',
  'resource.kubernetes.io/delete-protection',
] as const;

/** Of what is being deleted, by what it has of content and metadata; and of what the control plane holds. */
const nameOf = (like: string): string => `leaving-${like}`;
const held = 'held';
const orphaned = 'orphaned';

const contentOf = (topic: string) => contents[topic] ?? others[topic];

/** Puts them there and deletes them. The garbage collector, which would take its own finalizers off, is kept from what is marked. */
export async function prepareFreeing(world: GuardWorld): Promise<void> {
  await keepCollectorOff(world);
  for (const topic of topics) {
    const content = contentOf(topic);
    if (content === undefined) throw new Error(`nothing is known of ${topic}`);
    const { resource, by = deliverer } = content;
    const noted = { standing: 'yes' };
    for (const [like, metadata, more] of [
      [full, { labels: noted, annotations: noted, finalizers: [finalizer] }, content.full],
      [bare, { finalizers: [finalizer] }, content.bare],
      [held, { labels: { [held]: 'yes' }, finalizers: [finalizer, ...ofControlPlane] }, {}],
      [orphaned, { labels: { [held]: 'yes' }, finalizers: [finalizer, 'orphan'] }, {}],
    ] as const) {
      accepted(await by(world).create(one(resource, nameOf(like), { metadata, ...more })));
      accepted(await by(world).delete(at(resource, nameOf(like))));
    }
  }
}

async function keepCollectorOff(world: GuardWorld): Promise<void> {
  const installer = world.as('installer');
  const apiVersion = 'admissionregistration.k8s.io/v1';
  const name = 'test-collector-off';
  const marked = { matchLabels: { [held]: 'yes' } };
  const rule = { apiGroups: ['*'], apiVersions: ['*'], operations: ['UPDATE'], resources: ['*'] };
  const expression = "!request.userInfo.username.startsWith('system:serviceaccount:kube-system:')";
  accepted(
    await installer.create({
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': production } },
          objectSelector: marked,
          resourceRules: [rule],
        },
        validations: [{ expression, message: name }],
      },
    }),
  );
  accepted(
    await installer.create({
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: { policyName: name, validationActions: ['Deny'] },
    }),
  );
  const canary = one('configmaps', 'canary-of-collector', { metadata: { labels: { [held]: 'yes' } } });
  accepted(await deliverer(world).create(canary));
  await eventually(
    'nobody collects',
    () =>
      world
        .controller('generic-garbage-collector')
        .patch(at('configmaps', 'canary-of-collector'), 'merge', { metadata: { labels: { more: 'yes' } } }, dryRun),
    (answer) => said(answer).includes(name),
  );
}

export function ofFreeing(topic: string): readonly WorldCheck[] {
  const content = contentOf(topic);
  if (content === undefined || !topics.some((each) => each === topic)) return [];
  const { resource } = content;
  const [rule] = rulesOf(topic);
  const frees = ({ as }: GuardWorld, like: string, body: { readonly metadata?: object } = {}) =>
    as('sre-a').patch(
      at(resource, nameOf(like)),
      'merge',
      { ...body, metadata: { finalizers: null, ...body.metadata } },
      dryRun,
    );
  const touches = (world: GuardWorld, who: string, metadata: object) =>
    world.as(who).patch(at(resource, nameOf(full)), 'merge', { metadata }, dryRun);
  return [
    {
      name: `who operates takes a finalizer off one of ${resource} that is being deleted`,
      passes: async (world) => (await frees(world, full)).ok && (await frees(world, bare)).ok,
    },
    {
      name: `who operates takes a finalizer off one of ${resource}, and nobody says any more who manages it`,
      passes: async (world) => (await frees(world, full, { metadata: { managedFields: [{}] } })).ok,
    },
    {
      name: `who operates takes one of two finalizers off one of ${resource} that is being deleted`,
      passes: async (world) => (await frees(world, held, { metadata: { finalizers: ofControlPlane } })).ok,
    },
    ...ofControlPlane.map((each) => ({
      name: `who operates does not take ${each} off one of ${resource}`,
      passes: async (world: GuardWorld) => {
        const finalizers = [finalizer, ...ofControlPlane.filter((other) => other !== each)];
        return refusedBy(await frees(world, held, { metadata: { finalizers } }), rule);
      },
    })),
    {
      name: `who operates does not take orphan off one of ${resource}`,
      passes: async (world) =>
        refusedBy(await frees(world, orphaned, { metadata: { finalizers: [finalizer] } }), rule) &&
        (await frees(world, orphaned, { metadata: { finalizers: ['orphan'] } })).ok,
    },
    {
      name: `who operates does not exchange a finalizer of one of ${resource}`,
      passes: async (world) => !(await touches(world, 'sre-a', { finalizers: ['example.dev/other'] })).ok,
    },
    {
      name: `who writes one of ${resource} that is being deleted as it is, or deletes it once more, is told as for any other`,
      passes: async (world) => {
        const target = at(resource, nameOf(full));
        const answers = [
          await touches(world, 'sre-a', {}),
          await touches(world, 'attacker', {}),
          await world.as('attacker').delete(target, { dryRun: ['All'] }),
        ];
        return answers.every((answer) => refusedBy(answer, rule));
      },
    },
    ...[...changesOf(content), ...metadataChanges(undefined)].map(([body, name]) => ({
      name: `who operates does not write ${JSON.stringify(body)} of ${name} of ${resource} along with its finalizer`,
      passes: async (world: GuardWorld) => refusedBy(await frees(world, name, body), rule),
    })),
  ];
}
