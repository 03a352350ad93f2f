/** What the chart renders, against files that are read in review. To accept a change: `UPDATE_GOLDEN=1` and the same command. */
import { describe, expect, test } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

import { builtBinaries } from '../../hack/controlplane/binaries.ts';
import { chartDir, systemNamespace } from '../../hack/controlplane/chart.ts';
import { tools, type RunResult } from '../../hack/controlplane/tools.ts';
import { entries, entryOf } from '../../operator/api/webhooks.ts';
import { promotableKinds } from '../../operator/decide/manifest/kinds/index.ts';

const webhookConfiguration = z.object({
  webhooks: z.array(z.object({ name: z.string(), failurePolicy: z.string() })),
});
const manifest = z.looseObject({ kind: z.string(), spec: z.unknown().optional() });
const promotable = z.array(z.object({ group: z.string(), resources: z.array(z.string()) }));

const goldenDir = join(import.meta.dirname, 'chart');
const fullValues = join(goldenDir, 'full.values.yaml');

async function helm(args: readonly string[], stdin = ''): Promise<RunResult> {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-helm-'));
  try {
    return await tools(builtBinaries(), dir).helm('/dev/null', args, { stdin });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

async function render(...args: string[]): Promise<string> {
  const fixed = ['template', 'countersign', chartDir, '-n', systemNamespace, '--kube-version', '1.36.3'];
  const { code, stdout, stderr } = await helm([...fixed, ...args]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

const isDefinition = (document: string): boolean => document.includes('\nkind: CustomResourceDefinition\n');
const documents = (rendered: string): string[] =>
  rendered.split(/^---\n/m).filter((document) => document.trim() !== '');

const kindsOf = (rendered: string): string[] =>
  documents(rendered).map((document) => manifest.parse(parse(document)).kind);

/** The golden file; with UPDATE_GOLDEN=1 it is written first. */
function golden(name: string, rendered: string): string {
  const path = join(goldenDir, name);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, rendered);
  return readFileSync(path, 'utf8');
}

describe('helm template', () => {
  test('with the default values', async () => {
    const rendered = documents(await render())
      .filter((document) => !isDefinition(document))
      .join('---\n');
    expect(rendered).toBe(golden('default.golden', rendered));
  });

  test('with every value other than its default', async () => {
    const rendered = await render('-f', fullValues);
    expect(rendered).toBe(golden('full.golden', rendered));
  });

  test('without the operator renders what it renders with it, but its Deployment and what belongs to it', async () => {
    const without = kindsOf(await render('--set', 'operator.enabled=false'));
    const operators = ['Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service'];
    expect(kindsOf(await render()).toSorted()).toEqual([...without, ...operators].toSorted());
  });

  test('without a gate renders no webhook, with one outside the cluster nothing but that', async () => {
    const off = kindsOf(await render('--set', 'gate.enabled=false'));
    const outside = kindsOf(await render('--set', 'gate.enabled=false,gate.url=https://127.0.0.1:8443'));
    const webhook = 'ValidatingWebhookConfiguration';
    const gates = ['Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service'];
    expect(off).not.toContain(webhook);
    expect(outside.toSorted()).toEqual([...off, webhook].toSorted());
    expect(kindsOf(await render()).toSorted()).toEqual([...outside, ...gates].toSorted());
  });

  test('fails closed exactly where the gate itself refuses when it cannot judge', async () => {
    const rendered = documents(await render()).map((document): unknown => parse(document));
    const { webhooks } = webhookConfiguration.parse(
      rendered.find((each) => manifest.parse(each).kind === 'ValidatingWebhookConfiguration'),
    );
    const policies = webhooks.map(({ name, failurePolicy }) => [entryOf(name), failurePolicy]);
    const answers = { Refuse: 'Fail', Fail: 'Ignore', RefuseUnlessDead: 'Ignore' } as const;
    expect(Object.fromEntries(policies)).toEqual(
      Object.fromEntries(Object.entries(entries).map(([entry, answer]) => [entry, answers[answer]])),
    );
  });

  test('leaves path and trusted certificates to the gate: an upgrade must not reset them', async () => {
    const configuration = documents(await render()).find((document) => document.includes('WebhookConfiguration'));
    expect(configuration).not.toMatch(/caBundle|path:/);
  });

  test('renders the generated definitions as they are', async () => {
    const crds = join(chartDir, '..', '..', 'crds');
    const generated = readdirSync(crds).map((file) => manifest.parse(parse(readFileSync(join(crds, file), 'utf8'))));
    const rendered = documents(await render())
      .filter(isDefinition)
      .map((document): unknown => parse(document));
    expect(rendered).toHaveLength(generated.length);
    expect(rendered).toEqual(expect.arrayContaining(generated.map(({ spec }) => expect.objectContaining({ spec }))));
    for (const crd of rendered)
      expect(crd).toMatchObject({ metadata: { annotations: { 'helm.sh/resource-policy': 'keep' } } });
  });

  test('twice renders the same', async () => {
    expect(await render()).toBe(await render());
  });
});

describe('helm lint --strict', () => {
  test.each([
    ['the default values', []],
    ['every value', ['-f', fullValues]],
  ])('with %s', async (_, args) => {
    const { code, stdout } = await helm(['lint', '--strict', '--kube-version', '1.36.3', chartDir, ...args]);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/WARNING|ERROR/) });
  });
});

