import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { accepted, ApiClient } from './client.ts';
import { startControlPlane, type ControlPlane } from './controlplane.ts';
import { issueThroughCluster } from './csr.ts';

let controlPlane: ControlPlane;
beforeAll(async () => {
  controlPlane = await startControlPlane({ scheduler: false, kwok: false });
}, 60_000);
afterAll(() => controlPlane.stop());

test('a certificate that the cluster signs authenticates as its name and groups', async () => {
  const admin = controlPlane.client('admin');
  const credentials = await issueThroughCluster(admin, { name: 'approver-b', groups: ['change-board'] });
  const client = new ApiClient({ ...admin.endpoint, ...credentials });
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  expect(accepted(await client.createAt(review, review))).toMatchObject({
    status: { userInfo: { username: 'approver-b', groups: expect.arrayContaining(['change-board']) } },
  });
  client.close();
});
