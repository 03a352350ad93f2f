/** The gate's program on a real API server, with a judge that does as it is told (gate/child.ts). */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Agent, request } from 'node:https';
import { connect, type Socket } from 'node:net';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

import {
  chartDir,
  createSample,
  guard,
  installChart,
  serviceAccountToken,
  systemNamespace,
  type OwnServiceAccount,
} from '../../hack/controlplane/chart.ts';
import { gateUrl, startGate, type GateProcess } from '../../hack/controlplane/gate.ts';
import { releasePort, reservePort } from '../../hack/controlplane/ports.ts';
import { approval, candidate, ledgerEntry, policy, production, rollback, staging } from '../support/attack/objects.ts';
import { eventually, said } from '../support/attack/world.ts';
import { bindRole } from '../support/cluster/rights.ts';
import {
  accepted,
  refused,
  startCluster,
  targetOf,
  waitFor,
  type Answer,
  type ApiClient,
  type Cluster,
  type KubeObject,
  type Manifest,
} from '../support/cluster/cluster.ts';
import { startLoad } from './gate/load.ts';

const program = join(import.meta.dirname, 'gate', 'child.ts');
/** Rotations under load; 100 take about two minutes. */
const rotations = Number(process.env['COUNTERSIGN_ROTATIONS'] ?? 6);

let cluster: Cluster;
let port: number;
let gates: GateProcess[] = [];
let operator: ApiClient;
let restorer: ApiClient;
let gate: ApiClient;

const startGates = async (environment: Readonly<Record<string, string>> = {}): Promise<void> => {
  for (const instance of ['gate-0', 'gate-1'])
    gates.push(await startGate(cluster.controlPlane, { instance, port, program, environment }));
};

const stopGates = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
  const running = gates;
  gates = [];
  await Promise.all(running.map((each) => each.stop(signal)));
};

beforeAll(async () => {
  port = await reservePort();
  cluster = await startCluster({ nodes: 0, scheduler: false, kwok: false });
  await installChart(cluster.controlPlane, { gate: { enabled: false, url: gateUrl(port) } });
  await startGates();
  await createSample(cluster.controlPlane);
  accepted(await cluster.as('admin').create(policy()));
  await guard(cluster.as('installer'), production, 'enforce');
  const as = async (name: OwnServiceAccount) =>
    cluster.as('installer').withToken(await serviceAccountToken(cluster.controlPlane, name));
  operator = await as('countersign-operator');
  restorer = await as('countersign-restorer');
  gate = await as('countersign-gate');
}, 120_000);

afterAll(async () => {
  for (const client of [operator, restorer, gate]) client?.close();
  await stopGates();
  await cluster?.stop();
  releasePort(port);
});

const configMap = (name: string, namespace = production): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { level: 'info' },
});
const configMapTarget = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: production, name });
let count = 0;
/** A write that the gate is asked about, and that nothing is kept of. */
const attempt = (as = operator): Promise<Answer<KubeObject>> =>
  as.create(configMap(`load-${(count += 1)}`), { dryRun: 'All' });

interface WebhookConfiguration extends KubeObject {
  readonly webhooks: readonly {
    readonly name: string;
    readonly clientConfig: { readonly url: string; readonly caBundle: string };
  }[];
}
const configurationTarget = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  name: 'countersign-gate',
};
const configuration = async (): Promise<WebhookConfiguration> =>
  accepted(await cluster.as('installer').get<WebhookConfiguration>(configurationTarget));
/** Address and authorities under which the API server asks about writes. */
const asked = async (): Promise<{ url: URL; ca: string }> => {
  const { webhooks } = await configuration();
  const { url, caBundle } = webhooks.find(({ name }) => name.startsWith('writes.'))?.clientConfig ?? {
    url: '',
    caBundle: '',
  };
  return { url: new URL(url), ca: Buffer.from(caBundle, 'base64').toString('utf8') };
};

