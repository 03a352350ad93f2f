/** Builds the page of `kubectl countersign dashboard`, as texts to be put into the command. */
import { join } from 'node:path';

import { build } from 'vite';

const root = join(import.meta.dirname, '..', '..', 'page');

const types: Readonly<Record<string, string>> = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  svg: 'image/svg+xml',
};

interface Built {
  readonly fileName: string;
  readonly code?: string;
  readonly source?: string | Uint8Array;
}

const textOf = ({ code, source = '' }: Built): string =>
  code ?? (typeof source === 'string' ? source : Buffer.from(source).toString('utf8'));

/** The files by their path, such as `/app.js`. Nothing is inlined, and nothing comes from elsewhere: the policy of the page allows neither. */
export const builtPage = async (): Promise<ReadonlyMap<string, { readonly type: string; readonly text: string }>> => {
  const result = await build({
    root,
    configFile: false,
    base: './',
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        output: { entryFileNames: 'app.js', chunkFileNames: '[name].js', assetFileNames: '[name].[ext]' },
      },
    },
  });
  const [first] = Array.isArray(result) ? result : [result];
  if (first === undefined || !('output' in first)) throw new TypeError('the page was not built');
  return new Map(
    first.output.map((file: Built) => {
      const ending = file.fileName.split('.').at(-1) ?? '';
      const type = types[ending];
      if (type === undefined) throw new TypeError(`the page has a file of an unknown type: ${file.fileName}`);
      return [`/${file.fileName}`, { type, text: textOf(file) }];
    }),
  );
};
