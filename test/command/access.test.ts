/** The command reaches a cluster as kubectl does: by several files, contexts, exec credentials and proxies; and what it says when it cannot. */
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { run } from '../../hack/controlplane/tools.ts';
import { installChart } from '../../hack/controlplane/chart.ts';
import { startCluster, startTimeoutMs, type Cluster } from '../support/cluster/cluster.ts';
import { buildCommand, type Command } from '../support/command/command.ts';

let cluster: Cluster;
let command: Command;

beforeAll(async () => {
  cluster = await startCluster();
  await installChart(cluster.controlPlane, { gate: { enabled: false } });
  command = await buildCommand(cluster.controlPlane);
}, startTimeoutMs * 2);

afterAll(async () => {
  await command?.remove();
  await cluster?.stop();
});

interface Kubeconfig {
  readonly clusters: { name: string; cluster: Record<string, unknown> }[];
  readonly users: { name: string; user: Record<string, unknown> }[];
  readonly contexts: { name: string; context: Record<string, unknown> }[];
  readonly 'current-context'?: string;
}

const configOf = async (who: string): Promise<Kubeconfig> =>
  parse(await readFile(cluster.controlPlane.kubeconfig(who), 'utf8')) as Kubeconfig;

/** A file with some of a kubeconfig. */
const write = async (name: string, config: Partial<Kubeconfig>): Promise<string> => {
  const file = join(command.folder, name);
  await writeFile(file, stringify({ apiVersion: 'v1', kind: 'Config', ...config }));
  return file;
};

const get = (KUBECONFIG: string, args: readonly string[] = []) =>
  command.as('admin', ['get', '-A', ...args], { env: { KUBECONFIG } });

const nothing = 'There are no release candidates';

