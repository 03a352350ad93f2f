/** Kubeconfig files: everything embedded, so that a file may be copied anywhere. */
import { stringify } from 'yaml';

import type { KeyPair } from './pki.ts';

export interface Endpoint {
  /** `https://host:port` of the API server. */
  readonly server: string;
  /** PEM of the authority that signed its certificate. */
  readonly caCertificate: string;
}

/** The text of a kubeconfig by which `user` reaches the API server with a client certificate. */
export function kubeconfig(endpoint: Endpoint, user: string, credentials: KeyPair): string {
  return stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'countersign',
          cluster: { server: endpoint.server, 'certificate-authority-data': base64(endpoint.caCertificate) },
        },
      ],
      users: [
        {
          name: user,
          user: {
            'client-certificate-data': base64(credentials.certificate),
            'client-key-data': base64(credentials.key),
          },
        },
      ],
      contexts: [{ name: user, context: { cluster: 'countersign', user } }],
      'current-context': user,
    },
    { lineWidth: 0 },
  );
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
