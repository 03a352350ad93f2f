import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { JsonObject } from '../api/meta.ts';
import { promotableKinds } from '../api/kinds.ts';
import type { BundleObject } from './bundle.ts';
import { delta, deltaText, type DeltaLine } from './delta.ts';
import { digestOf } from './digest.ts';
import { anyObject } from './json-arbitrary.ts';
import { normalForm, sameContent } from './render.ts';

const objectOf = (kind: string, name: string, manifest: JsonObject): BundleObject => {
  const ref = {
    apiVersion: promotableKinds.find((row) => row.kind === kind)?.apiVersion ?? 'example.com/v1',
    kind,
    name,
  };
  const content = normalForm(manifest, ref);
  return { ref, content, digest: digestOf(content) };
};

const ofOne = (kind: string, before: JsonObject, after: JsonObject): DeltaLine[] =>
  delta([objectOf(kind, 'api', before)], [objectOf(kind, 'api', after)], [], []);

const ofPod = (before: JsonObject, after: JsonObject): DeltaLine[] =>
  ofOne('Deployment', { spec: { template: { spec: before } } }, { spec: { template: { spec: after } } });

const ofContainer = (before: JsonObject, after: JsonObject): DeltaLine[] =>
  ofPod({ containers: [{ name: 'api', ...before }] }, { containers: [{ name: 'api', ...after }] });

describe('the class of a change', () => {
  it.each<[DeltaLine['class'], string, DeltaLine[]]>([
    ['image', 'an image', ofContainer({ image: 'a' }, { image: 'b' })],
    [
      'image',
      'the image of an init container',
      ofPod({ initContainers: [{ name: 'i', image: 'a' }] }, { initContainers: [{ name: 'i', image: 'b' }] }),
    ],
    ['image', 'an image volume', ofPod({}, { volumes: [{ name: 'v', image: { reference: 'x' } }] })],
    [
      'image',
      'the image of a CronJob',
      ofOne(
        'CronJob',
        {},
        { spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'c', image: 'x' }] } } } } } },
      ),
    ],
    ['command', 'arguments', ofContainer({ args: ['a'] }, { args: ['b'] })],
    ['command', 'a probe', ofContainer({}, { livenessProbe: { exec: { command: ['x'] } } })],
    ['command', 'a lifecycle hook', ofContainer({}, { lifecycle: { preStop: { exec: { command: ['x'] } } } })],
    ['command', 'when a CronJob runs', ofOne('CronJob', { spec: { schedule: 'a' } }, { spec: { schedule: 'b' } })],
    ['configuration', 'a variable', ofContainer({}, { env: [{ name: 'A', value: '1' }] })],
    ['configuration', 'the data of a ConfigMap', ofOne('ConfigMap', {}, { data: { a: '1' } })],
    ['configuration', 'a field that nobody has classed', ofOne('Deployment', {}, { spec: { novelty: 1 } })],
    ['configuration', 'any field of another kind', ofOne('Widget', {}, { spec: { a: 1 } })],
    [
      'configuration',
      'the annotations of a pod',
      ofOne('Deployment', {}, { spec: { template: { metadata: { annotations: { a: 'b' } } } } }),
    ],
    ['identity', 'a ServiceAccount name', ofPod({}, { serviceAccountName: 'x' })],
    ['identity', 'a security context', ofContainer({}, { securityContext: { privileged: true } })],
    ['identity', 'files of the node', ofPod({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] })],
    [
      'identity',
      'a projected token',
      ofPod({}, { volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }] }),
    ],
    [
      'identity',
      'the identity that a cloud binds',
      ofOne('ServiceAccount', {}, { metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn' } } }),
    ],
    ['network', 'a port', ofContainer({}, { ports: [{ containerPort: 80, protocol: 'TCP', name: 'x' }] })],
    ['network', 'the network of the node', ofPod({}, { hostNetwork: true })],
    [
      'network',
      'the labels of a pod',
      ofOne('Deployment', {}, { spec: { template: { metadata: { labels: { a: 'b' } } } } }),
    ],
    ['network', 'a Service', ofOne('Service', {}, { spec: { selector: { a: 'b' } } })],
    [
      'network',
      'an annotation of an Ingress',
      ofOne('Ingress', {}, { metadata: { annotations: { 'nginx.ingress.kubernetes.io/server-snippet': 'x' } } }),
    ],
    ['network', 'a NetworkPolicy', ofOne('NetworkPolicy', {}, { spec: { policyTypes: ['Egress'] } })],
    ['storage', 'a volume', ofPod({}, { volumes: [{ name: 'v', emptyDir: {} }] })],
    ['storage', 'a mount', ofContainer({}, { volumeMounts: [{ mountPath: '/x', name: 'v' }] })],
    ['storage', 'a claim', ofOne('PersistentVolumeClaim', {}, { spec: { storageClassName: 'x' } })],
    [
      'storage',
      'a claim template',
      ofOne('StatefulSet', {}, { spec: { volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { a: 1 } }] } }),
    ],
    ['scale', 'replicas', ofOne('Deployment', { spec: { replicas: 1 } }, { spec: { replicas: 2 } })],
    ['scale', 'resources', ofContainer({}, { resources: { limits: { cpu: '1' } } })],
    ['scale', 'an autoscaler', ofOne('HorizontalPodAutoscaler', {}, { spec: { maxReplicas: 3 } })],
    ['scale', 'a disruption budget', ofOne('PodDisruptionBudget', {}, { spec: { minAvailable: 1 } })],
    ['metadata', 'a label', ofOne('Deployment', {}, { metadata: { labels: { a: 'b' } } })],
  ])('is %s for %s', (sort, _, lines) => {
    expect(lines.map((line) => line.class)).toEqual([sort]);
  });
});

