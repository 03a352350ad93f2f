/** The CRDs on a real API server: it takes them, it enforces every rule in them, and it can explain every field. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { accepted, refused, type ApiClient } from '../../hack/controlplane/client.ts';
import { startControlPlane, type ControlPlane } from '../../hack/controlplane/controlplane.ts';
import { waitForAll } from '../../hack/controlplane/wait.ts';
import { rulesOf, structural } from '../../hack/generate/structural.ts';
import { parseApproval } from '../../operator/api/approval.ts';
import { parseReleaseBundle } from '../../operator/api/bundle.ts';
import { parseReleaseCandidate } from '../../operator/api/candidate.ts';
import { definitions } from '../../operator/api/definitions.ts';
import { isNamespaced, apiVersion, group, kinds, version, type Kind } from '../../operator/api/kinds.ts';
import { parseEvidence } from '../../operator/api/evidence.ts';
import { parseEmergencyAccess } from '../../operator/api/emergency.ts';
import { parseLedgerEntry } from '../../operator/api/ledger.ts';
import type { Parsed } from '../../operator/api/parse.ts';
import { parseClusterReleasePolicy } from '../../operator/api/cluster-policy.ts';
import { parseReleasePolicy } from '../../operator/api/policy.ts';
import { parsePolicyChange } from '../../operator/api/policy-change.ts';
import { parsePolicyException } from '../../operator/api/exception.ts';
import { parseRollback } from '../../operator/api/rollback.ts';
import { manifest, namespace, type Change, type Manifest, type RuleRow } from './crds/manifests.ts';
import { boundRows, frozenRows, ruleRows } from './crds/rows.ts';

const folder = join(import.meta.dirname, '../../crds');

const crd = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** Where objects stay; everything else is a dry run. */
const keptIn = 'kept';

let controlPlane: ControlPlane;
let client: ApiClient;

beforeAll(async () => {
  controlPlane = await startControlPlane({ nodes: 0, kcm: false, scheduler: false, kwok: false, auditLog: false });
  client = controlPlane.client('admin');
  accepted(await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: keptIn } }));
  const crds = readdirSync(folder).map((file) => crd.parse(parse(readFileSync(join(folder, file), 'utf8'))));
  await Promise.all(crds.map(async (each) => accepted(await client.create(each))));
  await Promise.all(definitions.map(({ kind }) => waitForAll(client, { apiVersion, kind, namespace }, () => true)));
}, 120_000);

afterAll(() => controlPlane.stop());

const tryOut = (object: Manifest) => client.create<Manifest>(object, { dryRun: 'All', fieldValidation: 'Strict' });

/** Creates it for good, where nothing tried out stands in its way. */
const keep = async (object: Manifest): Promise<Manifest> =>
  accepted(await client.create<Manifest>({ ...object, metadata: { ...object.metadata, namespace: keptIn } }));

const labelled = (object: Manifest): Manifest => ({
  ...object,
  metadata: { ...object.metadata, labels: { seen: 'yes' } },
});

const overlay = (spec: object) => [{ kind: 'Deployment', name: 'api', patch: { spec } }];

