/**
 * `node hack/kind-files.ts <folder> [image]`: what `make up` writes into its folder, for a cluster of kind: the sample, for real pods, in `demo/`,
 * `as`, and `kubectl countersign` in `bin/`. With an image, `name[:tag]@sha256:…` and with a shell, the cluster of `kubeconfigs/installer` also serves
 * the kind of the sample's route.
 */
import { join } from 'node:path';

import { bundleCommand } from './command/bundle.ts';
import { defineSample } from './controlplane/chart.ts';
import { clientFromKubeconfig } from './controlplane/client.ts';
import { installer } from './controlplane/identities.ts';
import { writeWrapper } from './controlplane/wrapper.ts';
import { renderSample } from './demo/real-pods.ts';

const [folder, image = ''] = process.argv.slice(2);
if (folder === undefined) throw new Error('Usage: node hack/kind-files.ts <folder> [image]');

renderSample(join(folder, 'demo'), image === '' ? undefined : image);
await bundleCommand(join(folder, 'bin'));
writeWrapper(folder, []);
if (image !== '') {
  const client = clientFromKubeconfig(join(folder, 'kubeconfigs', installer.name));
  await defineSample(client);
  client.close();
}
