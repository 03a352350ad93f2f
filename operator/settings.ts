/** What the environment says, read once and checked. */
import { z } from 'zod';

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
  readonly outside: { readonly server: string; readonly caFile: string; readonly tokenFile: string } | undefined;
}

/** @throws an Error that names every variable that is wrong */
export const readSettings = (env: Readonly<Record<string, string | undefined>>): Settings => {
  const result = environment.safeParse(env);
  if (!result.success) {
    throw new Error(result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  }
  const { data } = result;
  const outside = {
    server: data.COUNTERSIGN_SERVER,
    caFile: data.COUNTERSIGN_CA_FILE,
    tokenFile: data.COUNTERSIGN_TOKEN_FILE,
  };
  const given = Object.values(outside).filter((value) => value !== '').length;
  if (given !== 0 && given !== 3) {
    throw new Error('COUNTERSIGN_SERVER, COUNTERSIGN_CA_FILE and COUNTERSIGN_TOKEN_FILE: set all three, or none');
  }
  return {
    namespace: data.COUNTERSIGN_NAMESPACE,
    operatorServiceAccount: data.COUNTERSIGN_OPERATOR_SERVICE_ACCOUNT,
    restorerServiceAccount: data.COUNTERSIGN_RESTORER_SERVICE_ACCOUNT,
    port: data.COUNTERSIGN_PORT,
    logLevel: data.COUNTERSIGN_LOG_LEVEL,
    instance: data.COUNTERSIGN_INSTANCE,
    outside: given === 3 ? outside : undefined,
  };
};
