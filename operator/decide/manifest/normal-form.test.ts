import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { overlaysOf } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import { isObject, listAt } from '../json/json.ts';
import { anyJson, anyObject } from '../json/json-arbitrary.ts';
import type { LiveObject, ObjectRef } from '../objects.ts';
import { contentDigest } from './content-digest.ts';
import { isOwnedAnnotation } from './server-owned-fields.ts';
import { getPath, parsePath } from '../json/field-path.ts';
import {
  differingPaths,
  forCreate,
  forReplace,
  jobName,
  normalForm,
  render,
  sameContent,
  type Rendered,
} from './normal-form.ts';
import { promotableKinds } from './kinds/index.ts';

const refOf = (kind: string, name = 'api'): ObjectRef => ({
  apiVersion: promotableKinds.find((row) => row.kind === kind)?.apiVersion ?? 'example.com/v1',
  kind,
  name,
});

const live = (ref: ObjectRef, manifest: JsonObject): LiveObject => ({
  ref,
  namespace: 'prod',
  uid: 'live-uid',
  resourceVersion: '42',
  generation: 1,
  createdAt: 0,
  deleting: false,
  bytes: 0,
  manifest: { apiVersion: ref.apiVersion, kind: ref.kind, ...manifest },
  status: {},
  writers: [],
});

/** What replaces a live object of which every finalizer stays. */
const replacement = (content: JsonObject, now: LiveObject, unmanaged: readonly string[]): JsonObject =>
  forReplace(content, now, { unmanaged, finalizers: listAt(now.manifest, 'metadata', 'finalizers').map(String) });

const metadata = {
  name: 'api',
  namespace: 'staging',
  generateName: 'api-',
  uid: 'u',
  resourceVersion: '7',
  generation: 3,
  creationTimestamp: '2026-01-01T00:00:00Z',
  selfLink: '/x',
  finalizers: ['example.com/f'],
  ownerReferences: [{ kind: 'Foo', name: 'x' }],
  managedFields: [],
  labels: {},
  annotations: {
    'example.com/keep': 'yes',
    'countersign.dev/authors': '[]',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
    'deployment.kubernetes.io/revision': '4',
    'pv.kubernetes.io/bind-completed': 'yes',
    'volume.kubernetes.io/selected-node': 'n',
    'control-plane.alpha.kubernetes.io/leader': '{}',
  },
};
const kept = { name: 'api', annotations: { 'example.com/keep': 'yes' }, finalizers: ['example.com/f'] };

interface Row {
  readonly kind: string;
  /** Without metadata. */
  readonly live: JsonObject;
  readonly normal: JsonObject;
}

const podTemplate = {
  metadata: { annotations: { 'example.com/note': 'then' } },
  spec: { containers: [] },
};
const stamped = { ...podTemplate, metadata: { ...podTemplate.metadata, creationTimestamp: null } };

