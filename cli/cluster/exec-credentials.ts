/** Credentials from a program that the kubeconfig names (client.authentication.k8s.io), run as kubectl runs it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRecord } from '../../operator/kube/resource.ts';
import { Problem } from '../exit.ts';
import { pathIn, textIn, type Entry } from './kubeconfig.ts';

export interface ExecCredential {
  readonly token: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

const base64 = (path: string): string => readFileSync(path).toString('base64');

/** What the program is told of the cluster, where the kubeconfig wants it told (provideClusterInfo). */
const clusterInfo = (cluster: Entry): Readonly<Record<string, unknown>> => {
  const { fields } = cluster;
  const file = pathIn(cluster, 'certificate-authority');
  const data = textIn(fields, 'certificate-authority-data') ?? (file === undefined ? undefined : base64(file));
  return {
    server: fields['server'],
    ...(data === undefined ? {} : { 'certificate-authority-data': data }),
    ...(fields['tls-server-name'] === undefined ? {} : { 'tls-server-name': fields['tls-server-name'] }),
    ...(fields['insecure-skip-tls-verify'] === true ? { 'insecure-skip-tls-verify': true } : {}),
    ...(fields['proxy-url'] === undefined ? {} : { 'proxy-url': fields['proxy-url'] }),
  };
};

const environmentOf = (exec: Readonly<Record<string, unknown>>, info: string): NodeJS.ProcessEnv => {
  const env: NodeJS.ProcessEnv = { ...process.env };
  const listed: readonly unknown[] = Array.isArray(exec['env']) ? exec['env'] : [];
  for (const each of listed) if (isRecord(each)) env[String(each['name'])] = String(each['value']);
  return { ...env, KUBERNETES_EXEC_INFO: info };
};

/** Its standard error is the person's, and its standard input too where there is one: it may ask for a password, or show a code. */
const outputOf = (command: string, args: readonly string[], env: NodeJS.ProcessEnv, stdin: 'inherit' | 'ignore') =>
  new Promise<string>((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: [stdin, 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`exit code ${code ?? 'none'}`))));
  });

/** @throws Problem when the program is not there, fails or says no credential */
export const execCredential = async (
  { fields, dir }: Entry,
  cluster: Entry,
  interactive: boolean,
): Promise<ExecCredential> => {
  const named = textIn(fields, 'command') ?? '';
  // A path with a slash starts from the file, a bare name is looked up in PATH.
  const command = named.includes('/') && !named.startsWith('/') ? join(dir, named) : named;
  const args = Array.isArray(fields['args']) ? fields['args'].map(String) : [];
  const mode = textIn(fields, 'interactiveMode') ?? 'IfAvailable';
  const isInteractive = interactive && mode !== 'Never';
  if (mode === 'Always' && !interactive) {
    throw new Problem(
      `${named} wants to ask for credentials, and standard input is no terminal`,
      'Run it in a terminal',
    );
  }
  const info = {
    apiVersion: textIn(fields, 'apiVersion') ?? 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    spec: {
      interactive: isInteractive,
      ...(fields['provideClusterInfo'] === true ? { cluster: clusterInfo(cluster) } : {}),
    },
  };
  const hint = textIn(fields, 'installHint');
  try {
    const env = environmentOf(fields, JSON.stringify(info));
    return credentialIn(await outputOf(command, args, env, isInteractive ? 'inherit' : 'ignore'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Problem(
      `The program ${command} of the kubeconfig gives no credential: ${why}`,
      hint ?? `Run it by hand: ${[command, ...args].join(' ')}; it is in ${dirname(join(dir, 'config'))}`,
    );
  }
};

const credentialIn = (text: string): ExecCredential => {
  const answer: unknown = JSON.parse(text);
  const status = isRecord(answer) ? answer['status'] : undefined;
  if (!isRecord(status)) throw new TypeError('it printed no ExecCredential with a status');
  return {
    token: textIn(status, 'token'),
    certificate: textIn(status, 'clientCertificateData'),
    key: textIn(status, 'clientKeyData'),
  };
};