describe('kubeconfigs', () => {
  test('several files make one, a missing one is passed over, and the first to say something is believed', async () => {
    const { clusters, users, contexts } = await configOf('admin');
    const own = await write('users.yaml', { users, 'current-context': 'admin' });
    const wrong = users.map((each) => ({ ...each, user: { token: 'wrong' } }));
    const rest = await write('rest.yaml', { clusters, contexts, users: wrong, 'current-context': 'nobody' });
    const missing = join(command.folder, 'missing.yaml');
    expect((await get([own, missing, rest].join(delimiter))).stderr).toContain(nothing);
    expect((await get([rest, own].join(delimiter))).stderr).toContain('The kubeconfig has no context nobody');
    expect((await get([rest, own].join(delimiter), ['--context', 'admin'])).stderr).toContain('Unauthorized');
  });

  test('relative paths start from their file', async () => {
    const { clusters, users, contexts } = await configOf('admin');
    const pem = (value: unknown): Buffer => Buffer.from(String(value), 'base64');
    const user = users[0]?.user ?? {};
    await writeFile(join(command.folder, 'client.crt'), pem(user['client-certificate-data']));
    await writeFile(join(command.folder, 'client.key'), pem(user['client-key-data']));
    const files = { 'client-certificate': 'client.crt', 'client-key': 'client.key' };
    const file = await write('relative.yaml', {
      clusters,
      contexts,
      users: [{ name: 'admin', user: files }],
      'current-context': 'admin',
    });
    expect((await get(file)).stderr).toContain(nothing);
  });

  test('a program gives the credential, and is told of the cluster', async () => {
    const { clusters, users, contexts } = await configOf('admin');
    const program = join(command.folder, 'credential');
    const { 'client-certificate-data': certificate, 'client-key-data': key } = users[0]?.user ?? {};
    const status = {
      clientCertificateData: Buffer.from(String(certificate), 'base64').toString(),
      clientKeyData: Buffer.from(String(key), 'base64').toString(),
    };
    await writeFile(join(command.folder, 'answer.json'), JSON.stringify({ kind: 'ExecCredential', status }));
    await writeFile(
      program,
      `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > '${command.folder}/told.json'\necho asking >&2\ncat '${command.folder}/answer.json'\n`,
    );
    await chmod(program, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './credential', provideClusterInfo: true };
    const user = { exec: { ...exec, interactiveMode: 'IfAvailable' } };
    const file = await write('exec.yaml', {
      clusters,
      contexts,
      users: [{ name: 'admin', user }],
      'current-context': 'admin',
    });
    const { stderr } = await get(file);
    expect(stderr).toContain('asking');
    expect(stderr).toContain(nothing);
    expect(JSON.parse(await readFile(join(command.folder, 'told.json'), 'utf8'))).toMatchObject({
      spec: { cluster: { server: cluster.controlPlane.server } },
    });
    // A token that has expired is asked for once more.
    const expired = { kind: 'ExecCredential', status: { token: 'expired' } };
    await writeFile(
      program,
      `#!/bin/sh\ncd '${command.folder}'\nif [ -e asked ]; then cat answer.json; else touch asked; echo '${JSON.stringify(expired)}'; fi\n`,
    );
    expect((await get(file)).stderr).toContain(nothing);
    await writeFile(program, '#!/bin/sh\nexit 3\n');
    expect((await get(file)).stderr).toContain('gives no credential: exit code 3');
  });

  test('proxy-url is the way to the API server', async () => {
    const { clusters, users, contexts } = await configOf('admin');
    const tunnels: string[] = [];
    const proxy: Server = createServer().on('connect', ({ url = '' }: { url?: string }, socket) => {
      tunnels.push(url);
      const [host = '', port = ''] = url.split(':');
      const upstream = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const each of [socket, upstream]) each.on('error', () => each.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    try {
      const { port } = proxy.address() as AddressInfo;
      const through = clusters.map(({ name, cluster: fields }) => ({
        name,
        cluster: { ...fields, 'proxy-url': `http://127.0.0.1:${port}` },
      }));
      const file = await write('proxy.yaml', { clusters: through, users, contexts, 'current-context': 'admin' });
      expect((await get(file)).stderr).toContain(nothing);
      expect(tunnels).toContain(new URL(cluster.controlPlane.server).host);
    } finally {
      proxy.close();
      proxy.closeAllConnections();
    }
  });

  test('a server that does not answer is said, with what to try', async () => {
    const { clusters, users, contexts } = await configOf('admin');
    const away = clusters.map(({ name }) => ({ name, cluster: { server: 'https://127.0.0.1:1' } }));
    const file = await write('away.yaml', { clusters: away, users, contexts, 'current-context': 'admin' });
    const { stderr, code } = await get(file);
    expect(code).toBe(1);
    expect(stderr).toContain('ECONNREFUSED');
    expect(stderr).toContain('kubectl version');
    expect((await get(join(command.folder, 'missing.yaml'))).stderr).toContain('No kubeconfig names a cluster');
  });
});

describe('what is said', () => {
  test('of a credential that has expired: who says who you are', async () => {
    const { clusters, contexts } = await configOf('admin');
    const users = [{ name: 'admin', user: { token: 'expired' } }];
    const file = await write('expired.yaml', { clusters, contexts, users, 'current-context': 'admin' });
    const lines = [['get', '-A'], ['pending'], ['wait', 'one', '-n', 'default'], ['running', '-n', 'default']];
    for (const line of [...lines, ['emergency', 'status', '-n', 'default'], ['doctor', '-n', 'default']]) {
      const { code, stderr } = await command.as('admin', line, { env: { KUBECONFIG: file } });
      expect([line, code, stderr]).toEqual([line, 1, expect.stringContaining('Unauthorized')]);
      expect(stderr).toContain('kubectl auth whoami says who you are; sign in again');
    }
  });

  test('of a namespace that is not there', async () => {
    const of = async (...line: readonly string[]) => {
      const { code, stderr, stdout } = await command.as('admin', [...line, '-n', 'gone']);
      return [code, `${stdout}${stderr}`] as const;
    };
    expect(await of('get')).toEqual([1, expect.stringContaining('There is no namespace gone')]);
    expect(await of('get', 'one')).toEqual([1, expect.stringContaining('There is no ReleaseCandidate one in gone')]);
    expect(await of('doctor')).toEqual([1, expect.stringContaining('there is no namespace gone')]);
    for (const line of [['running'], ['findings'], ['emergency', 'status'], ['rollback', 'payments', '--reason', 'x']])
      expect(await of(...line)).toEqual([1, expect.stringContaining('Namespace gone is no production namespace')]);
  });
});

describe('the file', () => {
  /** PATH as people have it who have not built it. */
  const withoutPlugin = (): string =>
    (command.environment('admin')['PATH'] ?? '')
      .split(delimiter)
      .filter((each) => each !== command.folder)
      .join(delimiter);

  test('an older Node is told so in one line', async () => {
    const text = await readFile(command.file, 'utf8');
    const check = text.slice(0, text.indexOf('const module = '));
    // What an older Node would say of itself; its own is not there to be asked.
    const asOlder = check.replaceAll('process.versions.node', '"18.20.8"');
    const file = join(command.folder, 'older.mjs');
    await writeFile(file, `${asOlder}\nthrow new Error('the check let it pass');\n`);
    const { code, stderr } = await run(process.execPath, [file]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      'error: kubectl countersign needs Node 22.19 or newer, and this is 18.20.8: install a newer one, or put it first in PATH\n',
    );
  });

  test('npm installs it without a network, under the names that kubectl looks for', async () => {
    const at = join(command.folder, 'npm');
    const packed = await run(process.execPath, [join(import.meta.dirname, '..', '..', 'hack', 'npm-package.ts'), at]);
    expect([packed.code, packed.stderr]).toEqual([0, expect.not.stringContaining('Error')]);
    const archive = packed.stdout.trim();
    const prefix = join(at, 'prefix');
    const npm = `npm install --global --offline --no-audit --no-fund --cache '${join(at, 'cache')}' --prefix '${prefix}' '${archive}'`;
    const installed = await command.shell('admin', npm);
    expect([installed.code, installed.stderr]).toEqual([0, '']);
    const typed = (line: string) =>
      command.shell('admin', `export PATH='${join(prefix, 'bin')}':"$NO_PLUGIN"; ${line}`, {
        env: { NO_PLUGIN: withoutPlugin() },
      });
    expect((await typed('command -v kubectl-countersign')).stdout).toContain(prefix);
    const listed = await typed('kubectl countersign get -A');
    expect([listed.code, listed.stderr]).toEqual([0, expect.stringContaining(nothing)]);
    expect((await typed('kubectl __complete countersign get --out')).stdout).toContain('--output');
  });

  test('kubectl completes commands, options and contexts', async () => {
    const complete = async (...words: readonly string[]) =>
      (await command.as('admin', ['__complete', ...words])).stdout.trim().split('\n');
    expect(await complete('')).toEqual(expect.arrayContaining(['get', 'approve', 'emergency', ':4']));
    expect(await complete('emergency', 'g')).toEqual(['grant', ':4']);
    expect(await complete('get', '--out')).toEqual(['--output', ':4']);
    expect(await complete('get', '-o', 'j')).toEqual(['json', ':4']);
    expect(await complete('get', '--context', 'a')).toEqual(['admin', ':4']);
    const byKubectl = await command.shell('admin', 'kubectl __complete countersign get --out');
    expect(byKubectl.stdout).toContain('--output');
  });

  test('a wrong command line is exit code 2', async () => {
    expect((await command.as('admin', ['obtain'])).code).toBe(2);
    expect((await command.as('admin', ['get', '-o', 'xml'])).code).toBe(2);
    expect((await command.as('admin', ['--help'])).code).toBe(0);
  });
});

/** A file with a policy. */
const policyText = (spec: string): string =>
  `apiVersion: countersign.dev/v1alpha1\nkind: ReleasePolicy\nmetadata: { name: production, namespace: p }\nspec:\n  sourceNamespace: s\n  reviewBy: '2028-06-30'\n${spec}`;

describe('policy diff', () => {
  const tester = '  approvals: [{ role: tester, count: 1 }]\n';
  const approvers = '  approvals: [{ role: tester, count: 1 }, { role: approver, count: 2 }]\n';
  const diff = async (before: string, after: string, ...more: readonly string[]) => {
    const [old, now] = [join(command.folder, 'before.yaml'), join(command.folder, 'after.yaml')];
    await writeFile(old, before);
    await writeFile(now, after);
    return command.as('admin', ['policy', 'diff', '-f', old, '-f', now, ...more]);
  };

  test('what is looser comes first, and fails where that is asked for', async () => {
    const [before, after] = [policyText(approvers), policyText(`${tester}  soak: 24h\n  retain: { bundles: 3 }\n`)];
    const { stdout, code } = await diff(before, after);
    expect(code).toBe(0);
    const heads = stdout.split('\n').filter((line) => /^\w+ {2}spec\./.test(line));
    expect(heads.map((line) => line.replace(/ {2}\(.*/, ''))).toEqual([
      'LOOSER  spec.approvals',
      'other  spec.retain',
      'tighter  spec.soak',
    ]);
    expect(stdout).toContain('spec.approvals[role=approver]: {"role":"approver","count":2,"oneFromEach":[]} → nothing');
    expect(stdout).toContain('spec.soak: "0s" → "24h"');
    expect((await diff(before, after, '--fail-on-looser')).code).toBe(1);
    expect((await diff(policyText(tester), policyText(approvers), '--fail-on-looser')).code).toBe(0);
    const { fields } = JSON.parse((await diff(before, after, '-o', 'json')).stdout) as { fields: unknown[] };
    expect(fields[0]).toMatchObject({ field: 'spec.approvals', is: 'looser' });
  });

  test('says what to type where two policies are not to be had', async () => {
    expect((await diff(policyText(tester), policyText(tester), '-n', 'p')).code).toBe(2);
    const wrong = await diff(policyText(tester), policyText('  soak: soon\n'));
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('kubectl countersign policy lint ')]);
    const none = await diff(policyText(tester), 'kind: Pod\n');
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining('holds no ReleasePolicy')]);
  });
});