const rows: readonly Row[] = [
  {
    kind: 'Deployment',
    live: { spec: { replicas: 2, template: stamped } },
    normal: { spec: { replicas: 2, template: podTemplate } },
  },
  { kind: 'DaemonSet', live: { spec: { template: stamped } }, normal: { spec: { template: podTemplate } } },
  {
    kind: 'StatefulSet',
    live: {
      spec: {
        template: stamped,
        volumeClaimTemplates: [
          { metadata: { name: 'd', creationTimestamp: null }, spec: {}, status: { phase: 'Pending' } },
        ],
      },
    },
    normal: { spec: { template: podTemplate, volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: {} }] } },
  },
  {
    kind: 'CronJob',
    live: {
      spec: {
        schedule: '* * * * *',
        jobTemplate: { metadata: { creationTimestamp: null }, spec: { template: stamped } },
      },
    },
    normal: { spec: { schedule: '* * * * *', jobTemplate: { spec: { template: podTemplate } } } },
  },
  {
    kind: 'Job',
    live: {
      spec: {
        selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u' } },
        template: {
          metadata: {
            labels: {
              app: 'm',
              'controller-uid': 'u',
              'batch.kubernetes.io/controller-uid': 'u',
              'job-name': 'api',
              'batch.kubernetes.io/job-name': 'api',
            },
          },
          spec: {},
        },
      },
    },
    normal: { spec: { template: { metadata: { labels: { app: 'm' } }, spec: {} } } },
  },
  {
    kind: 'Service',
    live: {
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 31000,
        clusterIP: '10.0.0.1',
        clusterIPs: ['10.0.0.1'],
        ipFamilyPolicy: 'SingleStack',
        ports: [{ name: 'http', port: 80, protocol: 'TCP', nodePort: 30080 }],
      },
    },
    normal: {
      spec: {
        type: 'LoadBalancer',
        externalTrafficPolicy: 'Local',
        ipFamilyPolicy: 'SingleStack',
        ports: [{ name: 'http', port: 80, protocol: 'TCP' }],
      },
    },
  },
  {
    kind: 'PersistentVolumeClaim',
    live: { spec: { volumeName: 'pv-1', storageClassName: 'fast' } },
    normal: { spec: { storageClassName: 'fast' } },
  },
  {
    kind: 'ServiceAccount',
    live: { secrets: [{ name: 'api-token' }], imagePullSecrets: [{ name: 'pull' }] },
    normal: { imagePullSecrets: [{ name: 'pull' }] },
  },
  { kind: 'ConfigMap', live: { data: { a: '1' }, immutable: true }, normal: { data: { a: '1' }, immutable: true } },
  { kind: 'Ingress', live: { spec: { ingressClassName: 'n' } }, normal: { spec: { ingressClassName: 'n' } } },
  { kind: 'NetworkPolicy', live: { spec: { podSelector: {} } }, normal: { spec: { podSelector: {} } } },
  { kind: 'Role', live: { rules: [] }, normal: { rules: [] } },
  { kind: 'RoleBinding', live: { subjects: [] }, normal: { subjects: [] } },
  { kind: 'PodDisruptionBudget', live: { spec: { minAvailable: 1 } }, normal: { spec: { minAvailable: 1 } } },
  { kind: 'HorizontalPodAutoscaler', live: { spec: { maxReplicas: 3 } }, normal: { spec: { maxReplicas: 3 } } },
];

describe('the normal form', () => {
  it('has a row for every promotable kind', () => {
    expect(rows.map(({ kind }) => kind).toSorted()).toEqual(
      promotableKinds.flatMap(({ kind, custom }) => (custom === undefined ? [kind] : [])).toSorted(),
    );
  });

  it.each(rows.map((row) => [row.kind, row] as const))('of a %s is what a release decides', (kind, row) => {
    const ref = refOf(kind);
    const normal = normalForm({ ...row.live, metadata, status: { phase: 'x' } }, ref);
    expect(normal).toEqual({ apiVersion: ref.apiVersion, kind, metadata: kept, ...row.normal });
    expect(normalForm(normal, ref)).toEqual(normal);
  });

  it('keeps what authors of a headless Service and of a Job with its own selector chose', () => {
    const service = { spec: { clusterIP: 'None', clusterIPs: ['None'], type: 'ClusterIP' } };
    expect(normalForm(service, refOf('Service'))).toMatchObject(service);
    const job = { spec: { manualSelector: true, selector: { matchLabels: { a: 'b' } } } };
    expect(normalForm(job, refOf('Job'))).toMatchObject(job);
  });

  it('of a Job leaves out the labels that were copied from its template', () => {
    const labels = { 'batch.kubernetes.io/job-name': 'api', 'batch.kubernetes.io/controller-uid': 'u' };
    const job = { metadata: { labels }, spec: { template: { metadata: { labels }, spec: {} } } };
    expect(normalForm(job, refOf('Job'))).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'api' },
      spec: { template: { spec: {} } },
    });
  });

  it('is that of the named object, whatever the manifest is called', () => {
    expect(normalForm({ apiVersion: 'x', kind: 'Y', metadata: { name: 'z' } }, refOf('Service'))).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'api' },
    });
  });
});

