// @kubernetes/client-node is used here for one thing: finding and reading kubeconfig files and exec or OIDC credentials the way kubectl does.
// Its generated API classes, informers and per-request agents are not used (docs/adr/0001-own-transport.md).
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';

/** Where credentials come from. `Default`: KUBECONFIG, else ~/.kube/config, else the pod's ServiceAccount. */
export type CredentialSource =
  | { readonly from: 'Default' }
  | { readonly from: 'InCluster' }
  | { readonly from: 'File'; readonly path: string; readonly context?: string | undefined }
  | {
      readonly from: 'Token';
      readonly server: string;
      readonly caPem: string;
      /** A token file, read again when it rotates. */
      readonly tokenFile: string;
    };

/** TLS material and identity for one server. */
export interface Credentials {
  /** `https://host:port`, possibly with a path. */
  readonly server: string;
  /** Tells apart identities on one server; holds no secret. */
  readonly identity: string;
  /** The namespace of the context or pod, if it has one. */
  readonly namespace: string | undefined;
  readonly tls: TlsMaterial;
  /** Headers that identify the caller now; reads rotated tokens again. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** Forgets what `headers` remembers: the server refused it. */
  readonly refused: () => void;
}

export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Rotated tokens are valid for minutes before the old one ends; client-go reads them once a minute. */
const rememberHeadersMs = 60_000;

/** Reads credentials. @throws when a file is missing or names no server. */
export async function loadCredentials(source: CredentialSource): Promise<Credentials> {
  const config = configOf(source);
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (!cluster || !user) throw new Error('the kubeconfig names no current cluster and user');

  const options = await optionsOf(config);
  return {
    server: cluster.server.replace(/\/+$/, ''),
    identity: user.name,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    tls: tlsOf(options),
    ...rememberFor(rememberHeadersMs, () => headersOf(config)),
  };
}

function configOf(source: CredentialSource): KubeConfig {
  const config = new KubeConfig();
  switch (source.from) {
    case 'Default':
      config.loadFromDefault();
      break;
    case 'InCluster':
      config.loadFromCluster();
      break;
    case 'File':
      config.loadFromFile(source.path);
      if (source.context !== undefined) config.setCurrentContext(source.context);
      break;
    case 'Token':
      config.loadFromClusterAndUser(
        {
          name: 'cluster',
          server: source.server,
          caData: Buffer.from(source.caPem).toString('base64'),
          skipTLSVerify: false,
        },
        { name: source.tokenFile, authProvider: { name: 'tokenFile', config: { tokenFile: source.tokenFile } } },
      );
      break;
  }
  return config;
}

async function headersOf(config: KubeConfig): Promise<Readonly<Record<string, string>>> {
  const tokenFile = tokenFileOf(config);
  // client-node keeps a token file's text for a minute even when the server refuses it, and keeps its last line break.
  if (tokenFile !== undefined) return { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` };

  const { headers } = await optionsOf(config);
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) own[name.toLowerCase()] = String(value);
  const user = config.getCurrentUser();
  if (user?.username)
    own['authorization'] = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
  return own;
}

async function optionsOf(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}

function tokenFileOf(config: KubeConfig): string | undefined {
  const provider: unknown = config.getCurrentUser()?.authProvider;
  const inner = fieldOf(provider, 'config');
  const path = fieldOf(inner, 'tokenFile');
  return typeof path === 'string' ? path : undefined;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined;
}

function tlsOf(options: RequestOptions): TlsMaterial {
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    ...(isPem(ca) && { ca }),
    ...(isPem(cert) && { cert }),
    ...(isPem(key) && { key }),
    ...(servername !== undefined && { servername }),
    ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
  };
}

function isPem(value: unknown): value is string | Buffer {
  return typeof value === 'string' || Buffer.isBuffer(value);
}

function rememberFor<T>(ms: number, read: () => Promise<T>): { headers: () => Promise<T>; refused: () => void } {
  let known: { readonly value: Promise<T>; readonly until: number } | undefined;
  return {
    headers() {
      if (known === undefined || performance.now() >= known.until) {
        const value = read();
        known = { value, until: performance.now() + ms };
        // A failed read is told to the callers who wait for it, and tried again for the next.
        value.catch(() => (known = undefined));
      }
      return known.value;
    },
    refused() {
      known = undefined;
    },
  };
}