describe('rules', () => {
  const rules = definitions.flatMap((definition) =>
    [...definition.rules.map((rule) => ({ path: '', ...rule })), ...rulesOf(structural(definition.schema), '')].map(
      (rule) => ({
        kind: definition.kind,
        ...rule,
      }),
    ),
  );
  const ruleOf = (row: { kind: Kind; at: string; says?: string }) => {
    const found = rules.filter(
      ({ kind, path, message }) => kind === row.kind && path === row.at && message.includes(row.says ?? ''),
    );
    const [rule] = found;
    if (rule === undefined || found.length > 1) throw new Error(`${found.length} rules match ${JSON.stringify(row)}`);
    return rule;
  };

  /** A template has the fields of a policy, with their rules: what breaks them there breaks them here. */
  const templateRows = ruleRows.flatMap((row): RuleRow[] => {
    if (row.kind !== 'ReleasePolicy') return [];
    const { path, message } = ruleOf(row);
    const isShared = rules.some(
      (each) => each.kind === 'ClusterReleasePolicy' && each.path === path && each.message === message,
    );
    // What goes with gitOpsWriters in a policy a template does not have.
    const without = (change: Change): Change => ({ ...change, spec: { ...change.spec, deliveredBy: undefined } });
    return isShared ? [{ ...row, kind: 'ClusterReleasePolicy', bad: without(row.bad), twin: without(row.twin) }] : [];
  });
  const allRows = [...ruleRows, ...templateRows];

  test.each(allRows)('$kind $at $says refuses $bad', async (row) => {
    const status = refused(await tryOut(manifest(row.kind, row.bad)));
    expect(status.code).toBe(422);
    expect(status.message).toContain(ruleOf(row).message);
  });

  test.each(allRows)('$kind $at $says takes $twin', async (row) => {
    expect(accepted(await tryOut(manifest(row.kind, row.twin))).metadata.uid).toBeDefined();
  });

  test.each(frozenRows)('the spec of a $kind never changes', async ({ kind, change }) => {
    const made = await keep(manifest(kind));
    const status = refused(await client.replace({ ...made, spec: { ...made.spec, ...change } }));
    expect(status.code).toBe(422);
    expect(status.message).toContain(ruleOf({ kind, at: 'spec', says: 'cannot be changed' }).message);
    expect(accepted(await client.replace(labelled(made))).metadata.labels).toEqual({ seen: 'yes' });
  });

  test('the spec of an EmergencyAccess changes in one thing: it is revoked, once and for all', async () => {
    const made = await keep(manifest('EmergencyAccess', { name: 'revoked' }));
    const revoked = accepted(await client.replace({ ...made, spec: { ...made.spec, revoked: true } }));
    const status = refused(await client.replace({ ...revoked, spec: { ...revoked.spec, revoked: false } }));
    expect(status.code).toBe(422);
    expect(status.message).toContain('cannot be changed after creation, except revoked: true');
  });

  test.each([
    ['a value', { replicas: 7 }],
    ['a name', { replica: 6 }],
    ['one field more', { replicas: 6, paused: true }],
    ['no field', {}],
  ])('an overlay never changes, although the API server knows none of its fields: %s', async (what, changed) => {
    const name = `overlay-${what.replaceAll(' ', '-')}`;
    const made = await keep(manifest('ReleaseCandidate', { name, spec: { overlay: overlay({ replicas: 6 }) } }));
    const status = refused(await client.replace({ ...made, spec: { ...made.spec, overlay: overlay(changed) } }));
    expect(status.message).toContain('create a new candidate');
  });

  test('each rule has a row', () => {
    const tried = new Set([
      ...allRows.map(ruleOf),
      ...frozenRows.map(({ kind }) => ruleOf({ kind, at: 'spec', says: 'cannot be changed' })),
    ]);
    expect(rules.filter((rule) => !tried.has(rule))).toEqual([]);
  });
});

describe('bounds', () => {
  test.each(boundRows)('$kind $field refuses $bad', async ({ kind, field, bad }) => {
    const status = refused(await tryOut(manifest(kind, bad)));
    expect(status.code).toBe(422);
    expect(status.message).toContain(`${field}: `);
  });

  test.each(boundRows)('$kind $field takes $twin', async ({ kind, twin }) => {
    expect(accepted(await tryOut(manifest(kind, twin))).metadata.uid).toBeDefined();
  });

  test('a bundle of a megabyte is taken', async () => {
    const content = JSON.stringify({ data: { text: 'x'.repeat(1_000_000) } });
    const object = { apiVersion: 'v1', kind: 'ConfigMap', name: 'big', digest: `sha256:${'2b'.repeat(32)}`, content };
    const made = await keep(manifest('ReleaseBundle', { name: 'big', spec: { objects: [object] } }));
    expect(accepted(await client.replace(labelled(made))).metadata.labels).toEqual({ seen: 'yes' });
  });

  test('a candidate of 500 components is taken', async () => {
    const components = Array.from({ length: 500 }, (_, index) => ({ kind: 'ConfigMap', name: `config-${index}` }));
    const made = await keep(manifest('ReleaseCandidate', { name: 'wide', spec: { components } }));
    expect(accepted(await client.replace(labelled(made))).metadata.labels).toEqual({ seen: 'yes' });
  });
});

