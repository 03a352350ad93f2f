/** Bundles the operator into dist/operator.mjs, and its thread beside it: an image of them needs Node and nothing else. `node hack/bundle.ts` */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { build, type Plugin } from 'esbuild';

import { inAscii } from './ascii.ts';

const root = join(import.meta.dirname, '..');

/** CommonJS packages call `require` for Node's own modules, which an ES module has not: it is given one. */
const banner = `import { createRequire as bundleRequire } from 'node:module';\nconst require = bundleRequire(import.meta.url);`;

/**
 * `operator/kube/host.ts` makes a `require` of its own, because Jest cannot import that package as an ES module. esbuild bundles
 * what is required only through the global one.
 */
const ownRequire = /^const require = createRequire\(import\.meta\.url\);$/m;
const bundledRequire: Plugin = {
  name: 'bundled-require',
  setup: (bundle) => {
    bundle.onLoad({ filter: /operator[/\\]kube[/\\]host\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!ownRequire.test(source)) throw new Error(`${path} no longer makes its own require: this plugin can go`);
      return { contents: source.replace(ownRequire, ''), loader: 'ts' };
    });
  },
};

const ascii: Plugin = {
  name: 'ascii',
  setup: (bundle) => {
    bundle.onEnd(async ({ outputFiles = [] }) => {
      for (const { path, text } of outputFiles) await writeFile(path, path.endsWith('.mjs') ? inAscii(text) : text);
    });
  },
};

/** Threads are programs of their own: `operator/act/compare.ts` starts the one beside it. */
const programs = { operator: 'main.ts', 'compare-worker': join('act', 'compare-worker.ts') };

await mkdir(join(root, 'dist'), { recursive: true });
await build({
  entryPoints: Object.entries(programs).map(([out, source]) => ({ out, in: join(root, 'operator', source) })),
  outdir: join(root, 'dist'),
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  banner: { js: banner },
  plugins: [bundledRequire, ascii],
  write: false,
  // Four fifths of it are the models of client-node. Names are kept: stack traces must be readable.
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  logLevel: 'info',
});
