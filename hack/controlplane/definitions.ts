/** Definitions of custom resources as their projects publish them, by the Go module proxy. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { isManifest } from '../../operator/kube/resource.ts';
import { accepted, type ApiClient } from './client.ts';
import type { Manifest } from './objects.ts';
import { run } from './tools.ts';

const downloaded = z.object({ Dir: z.string() });

/** Modules and where their definitions lie; a version is a promise of the proxy's checksum database. */
export const published = {
  gatewayApi: { module: 'sigs.k8s.io/gateway-api@v1.4.0', folder: 'config/crd/standard' },
  certManager: { module: 'github.com/cert-manager/cert-manager@v1.19.1', folder: 'deploy/crds' },
  keda: { module: 'github.com/kedacore/keda/v2@v2.18.1', folder: 'config/crd/bases' },
} as const;

/** The definitions in one file of a project. @throws Error where the module or the file is not there */
export const definitionsIn = async (
  { module, folder }: (typeof published)[keyof typeof published],
  file: string,
): Promise<readonly Manifest[]> => {
  const { code, stdout, stderr } = await run('go', ['mod', 'download', '-json', module]);
  if (code !== 0) throw new Error(`go mod download ${module}: ${stdout}${stderr}`);
  const { Dir } = downloaded.parse(JSON.parse(stdout));
  const documents = parseAllDocuments(await readFile(join(Dir, folder, file), 'utf8'));
  return documents.flatMap((document) => {
    const found: unknown = document.toJS();
    return isManifest(found) ? [found] : [];
  });
};

/** Has the API server serve them. */
export const define = async (installer: ApiClient, definitions: readonly Manifest[]): Promise<void> => {
  for (const definition of definitions) accepted(await installer.create(definition));
};