const text = (...lines: readonly string[]): JsonObject => ({ data: { conf: lines.join('\n') } });

const manyLines = (sign: string): string[] => Array.from({ length: 3000 }, (_, n) => `${sign}${'"'.repeat(100)}${n}`);

describe('how values are shown', () => {
  it.each<[string, DeltaLine[], string, string]>([
    ['text as it is', ofContainer({ image: 'a:1' }, { image: 'a:2' }), 'a:1', 'a:2'],
    ['absence as nothing', ofContainer({}, { image: 'a' }), '', 'a'],
    ['the empty text as such', ofOne('ConfigMap', { data: { a: 'b' } }, { data: { a: '' } }), 'b', '""'],
    ['a number and the text of it apart', ofOne('Service', { spec: { x: 80 } }, { spec: { x: '80' } }), '80', '"80"'],
    ['text with an arrow in it, quoted', ofOne('ConfigMap', {}, { data: { a: 'x → y' } }), '', '"x → y"'],
    ['a list as JSON', ofContainer({ args: ['a', 'b'] }, { args: ['a'] }), '["a","b"]', '["a"]'],
    [
      'a text with lines as those that change',
      ofOne('ConfigMap', text('a', 'b', 'c'), text('a', 'x', 'c', 'd')),
      '3 lines\n- 2: b',
      '4 lines\n+ 2: x\n+ 4: d',
    ],
    ['look-alikes escaped', ofContainer({ image: 'api' }, { image: '\u0430pi' }), 'api', String.raw`\u{430}pi`],
    [
      'a hidden value as hidden',
      ofOne('ConfigMap', { data: { password: 'x' } }, { data: { password: 'y' } }),
      '(hidden)',
      '(hidden, changed)',
    ],
    [
      'a hidden part as hidden',
      ofOne('ConfigMap', { data: { url: 'db://a:b@h' } }, { data: { url: 'db://a:c@h' } }),
      'db://(hidden)@h',
      'db://(hidden)@h (hidden, changed)',
    ],
    [
      'a text that pretends to be a digest, quoted',
      ofOne('ConfigMap', {}, { data: { a: 'sha256:0 (9 characters)' } }),
      '',
      '"sha256:0 (9 characters)"',
    ],
  ])('%s', (_, lines, from, to) => {
    expect(lines).toEqual([expect.objectContaining({ from, to })]);
  });

  it('digests what is long, unless something in it is hidden', () => {
    const [plain] = ofOne('ConfigMap', {}, { data: { a: 'x'.repeat(500) } });
    expect(plain?.to).toMatch(/^sha256:[0-9a-f]{64} \(500 characters\)$/);
    const [partly] = ofOne(
      'ConfigMap',
      {},
      { data: { a: `password=1 ${'x'.repeat(500)}`.replace('password=1', 'db://u:1@h') } },
    );
    expect(partly?.to).toMatch(/^\(\d+ characters, some hidden\)$/);
  });

  it('shows a long list of arguments item by item', () => {
    const args = Array.from({ length: 40 }, (_, n) => `--option-${n}=value`);
    expect(ofContainer({ args }, { args: args.with(7, '--option-7=other') })).toEqual([
      expect.objectContaining({ from: '40 lines\n- 8: --option-7=value', to: '40 lines\n+ 8: --option-7=other' }),
    ]);
  });

  it('fits the fields of a bundle', () => {
    const [line] = ofOne('ConfigMap', text(...manyLines('a')), { data: { conf: manyLines('b').join('\n') } });
    expect(line?.from.length).toBeLessThanOrEqual(2048);
    expect(line?.to.length).toBeLessThanOrEqual(2048);
    expect(line?.to).toMatch(/\+ and 2988 more lines of sha256:/);
    const deep = ofOne('Widget', {}, { spec: { ['k'.repeat(900)]: { ['l'.repeat(900)]: 1 } } });
    expect(deep[0]?.path.length).toBeLessThanOrEqual(1024);
  });
});