const rendered = (object: LiveObject, patches: readonly JsonObject[]): Rendered =>
  render(object, overlaysOf(object.ref, patches));

const messageOf = (rendered: Rendered): string => (rendered.kind === 'Problem' ? rendered.problem.message : '');

describe('rendering', () => {
  const deployment = live(refOf('Deployment'), { metadata, spec: { replicas: 1, paused: true } });

  it('lays the overlay over the normal form', () => {
    expect(
      rendered(deployment, [{ spec: { replicas: 6, paused: null } }, { metadata: { labels: { a: 'b' } } }]),
    ).toMatchObject({
      kind: 'Content',
      content: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { ...kept, labels: { a: 'b' } },
        spec: { replicas: 6 },
      },
    });
  });

  it('allows an overlay that repeats the name, and one that takes away the last annotation', () => {
    expect(
      messageOf(rendered(deployment, [{ metadata: { name: 'api', annotations: { 'example.com/keep': null } } }])),
    ).toBe('');
  });

  it.each<[string, JsonObject, string]>([
    ['another kind', { kind: 'DaemonSet' }, 'kind'],
    ['another apiVersion', { apiVersion: 'apps/v2' }, 'apiVersion'],
    ['another name', { metadata: { name: 'other' } }, 'metadata.name'],
    ['no name', { metadata: { name: null } }, 'metadata.name'],
    ['no metadata', { metadata: null }, 'metadata.name'],
    ['a namespace', { metadata: { namespace: 'kube-system' } }, 'metadata.namespace'],
    ['a status', { status: { replicas: 1 } }, 'status'],
    ['an owner', { metadata: { ownerReferences: [] } }, 'metadata.ownerReferences'],
    ['an owner', { metadata: { ownerReferences: [{ kind: 'Foo', name: 'x', uid: 'u' }] } }, 'metadata.ownerReferences'],
    [
      'an annotation of ours',
      { metadata: { annotations: { 'countersign.dev/authors': '[]' } } },
      "metadata.annotations['countersign.dev/authors']",
    ],
  ])('refuses an overlay that sets %s', (_, patch, path) => {
    expect(messageOf(rendered(deployment, [patch]))).toContain(` ${path},`);
  });

  it('refuses an overlay that picks a cluster address or node port', () => {
    const service = live(refOf('Service'), { spec: { type: 'NodePort', ports: [{ port: 80 }] } });
    expect(messageOf(rendered(service, [{ spec: { clusterIP: '10.0.0.9' } }]))).toContain('spec.clusterIP');
    expect(messageOf(rendered(service, [{ spec: { ports: [{ port: 80, nodePort: 30000 }] } }]))).toContain(
      'spec.ports[0].nodePort',
    );
    expect(messageOf(rendered(service, [{ spec: { clusterIP: 'None' } }]))).toBe('');
  });

  it('refuses content that has no digest', () => {
    expect(messageOf(rendered(deployment, [{ spec: { big: 2 ** 60 } }]))).toContain('cannot be digested');
  });

  it('is done once: rendering the result again changes nothing', () => {
    fc.assert(
      fc.property(anyObject, anyObject, (manifest, patch) => {
        const ref = refOf('Deployment');
        const once = rendered(live(ref, manifest), [patch]);
        fc.pre(once.kind === 'Content');
        expect(rendered(live(ref, once.content), [patch])).toMatchObject({ content: once.content });
      }),
    );
  });
});

/** Manifests of every kind, with live values in every server-owned place, mixed with anything. */
const anyManifest = fc
  .tuple(fc.constantFrom(...rows), anyObject, anyObject, anyJson)
  .map(([row, extra, annotations, name]) => ({
    ref: refOf(row.kind),
    manifest: {
      ...extra,
      ...row.live,
      metadata: { ...metadata, extra: name, annotations: { ...metadata.annotations, ...annotations } },
    },
  }));

const unmanagedPaths = fc.subarray(
  [
    'spec.replicas',
    'spec.template',
    'spec.ports[port=80].port',
    'spec.type',
    'data.a',
    'metadata.labels',
    "metadata.annotations['a.b/c']",
    'spec',
    'no path[',
  ],
  { maxLength: 3 },
);

