/** Writes the keys and certificates of an instance, and issues kubeconfigs from its authority. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { serviceIp } from './components.ts';
import type { IdentitySpec } from './identities.ts';
import { kubeconfig } from './kubeconfig.ts';
import type { Layout, Ports } from './layout.ts';
import { createAuthority, createSigningKey, issueClient, issueServer } from './pki.ts';

/** Creates the authority, the API server's certificate and the key that signs ServiceAccount tokens. */
export async function createCredentials({ pki }: Layout): Promise<void> {
  const authority = await createAuthority('countersign-controlplane');
  const [server, tokens] = await Promise.all([
    issueServer(authority, 'kube-apiserver', {
      dns: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc'],
      ips: ['127.0.0.1', serviceIp],
    }),
    createSigningKey(),
  ]);
  writePublic(pki.caCertificate, authority.certificate);
  writeSecret(pki.caKey, authority.key);
  writePublic(pki.serverCertificate, server.certificate);
  writeSecret(pki.serverKey, server.key);
  writeSecret(pki.tokenKey, tokens.privateKey);
  writePublic(pki.tokenPublicKey, tokens.publicKey);
}

/** Issues a client certificate for the identity and writes it as a kubeconfig, replacing what is there. */
export async function writeKubeconfig(at: Layout, ports: Ports, identity: IdentitySpec, path: string): Promise<void> {
  const authority = {
    certificate: readFileSync(at.pki.caCertificate, 'utf8'),
    key: readFileSync(at.pki.caKey, 'utf8'),
  };
  const credentials = await issueClient(authority, identity);
  const endpoint = { server: serverUrl(ports), caCertificate: authority.certificate };
  writeSecret(path, kubeconfig(endpoint, identity.name, credentials));
}

export function serverUrl(ports: Ports): string {
  return `https://127.0.0.1:${ports.apiServer}`;
}

function writePublic(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function writeSecret(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
}
