/** Definitions of custom resources as their projects publish them, by the Go module proxy. */
import { readdir, readFile } from 'node:fs/promises';
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
  gatewayApiExperimental: { module: 'sigs.k8s.io/gateway-api@v1.4.0', folder: 'config/crd/experimental' },
  certManager: { module: 'github.com/cert-manager/cert-manager@v1.19.1', folder: 'deploy/crds' },
  keda: { module: 'github.com/kedacore/keda/v2@v2.18.1', folder: 'config/crd/bases' },
  externalSecrets: { module: 'github.com/external-secrets/external-secrets@v0.16.2', folder: 'config/crds/bases' },
  sealedSecrets: { module: 'github.com/bitnami-labs/sealed-secrets@v0.32.2', folder: 'helm/sealed-secrets/crds' },
  prometheusOperator: {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    folder: 'example/prometheus-operator-crd',
  },
  argoRollouts: { module: 'github.com/argoproj/argo-rollouts@v1.8.3', folder: 'manifests/crds' },
  istio: { module: 'istio.io/api@v1.32.0', folder: 'kubernetes' },
} as const;

type Project = (typeof published)[keyof typeof published];

/** The folder of a project's module, as the proxy has it. @throws Error where the module is not there */
export const moduleOf = async ({ module }: Pick<Project, 'module'>): Promise<string> => {
  const { code, stdout, stderr } = await run('go', ['mod', 'download', '-json', module]);
  if (code !== 0) throw new Error(`go mod download ${module}: ${stdout}${stderr}`);
  return downloaded.parse(JSON.parse(stdout)).Dir;
};

const folderOf = async (project: Project): Promise<string> => join(await moduleOf(project), project.folder);

const definitionsOf = async (path: string): Promise<readonly Manifest[]> =>
  parseAllDocuments(await readFile(path, 'utf8')).flatMap((document) => {
    const found: unknown = document.toJS();
    return isManifest(found) && found.kind === 'CustomResourceDefinition' ? [found] : [];
  });

/** The definitions in one file of a project. @throws Error where the module or the file is not there */
export const definitionsIn = async (project: Project, file: string): Promise<readonly Manifest[]> =>
  definitionsOf(join(await folderOf(project), file));

/** All definitions of a project. @throws Error where the module is not there */
export const allDefinitions = async (project: Project): Promise<readonly Manifest[]> => {
  const folder = await folderOf(project);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
  return (await Promise.all(files.map((file) => definitionsOf(join(folder, file))))).flat();
};

const served = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ plural: z.string() }),
    versions: z.array(z.object({ name: z.string(), served: z.boolean() })),
  }),
});

/** Has the API server serve them, and waits until it does. One that is there stays as it is. @throws Error after a minute */
export const define = async (installer: ApiClient, definitions: readonly Manifest[]): Promise<void> => {
  for (const definition of definitions) {
    const answer = await installer.create(definition);
    if (answer.code !== 409) accepted(answer);
  }
  const deadline = Date.now() + 60_000;
  for (const definition of definitions) {
    const { group, names, versions } = served.parse(definition).spec;
    for (const version of versions.filter((each) => each.served)) {
      const path = `/apis/${group}/${version.name}/${names.plural}`;
      while ((await installer.raw({ method: 'GET', path })).code !== 200) {
        if (Date.now() > deadline) throw new Error(`${path} is not served within a minute`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
};