const ports = (...list: readonly JsonObject[]): JsonObject => ({ spec: { type: 'NodePort', ports: list } });

describe('replacing', () => {
  it('ends in the content of the bundle, whatever was live', () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, unmanagedPaths, (bundle, now, unmanaged) => {
        const content = normalForm(bundle.manifest, bundle.ref);
        const replaced = replacement(content, live(bundle.ref, now.manifest), unmanaged);
        const result = normalForm(replaced, bundle.ref);
        expect(differingPaths(result, content, unmanaged)).toEqual([]);
        expect(sameContent(result, content, unmanaged)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('leaves unmanaged fields as they are live', () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (bundle, now) => {
        const content = normalForm(bundle.manifest, bundle.ref);
        // The API server stores no other spec than an object.
        fc.pre(content['spec'] === undefined || isObject(content['spec']));
        const replaced = replacement(content, live(bundle.ref, now.manifest), ['spec.replicas']);
        const path = parsePath('spec.replicas') ?? [];
        expect(getPath(replaced, path)).toEqual(getPath(now.manifest, path));
      }),
    );
  });

  it('of what is the same already changes nothing that the cluster wrote', () => {
    fc.assert(
      fc.property(anyManifest, ({ ref, manifest }) => {
        const now = live(ref, { ...manifest, metadata });
        const replaced = replacement(normalForm(now.manifest, ref), now, []);
        const { finalizers, ownerReferences, generateName, annotations } = metadata;
        expect(replaced).toMatchObject({
          metadata: {
            finalizers,
            ownerReferences,
            generateName,
            annotations,
            uid: 'live-uid',
            resourceVersion: '42',
            namespace: 'prod',
          },
        });
        for (const path of [
          'spec.clusterIP',
          'spec.clusterIPs',
          'spec.ports',
          'spec.healthCheckNodePort',
          'spec.volumeName',
          'secrets',
          'spec.selector',
        ]) {
          expect(getPath(replaced, parsePath(path) ?? [])).toEqual(getPath(now.manifest, parsePath(path) ?? []));
        }
      }),
    );
  });

  it.each<[string, JsonObject, JsonObject, readonly (number | undefined)[]]>([
    [
      'the same port, whatever its name',
      ports({ port: 80, protocol: 'TCP', name: 'b' }),
      ports({ port: 80, protocol: 'TCP', name: 'a', nodePort: 1 }),
      [1],
    ],
    [
      'the same name when the port changes',
      ports({ port: 81, protocol: 'TCP', name: 'a' }),
      ports({ port: 80, protocol: 'TCP', name: 'a', nodePort: 1 }),
      [1],
    ],
    [
      'no port twice',
      ports({ port: 80, protocol: 'TCP', name: 'b' }, { port: 81, protocol: 'TCP', name: 'a' }),
      ports({ port: 80, protocol: 'TCP', name: 'a', nodePort: 1 }),
      [1, undefined],
    ],
    [
      'nothing when the type has no node ports',
      { spec: { type: 'ClusterIP', ports: [{ port: 80, protocol: 'TCP' }] } },
      ports({ port: 80, protocol: 'TCP', nodePort: 1 }),
      [undefined],
    ],
  ])('keeps the node port of %s', (_, content, now, expected) => {
    const ref = refOf('Service');
    const replaced = replacement(normalForm(content, ref), live(ref, now), []);
    expect(
      expected.map((__, index) =>
        getPath(replaced, [{ field: 'spec' }, { field: 'ports' }, { index }, { field: 'nodePort' }]),
      ),
    ).toEqual(expected);
  });

  it('of a Service that becomes headless does not repeat its address', () => {
    const ref = refOf('Service');
    const headless = normalForm({ spec: { type: 'ClusterIP', clusterIP: 'None' } }, ref);
    const now = live(ref, { spec: { type: 'ClusterIP', clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] } });
    expect(replacement(headless, now, [])).toMatchObject({ spec: { type: 'ClusterIP', clusterIP: 'None' } });
  });

  it('takes away an unmanaged field that is not live', () => {
    const ref = refOf('Deployment');
    const content = normalForm({ spec: { replicas: 3, paused: true } }, ref);
    expect(replacement(content, live(ref, { spec: {} }), ['spec.replicas'])).toMatchObject({ spec: { paused: true } });
    expect(
      getPath(replacement(content, live(ref, {}), ['spec.replicas']), parsePath('spec.replicas') ?? []),
    ).toBeUndefined();
  });
});

