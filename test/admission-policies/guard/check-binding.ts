/** What the bindings of the guard say: where it refuses, where it only warns, and what it does where there is no policy. */
import type { RawRequest } from '../../../hack/controlplane/client.ts';
import { accepted, type ApiClient, type Manifest } from '../../support/cluster/cluster.ts';
import { policyLock } from '../../support/attack/attack.ts';
import { namespaceOf, type Check, type Places } from '../world/check.ts';
import { one } from '../world/guard-objects.ts';
import { tableRows } from '../world/guard-table.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { fresh, production } from '../../support/attack/objects.ts';
import { eventually } from '../../support/attack/world.ts';

/** Makes them, with a pod in each that has a status. */
export async function startPlaces(world: GuardWorld): Promise<Places> {
  const installer = world.as('installer');
  const policy = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ReleasePolicy' };
  const { spec } = accepted(
    await installer.get<Manifest & { spec: unknown }>({ ...policy, namespace: production, name: 'production' }),
  );
  const place = async (name: string, mode: string, lawful: 'with a policy' | 'without'): Promise<string> => {
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: name, name: 'default' };
    await eventually(
      `${name} has its account`,
      () => installer.get(account),
      ({ ok }) => ok,
    );
    accepted(await installer.create(one('pods', 'standing', { namespace: name })));
    if (lawful === 'with a policy')
      accepted(await installer.create({ ...policy, metadata: { name: 'production', namespace: name }, spec }));
    const labels = { 'countersign.dev/guarded': mode };
    accepted(await installer.patch(namespaceOf(name), 'merge', { metadata: { labels } }));
    return name;
  };
  const hold = { metadata: { finalizers: ['example.dev/hold'] } };
  const [kube, ending, endingOpen] = [fresh('kube'), fresh('ending'), fresh('ending')];
  for (const name of [kube, ending, endingOpen])
    accepted(await installer.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...hold.metadata } }));
  accepted(await installer.delete(namespaceOf(endingOpen)));
  const label = { metadata: { labels: { 'countersign.dev/guarded': 'enforce' } } };
  const close = await policyLock('countersign-guard-namespaces').open(world);
  accepted(
    await eventually(
      'no rule says that it may not be guarded',
      () => installer.patch(namespaceOf(kube), 'merge', label),
      ({ ok }) => ok,
    ),
  );
  accepted(await installer.patch(namespaceOf(ending), 'merge', label));
  accepted(await installer.delete(namespaceOf(ending)));
  await close();
  return {
    kube,
    ending,
    endingOpen,
    lawless: await place(fresh('lawless'), 'enforce', 'without'),
    watched: await place(fresh('watched'), 'audit', 'with a policy'),
    bare: await place(fresh('bare'), 'audit', 'without'),
  };
}

/** A write of each topic, of which nothing stays. */
function writeOf(topic: string, namespace: string) {
  const patched = (path: string, body: unknown) => ({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}${path}?dryRun=All`,
    body,
    contentType: 'application/merge-patch+json',
  });
  if (topic === 'status') return patched('/pods/standing/status', { status: { message: 'forged' } });
  if (topic === 'namespaces') return patched('', { metadata: { labels: { extra: 'yes' } } });
  if (topic === 'sessions')
    return { method: 'POST', path: `/api/v1/namespaces/${namespace}/pods/none-such/portforward?ports=80` };
  const resource =
    tableRows.find((row) => row.topic === topic && row.act === 'create')?.resource ??
    (topic === 'unlisted' ? 'gadgets' : 'widgets');
  const body = one(resource, fresh('new'), { namespace });
  const group = body.apiVersion.includes('/') ? 'apis' : 'api';
  return { method: 'POST', path: `/${group}/${body.apiVersion}/namespaces/${namespace}/${resource}?dryRun=All`, body };
}

const mark = 'validation.policy.admission.k8s.io/validation_failure';

/** How the API server answers somebody, and what its audit log says of it. */
export async function answered(world: GuardWorld, as: ApiClient, request: RawRequest) {
  const agent = fresh('attempt');
  const { code, headers, text } = await as.raw({ ...request, headers: { ...request.headers, 'user-agent': agent } });
  const events = await eventually(
    'the audit log has it',
    () => world.cluster.controlPlane.auditEvents(),
    (all) => all.some(({ userAgent, stage }) => userAgent === agent && stage === 'ResponseComplete'),
  );
  const event = events.find(({ userAgent, stage }) => userAgent === agent && stage === 'ResponseComplete');
  return {
    refused: code === 403 || code === 422 ? code : undefined,
    text,
    warned: headers['warning'] !== undefined,
    marked: event?.annotations?.[mark] ?? '',
  };
}

const tried = (world: GuardWorld, topic: string, namespace: string) =>
  answered(world, world.as('attacker'), writeOf(topic, namespace));

/** What the bindings of a topic say. */
export const ofBindings = (topic: string): readonly Check[] => [
  {
    name: `${topic}: a refusal leaves its mark in the audit log, and warns of nothing`,
    passes: async (world) => {
      const { refused, warned, marked } = await tried(world, topic, production);
      return refused === 403 && !warned && marked.includes(`countersign-guard-${topic}"`);
    },
  },
  ...(topic === 'namespaces'
    ? []
    : [
        {
          name: `${topic}: without a policy nothing is let through`,
          passes: async (world: GuardWorld, { lawless }: Places) => {
            const { refused, text } = await tried(world, topic, lawless);
            return refused === 422 && text.includes('no params found');
          },
        },
        {
          name: `${topic}: audit refuses nothing, warns, and leaves its mark in the audit log`,
          passes: async (world: GuardWorld, { watched }: Places) => {
            const { refused, warned, marked } = await tried(world, topic, watched);
            return refused === undefined && warned && marked.includes(`countersign-guard-${topic}-audit"`);
          },
        },
        {
          name: `${topic}: audit refuses nothing, not even without a policy`,
          passes: async (world: GuardWorld, { bare }: Places) => {
            const { refused, warned } = await tried(world, topic, bare);
            return refused === undefined && !warned;
          },
        },
      ]),
];
