/** The bundler of `kubectl countersign`. */
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { build, type BuildOptions, type Plugin } from 'esbuild';

import { inAscii } from '../ascii.ts';
import { builtPage } from './page.ts';

const root = join(import.meta.dirname, '..', '..');

/** The oldest Node that runs it. */
export const oldestNode = { major: 22, minor: 19 } as const;

/**
 * What runs first. It is an ES module by its name, and everything after this is CommonJS inside of it: `require` is called after the check, so
 * that an older Node says in one line that it is older, and never meets something that it cannot load. The syntax of the whole file is that of
 * Node 14, for a file is parsed as a whole before any of it runs.
 */
const header = `#!/usr/bin/env node
import { createRequire as requireFrom } from 'module';
const require = requireFrom(import.meta.url);
const nodeVersion = process.versions.node.split('.').map(Number);
if (nodeVersion[0] < ${oldestNode.major} || (nodeVersion[0] === ${oldestNode.major} && nodeVersion[1] < ${oldestNode.minor})) {
  process.stderr.write('error: kubectl countersign needs Node ${oldestNode.major}.${oldestNode.minor} or newer, and this is ' + process.versions.node + ': install a newer one, or put it first in PATH\\n');
  process.exit(1);
}
const module = { exports: {} };`;

/** Completion of a plugin: kubectl runs this beside it. */
const completionScript = `#!/bin/sh
exec "$(dirname "$0")/kubectl-countersign" __complete "$@"
`;

export interface Bundled {
  readonly file: string;
  readonly bytes: number;
}

/** Puts the built page where the server looks for it. */
const withPage: Plugin = {
  name: 'page',
  setup(build) {
    build.onLoad({ filter: /[/\\]cli[/\\]dashboard[/\\]page-files\.ts$/ }, async () => ({
      contents: `export const pageFiles = new Map(${JSON.stringify([...(await builtPage())])});`,
      loader: 'js',
    }));
  },
};

const bundled = async (options: Pick<BuildOptions, 'target' | 'banner'>): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'cli', 'main.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    logLevel: 'warning',
    plugins: [withPage],
    ...options,
  });
  return inAscii(outputFiles[0]?.text ?? '');
};

/** As a CommonJS file, for an executable that brings its own Node. */
export const bundleForExecutable = async (file: string): Promise<void> => {
  await writeFile(file, await bundled({ target: 'node24' }));
};

/** Writes `kubectl-countersign.mjs` into a folder, with `kubectl-countersign` and the completion of the plugin beside it: the folder can be put on PATH. */
export const bundleCommand = async (folder: string): Promise<Bundled> => {
  const to = resolve(root, folder);
  await mkdir(to, { recursive: true });
  const text = await bundled({ target: 'node14.18', banner: { js: header } });
  const file = join(to, 'kubectl-countersign.mjs');
  // Somebody may be running it.
  await writeFile(`${file}.new`, text);
  await chmod(`${file}.new`, 0o755);
  await rename(`${file}.new`, file);
  await plugin(to);
  return { file, bytes: (await readFile(file)).length };
};

/** Under the name by which kubectl finds plugins; PATH has no file endings. */
const plugin = async (folder: string): Promise<void> => {
  const scripts = {
    'kubectl-countersign': `#!/bin/sh\nexec "$(dirname "$0")/kubectl-countersign.mjs" "$@"\n`,
    'kubectl_complete-countersign': completionScript,
  };
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  }
};
