/**
 * `node hack/controlplane/kind-identities.ts <folder>`: gives a cluster that is not ours (kind) the identities that our own
 * control plane has. Reads the cluster's first kubeconfig at `<folder>/installer` and writes the others beside it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bindAdmin } from './bootstrap.ts';
import { clientFromKubeconfig } from './client.ts';
import { issueThroughCluster } from './csr.ts';
import { admin, installer, people } from './identities.ts';
import { kubeconfig } from './kubeconfig.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('Usage: node hack/controlplane/kind-identities.ts <folder of kubeconfigs>');

const client = clientFromKubeconfig(join(folder, installer.name));
await bindAdmin(client);
await Promise.all(
  [admin, ...people].map(async (identity) => {
    const credentials = await issueThroughCluster(client, identity);
    writeFileSync(join(folder, identity.name), kubeconfig(client.endpoint, identity.name, credentials), {
      mode: 0o600,
    });
  }),
);
client.close();
