/** A second identity for one process: tokens of another ServiceAccount, by TokenRequest, renewed before they end. */
import type { Credentials } from './credentials.ts';
import { Failure } from './failures.ts';
import { isRecord } from './resource.ts';
import type { Transport } from './transport.ts';

export interface TokenOptions {
  /** Asks for the tokens; its identity may create them for this ServiceAccount. */
  readonly transport: Transport;
  /** Where the server is and how it is trusted; its client certificate, if any, is not used. */
  readonly like: Credentials;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const lifetimeSeconds = 3_600;
/** A token is renewed when a fifth of its life is left. */
const renewWithMsLeft = (lifetimeSeconds * 1_000) / 5;

/** Credentials as that ServiceAccount. A token is asked for when it is first needed. */
export const serviceAccountCredentials = ({
  transport,
  like,
  namespace,
  serviceAccount,
  now,
}: TokenOptions): Credentials => {
  let known: { readonly token: Promise<string>; readonly renewAt: number } | undefined;

  const ask = async (): Promise<string> => {
    const { body } = await transport.request({
      method: 'POST',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(serviceAccount)}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: lifetimeSeconds },
      },
    });
    const status = isRecord(body) ? body['status'] : undefined;
    const token = isRecord(status) ? status['token'] : undefined;
    if (typeof token !== 'string') throw new Failure('Bug', 'the answer to a TokenRequest holds no token');
    return token;
  };

  const { ca, servername, rejectUnauthorized } = like.tls;
  return {
    server: like.server,
    identity: `system:serviceaccount:${namespace}:${serviceAccount}`,
    namespace,
    tls: {
      ...(ca !== undefined && { ca }),
      ...(servername !== undefined && { servername }),
      ...(rejectUnauthorized !== undefined && { rejectUnauthorized }),
    },
    async headers() {
      if (known === undefined || now() >= known.renewAt) {
        const token = ask();
        known = { token, renewAt: now() + lifetimeSeconds * 1_000 - renewWithMsLeft };
        token.catch(() => (known = undefined));
      }
      return { authorization: `Bearer ${await known.token}` };
    },
    refused() {
      known = undefined;
    },
  };
};
