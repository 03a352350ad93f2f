/** Patches of an overlay merge as the API server itself merges them: random patches, by both, over objects of eight kinds. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { startControlPlane, type ControlPlane } from '../../hack/controlplane/controlplane.ts';
import { jsonObject, type Json, type JsonObject } from '../../operator/api/meta.ts';
import { strategicMerge } from '../../operator/decide/json/strategic-merge.ts';
import { builtInType } from '../../operator/decide/schema/field-type.ts';
import { accepted, type KubeObject, type Manifest } from '../support/cluster/cluster.ts';

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane({ nodes: 0, kcm: false, scheduler: false, kwok: false, auditLog: false });
}, 120_000);

afterAll(() => controlPlane.stop());

const namespace = 'default';

const pod = {
  metadata: { labels: { app: 'web' }, annotations: { a: '1' } },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'web:1',
        args: ['a', 'b'],
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '$(A)' },
          { name: 'C', value: '3' },
        ],
        ports: [{ containerPort: 80, name: 'http' }, { containerPort: 81 }],
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
        resources: { limits: { cpu: '1', memory: '1Gi' } },
      },
      { name: 'proxy', image: 'proxy:1' },
    ],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'more', emptyDir: {} },
    ],
    tolerations: [{ key: 'x', operator: 'Exists' }],
    hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }],
    nodeSelector: { pool: 'a' },
  },
};
const selector = { matchLabels: { app: 'web' } };

const bases: Readonly<Record<string, { readonly apiVersion: string; readonly spec?: Json; readonly data?: Json }>> = {
  ConfigMap: { apiVersion: 'v1', data: { a: '1', b: '2', 'app.yaml': 'x: 1' } },
  Deployment: { apiVersion: 'apps/v1', spec: { replicas: 1, selector, template: pod } },
  StatefulSet: { apiVersion: 'apps/v1', spec: { replicas: 1, serviceName: 'web', selector, template: pod } },
  CronJob: {
    apiVersion: 'batch/v1',
    spec: {
      schedule: '0 3 * * *',
      jobTemplate: { spec: { template: { ...pod, spec: { ...pod.spec, restartPolicy: 'Never' } } } },
    },
  },
  Service: {
    apiVersion: 'v1',
    spec: {
      selector: { app: 'web' },
      ports: [
        { name: 'http', port: 80 },
        { name: 'more', port: 81, targetPort: 8081 },
      ],
    },
  },
  Ingress: {
    apiVersion: 'networking.k8s.io/v1',
    spec: {
      defaultBackend: { service: { name: 'web', port: { number: 80 } } },
      rules: [{ host: 'a.example' }, { host: 'b.example' }],
      tls: [{ hosts: ['a.example'], secretName: 'a' }],
    },
  },
  HorizontalPodAutoscaler: {
    apiVersion: 'autoscaling/v2',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 1,
      maxReplicas: 9,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  },
  NetworkPolicy: {
    apiVersion: 'networking.k8s.io/v1',
    spec: { podSelector: selector, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: selector }] }] },
  },
};

const maybe = (fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> =>
  fc.record(fields, { requiredKeys: [] }).map((value) => jsonObject(JSON.parse(JSON.stringify(value))));
/**
 * Without directives and nulls: in an item that is new, the API server takes these for values, so that a null quantity becomes 0. Ours heeds them
 * everywhere.
 */
const plain = (value: Json): readonly Json[] => {
  if (value === null) return [];
  if (Array.isArray(value)) return [value.flatMap((item: Json) => plain(item))];
  if (typeof value !== 'object') return [value];
  if (Object.hasOwn(value, '$patch')) return [];
  return [
    Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => plain(inner).map((kept) => [name, kept]))),
  ];
};

/** Some of these items in any order, each once, and now and then the mark that they are the whole list. */
const items = (...each: readonly fc.Arbitrary<Json>[]): fc.Arbitrary<Json> =>
  fc
    .tuple(fc.tuple(...each), fc.shuffledSubarray(each.map((_, i) => i)), fc.integer({ min: 0, max: 9 }))
    .map(([made, chosen, mark]): Json => {
      const list = chosen.flatMap((i) => made[i] ?? []);
      return mark === 0 && list.length > 0 ? [...list.flatMap(plain), { $patch: 'replace' }] : list;
    });
