import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { maxDeltaTextBytes } from '../../api/bundle.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import { delta, type Change } from './delta.ts';
import { heading, objectOf, textOf } from './delta-arbitrary.ts';
import { deltaText } from './text.ts';
import { anyObject } from '../json/json-arbitrary.ts';
import { sameContent } from '../manifest/normal-form.ts';

const ours = (...objects: readonly BundleObject[]) => ({ objects, foreign: false });

const ofOne = (kind: string, before: JsonObject, after: JsonObject): Change[] =>
  delta(ours(objectOf(kind, 'api', before)), [objectOf(kind, 'api', after)], [], []);

const ofPod = (before: JsonObject, after: JsonObject): Change[] =>
  ofOne('Deployment', { spec: { template: { spec: before } } }, { spec: { template: { spec: after } } });

const ofContainer = (before: JsonObject, after: JsonObject): Change[] =>
  ofPod({ containers: [{ name: 'api', ...before }] }, { containers: [{ name: 'api', ...after }] });

const retention = (whenDeleted: string, replicas = 3): JsonObject => ({
  spec: {
    replicas,
    volumeClaimTemplates: [{ metadata: { name: 'data' } }],
    persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled: replicas === 3 ? 'Retain' : 'Delete' },
  },
});

describe('what loses data comes first', () => {
  const claim = objectOf('PersistentVolumeClaim', 'data', {});
  const set = objectOf('StatefulSet', 'db', retention('Delete'));
  const declared = [{ kind: 'StatefulSet', name: 'db', fields: [], reason: 'moved' }];

  it.each<[sentence: string, changes: Change[], classes: string[]]>([
    ['a claim that is dropped', delta(ours(claim), [], [claim.ref], []), ['data loss']],
    ['a set that is dropped and keeps its claims does not', delta(ours(set), [], [set.ref], []), ['removed']],
    ['one that says that they go', delta(ours(set), [], [set.ref], [], declared), ['data loss']],
    ['claims that are to go later', ofOne('StatefulSet', retention('Retain'), retention('Delete')), ['data loss']],
    ['claims that are to stay do not', ofOne('StatefulSet', retention('Delete'), retention('Retain')), ['storage']],
    [
      'fewer replicas whose claims go',
      ofOne('StatefulSet', retention('Retain'), retention('Retain', 2)),
      ['data loss', 'data loss'],
    ],
  ])('%s', (_, changes, classes) => {
    expect(changes.map((change) => change.class)).toEqual(classes);
    expect(/ (?:\d data loss|\d removed|\d storage)/.exec(textOf(changes))?.[0]).toContain(classes[0]);
  });

  it('and a signer reads what no rollback takes back', () => {
    const irreversible = ['PersistentVolumeClaim data is deleted after observation, and its data with it'];
    expect(textOf(delta(ours(claim), [], [claim.ref], []), { irreversible })).toContain(
      `\nCannot be taken back:\n  ${irreversible[0] ?? ''}\n`,
    );
  });
});