describe('what comes back', () => {
  const table = z.object({ columnDefinitions: z.array(z.object({ name: z.string() })) });
  const parsers: Record<Kind, (input: unknown) => Parsed<{ spec: unknown }>> = {
    ReleasePolicy: parseReleasePolicy,
    ClusterReleasePolicy: parseClusterReleasePolicy,
    ReleaseCandidate: parseReleaseCandidate,
    ReleaseBundle: parseReleaseBundle,
    Approval: parseApproval,
    Evidence: parseEvidence,
    Rollback: parseRollback,
    EmergencyAccess: parseEmergencyAccess,
    PolicyException: parsePolicyException,
    PolicyChange: parsePolicyChange,
    LedgerEntry: parseLedgerEntry,
  };

  test.each(Object.values(kinds))('$kind: the API server and zod fill in the same defaults', async ({ kind }) => {
    const sent = manifest(kind);
    const tried = accepted(await tryOut(sent));
    // A dry run gives none.
    const answer = { ...tried, metadata: { ...tried.metadata, resourceVersion: '1' } };
    const ours = parsers[kind]({ ...answer, spec: sent.spec });
    expect(ours).toMatchObject({ ok: true, value: { spec: answer.spec } });
    expect(parsers[kind](answer)).toEqual(ours);
  });

  test.each(definitions)('$kind lists its columns', async ({ kind, columns }) => {
    const answer = await client.raw({
      method: 'GET',
      path: `/apis/${apiVersion}/${isNamespaced(kind) ? `namespaces/${namespace}/` : ''}${kinds[kind].plural}`,
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    const { columnDefinitions } = table.parse(JSON.parse(answer.text));
    expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', ...columns.map(({ name }) => name)]);
  });

  const selectable = definitions.flatMap(({ kind, selectableFields }) =>
    selectableFields.map((path) => ({ kind, field: path.slice(1) })),
  );
  test.each(selectable)('$kind is selected by $field', async ({ kind, field }) => {
    const { items } = accepted(
      await client.list({ apiVersion, kind, namespace }, { fieldSelector: `${field}=nothing` }),
    );
    expect(items).toEqual([]);
  });
});

describe('kubectl explain', () => {
  interface Explained {
    description?: string | undefined;
    properties?: Record<string, Explained> | undefined;
    items?: Explained | undefined;
  }
  const explained: z.ZodType<Explained> = z.object({
    description: z.string().optional(),
    properties: z
      .record(
        z.string(),
        z.lazy(() => explained),
      )
      .optional(),
    items: z.lazy(() => explained).optional(),
  });
  const published = z.object({ components: z.object({ schemas: z.record(z.string(), explained) }) });
  const unexplained = (node: Explained, path: string): string[] =>
    Object.entries(node.properties ?? {})
      .filter(([name]) => name !== 'metadata')
      .flatMap(([name, property]) => [
        ...((property.description ?? '') === '' ? [`${path}.${name}`] : []),
        ...unexplained(property, `${path}.${name}`),
        ...(property.items === undefined ? [] : unexplained(property.items, `${path}.${name}[]`)),
      ]);

  test('every field has a description in what the API server publishes', async () => {
    const answer = await client.raw({ method: 'GET', path: `/openapi/v3/apis/${group}/${version}` });
    const { components } = published.parse(JSON.parse(answer.text));
    const ours = Object.entries(components.schemas).filter(([name]) =>
      definitions.some(({ kind }) => name.endsWith(`.${version}.${kind}`)),
    );
    expect(ours).toHaveLength(definitions.length);
    expect(ours.flatMap(([name, schema]) => unexplained(schema, name))).toEqual([]);
  });

  test.each(definitions)('$kind', async ({ kind, description }) => {
    const { code, stdout } = await controlPlane.kubectl('admin', ['explain', kinds[kind].plural, '--recursive']);
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(description);
    expect(stdout).not.toContain('<no description>');
  });
});
