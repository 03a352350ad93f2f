/** Jest's global setup: builds the control plane's programs, which no test's timeout could wait for. */
import { ensureBinaries } from '../../../hack/controlplane/build.ts';

export default async function globalSetup(): Promise<void> {
  await ensureBinaries((line) => process.stderr.write(`${line}\n`));
}
