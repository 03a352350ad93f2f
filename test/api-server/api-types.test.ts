/** The fields and merge keys that we know are those of the API server. To accept what it serves now: `UPDATE_GOLDEN=1` and the same command. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '../../hack/controlplane/controlplane.ts';
import { apiTypesText, documentPath, openApiDocument, typedKinds } from '../../hack/generate/api-types.ts';
import { builtInType } from '../../operator/decide/schema/field-type.ts';

const file = join(import.meta.dirname, '../../operator/decide/schema/api-types.ts');

let controlPlane: ControlPlane;

beforeAll(async () => {
  controlPlane = await startControlPlane({ nodes: 0, kcm: false, scheduler: false, kwok: false, auditLog: false });
}, 120_000);

afterAll(() => controlPlane.stop());

test('the fields and merge keys that patches go by are those of the API server', async () => {
  const versions = [...new Set(typedKinds.map(({ apiVersion }) => apiVersion))].toSorted();
  const admin = controlPlane.client('admin');
  const answers = await Promise.all(versions.map((each) => admin.raw({ method: 'GET', path: documentPath(each) })));
  // A kind that is not built in has no document here.
  const documents = answers
    .filter(({ code }) => code === 200)
    .map(({ text }) => openApiDocument.parse(JSON.parse(text)));
  const text = apiTypesText(documents);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text);
  expect(readFileSync(file, 'utf8')).toBe(text);
  expect(builtInType('apps/v1', 'Deployment')).toMatchObject({ is: 'Object', name: 'Deployment' });
});
