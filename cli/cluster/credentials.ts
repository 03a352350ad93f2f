/** A kubeconfig's cluster and user as TLS settings, headers and a proxy. */
import { readFileSync } from 'node:fs';
import { isRecord } from '../../operator/kube/resource.ts';
import { Problem } from '../exit.ts';
import { execCredential } from './exec-credentials.ts';
import { pathIn, textIn, type Access, type Entry } from './kubeconfig.ts';

export interface Credentials {
  /** Without a slash at the end. */
  readonly server: string;
  readonly tls: {
    readonly ca?: string | Buffer;
    readonly cert?: string | Buffer;
    readonly key?: string | Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly proxy: string | undefined;
}

/** `name-data`, or the file `name`. */
const material = (entry: Entry, name: string): Buffer | undefined => {
  const data = textIn(entry.fields, `${name}-data`);
  if (data !== undefined) return Buffer.from(data, 'base64');
  const path = pathIn(entry, name);
  return path === undefined ? undefined : readFileSync(path);
};

const impersonated = ({ fields }: Entry): Readonly<Record<string, string | readonly string[]>> => {
  const user = textIn(fields, 'as');
  const groups = fields['as-groups'];
  const uid = textIn(fields, 'as-uid');
  return {
    ...(user === undefined ? {} : { 'Impersonate-User': user }),
    ...(uid === undefined ? {} : { 'Impersonate-Uid': uid }),
    ...(Array.isArray(groups) && groups.length > 0 ? { 'Impersonate-Group': groups.map(String) } : {}),
  };
};

const authorization = (user: Entry, token: string | undefined): Readonly<Record<string, string>> => {
  const { fields } = user;
  const file = pathIn(user, 'tokenFile');
  const bearer =
    token ?? (file === undefined ? undefined : readFileSync(file, 'utf8').trim()) ?? textIn(fields, 'token');
  if (bearer !== undefined) return { Authorization: `Bearer ${bearer}` };
  const name = textIn(fields, 'username');
  if (name === undefined) return {};
  return {
    Authorization: `Basic ${Buffer.from(`${name}:${textIn(fields, 'password') ?? ''}`).toString('base64')}`,
  };
};

/** NO_PROXY: names and their subdomains, `*`. Addresses with a mask are left to `proxy-url`. */
const isExempt = (host: string, listed: string): boolean =>
  listed
    .split(/[\s,]+/)
    .map((each) => each.replace(/^\*?\./, '').toLowerCase())
    .some((each) => each !== '' && (each === '*' || host === each || host.endsWith(`.${each}`)));

type Environment = Readonly<Record<string, string | undefined>>;

/** `proxy-url` of the cluster, or else what the environment says, which exempts this machine as Go does. */
const proxyOf = (cluster: Entry, server: string, env: Environment): string | undefined => {
  const own = textIn(cluster.fields, 'proxy-url');
  if (own !== undefined) return own;
  const host = new URL(server).hostname.toLowerCase();
  if (host === 'localhost' || host === '[::1]' || host.startsWith('127.')) return undefined;
  if (isExempt(host, env['NO_PROXY'] ?? env['no_proxy'] ?? '')) return undefined;
  return env['HTTPS_PROXY'] ?? env['https_proxy'];
};

/** @throws Problem when the user's credentials cannot be had */
export const credentialsOf = async (
  { cluster, user }: Access,
  env: Environment,
  interactive: boolean,
): Promise<Credentials> => {
  if (isRecord(user.fields['auth-provider'])) {
    throw new Problem(
      'The kubeconfig uses auth-provider, which is no longer developed',
      'Use exec credentials instead, such as kubelogin: kubectl config set-credentials <user> --exec-command=…',
    );
  }
  const exec = user.fields['exec'];
  const made = isRecord(exec) ? await execCredential({ fields: exec, dir: user.dir }, cluster, interactive) : undefined;
  const server = (textIn(cluster.fields, 'server') ?? '').replace(/\/+$/, '');
  const [ca, cert, key] = [
    material(cluster, 'certificate-authority'),
    made?.certificate ?? material(user, 'client-certificate'),
    made?.key ?? material(user, 'client-key'),
  ];
  const servername = textIn(cluster.fields, 'tls-server-name');
  return {
    server,
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
      ...(cluster.fields['insecure-skip-tls-verify'] === true && { rejectUnauthorized: false }),
    },
    headers: { ...authorization(user, made?.token), ...impersonated(user) },
    proxy: proxyOf(cluster, server, env),
  };
};