describe('policy lint', () => {
  const lint = (text: string) => command.as('admin', ['policy', 'lint', '-'], { stdin: text });
  const policy = (spec: string): string => policyText(`  approvals: [{ role: tester, count: 1 }]\n${spec}`);

  test('says what is wrong, and in which line', async () => {
    const { stdout, code } = await lint(
      policy(
        "  soak: soon\n  sok: 1h\n  windows:\n    - { schedule: '0 9 * * 1-5', duration: 8h, timeZone: Mars/Olympus }\n",
      ),
    );
    expect(code).toBe(1);
    expect(stdout).toContain('-:8: error  spec.soak');
    expect(stdout).toContain('-:11: error  spec.windows[0].schedule: there is no such time zone');
    const unknown = await lint(policy('  sok: 1h\n'));
    expect(unknown.stdout).toContain('-:8: error  spec.sok: there is no such field');
  });

  test('refuses what is larger than the API server takes, and what grows while it is read', async () => {
    const large = await lint(policy(`  # ${'x'.repeat(4_000_000)}\n`));
    expect([large.code, large.stderr]).toEqual([1, expect.stringContaining('- is larger than 3 MiB')]);
    const name = (at: number): string => String.fromCharCode(97 + at);
    const lines = Array.from(
      { length: 9 },
      (_, at) =>
        `${name(at + 1)}: &${name(at + 1)} [${Array(10)
          .fill(`*${name(at)}`)
          .join()}]`,
    );
    const bomb = await lint(`x: &a [${Array(10).fill('x').join()}]\n${lines.join('\n')}\n${policy('')}`);
    expect([bomb.code, bomb.stdout]).toEqual([1, expect.stringMatching(/^-:\d+: error {2}Excessive alias count/)]);
  });

  test('passes what is right, and refuses what is no YAML, or none of ours', async () => {
    expect((await lint(policy(''))).stdout).toContain('1 checked, no errors');
    expect((await lint('a: [')).stdout).toMatch(/-:\d+: error/);
    expect((await lint('kind: Pod\n')).stderr).toContain('no object of Countersign');
  });
});
