/** Client certificates from a cluster whose authority we do not hold: requested, approved and signed through its API. */
import { accepted, type ApiClient } from './client.ts';
import type { IdentitySpec } from './identities.ts';
import type { KubeObject } from './objects.ts';
import { createRequest, type KeyPair } from './pki.ts';
import { waitFor } from './wait.ts';

interface CertificateSigningRequest extends KubeObject {
  readonly status: { readonly certificate?: string };
}

const apiVersion = 'certificates.k8s.io/v1';
const kind = 'CertificateSigningRequest';

/**
 * A certificate by which a client authenticates as the identity; the caller must be allowed to approve requests. Throws when it
 * is not signed in time. Kubernetes never signs for `system:masters` this way.
 */
export async function issueThroughCluster(approver: ApiClient, identity: IdentitySpec): Promise<KeyPair> {
  const { request, key } = await createRequest(identity);
  const created = accepted(
    await approver.create<KubeObject & { readonly spec: unknown }>({
      apiVersion,
      kind,
      metadata: { generateName: 'countersign-' },
      spec: {
        request: Buffer.from(request).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    }),
  );
  const approval = { type: 'Approved', status: 'True', reason: 'Bootstrap', message: `identity ${identity.name}` };
  accepted(await approver.replace({ ...created, status: { conditions: [approval] } }, { subresource: 'approval' }));

  const name = created.metadata.name ?? '';
  const signed = await waitFor<CertificateSigningRequest>(
    approver,
    { apiVersion, kind, name },
    ({ status }) => status.certificate !== undefined,
  );
  accepted(await approver.delete({ apiVersion, kind, name }));
  return { certificate: Buffer.from(signed.status.certificate ?? '', 'base64').toString('utf8'), key };
}
