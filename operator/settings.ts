/** What the environment says, read once and checked. */
import { z } from 'zod';
import { isIP } from 'node:net';
import { milliseconds } from './api/duration.ts';
import type { NoticeSettings } from './decide/notices/sinks.ts';
import { type DeclaredKind, declaredRows } from './decide/manifest/kinds/declared/row.ts';

const listIn = (text: string): readonly string[] => text.split(',').filter((each) => each !== '');

const isNetwork = (text: string): boolean => {
  const [address = '', bits = '', ...more] = text.split('/');
  const version = isIP(address);
  return version !== 0 && more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
};

const environment = z.object({
  /** Namespace of the operator's Lease and ServiceAccounts. */
  COUNTERSIGN_NAMESPACE: z.string().min(1).default('countersign-system'),
  COUNTERSIGN_OPERATOR_SERVICE_ACCOUNT: z.string().min(1).default('countersign-operator'),
  COUNTERSIGN_RESTORER_SERVICE_ACCOUNT: z.string().min(1).default('countersign-restorer'),
  /** Port of /metrics, /healthz and /readyz; 0 = any free one. */
  COUNTERSIGN_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  COUNTERSIGN_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** Unlike that of every other replica; the pod's name in a cluster. */
  COUNTERSIGN_INSTANCE: z.string().min(1).default('local'),
  /** Resources that the chart adds to the guard, separated by commas: `rollouts.argoproj.io`. Their definitions have these names. */
  COUNTERSIGN_GUARDED_KINDS: z
    .string()
    .regex(
      /^([a-z0-9-]+(\.[a-z0-9-]+)+(,|$))*$/,
      'write names of CustomResourceDefinitions, such as rollouts.argoproj.io',
    )
    .default(''),
  /** The Secret that declares the sinks of notices, in the namespace above. */
  COUNTERSIGN_NOTIFY_SECRET: z.string().min(1).default('countersign-sinks'),
  /** Hosts that notices may be sent to, separated by commas, each with its port where that is not 443; empty = there are no notices. */
  COUNTERSIGN_NOTIFY_HOSTS: z
    .string()
    .regex(
      /^([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?(,([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?)*$|^$/,
      'write hosts in lower case, such as hooks.example.com or events.example.com:8443',
    )
    .default(''),
  /** Private networks that notices may be sent to all the same, separated by commas. */
  COUNTERSIGN_NOTIFY_NETWORKS: z
    .string()
    .refine((text) => text === '' || text.split(',').every(isNetwork), 'write networks such as 10.1.0.0/16')
    .default(''),
  /** Whether notices may be sent over http, too. */
  COUNTERSIGN_NOTIFY_PLAIN_HTTP: z.enum(['true', 'false']).default('false'),
  /** Outside a cluster: the API server, its CA and the operator's token, as files. All three, or none. */
  COUNTERSIGN_SERVER: z.string().default(''),
  COUNTERSIGN_CA_FILE: z.string().default(''),
  COUNTERSIGN_TOKEN_FILE: z.string().default(''),
});

export interface Settings {
  readonly namespace: string;
  readonly operatorServiceAccount: string;
  readonly restorerServiceAccount: string;
  readonly port: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly instance: string;
  readonly guardedKinds: readonly string[];
  readonly notices: NoticeSettings;
  readonly outside: { readonly server: string; readonly caFile: string; readonly tokenFile: string } | undefined;
}

/** The environment does not say what a program needs. The message names every variable that is wrong. */
export class WrongSettings extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'WrongSettings';
  }
}

/** The chart declares kinds in a way that is no use. The message names each field of its value `kinds` that is wrong, and what to write. */
export class WrongKinds extends WrongSettings {
  constructor(message: string) {
    super(message);
    this.name = 'WrongKinds';
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

const read = <S extends z.ZodType>(schema: S, env: Environment): z.infer<S> => {
  const result = schema.safeParse(env);
  if (result.success) return result.data;
  throw new WrongSettings(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
};

/** @throws {WrongSettings} which names every variable that is wrong */
export const readSettings = (env: Environment): Settings => {
  const data = read(environment, env);
  const outside = {
    server: data.COUNTERSIGN_SERVER,
    caFile: data.COUNTERSIGN_CA_FILE,
    tokenFile: data.COUNTERSIGN_TOKEN_FILE,
  };
  const given = Object.values(outside).filter((value) => value !== '').length;
  if (given !== 0 && given !== 3) {
    throw new WrongSettings(
      'COUNTERSIGN_SERVER, COUNTERSIGN_CA_FILE and COUNTERSIGN_TOKEN_FILE: set all three, or none',
    );
  }
  return {
    namespace: data.COUNTERSIGN_NAMESPACE,
    operatorServiceAccount: data.COUNTERSIGN_OPERATOR_SERVICE_ACCOUNT,
    restorerServiceAccount: data.COUNTERSIGN_RESTORER_SERVICE_ACCOUNT,
    port: data.COUNTERSIGN_PORT,
    logLevel: data.COUNTERSIGN_LOG_LEVEL,
    instance: data.COUNTERSIGN_INSTANCE,
    guardedKinds: listIn(data.COUNTERSIGN_GUARDED_KINDS),
    notices: {
      secret: data.COUNTERSIGN_NOTIFY_SECRET,
      egress: {
        hosts: listIn(data.COUNTERSIGN_NOTIFY_HOSTS),
        networks: listIn(data.COUNTERSIGN_NOTIFY_NETWORKS),
        plainHttp: data.COUNTERSIGN_NOTIFY_PLAIN_HTTP === 'true',
      },
    },
    outside: given === 3 ? outside : undefined,
  };
};

const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new WrongKinds(`COUNTERSIGN_KINDS is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
};

const inBrackets = (path: readonly PropertyKey[]): string =>
  path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');

/** Kinds that the chart declares: its value `kinds`, as JSON. @throws {WrongKinds} which names every field that is wrong */
export const readKinds = ({ COUNTERSIGN_KINDS: text = '' }: Environment): readonly DeclaredKind[] => {
  const result = declaredRows.safeParse(text === '' ? [] : parsedJson(text));
  if (result.success) return result.data;
  throw new WrongKinds(
    result.error.issues.map(({ path, message }) => `kinds${inBrackets(path)}: ${message}`).join('; '),
  );
};

/** A duration such as `2160h`. */
const span = (byDefault: string) =>
  z
    .string()
    .regex(/^(?=.)(\d+h)?(\d+m)?(\d+s)?$/, 'write a duration with the units h, m and s, such as 1h30m')
    .default(byDefault)
    .transform(milliseconds);

const gateEnvironment = z.object({
  /** Port of the webhook; 0 = any free one. */
  COUNTERSIGN_GATE_PORT: z.coerce.number().int().min(0).max(65_535).default(8443),
  /** Shared: several gates of one machine listen on the same port. */
  COUNTERSIGN_GATE_LISTEN: z.enum(['Alone', 'Shared']).default('Alone'),
  /** Names and addresses that the certificate is for besides those of the Service, separated by commas. */
  COUNTERSIGN_GATE_HOSTS: z.string().default(''),
  /** Who makes certificates; with CertManager they lie in the folder below. */
  COUNTERSIGN_GATE_CERTIFICATES: z.enum(['SelfManaged', 'CertManager']).default('SelfManaged'),
  COUNTERSIGN_GATE_CERTIFICATE_DIR: z.string().default('/tls'),
  /** From issue to the end of a certificate, and to its replacement. */
  COUNTERSIGN_GATE_CERTIFICATE_LIFETIME: span('2160h'),
  COUNTERSIGN_GATE_CERTIFICATE_RENEW_AFTER: span('1440h'),
  /** Within this time every API server has heard of a new authority, and every replica of a new certificate. */
  COUNTERSIGN_GATE_CERTIFICATE_OVERLAP: span('1h'),
  /** How long an ending gate goes on answering; longer than it takes until nobody is sent to it. */
  COUNTERSIGN_GATE_LAME_DUCK: span('5s'),
});

export interface GateSettings {
  readonly port: number;
  readonly listen: 'Alone' | 'Shared';
  readonly hosts: readonly string[];
  readonly certificates: 'SelfManaged' | 'CertManager';
  readonly certificateDir: string;
  /** Milliseconds. */
  readonly lifetimes: { readonly validForMs: number; readonly renewAfterMs: number; readonly overlapMs: number };
  readonly lameDuckMs: number;
}

/** What only the gate needs. @throws {WrongSettings} which names every variable that is wrong */
export const readGateSettings = (env: Environment): GateSettings => {
  const data = read(gateEnvironment, env);
  const lifetimes = {
    validForMs: data.COUNTERSIGN_GATE_CERTIFICATE_LIFETIME,
    renewAfterMs: data.COUNTERSIGN_GATE_CERTIFICATE_RENEW_AFTER,
    overlapMs: data.COUNTERSIGN_GATE_CERTIFICATE_OVERLAP,
  };
  if (lifetimes.renewAfterMs + lifetimes.overlapMs >= lifetimes.validForMs) {
    throw new WrongSettings(
      'COUNTERSIGN_GATE_CERTIFICATE_LIFETIME must be longer than RENEW_AFTER and OVERLAP together',
    );
  }
  return {
    port: data.COUNTERSIGN_GATE_PORT,
    listen: data.COUNTERSIGN_GATE_LISTEN,
    hosts: data.COUNTERSIGN_GATE_HOSTS.split(',').filter((host) => host !== ''),
    certificates: data.COUNTERSIGN_GATE_CERTIFICATES,
    certificateDir: data.COUNTERSIGN_GATE_CERTIFICATE_DIR,
    lifetimes,
    lameDuckMs: data.COUNTERSIGN_GATE_LAME_DUCK,
  };
};
