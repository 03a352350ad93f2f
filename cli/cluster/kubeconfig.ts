/** Which cluster, as whom: kubeconfig files as kubectl reads them (several files, the first to say something is believed), or the pod's own ServiceAccount. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { isRecord } from '../../operator/kube/resource.ts';
import { Problem } from '../exit.ts';

/** An entry of a kubeconfig, with the folder that its relative paths start from. */
export interface Entry {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly dir: string;
}

/** The cluster, user and namespace that the command uses. */
export interface Access {
  readonly context: string;
  /** Absent where neither file nor flag says one. */
  readonly namespace: string | undefined;
  readonly cluster: Entry;
  readonly user: Entry;
  /** Namespaces that contexts of the same cluster name. */
  readonly namespaces: readonly string[];
}

export interface Wanted {
  /** `--kubeconfig`: this file and no other. */
  readonly file?: string | undefined;
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const nothing: Entry = { fields: {}, dir: '' };

/** A text of an entry; undefined = it says none. */
export const textIn = (fields: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A path that an entry names, from where its file is. */
export const pathIn = ({ fields, dir }: Entry, name: string): string | undefined => {
  const path = textIn(fields, name);
  return path === undefined || isAbsolute(path) ? path : join(dir, path);
};

interface Config {
  readonly current: string | undefined;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
}

const entriesOf = (document: Readonly<Record<string, unknown>>, list: string, field: string, dir: string) => {
  const entries = document[list];
  return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown): [string, Entry][] => {
    if (!isRecord(entry)) return [];
    const fields = entry[field];
    return [[String(entry['name']), { fields: isRecord(fields) ? fields : {}, dir }]];
  });
};

const readConfig = async (path: string): Promise<Config> => {
  const { parse } = await import('yaml');
  let document: unknown;
  try {
    document = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Problem(
      `The kubeconfig ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      'kubectl config view',
    );
  }
  const fields = isRecord(document) ? document : {};
  const dir = dirname(path);
  return {
    current: textIn(fields, 'current-context'),
    clusters: new Map(entriesOf(fields, 'clusters', 'cluster', dir)),
    users: new Map(entriesOf(fields, 'users', 'user', dir)),
    contexts: new Map(entriesOf(fields, 'contexts', 'context', dir)),
  };
};

/** The first file that has an entry is believed (kubectl: "the first file to set a particular value or map key wins"). */
const merged = (configs: readonly Config[]): Config => {
  const first = (of: (config: Config) => ReadonlyMap<string, Entry>): ReadonlyMap<string, Entry> =>
    new Map(configs.toReversed().flatMap((config) => [...of(config)]));
  return {
    current: configs.find(({ current }) => current !== undefined)?.current,
    clusters: first(({ clusters }) => clusters),
    users: first(({ users }) => users),
    contexts: first(({ contexts }) => contexts),
  };
};

/** Files that are looked at; a missing one of several is passed over, as kubectl does. */
const filesOf = ({ file, env }: Wanted): readonly string[] => {
  if (file !== undefined) return [file];
  const listed = (env['KUBECONFIG'] ?? '').split(delimiter).filter((path) => path !== '');
  return (listed.length > 0 ? listed : [join(homedir(), '.kube', 'config')]).filter((path) => existsSync(path));
};

const account = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Inside of a pod without a kubeconfig: as its ServiceAccount. */
const inPod = (env: Wanted['env']): Access | undefined => {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  if (host === undefined || !existsSync(join(account, 'token'))) return undefined;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const namespace = readFileSync(join(account, 'namespace'), 'utf8').trim();
  return {
    context: 'in-cluster',
    namespace,
    cluster: { fields: { server, 'certificate-authority': join(account, 'ca.crt') }, dir: account },
    user: { fields: { tokenFile: join(account, 'token') }, dir: account },
    namespaces: [namespace],
  };
};

/** @throws Problem when no file names a cluster */
export const loadAccess = async (wanted: Wanted): Promise<Access> => {
  const files = filesOf(wanted);
  const config = merged(await Promise.all(files.map(readConfig)));
  const name = wanted.context ?? config.current;
  if (name === undefined) {
    const pod = inPod(wanted.env);
    if (pod !== undefined) return pod;
    throw new Problem('No kubeconfig names a cluster', 'Set KUBECONFIG, or kubectl config use-context <name>');
  }
  const context = config.contexts.get(name);
  if (context === undefined) {
    throw new Problem(`The kubeconfig has no context ${name}`, 'kubectl config get-contexts');
  }
  const clusterName = textIn(context.fields, 'cluster') ?? '';
  const cluster = config.clusters.get(clusterName);
  if (cluster === undefined || textIn(cluster.fields, 'server') === undefined) {
    throw new Problem(`Context ${name} names no cluster with a server`, 'kubectl config view');
  }
  const siblings = [...config.contexts.values()].filter(({ fields }) => textIn(fields, 'cluster') === clusterName);
  return {
    context: name,
    namespace: textIn(context.fields, 'namespace'),
    cluster,
    user: config.users.get(textIn(context.fields, 'user') ?? '') ?? nothing,
    namespaces: [...new Set(siblings.flatMap(({ fields }) => textIn(fields, 'namespace') ?? []))],
  };
};

/** Names of the contexts, for completion. */
export const contextNames = async (wanted: Wanted): Promise<readonly string[]> =>
  [...merged(await Promise.all(filesOf(wanted).map(readConfig))).contexts.keys()].sort();