describe('a delta', () => {
  it('tells all of an object that is added, and that an object is removed', () => {
    const added = objectOf('Service', 'new', { spec: { ports: [{ port: 80, protocol: 'TCP' }], type: 'ClusterIP' } });
    const removed = { apiVersion: 'v1', kind: 'ConfigMap', name: 'old' };
    expect(delta([objectOf('ConfigMap', 'old', {})], [added], [removed], [])).toEqual([
      { object: 'ConfigMap/old', path: '', from: 'v1', to: '', class: 'removed' },
      { object: 'Service/new', path: '', from: '', to: 'v1', class: 'added' },
      {
        object: 'Service/new',
        path: 'spec.ports[port=80,protocol=TCP]',
        from: '',
        to: '{"port":80,"protocol":"TCP"}',
        class: 'network',
      },
      { object: 'Service/new', path: 'spec.type', from: '', to: 'ClusterIP', class: 'network' },
    ]);
  });

  it('says nothing of unmanaged fields, nor of a Job that the release before it ran', () => {
    const before = [objectOf('Deployment', 'api', { spec: { replicas: 1 } }), objectOf('Job', 'migrate', {})];
    const after = [objectOf('Deployment', 'api', { spec: { replicas: 2 } })];
    expect(delta(before, after, [], [{ kind: 'Deployment', name: 'api', fields: ['spec.replicas'] }])).toEqual([]);
  });

  it('is empty exactly when the content is the same', () => {
    const paths = fc.subarray(['spec', 'a.b', 'env[name=a]', 'spec.a']);
    fc.assert(
      fc.property(anyObject, anyObject, paths, (a, b, fields) => {
        const [before, after] = [objectOf('Widget', 'x', a), objectOf('Widget', 'x', b)];
        const unmanaged = [{ kind: 'Widget', name: 'x', fields }];
        const lines = delta([before], [after], [], unmanaged);
        expect(lines.length === 0).toBe(sameContent(before.content, after.content, fields));
        for (const line of lines) expect(line.from).not.toBe(line.to);
      }),
      { numRuns: 500 },
    );
  });

  const secretName = fc
    .tuple(
      fc.stringMatching(/^[A-Z_]{0,6}$/),
      fc.constantFrom('PASSWORD', 'TOKEN', 'SECRET', 'KEY', 'CREDENTIAL'),
      fc.stringMatching(/^[A-Z_]{0,6}$/),
    )
    .map((parts) => parts.join(''));
  const secretValue = fc.stringMatching(/^[G-Z][a-zG-Z0-9]{7,30}$/);

  it('never shows the value of a variable that is named like a secret', () => {
    fc.assert(
      fc.property(secretName, secretValue, secretValue, fc.nat(2), (name, old, now, twins) => {
        const env = (value: string): JsonObject => ({
          env: Array.from({ length: twins + 1 }, () => ({ name, value })),
        });
        const lines = ofContainer(env(old), env(now));
        const shown = deltaText([...lines, ...ofContainer({}, env(now))], heading);
        expect(shown).not.toContain(old);
        expect(shown).not.toContain(now);
      }),
    );
  });
});