const keyedItem = (key: string, value: Json, fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<Json> =>
  fc.oneof(
    { weight: 4, arbitrary: maybe(fields).map((rest): Json => ({ [key]: value, ...rest })) },
    { weight: 1, arbitrary: fc.constant<Json>({ [key]: value, $patch: 'delete' }) },
  );
const text = fc.constantFrom<Json>('x', 'y');
const labels = fc.oneof(
  maybe({ a: fc.constantFrom<Json>('2', null), b: text }),
  fc.constant<Json>({ $patch: 'replace', c: 'z' }),
);

const variable = (name: string) => keyedItem('name', name, { value: text });
const env = items(variable('A'), variable('C'), variable('D'), variable('E'));
const ports = items(keyedItem('containerPort', 80, { name: text }), keyedItem('containerPort', 90, {}));
const mounts = items(keyedItem('mountPath', '/data', { readOnly: fc.constant<Json>(true) }));
const containerFields = {
  args: fc.constantFrom<Json>(['c'], null),
  env,
  ports,
  volumeMounts: mounts,
  resources: maybe({ limits: maybe({ cpu: fc.constantFrom<Json>('2', null) }) }),
};
const containers = items(
  keyedItem('name', 'web', containerFields),
  keyedItem('name', 'proxy', { env }),
  maybe(containerFields)
    .filter((rest) => !JSON.stringify(rest).includes('{"$patch":"replace"}'))
    .map((rest): Json => plain({ name: 'new', image: 'new:1', ...rest })[0] ?? {}),
);
const template = maybe({
  metadata: maybe({ annotations: labels }),
  spec: maybe({
    containers,
    tolerations: fc.constantFrom<Json>([], null, [{ key: 'y', operator: 'Exists' }]),
    hostAliases: items(
      keyedItem('ip', '10.0.0.1', { hostnames: fc.constant<Json>(['b']) }),
      keyedItem('ip', '10.0.0.2', { hostnames: fc.constant<Json>(['c']) }),
    ),
    nodeSelector: labels,
    volumes: items(keyedItem('name', 'more', {}), fc.constant<Json>({ name: 'fresh', emptyDir: {} })),
  }),
});

const data = fc.oneof(
  maybe({ a: fc.constantFrom<Json>('9', null), c: text }),
  maybe({ a: text, c: text }).map((rest): JsonObject => ({ ...rest, $patch: 'replace' })),
);

const specs: Readonly<Record<string, fc.Arbitrary<JsonObject>>> = {
  Deployment: maybe({ replicas: fc.constantFrom<Json>(3, null), template }),
  StatefulSet: maybe({ replicas: fc.constantFrom<Json>(3, null), template }),
  CronJob: maybe({
    suspend: fc.constant<Json>(true),
    jobTemplate: template.map((inner): Json => ({ spec: { template: inner } })),
  }),
  Service: maybe({
    selector: labels,
    ports: items(
      keyedItem('port', 80, { targetPort: fc.constantFrom<Json>(8080, 'http') }),
      keyedItem('port', 81, { targetPort: fc.constantFrom<Json>(null, 9) }),
      fc.constant<Json>({ name: 'last', port: 82 }),
    ),
  }),
  Ingress: maybe({ rules: fc.constantFrom<Json>([{ host: 'c.example' }], null), tls: fc.constantFrom<Json>([], null) }),
  HorizontalPodAutoscaler: maybe({
    minReplicas: fc.constantFrom<Json>(2, null),
    metrics: fc.constantFrom<Json>(null, []),
  }),
  NetworkPolicy: maybe({ podSelector: maybe({ matchLabels: labels }), ingress: fc.constantFrom<Json>([], [{}]) }),
};

/** Without what follows from being written at all. */
const content = ({ metadata, ...rest }: KubeObject): Json => {
  const { labels, annotations } = metadata;
  return jsonObject(JSON.parse(JSON.stringify({ ...rest, metadata: { labels, annotations }, status: undefined })));
};

test.each(Object.keys(bases))(
  'a patch of a %s is merged as the API server merges it',
  async (kind) => {
    const { apiVersion = '', ...fields } = bases[kind] ?? {};
    const admin = controlPlane.client('admin');
    const ref = { apiVersion, kind, namespace, name: `web-${kind.toLowerCase()}` };
    const manifest = {
      apiVersion,
      kind,
      metadata: { name: ref.name, namespace, labels: { a: '1' } },
      ...fields,
    } as Manifest;
    const stored = accepted(await admin.create(manifest));
    const before = jsonObject(JSON.parse(JSON.stringify(stored)));
    let compared = 0;
    const changed: Record<string, fc.Arbitrary<JsonObject>> = kind === 'ConfigMap'
      ? { data }
      : { spec: specs[kind] ?? fc.constant<JsonObject>({}) };
    const patches = fc.record({ metadata: maybe({ labels }), ...changed });
    await fc.assert(
      fc.asyncProperty(patches, async (patch) => {
        const theirs = await admin.patch(ref, 'strategic', patch, { dryRun: 'All' });
        const merged = strategicMerge(before, patch, builtInType(apiVersion, kind));
        const ours = await admin.replace<KubeObject>(merged as unknown as KubeObject, { dryRun: 'All' });
        // What one makes of it is taken exactly where the other is, and is the same then.
        expect(ours.ok).toBe(theirs.ok);
        if (!theirs.ok || !ours.ok) return;
        compared += 1;
        expect(content(ours.body)).toEqual(content(theirs.body));
      }),
      { numRuns: 40 },
    );
    expect(compared).toBeGreaterThan(5);
  },
  120_000,
);