const widget = (more: Readonly<Record<string, unknown>> = {}) => ({
  group: 'kinds.example',
  kind: 'Widget',
  resource: 'widgets',
  versions: ['v1'],
  ...more,
});

describe('values.schema.json refuses', () => {
  test.each([
    ['a value that there is not', { operator: { replica: 3 } }, 'replica'],
    ['a value that emergencies do not have', { emergency: { enabled: true } }, 'emergency'],
    ['no role for emergencies', { emergency: { clusterRoles: [] } }, 'clusterRoles'],
    ['an address of the gate without TLS', { gate: { url: 'http://127.0.0.1:8443' } }, 'url'],
    ['an address of the gate with a path', { gate: { url: 'https://127.0.0.1:8443/admit' } }, 'url'],
    ['another maker of certificates', { gate: { certificates: 'None' } }, 'certificates'],
    ['a controller that is a person', { controlPlane: { controllers: ['developer-a'] } }, 'controllers'],
    ['a kind without its group', { kinds: [{ kind: 'Widget', resource: 'widgets', versions: ['v1'] }] }, 'group'],
    ['a kind of a core group', { kinds: [widget({ group: 'apps' })] }, 'group'],
    ['a kind in a wave that there is not', { kinds: [widget({ wave: 'Jobs' })] }, 'wave'],
    ['a field that is none', { kinds: [widget({ secrets: ['$.spec'] })] }, 'secrets'],
    ['health that never holds', { kinds: [widget({ health: { failed: 'true' } })] }, 'current'],
    ['a word that rows do not have', { kinds: [widget({ shape: {} })] }, 'shape'],
    [
      'a kind that is built in',
      { kinds: [widget({ group: 'keda.sh', resource: 'scaledobjects' })] },
      'scaledobjects.keda.sh is built in',
    ],
    [
      'a kind twice',
      { kinds: [widget(), widget({ kind: 'Gadget' })] },
      'widgets.kinds.example is built in, or listed twice',
    ],
    ['no replicas', { operator: { replicas: 0 } }, 'replicas'],
    ['a log level that there is not', { operator: { logLevel: 'loud' } }, 'logLevel'],
    ['a digest that is none', { operator: { image: { digest: 'latest' } } }, 'digest'],
    [
      'a namespace controller that is a person',
      { controlPlane: { namespaceControllers: ['developer-a'] } },
      'namespaceControllers',
    ],
    ['a writer who is not recorded and is a person', { controlPlane: { controllers: ['approver-a'] } }, 'controllers'],
    ['no namespace controller', { controlPlane: { namespaceControllers: [] } }, 'namespaceControllers'],
  ])('%s', async (_, values, named) => {
    const { code, stderr } = await helm(['template', chartDir, '-f', '-'], JSON.stringify(values));
    expect(code).not.toBe(0);
    expect(stderr).toContain(named);
  });
});

test('files/promotable.yaml has the kinds that a release may contain', () => {
  const file = promotable.parse(parse(readFileSync(join(chartDir, 'files', 'promotable.yaml'), 'utf8')));
  const inChart = file.flatMap(({ group, resources }) => resources.map((resource) => `${group}/${resource}`));
  const inApi = promotableKinds.map(
    ({ apiVersion, plural }) => `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${plural}`,
  );
  expect(inChart.toSorted()).toEqual(inApi.toSorted());
});
