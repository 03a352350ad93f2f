/** Bundles `kubectl countersign` into dist/kubectl-countersign.mjs, one file that needs Node and nothing else: `node hack/command.ts` */
import { bundleCommand } from './command/bundle.ts';

const [folder = 'dist'] = process.argv.slice(2);
const { file, bytes } = await bundleCommand(folder);
process.stdout.write(`${file}  ${(bytes / 1_000_000).toFixed(1)} MB\n`);
