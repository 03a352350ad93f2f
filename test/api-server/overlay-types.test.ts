/** Overlays that change a type: what the API server filled in for the old one goes with it, and what it still refuses is said in words of the overlay. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../hack/controlplane/controlplane.ts';
import { jsonObject, type JsonObject } from '../../operator/api/meta.ts';
import type { Overlay } from '../../operator/decide/manifest/overlay.ts';
import { overlayRefusal } from '../../operator/decide/manifest/overlay-refusal.ts';
import { isImmutable, normalFormQuestion } from '../../operator/decide/manifest/dry-run.ts';
import { render } from '../../operator/decide/manifest/normal-form.ts';
import type { LiveObject } from '../../operator/decide/objects.ts';
import { builtInType } from '../../operator/decide/schema/field-type.ts';
import { PackedValues } from '../../operator/kube/packed.ts';
import { isKubeObject } from '../../operator/kube/resource.ts';
import { liveObject } from '../../operator/observe/parse.ts';
import { accepted, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';

let controlPlane: ControlPlane;

const [staging, production] = ['shop-staging', 'shop-prod'];

beforeAll(async () => {
  controlPlane = await startControlPlane({ nodes: 0, kcm: false, scheduler: false, kwok: false, auditLog: false });
  for (const name of [staging, production]) {
    accepted(await controlPlane.client('admin').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
  }
}, 120_000);

afterAll(() => controlPlane.stop());

/** What nobody can change on a live object is a matter of the gate Preflight, which names the way round. */
const immutable = 'immutable';

let names = 0;

/** The object as staging or production holds it, with all that the API server fills in. */
const made = async (namespace: string, name: string, manifest: JsonObject): Promise<LiveObject> => {
  const created = accepted(
    await controlPlane.client('admin').create({ ...manifest, metadata: { name, namespace } } as unknown as Manifest),
  );
  const raw: unknown = JSON.parse(JSON.stringify(created));
  if (!isKubeObject(raw)) throw new Error('no object');
  return liveObject(raw, new PackedValues<object>(Infinity));
};

/** What the API server says of the staged object with an overlay: in production that has none of that name, and in one that has what staging has. */
const tried = async (manifest: JsonObject, patch: JsonObject): Promise<readonly (JsonObject | string)[]> => {
  names += 1;
  const name = `web-${names}`;
  const [staged, live] = [await made(staging, name, manifest), await made(production, name, manifest)];
  const { ref } = staged;
  const overlays: readonly Overlay[] = [
    { by: 'Candidate', namespace: production, item: { kind: ref.kind, name, group: '', patch: { ...patch } } },
  ];
  const rendered = render(staged, overlays);
  if (rendered.kind === 'Problem') throw new Error(rendered.problem.message);
  const { content } = rendered;
  const ask = async (at: LiveObject | undefined): Promise<JsonObject | string> => {
    const question = normalFormQuestion(content, ref, { namespace: production, live: at, unmanaged: [], mutators: [] });
    const client = controlPlane.client('admin');
    const send = question.manifest as unknown as KubeObject;
    const options = { dryRun: 'All', fieldValidation: 'Strict' } as const;
    const fresh = { ...send, metadata: { ...send.metadata, name: `${name}-fresh` } };
    const answer =
      at === undefined
        ? await client.create<KubeObject>(fresh, options)
        : await client.replace<KubeObject>(send, options);
    if (answer.ok)
      return jsonObject(question.stored(jsonObject(JSON.parse(JSON.stringify(answer.body))))['spec'] ?? {});
    const said = answer.body.message ?? '';
    if (isImmutable(question, said)) return immutable;
    return overlayRefusal({ ref, said, content, overlays, type: builtInType(ref.apiVersion, ref.kind) });
  };
  return [await ask(undefined), await ask(live)];
};

const service = (spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
});

const types: Readonly<Record<string, JsonObject>> = {
  ClusterIP: { type: 'ClusterIP' },
  headless: { type: 'ClusterIP', clusterIP: 'None' },
  NodePort: { type: 'NodePort' },
  LoadBalancer: { type: 'LoadBalancer' },
  'LoadBalancer with local traffic': { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
  ExternalName: { type: 'ExternalName', externalName: 'db.example.com' },
};

const pairs = Object.keys(types).flatMap((from) =>
  Object.keys(types).flatMap((to) => (from === to ? [] : [[from, to] as const])),
);

test.each(pairs)('a %s Service becomes one of %s by the fields that differ', async (from, to) => {
  const wanted = types[to] ?? {};
  const answers = await tried(service(types[from] ?? {}), { spec: wanted });
  const keepsAddress = (from === 'headless') === (to === 'headless') || [from, to].includes('ExternalName');
  const judged = keepsAddress ? answers : answers.filter((answer) => answer !== immutable);
  expect(judged.length).toBeGreaterThan(0);
  for (const answer of judged) expect(answer).toMatchObject(wanted);
});

const selector = { matchLabels: { app: 'web' } };
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
const workload = (kind: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'apps/v1',
  kind,
  spec: { selector, template, ...(kind === 'StatefulSet' ? { serviceName: 'web' } : {}), ...spec },
});

test.each([
  ['Deployment', {}, { strategy: { type: 'Recreate' } }],
  ['Deployment', { strategy: { type: 'Recreate' } }, { strategy: { type: 'RollingUpdate' } }],
  ['DaemonSet', {}, { updateStrategy: { type: 'OnDelete' } }],
  ['StatefulSet', { updateStrategy: { rollingUpdate: { partition: 1 } } }, { updateStrategy: { type: 'OnDelete' } }],
])('a %s of another strategy needs its type and nothing else', async (kind, spec, patch) => {
  for (const answer of await tried(workload(kind, spec), { spec: patch })) expect(answer).toMatchObject(patch);
});

test.each<readonly [string, JsonObject, JsonObject, readonly string[]]>([
  [
    'a strategy that keeps what only the other type has',
    workload('Deployment', {}),
    { spec: { strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 2 } } } },
    ['spec.strategy.rollingUpdate', 'spec.overlay of the candidate writes', 'take away with null'],
  ],
  [
    'an ExternalName without a name',
    service({}),
    { spec: { type: 'ExternalName' } },
    ['spec.externalName', 'spec.overlay of the candidate writes spec.type', 'then create a new candidate'],
  ],
  [
    'a traffic policy that does not exist',
    service({ type: 'NodePort' }),
    { spec: { externalTrafficPolicy: 'Nearby' } },
    [
      'spec.externalTrafficPolicy',
      'supported values',
      'spec.overlay of the candidate writes spec.externalTrafficPolicy',
    ],
  ],
])('%s is refused with the field that the overlay wrote', async (_, manifest, patch, parts) => {
  for (const answer of await tried(manifest, patch))
    for (const part of parts) expect(answer).toEqual(expect.stringContaining(part));
});