const heading = {
  candidate: 'payments-2.4.0',
  version: '2.4.0',
  package: 'payments',
  target: 'payments-prod',
  base: 'payments-2.3.0-99aa88bb',
  digest: 'sha256:1a2b',
};

const deployment = (image: string, account: string, args: readonly string[]): JsonObject => ({
  spec: { template: { spec: { serviceAccountName: account, containers: [{ name: 'api', image, args }] } } },
});

describe('the text that a signer reads', () => {
  it('says plainly that nothing changes', () => {
    expect(deltaText([], { ...heading, base: 'none' })).toBe(
      [
        'payments 2.4.0 into payments-prod',
        'candidate  payments-2.4.0',
        'digest     sha256:1a2b',
        'against    nothing: production runs nothing of this package',
        '',
        'Nothing changes.',
        '',
      ].join('\n'),
    );
  });

  it('is in order of risk and can be read', () => {
    const lines = delta(
      [
        objectOf('Deployment', 'api', deployment('api:1', 'api', ['--x'])),
        objectOf('ConfigMap', 'conf', text('a: 1', 'password: x', 'b: 2')),
      ],
      [
        objectOf('Deployment', 'api', deployment('api:2', 'admin', ['--x', '--y'])),
        objectOf('ConfigMap', 'conf', text('a: 1', 'password: y', 'b: 3')),
      ],
      [{ apiVersion: 'v1', kind: 'Service', name: 'old' }],
      [],
    );
    expect(deltaText(lines, { ...heading, notes: 'Minor: faster \u202erefunds' })).toBe(
      String.raw`payments 2.4.0 into payments-prod
candidate  payments-2.4.0
digest     sha256:1a2b
against    payments-2.3.0-99aa88bb
notes      Minor: faster \u{202e}refunds

5 changes: 1 identity, 1 image, 1 command, 1 configuration, 1 removed

Deployment/api
  identity       spec.template.spec.serviceAccountName: api → admin
  image          spec.template.spec.containers[name=api].image: api:1 → api:2
  command        spec.template.spec.containers[name=api].args: ["--x"] → ["--x","--y"]

ConfigMap/conf
  configuration  data.conf: 3 lines → 3 lines
        - 2: password: (hidden)
        - 3: b: 2
        + 2: password: (hidden)
        + 3: b: 3

Service/old
  removed        (the object): v1 → (none)
`,
    );
  });

  it('ends in time, and says how much it does not show', () => {
    const many = Array.from({ length: 4000 }, (_, n): DeltaLine => ({
      object: `ConfigMap/${n}`,
      path: 'data.x',
      from: 'ü'.repeat(60),
      to: 'x',
      class: 'configuration',
    }));
    const risky: DeltaLine = { object: 'Deployment/z', path: 'p', from: 'a', to: 'b', class: 'identity' };
    const shown = deltaText([...many, risky], heading);
    expect(Buffer.byteLength(shown)).toBeLessThanOrEqual(200_000);
    expect(shown).toContain('Deployment/z');
    const changes = shown.split('\n').filter((line) => line.includes(' → ')).length;
    expect(
      shown.trimEnd().endsWith(`… and ${4001 - changes} more changes, not shown here: read spec.delta of this bundle.`),
    ).toBe(true);
  });

  it('cannot be given lines of its own by a value', () => {
    const lines = ofOne('Widget', {}, { spec: { 'a\nNothing changes.': 'x', b: 'y\n  identity  nothing' } });
    for (const line of deltaText(lines, heading).split('\n').slice(6)) {
      expect(line).toMatch(/^$|^[\d]+ change|^Widget\/api$|^ {2}configuration {2}|^ {8}[-+] /);
    }
  });
});