describe('the class of a change', () => {
  it.each<[Change['class'], string, Change[]]>([
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
    ['identity', 'a security context', ofContainer({}, { securityContext: { runAsUser: 0 } })],
    ['rights', 'a privileged container', ofContainer({}, { securityContext: { privileged: true } })],
    ['rights', 'a capability', ofContainer({}, { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } })],
    ['rights', 'a rule of a Role', ofOne('Role', { rules: [] }, { rules: [{ verbs: ['*'] }] })],
    ['configuration', 'how often a probe asks', ofContainer({}, { livenessProbe: { periodSeconds: 3 } })],
    [
      'configuration',
      'a key of a ConfigMap that is named like a field',
      ofOne('ConfigMap', {}, { data: { image: '1' } }),
    ],
    ['command', 'a command of a custom kind', ofOne('Widget', {}, { spec: { job: { command: ['x'] } } })],
    ['image', 'an image of a custom kind', ofOne('Widget', {}, { spec: { proxy: { image: 'x' } } })],
    ['rights', 'files of the node', ofPod({}, { volumes: [{ name: 'v', hostPath: { path: '/' } }] })],
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
    ['rights', 'the network of the node', ofPod({}, { hostNetwork: true })],
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
  it.each<[string, Change[], string, string, string[]?]>([
    ['text as it is', ofContainer({ image: 'a:1' }, { image: 'a:2' }), 'a:1', 'a:2'],
    ['absence as nothing', ofContainer({}, { image: 'a' }), '', 'a'],
    ['the empty text as such', ofOne('ConfigMap', { data: { a: 'b' } }, { data: { a: '' } }), 'b', '""'],
    ['a number and the text of it apart', ofOne('Service', { spec: { x: 80 } }, { spec: { x: '80' } }), '80', '"80"'],
    ['text with an arrow in it, quoted', ofOne('ConfigMap', {}, { data: { a: 'x → y' } }), '', '"x → y"'],
    ['a list as JSON', ofContainer({ args: ['a', 'b'] }, { args: ['a'] }), '["a","b"]', '["a"]'],
    [
      'a text with lines as those that change',
      ofOne('ConfigMap', text('a', 'b', 'c'), text('a', 'x', 'c', 'd')),
      '(3 lines)',
      '(4 lines)',
      ['- 2: b', '+ 2: x', '+ 4: d'],
    ],
    ['look-alikes escaped', ofContainer({ image: 'api' }, { image: '\u0430pi' }), 'api', String.raw`"\u{430}pi"`],
    [
      'a hidden value as hidden',
      ofOne('ConfigMap', { data: { password: 'x' } }, { data: { password: 'y' } }),
      '(hidden)',
      '(hidden) (changed)',
    ],
    [
      'a hidden part as hidden',
      ofOne('ConfigMap', { data: { a: 'x=1 token=a' } }, { data: { a: 'x=1 token=b' } }),
      'x=1 token=(hidden)',
      'x=1 token=(hidden) (changed)',
    ],
    [
      'a text that pretends to be hidden, quoted',
      ofOne('ConfigMap', {}, { data: { a: '(hidden)' } }),
      '',
      String.raw`"\u{28}hidden)"`,
    ],
    ['a text that pretends to be nothing, quoted', ofOne('ConfigMap', {}, { data: { a: '(none)' } }), '', '"(none)"'],
    ['blanks at the end, quoted', ofOne('ConfigMap', { data: { a: 'x' } }, { data: { a: 'x ' } }), 'x', '"x "'],
    [
      'a whole word of look-alikes',
      ofOne('ConfigMap', { data: { a: 'ср' } }, { data: { a: 'cp' } }),
      String.raw`"\u{441}\u{440}"`,
      'cp',
    ],
    [
      'an escape apart from what it stands for',
      ofOne('ConfigMap', { data: { a: '\u202e' } }, { data: { a: String.raw`\u{202e}` } }),
      String.raw`"\u{202e}"`,
      String.raw`\u{202e}`,
    ],
  ])('%s', (_, changes, from, to, lines = []) => {
    expect(changes).toEqual([expect.objectContaining({ from, to, lines })]);
  });

  it('cuts what is long, and counts it', () => {
    const [one] = ofOne('ConfigMap', {}, { data: { a: 'x'.repeat(5000) } });
    expect(one).toMatchObject({ to: `"${'x'.repeat(1000)}"… (4000 more characters)`, cutCharacters: 4000 });
  });

  it('shows what changes in a long line', () => {
    const line = 'x'.repeat(5000);
    expect(ofOne('ConfigMap', { data: { a: `${line}1${line}` } }, { data: { a: `${line}2${line}` } })).toEqual([
      expect.objectContaining({
        from: '(10001 characters)',
        to: '(10001 characters)',
        lines: ['- at 5001: "1"', '+ at 5001: "2"'],
        cutCharacters: 0,
      }),
    ]);
  });

  it('shows two hundred changed lines, and counts the rest', () => {
    const [one] = ofOne('ConfigMap', text(...manyLines('a')), text(...manyLines('b')));
    expect(one?.lines).toHaveLength(200);
    expect(one).toMatchObject({ from: '(3000 lines)', to: '(3000 lines)', cutLines: 5800 });
  });

  it('shows a long list of arguments item by item', () => {
    const args = Array.from({ length: 40 }, (_, n) => `--option-${n}=value`);
    expect(ofContainer({ args }, { args: args.with(7, '--option-7=other') })).toEqual([
      expect.objectContaining({ lines: ['- 8: --option-7=value', '+ 8: --option-7=other'] }),
    ]);
  });

  it('tells an item of several lines from several items', () => {
    const [one] = ofContainer({ args: ['-c', 'a\nb'] }, { args: ['-c', 'a', 'b'] });
    expect(one?.lines).toEqual(['- 2: a', '- 3: ↳ b', '+ 2: a', '+ 3: b']);
  });
});

describe('a delta', () => {
  it('tells all of an object that is added, and that an object is removed', () => {
    const added = objectOf('Service', 'new', { spec: { ports: [{ port: 80, protocol: 'TCP' }], type: 'ClusterIP' } });
    const removed = { apiVersion: 'v1', kind: 'ConfigMap', name: 'old' };
    expect(delta(ours(objectOf('ConfigMap', 'old', {})), [added], [removed], [])).toMatchObject([
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
    expect(delta(ours(...before), after, [], [{ kind: 'Deployment', name: 'api', fields: ['spec.replicas'] }])).toEqual(
      [],
    );
  });

  it('is empty exactly when the content is the same', () => {
    const paths = fc.subarray(['spec', 'a.b', 'env[name=a]', 'spec.a']);
    fc.assert(
      fc.property(anyObject, anyObject, paths, (a, b, fields) => {
        const [before, after] = [objectOf('Widget', 'x', a), objectOf('Widget', 'x', b)];
        const unmanaged = [{ kind: 'Widget.example.com', name: 'x', fields }];
        const lines = delta(ours(before), [after], [], unmanaged);
        expect(lines.length === 0).toBe(sameContent(before.content, after.content, fields));
        for (const line of lines) expect([line.from, line.lines]).not.toEqual([line.to, []]);
      }),
      { numRuns: 500 },
    );
  });

  const secretName = fc
    .tuple(fc.stringMatching(/^[A-Z_]{0,6}$/), fc.constantFrom('PASSWORD', 'TOKEN', 'SECRET', 'API_KEY', 'CREDENTIAL'))
    .map((parts) => parts.join('_'));
  const secretValue = fc.stringMatching(/^[G-Z][a-zG-Z0-9]{7,30}$/);

  it('does not show one word that is the value of a variable named like a credential', () => {
    fc.assert(
      fc.property(secretName, secretValue, secretValue, (name, old, now) => {
        const env = (value: string): JsonObject => ({ env: [{ name, value }] });
        const lines = ofContainer(env(old), env(now));
        const shown = textOf([...lines, ...ofContainer({}, env(now))]);
        expect(shown).not.toContain(old);
        expect(shown).not.toContain(now);
      }),
    );
  });
});

const deployment = (image: string, account: string, args: readonly string[]): JsonObject => ({
  spec: { template: { spec: { serviceAccountName: account, containers: [{ name: 'api', image, args }] } } },
});

describe('the text that a signer reads', () => {
  it('says plainly that nothing changes', () => {
    expect(textOf([], { base: 'none' })).toBe(
      [
        'payments 2.4.0 into payments-prod',
        'candidate  payments-2.4.0',
        'digest     sha256:1a2b',
        'against    nothing: production runs nothing of this package',
        '',
        'Nothing changes.',
        'Everything is shown: nothing is hidden, folded or cut.',
        '',
      ].join('\n'),
    );
  });

  it('is in order of risk and can be read', () => {
    const lines = delta(
      ours(
        objectOf('Deployment', 'api', deployment('api:1', 'api', ['--x'])),
        objectOf('ConfigMap', 'conf', text('a: 1', 'password: x', 'b: 2')),
      ),
      [
        objectOf('Deployment', 'api', deployment('api:2', 'admin', ['--x', '--y'])),
        objectOf('ConfigMap', 'conf', text('a: 1', 'password: y', 'b: 3')),
      ],
      [{ apiVersion: 'v1', kind: 'Service', name: 'old' }],
      [],
    );
    expect(textOf(lines, { notes: 'Minor: faster \u202erefunds' })).toBe(
      String.raw`payments 2.4.0 into payments-prod
candidate  payments-2.4.0
digest     sha256:1a2b
against    payments-2.3.0-99aa88bb
notes      Minor: faster \u{202e}refunds

5 changes: 1 identity, 1 image, 1 command, 1 configuration, 1 removed
hidden     2 words after the name of a credential
all of it  kubectl get relbundle …

Deployment/api
  identity       spec.template.spec.serviceAccountName: api → admin
  image          spec.template.spec.containers[name=api].image: api:1 → api:2
  command        spec.template.spec.containers[name=api].args: ["--x"] → ["--x","--y"]

ConfigMap/conf
  configuration  data.conf: (3 lines) → (3 lines)
        - 2: password: (hidden)
        - 3: b: 2
        + 2: password: (hidden)
        + 3: b: 3

Service/old
  removed        (the object): v1 → (none)
`,
    );
  });

  const one = (object: string, n: number, to: string, sort: Change['class'] = 'configuration'): Change => {
    const [change] = ofOne('ConfigMap', {}, { data: { a: to } });
    if (change === undefined) throw new Error('no change');
    return { ...change, object: `ConfigMap/${object}`, path: `data.p${n}`, class: sort };
  };

  it('fits into a bundle with all that must be shown, and says how much else it does not show', () => {
    const many = Array.from({ length: 4000 }, (_, n) => one(`${n % 400}`, n, 'ü'.repeat(60)));
    const risky = Array.from({ length: 3000 }, (_, n) => one(`${n % 400}`, n, `x${n}`.padEnd(100, 'x'), 'command'));
    const shown = textOf([...many, ...many, ...risky]);
    expect(Buffer.byteLength(JSON.stringify(shown))).toBeLessThanOrEqual(maxDeltaTextBytes);
    for (const { to } of risky) expect(shown).toContain(to);
    const told = shown.split('\n').filter((line) => line.includes(' → ')).length;
    expect(told).toBeGreaterThan(3000);
    expect(shown).toContain(`cut        ${11_000 - told} changes for which there is no room`);
    expect(shown).toContain('all of it  kubectl get relbundle …');
  });

  it('is refused where what must be shown does not fit', () => {
    const risky = Array.from({ length: 10 }, (_, n) => one('a', n, 'x'.repeat(100_000), 'command'));
    const long = risky.map((change) => ({ ...change, to: 'x'.repeat(100_000) }));
    expect(deltaText(long, heading)).toEqual({ is: 'TooLarge', bytes: expect.any(Number) });
  });

  it('cannot be given lines of its own by a value', () => {
    const lines = ofOne('Widget', {}, { spec: { 'a\nNothing changes.': 'x', b: 'y\n  identity  nothing' } });
    for (const line of textOf(lines).split('\n').slice(6)) {
      expect(line).toMatch(
        /^$|^[\d]+ change|^Everything is|^escaped|^Widget\.example\.com\/api$|^ {2}configuration {2}|^ {8}[-+] /,
      );
    }
  });
});
