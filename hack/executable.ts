/**
 * Makes `kubectl countersign` a single executable for this platform that needs no Node, an archive of it, and the manifest by which krew installs
 * that: `node hack/executable.ts [--url <where archives are published>]`. It takes postject, which puts the program into Node, from npm.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import packageFile from '../package.json' with { type: 'json' };
import { bundleForExecutable } from './command/bundle.ts';

const postject = 'postject@1.0.0-alpha.6';
/** The mark in Node's own program that says where it may be (https://nodejs.org/api/single-executable-applications.html). */
const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

const { values } = parseArgs({ options: { url: { type: 'string', default: '' } } });
const root = join(import.meta.dirname, '..');
const to = join(root, 'dist', 'executable');
const { platform, arch } = process;
const name = `kubectl-countersign-${platform}-${arch}`;

const runIn = (program: string, ...args: readonly string[]): void => {
  execFileSync(program, args, { cwd: to, stdio: ['ignore', 'inherit', 'inherit'] });
};

await rm(to, { recursive: true, force: true });
await mkdir(to, { recursive: true });
await bundleForExecutable(join(to, 'program.cjs'));
await writeFile(
  join(to, 'sea.json'),
  JSON.stringify({ main: 'program.cjs', output: 'program.blob', disableExperimentalSEAWarning: true }),
);
runIn(process.execPath, '--experimental-sea-config', 'sea.json');
const file = join(to, 'kubectl-countersign');
await copyFile(process.execPath, file);
await chmod(file, 0o755);
const mac = platform === 'darwin' ? ['--macho-segment-name', 'NODE_SEA'] : [];
runIn('npx', '--yes', postject, file, 'NODE_SEA_BLOB', 'program.blob', '--sentinel-fuse', fuse, ...mac);
await copyFile(join(root, 'LICENSE'), join(to, 'LICENSE'));
// It runs where there is no Node, and nothing else of this machine.
const said = execFileSync(file, ['--version'], { env: {}, encoding: 'utf8' }).trim();
if (said !== packageFile.version) throw new Error(`${file} --version says ${said}`);
runIn('tar', '-czf', `${name}.tar.gz`, 'kubectl-countersign', 'LICENSE');

const { version } = packageFile;
const sha256 = createHash('sha256')
  .update(await readFile(join(to, `${name}.tar.gz`)))
  .digest('hex');
const krewArch: Readonly<Record<string, string>> = { x64: 'amd64' };
await writeFile(
  join(to, 'countersign.yaml'),
  stringify({
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'countersign' },
    spec: {
      version: `v${version}`,
      shortDescription: 'Reads, signs for and follows gated releases',
      description: 'Lists what waits in Countersign and for whom, shows what a release changes, and signs for it.',
      platforms: [
        {
          selector: { matchLabels: { os: platform, arch: krewArch[arch] ?? arch } },
          uri: `${values.url}${name}.tar.gz`,
          sha256,
          bin: 'kubectl-countersign',
        },
      ],
    },
  }),
);
process.stdout.write(`${file}\n${join(to, `${name}.tar.gz`)}\n${join(to, 'countersign.yaml')}\n`);
