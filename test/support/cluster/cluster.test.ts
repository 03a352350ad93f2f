import { expect, test } from '@jest/globals';

import { accepted, refused, startCluster, startTimeoutMs } from './cluster.ts';

test(
  'a ServiceAccount of the cluster authenticates with its token, and a made-up token with nothing',
  async () => {
    const cluster = await startCluster({ scheduler: false });
    try {
      const target = {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        namespace: 'default',
        name: 'default',
        subresource: 'token',
      };
      const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} };
      const { status } = accepted(await cluster.as('admin').createAt<{ status: { token: string } }>(target, request));

      const secrets = { apiVersion: 'v1', kind: 'Secret', namespace: 'default' };
      const asServiceAccount = refused(await cluster.as('admin').withToken(status.token).list(secrets));
      expect(asServiceAccount.message).toContain('User "system:serviceaccount:default:default" cannot list');
      const refusal = await cluster.as('admin').withToken('made-up').raw({ method: 'GET', path: '/api/v1/namespaces' });
      expect(refusal.code).toBe(401);
    } finally {
      await cluster.stop();
    }
  },
  startTimeoutMs,
);