const metric = async (line: string): Promise<number> => {
  const texts = await Promise.all(gates.map(async ({ address }) => (await fetch(`${address}/metrics`)).text()));
  const values = texts.flatMap((text) => text.split('\n').filter((each) => each.startsWith(`${line} `)));
  return values.reduce((sum, each) => sum + Number(each.slice(line.length + 1)), 0);
};

const kubectl = (as: string, object: Manifest) =>
  cluster.controlPlane.kubectl(as, ['create', '-f', '-'], { stdin: JSON.stringify(object) });
const named = (name: string) => ({ metadata: { name } });

describe('what the judge says reaches the caller', () => {
  test('through the API', async () => {
    expect(await operator.create(configMap('allowed'))).toMatchObject({ ok: true });
    expect(refused(await operator.create(configMap('deny-1')))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'admission webhook "writes.gate.countersign.dev" denied the request: ToldTo: you may not. Next: kubectl get nothing',
    });
    expect(refused(await operator.create(configMap('invalid-1')))).toMatchObject({ code: 422, reason: 'Invalid' });
  });

  test('through kubectl, a warning too', async () => {
    expect(await kubectl('tester-a', approval(named('warn-1')))).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('Warning: ToldTo: mind this'),
    });
    expect(await kubectl('tester-a', approval(named('deny-1')))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('"consent.gate.countersign.dev" denied the request: ToldTo: you may not.'),
    });
  });

  test('of every entry', async () => {
    const withdrawn = accepted(await cluster.as('developer-a').create(candidate(named('deny-withdrawal'))));
    const answers = await Promise.all([
      operator.create(configMap('deny-2')),
      restorer.create(configMap('deny-3')),
      cluster.as('tester-a').create(approval(named('deny-4'))),
      cluster.as('owner-a').delete(targetOf(withdrawn)),
      cluster.as('sre-a').create(rollback(named('deny-5'))),
    ]);
    const entries = ['writes', 'restorer', 'consent', 'withdrawals', 'orders'];
    expect(answers.map(said)).toEqual(
      entries.map((entry) => expect.stringContaining(`"${entry}.gate.countersign.dev" denied the request: ToldTo`)),
    );
  });

  test('where a namespace is only observed, by an entry of its own', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'observed' } };
    const labelled = { ...namespace, metadata: { name: 'observed', labels: { 'countersign.dev/guarded': 'audit' } } };
    accepted(await cluster.as('installer').create(labelled));
    const answer = await eventually(
      'asked about',
      () => operator.create(configMap('deny-1', 'observed')),
      ({ ok }) => !ok,
    );
    expect(said(answer)).toContain('"observed.gate.countersign.dev" denied the request');
  });

  test('of a guarded namespace, and of no other', async () => {
    const guarded = (name: string, value: string) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'countersign.dev/guarded': value } },
    });
    const plain = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'deny-plain' } };
    expect(said(await cluster.as('admin').create(guarded('deny-guarded', 'audit')))).toContain(
      '"guarding.gate.countersign.dev" denied the request: ToldTo',
    );
    // A judge that cannot is not waited for here, and is on the way back.
    accepted(await cluster.as('admin').create(guarded('throw-guarded', 'audit')));
    accepted(await cluster.as('admin').create(plain));
    const label = (name: string, body: unknown) =>
      cluster.as('admin').patch({ apiVersion: 'v1', kind: 'Namespace', name }, 'merge', { metadata: { labels: body } });
    expect(said(await label('throw-guarded', { 'countersign.dev/guarded': null }))).toContain(
      '"namespaces.gate.countersign.dev" denied the request: GateFailed',
    );
    expect(await label('deny-plain', { team: 'x' })).toMatchObject({ ok: true });
  });

  test('not about what the control plane, nodes and our own dry-runs do', async () => {
    await cluster.controlPlane.identity({ name: 'system:kube-scheduler' });
    const trial = configMap('anything');
    const asks = 'countersign_gate_reviews_total{entry="writes",outcome="Allowed"}';
    const before = await metric(asks);
    expect(await operator.create(trial, { dryRun: 'All', fieldManager: 'countersign-trial' })).toMatchObject({
      ok: true,
    });
    expect(await metric(asks)).toBe(before);
    expect(await attempt()).toMatchObject({ ok: true });
    expect(await metric(asks)).toBe(before + 1);
  });

  test('the trials by which the operator learns a normal form give nobody a write: not by their name, and not without being a dry run', async () => {
    const trial = { fieldManager: 'countersign-trial' };
    expect(await operator.create(configMap('deny-trial'), { ...trial, dryRun: 'All' })).toMatchObject({ ok: true });
    expect(await cluster.as('installer').get(configMapTarget('deny-trial'))).toMatchObject({ code: 404 });
    expect(said(await operator.create(configMap('deny-trial'), trial))).toContain('gate.countersign.dev" denied');
    expect(said(await operator.create(configMap('deny-trial'), { dryRun: 'All' }))).toContain(
      'writes.gate.countersign.dev" denied',
    );
    expect(said(await restorer.create(configMap('deny-trial'), { ...trial, dryRun: 'All' }))).toContain(
      'restorer.gate.countersign.dev" denied',
    );
  });

  test('nor when what migrates stored objects writes one back', async () => {
    const name = 'system:serviceaccount:kube-system:storage-version-migrator-controller';
    const migrator = cluster.as((await cluster.controlPlane.identity({ name })).kubeconfig);
    await bindRole(cluster.as('installer'), {
      name: 'storage-migrator',
      role: 'edit',
      subject: { kind: 'User', name },
    });
    const stored = accepted(await operator.create(configMap('stored')));
    const asks = 'countersign_gate_reviews_total{entry="writes",outcome="Allowed"}';
    const before = await metric(asks);
    accepted(await migrator.patch(targetOf(stored), 'merge', {}));
    expect(await metric(asks)).toBe(before);
  });
});

