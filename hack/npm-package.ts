/** Packs `kubectl countersign` for npm, one archive without dependencies: `node hack/npm-package.ts [folder]`, which is dist when absent. */
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import rootPackage from '../package.json' with { type: 'json' };
import { bundleCommand, oldestNode } from './command/bundle.ts';

const root = join(import.meta.dirname, '..');
const to = resolve(root, process.argv[2] ?? 'dist');

const readme = `# kubectl-countersign

Reads, signs for and follows gated releases of Countersign, with your own kubeconfig and rights.

    npm install --global kubectl-countersign-${rootPackage.version}.tgz
    kubectl countersign --help

It needs Node ${oldestNode.major}.${oldestNode.minor} or newer, and nothing else.
`;

const folder = await mkdtemp(join(tmpdir(), 'countersign-package-'));
try {
  await bundleCommand(folder);
  // npm makes the name that kubectl looks for; the script that stands for it beside the file is for folders on PATH.
  await rm(join(folder, 'kubectl-countersign'));
  await copyFile(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  await writeFile(join(folder, 'README.md'), readme);
  const { version, license, description } = rootPackage;
  const manifest = {
    name: 'kubectl-countersign',
    version,
    description,
    license,
    type: 'module',
    bin: {
      'kubectl-countersign': 'kubectl-countersign.mjs',
      'kubectl_complete-countersign': 'kubectl_complete-countersign',
    },
    engines: { node: `>=${oldestNode.major}.${oldestNode.minor}` },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  await mkdir(to, { recursive: true });
  execFileSync('npm', ['pack', '--silent', '--pack-destination', to], { cwd: folder, stdio: 'ignore' });
  process.stdout.write(`${join(to, `${manifest.name}-${version}.tgz`)}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