describe('equality of content', () => {
  it('holds of every content and itself, and both ways', () => {
    fc.assert(
      fc.property(anyObject, anyObject, unmanagedPaths, (a, b, unmanaged) => {
        expect(sameContent(a, a, unmanaged)).toBe(true);
        expect(sameContent(a, b, unmanaged)).toBe(sameContent(b, a, unmanaged));
        expect(differingPaths(a, b, unmanaged).length === 0).toBe(sameContent(a, b, unmanaged));
      }),
    );
  });
});

describe('creating', () => {
  it('says where', () => {
    const content = normalForm({ data: { a: 'b' } }, refOf('ConfigMap'));
    expect(forCreate(content, 'prod')).toEqual({ ...content, metadata: { name: 'api', namespace: 'prod' } });
  });
});

describe('the name of a Job', () => {
  const digest = `sha256:1a2b3c4d${'0'.repeat(56)}`;

  it('ends with the digest of its bundle', () => {
    expect(jobName('migrate', digest)).toBe('migrate-1a2b3c4d');
  });

  it('is a label value, keeps the digest, and differs where names differ', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?){0,2}$/),
        (name) => {
          const long = jobName(name, digest);
          expect(long).toMatch(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/);
          expect(long).not.toMatch(/\.-|-\./);
          expect(long.length).toBeLessThanOrEqual(63);
          expect(long.endsWith('-1a2b3c4d')).toBe(true);
          expect(jobName(`${name}x`, digest)).not.toBe(long);
        },
      ),
    );
  });
});

describe('annotations of the cluster', () => {
  it.each([
    ['deployment.kubernetes.io/revision', true],
    ['countersign.dev/anything', true],
    ['kubectl.kubernetes.io/restartedAt', false],
    ['deployment.kubernetes.iox/revision', false],
    ['example.com/deployment.kubernetes.io/', false],
  ])('%s: %s', (name, owned) => {
    expect(isOwnedAnnotation(name)).toBe(owned);
  });
});

describe('a restart', () => {
  const template = (annotations: JsonObject | undefined): JsonObject => ({
    spec: { template: { metadata: { labels: { app: 'api' }, ...(annotations === undefined ? {} : { annotations }) } } },
  });
  const restarted = { 'kubectl.kubernetes.io/restartedAt': '2026-03-11T15:00:00Z' };

  it.each(['Deployment', 'StatefulSet', 'DaemonSet'])(
    'of a %s is no change of content, and outlives a release',
    (kind) => {
      const ref = refOf(kind);
      const plain = normalForm(template(undefined), ref);
      expect(normalForm(template(restarted), ref)).toEqual(plain);
      const replaced = replacement(plain, live(ref, template(restarted)), []);
      expect(replaced['spec']).toEqual(template(restarted)['spec']);
    },
  );

  it('stays content where nothing is restarted that way', () => {
    const job = refOf('Job');
    expect(normalForm(template(restarted), job)).not.toEqual(normalForm(template(undefined), job));
  });
});

