/** The controller of Argo Rollouts, as its project has it: built from the module that its definition comes from, with that module's own pins. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ensureBuilt, type Report } from './build.ts';
import type { ControlPlane } from './controlplane.ts';
import { moduleOf, published } from './definitions.ts';
import { releasePort, reservePort } from './ports.ts';
import { endProcess, startProcess } from './process.ts';

const [, version = ''] = published.argoRollouts.module.split('@');

/** Its path. Built once, in about as long as the API server takes. @throws Error when it cannot be built */
export const ensureRolloutsController = async (report: Report = () => {}): Promise<string> => {
  const moduleDir = await moduleOf(published.argoRollouts);
  const source = { name: 'rollouts-controller', moduleDir, package: './cmd/rollouts-controller', version };
  return ensureBuilt({ ...source, ldflags: '-s -w' }, { label: source.name, report });
};

/** The rights that its project gives it. */
export const rolloutsControllerRole = async (): Promise<string> =>
  readFile(join(await moduleOf(published.argoRollouts), 'manifests/role/argo-rollouts-clusterrole.yaml'), 'utf8');

export interface RolloutsController {
  readonly logFile: string;
  stop(): Promise<void>;
}

/** Runs it for the whole cluster under the account that the token is of. */
export const startRolloutsController = async (
  cluster: ControlPlane,
  { program, token }: { readonly program: string; readonly token: string },
): Promise<RolloutsController> => {
  const { server, caCertificate } = cluster.client('installer').endpoint;
  const kubeconfig = join(cluster.dir, 'rollouts-controller.kubeconfig');
  const name = 'rollouts-controller';
  const file = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name, cluster: { server, 'certificate-authority-data': Buffer.from(caCertificate).toString('base64') } },
    ],
    users: [{ name, user: { token } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  await writeFile(kubeconfig, stringify(file), { mode: 0o600 });
  const [metrics, health] = [await reservePort(), await reservePort()];
  const logFile = join(cluster.dir, 'rollouts-controller.log');
  const args = [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    `--metricsport=${metrics}`,
    `--healthzPort=${health}`,
  ];
  const mark = startProcess({ program, args, logFile }, 'Owned');
  return {
    logFile,
    async stop() {
      await endProcess(mark, 'SIGTERM');
      for (const port of [metrics, health]) releasePort(port);
    },
  };
};