describe('a judge that cannot', () => {
  test.each([
    ['throw', 'GateFailed: '],
    ['hang', 'GateTooSlow: '],
  ])('%s: refused, in words', async (how, rule) => {
    const status = refused(await operator.create(configMap(`${how}-1`)));
    expect(status.message).toContain(`denied the request: ${rule}`);
    expect(status.message).toContain('system:serviceaccount:countersign-system:countersign-operator');
    expect(status.message).toContain('Next: ');
  });

  test.each([
    ['throw', 'GateFailed: '],
    ['hang', 'GateTooSlow: '],
  ])(
    '%s: the order of a rollback does not wait for it, and what it writes is refused in words until it is proven',
    async (how, rule) => {
      const [written, ordered] = await Promise.all([
        restorer.create(configMap(`${how}-2`)),
        cluster.as('sre-a').create(rollback(named(`${how}-3`))),
      ]);
      expect(refused(written).message).toContain(`denied the request: ${rule}`);
      expect(ordered).toMatchObject({ ok: true });
    },
  );
});

/** Asks as somebody does who is not the API server; the body is no review, so that who is heard gets 400. */
const body = JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' });
const post = async (path: string, type = 'application/json', method = 'POST'): Promise<number> => {
  const { url, ca } = await asked();
  const agent = new Agent({ ca });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': body.length };
    const outgoing = request({ host: '127.0.0.1', port: url.port, path, method, agent, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
};

describe('T43: callers who are not the API server', () => {
  test('who do not know the path get 404, and those who do are heard as the API server is', async () => {
    const { url } = await asked();
    expect(await post('/admit/writes')).toBe(404);
    expect(await post(url.pathname.replace(/-.*\//, `-${'a'.repeat(64)}/`))).toBe(404);
    expect(await post('/metrics')).toBe(404);
    expect(await post(url.pathname, 'text/plain')).toBe(415);
    expect(await post(url.pathname, 'application/json', 'GET')).toBe(405);
    expect(await post(url.pathname)).toBe(400);
  });

  test('the path is read by those alone who may read webhook configurations or the Secret', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', namespace: systemNamespace, name: 'countersign-gate' };
    const answers = await Promise.all(
      ['developer-a', 'approver-a', 'sre-a', 'auditor-a', 'owner-a'].flatMap((who) => [
        cluster.as(who).get(configurationTarget),
        cluster.as(who).get(secret),
      ]),
    );
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 403));
  });

  test('a flood of silent connections and slow bodies holds no write up', async () => {
    const { url, ca } = await asked();
    const sockets: Socket[] = [];
    const hold = (socket: Socket): void => {
      socket.on('error', () => {});
      socket.resume();
      sockets.push(socket);
    };
    for (let i = 0; i < 600; i += 1) hold(connect(port, '127.0.0.1'));
    for (let i = 0; i < 50; i += 1) {
      const slow = connectTls({ port, host: '127.0.0.1', ca });
      hold(slow);
      slow.write(`POST ${url.pathname} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`);
      slow.write('content-length: 5000\r\n\r\n{');
    }
    const load = startLoad(attempt, 20);
    await eventually(
      'slow bodies are ended',
      () => Promise.resolve(sockets.filter(({ destroyed }) => !destroyed).length),
      (left) => left === 0,
    );
    const { sent, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(50);
  });

  test('an object as large as the API server takes is judged', async () => {
    const large = (name: string) => ({ ...configMap(name), data: { text: 'x'.repeat(1_000_000) } });
    expect(await operator.create(large('large'), { dryRun: 'All' })).toMatchObject({ ok: true });
    expect(said(await operator.create(large('deny-large')))).toContain('denied the request: ToldTo');
  });
});

test('an upgrade of the chart keeps path and certificates, and holds no write up', async () => {
  const before = await configuration();
  const values = { operator: { enabled: false }, gate: { enabled: false, url: gateUrl(port) } };
  const load = startLoad(attempt, 20);
  for (const more of [{}, { flowControl: { shares: 21 } }]) {
    const upgrade = () =>
      cluster.controlPlane.helm('installer', ['upgrade', 'countersign', chartDir, '-n', systemNamespace, '-f', '-'], {
        stdin: JSON.stringify({ ...values, ...more }),
      });
    const first = await upgrade();
    // Where a busy API server has given a call up, the path may be another one between reading and writing it.
    const { code, stderr } = first.stderr.includes('conflict') ? await upgrade() : first;
    expect(code === 0 ? '' : stderr).toBe('');
  }
  expect((await load.stop()).failed).toEqual([]);
  // A call that a busy API server gives up brings a new path; that there is one, and no other part has changed, is what an upgrade must not touch.
  const withoutMoment = ({ webhooks }: WebhookConfiguration) =>
    webhooks.map(({ clientConfig, ...rest }) => ({
      ...rest,
      clientConfig: { ...clientConfig, url: clientConfig.url.replace(/\/admit\/[^/]+\//, '/admit/') },
    }));
  expect(withoutMoment(await configuration())).toEqual(withoutMoment(before));
});

test('what somebody does to the configuration is put right: the path and whom to trust', async () => {
  const before = await configuration();
  const { url } = await asked();
  const swapped = before.webhooks.map((each) => ({
    ...each,
    clientConfig: { ...each.clientConfig, url: `${url.origin}/elsewhere`, caBundle: undefined },
  }));
  accepted(await cluster.as('admin').patch(configurationTarget, 'merge', { webhooks: swapped }));
  const after = await waitFor<WebhookConfiguration>(cluster.as('installer'), configurationTarget, ({ webhooks }) =>
    webhooks.every(({ clientConfig }) => clientConfig.url.includes('/admit/')),
  );
  expect(after.webhooks.map(({ clientConfig }) => clientConfig.caBundle)).toEqual(
    before.webhooks.map(({ clientConfig }) => clientConfig.caBundle),
  );
  expect(await eventually('asked again', attempt, ({ ok }) => ok)).toMatchObject({ ok: true });
});

test('the record takes entries from the gate', async () => {
  expect(await gate.create(ledgerEntry({ spec: { type: 'Admitted' } }), { dryRun: 'All' })).toMatchObject({ ok: true });
});

describe('replicas', () => {
  test('one that ends in good order holds no write up', async () => {
    const load = startLoad(attempt, 10);
    const [first, ...rest] = gates;
    await first?.stop('SIGTERM');
    gates = rest;
    gates.push(await startGate(cluster.controlPlane, { instance: 'gate-0', port, program }));
    const { sent, failed } = await load.stop();
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(50);
  });

  test('one that is killed takes with it what it had in hand, and the other goes on', async () => {
    const load = startLoad(attempt, 10);
    const whenSent = (n: number) =>
      eventually(
        'sent',
        () => Promise.resolve(load.sent()),
        (sent) => sent >= n,
      );
    await whenSent(50);
    const killedAt = Date.now();
    const [first, ...rest] = gates;
    await first?.stop('SIGKILL');
    gates = rest;
    await whenSent(load.sent() + 150);
    const { failed } = await load.stop();
    expect(failed.filter((each) => !each.said.includes('failed calling webhook'))).toEqual([]);
    expect(failed.filter(({ at }) => at > killedAt + 500)).toEqual([]);
    gates.push(await startGate(cluster.controlPlane, { instance: 'gate-0', port, program }));
  });
});

describe('with no gate up', () => {
  beforeAll(() => stopGates());
  afterAll(() => startGates(), 60_000);

  test('production does not change', async () => {
    const answers = await Promise.all([
      attempt(),
      attempt(cluster.as('installer')),
      cluster.as('tester-a').create(approval()),
      cluster.as('admin').patch({ apiVersion: 'v1', kind: 'Namespace', name: production }, 'merge', {
        metadata: { labels: { 'countersign.dev/guarded': null } },
      }),
    ]);
    expect(answers.map(({ ok }) => ok)).toEqual([false, false, false, false]);
    expect(said(await attempt())).toContain('failed calling webhook "writes.gate.countersign.dev"');
  });

  test('rollbacks go on, and can be ordered', async () => {
    expect(await restorer.create(configMap('restored'))).toMatchObject({ ok: true });
    expect(await cluster.as('sre-a').create(rollback())).toMatchObject({ ok: true });
  });

  test('other namespaces go on, those that are only observed too', async () => {
    const answers = await Promise.all([
      cluster.as('installer').create(configMap('other', staging)),
      cluster.as('installer').create(configMap('other', 'observed')),
      cluster.as('developer-a').create(candidate()),
    ]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
  });

  test('controllers go on', async () => {
    // Its controller makes the ConfigMap again, and the ServiceAccount.
    const cert = { apiVersion: 'v1', kind: 'ConfigMap', namespace: production, name: 'kube-root-ca.crt' };
    const { metadata } = accepted(await cluster.as('installer').get(cert));
    accepted(await restorer.delete(cert));
    const again = await waitFor(cluster.as('installer'), cert, (object) => object.metadata.uid !== metadata.uid);
    expect(again.metadata.uid).toBeDefined();
  });
});

test('T43: the path that a failed call tells is worth nothing any more once a gate is up again', async () => {
  await stopGates();
  const told = /"(https:[^"]*)\?/.exec(said(await attempt()))?.[1] ?? '';
  await startGates();
  const { url } = await asked();
  expect(new URL(told).origin).toBe(url.origin);
  expect(new URL(told).pathname).not.toBe(url.pathname);
  expect(await post(url.pathname)).toBe(400);
  // New connections each time, so that both replicas are asked.
  const codes = await eventually(
    'turned away by both',
    () => Promise.all(Array.from({ length: 12 }, () => post(new URL(told).pathname))),
    (seen) => seen.every((code) => code === 404),
  );
  expect(codes).toHaveLength(12);
});

describe('certificates', () => {
  test(
    `are replaced ${rotations} times under load without a restart, and no write fails`,
    async () => {
      await stopGates('SIGTERM');
      await startGates({
        COUNTERSIGN_GATE_CERTIFICATE_LIFETIME: '1m',
        COUNTERSIGN_GATE_CERTIFICATE_RENEW_AFTER: '1s',
        COUNTERSIGN_GATE_CERTIFICATE_OVERLAP: '1s',
      });
      const pids = gates.map(({ mark }) => mark.pid);
      const authorities = new Set<string>();
      const load = startLoad(attempt, 20);
      await waitFor<WebhookConfiguration>(
        cluster.as('installer'),
        configurationTarget,
        ({ webhooks }) => {
          for (const { clientConfig } of webhooks) {
            const text = Buffer.from(clientConfig.caBundle, 'base64').toString('utf8');
            for (const each of text.split(/(?<=-----END CERTIFICATE-----\n)/)) authorities.add(each);
          }
          // The one that there was, one for each rotation, and the next.
          return authorities.size >= rotations + 2;
        },
        rotations * 10_000,
      );
      const { sent, failed } = await load.stop();
      expect(failed).toEqual([]);
      expect(sent).toBeGreaterThan(rotations * 20);
      expect(gates.map(({ mark, isRunning }) => [mark.pid, isRunning()])).toEqual(pids.map((pid) => [pid, true]));
    },
    rotations * 12_000 + 60_000,
  );

  test('a Secret that was emptied is filled anew, under a new path', async () => {
    const before = await asked();
    const secret = { apiVersion: 'v1', kind: 'Secret', namespace: systemNamespace, name: 'countersign-gate' };
    accepted(await cluster.as('admin').patch(secret, 'merge', { data: null }));
    await waitFor<WebhookConfiguration>(
      cluster.as('installer'),
      configurationTarget,
      ({ webhooks }) => !webhooks.some(({ clientConfig }) => clientConfig.url === before.url.href),
    );
    expect(await eventually('asked again', attempt, ({ ok }) => ok)).toMatchObject({ ok: true });
  });

  test('nothing secret is in the log', async () => {
    const { url } = await asked();
    const token = url.pathname.split('/')[2] ?? '';
    const logs = await Promise.all(gates.map(({ logFile }) => readFile(logFile, 'utf8')));
    expect(token).toMatch(/^\d{13}-[0-9a-f]{64}$/);
    for (const log of logs) {
      expect(log).toContain('webhook configuration written');
      expect(log).not.toContain(token);
      expect(log).not.toMatch(/PRIVATE KEY|BEGIN CERTIFICATE/);
    }
  });
});

test('the rights that the house needs are the rights it has', async () => {
  const events = (await cluster.controlPlane.auditEvents()).filter(
    ({ user, userAgent, objectRef }) =>
      user.username === `system:serviceaccount:${systemNamespace}:countersign-gate` &&
      userAgent?.startsWith('countersign-gate/') === true &&
      objectRef?.resource !== undefined,
  );
  const of = (refusedToo: boolean) =>
    [
      ...new Set(
        events
          .filter(({ responseStatus }) => (responseStatus?.code === 403) === refusedToo)
          .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource ?? ''}`),
      ),
    ].toSorted();
  expect(of(true)).toEqual([]);
  // `list` is granted for API servers that refuse streaming lists.
  expect(of(false)).toEqual([
    'get secrets', // the key of digests
    'update secrets',
    'update validatingwebhookconfigurations',
    'watch clusterreleasepolicies',
    'watch clusterrolebindings',
    'watch clusterroles',
    'watch customresourcedefinitions',
    'watch emergencyaccesses',
    'watch evidence',
    'watch ledgerentries',
    'watch mutatingadmissionpolicies',
    'watch mutatingadmissionpolicybindings',
    'watch namespaces',
    'watch releasebundles',
    'watch releasepolicies',
    'watch secrets',
    'watch validatingadmissionpolicies',
    'watch validatingadmissionpolicybindings',
    'watch validatingwebhookconfigurations',
  ]);
});