describe('content that is nested too deep', () => {
  const nested = (levels: number): JsonObject => {
    let value: JsonObject = {};
    for (let level = 0; level < levels; level += 1) value = { a: value };
    return value;
  };

  it.each([501, 4_900, 100_000])('is a problem of its object, not the end of the operator: %d levels', (levels) => {
    const ref = refOf('Deployment');
    const problem = {
      kind: 'Problem',
      problem: { object: 'Deployment/api', message: expect.stringContaining('500 levels') },
    };
    expect(rendered(live(ref, {}), [{ spec: nested(levels) }])).toMatchObject(problem);
    expect(rendered(live(ref, { spec: nested(levels) }), [])).toMatchObject(problem);
  });

  it.each([
    [
      'a list of a hundred thousand items',
      { spec: { args: Array.from({ length: 100_000 }, () => 'x') } },
      '5000 items',
    ],
    [
      'very many values, in lists that are short',
      { spec: { lists: Array.from({ length: 100 }, () => Array.from({ length: 600 }, () => [])) } },
      '50000 values',
    ],
  ])('and so is %s', (_, wide: JsonObject, why) => {
    const problem = { kind: 'Problem', problem: { object: 'Deployment/api', message: expect.stringContaining(why) } };
    expect(rendered(live(refOf('Deployment'), {}), [wide])).toMatchObject(problem);
    expect(rendered(live(refOf('Deployment'), wide), [])).toMatchObject(problem);
  });

  it('is taken with as many items and values as are bounded', () => {
    const lists = { spec: { lists: Array.from({ length: 9 }, () => Array.from({ length: 5_000 }, () => 'x')) } };
    expect(rendered(live(refOf('Deployment'), lists), [])).toMatchObject({ kind: 'Content' });
  });

  it('is taken at as many levels as anybody needs', () => {
    expect(rendered(live(refOf('Deployment'), {}), [{ spec: nested(400) }])).toMatchObject({ kind: 'Content' });
  });
});

describe('what is many', () => {
  it('names of metadata that others own are taken away in one pass', () => {
    const many = (prefix: string): JsonObject =>
      Object.fromEntries(Array.from({ length: 40_000 }, (_, i) => [`${prefix}${i}`, '']));
    const labels = { ...many('argocd.argoproj.io/x'), app: 'api' };
    const normal = normalForm(
      { kind: 'ConfigMap', metadata: { name: 'api', labels, annotations: many('pv.kubernetes.io/x') } },
      refOf('ConfigMap'),
    );
    expect(normal).toMatchObject({ metadata: { name: 'api', labels: { app: 'api' } } });
    expect(Object.keys(normal['metadata'] ?? {})).toEqual(['name', 'labels']);
  });

  it('ports find their live counterparts in one pass', () => {
    const ports = Array.from({ length: 5_000 }, (_, i) => ({ name: `p${i}`, port: i + 1, protocol: 'TCP' }));
    const ref = refOf('Service');
    const manifest = { metadata: { name: 'api' }, spec: { type: 'LoadBalancer', ports } };
    const now = live(ref, {
      ...manifest,
      spec: { ...manifest.spec, ports: ports.map((port, i) => ({ ...port, nodePort: 30_000 + i })).toReversed() },
    });
    const replaced = replacement(normalForm(manifest, ref), now, []);
    expect(listAt(replaced, 'spec', 'ports').map((port) => (isObject(port) ? port['nodePort'] : undefined))).toEqual(
      ports.map((_, i) => 30_000 + i),
    );
  });
});

describe('kinds of definitions', () => {
  const rollout = (spec: JsonObject, annotations: JsonObject): JsonObject => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'api', annotations },
    spec,
  });
  const ref: ObjectRef = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'api' };

  it('what the controller of a kind of a definition writes into its objects is no part of a release', () => {
    const annotations = { 'rollout.argoproj.io/revision': '3', 'example.com/keep': 'yes' };
    expect(normalForm(rollout({ replicas: 2, restartAt: '2026-01-01T00:00:00Z' }, annotations), ref)).toEqual(
      rollout({ replicas: 2 }, { 'example.com/keep': 'yes' }),
    );
  });

  it('neither that nor its replicas change the digest by which its changes are explained', () => {
    const before = contentDigest(rollout({ replicas: 2, paused: false }, {}));
    const scaled = rollout({ replicas: 5, paused: false }, { 'rollout.argoproj.io/revision': '4' });
    expect(contentDigest(scaled)).toBe(before);
    expect(contentDigest(rollout({ replicas: 5, paused: true }, {}))).not.toBe(before);
  });
});
