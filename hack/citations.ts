/** Nothing in the repository cites a file that is not in it: links of documents, and paths in prose, comments and messages. `node hack/citations.ts` */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

import { repositoryFiles, say, withoutCode } from './prose/text.ts';

const files = repositoryFiles();
const known = new Set(files);
const folders = new Set(files.flatMap((file) => ancestors(dirname(file))));

function ancestors(folder: string): readonly string[] {
  return folder === '.' ? [] : [folder, ...ancestors(dirname(folder))];
}

const exists = (path: string): boolean => path === '.' || known.has(path) || folders.has(path.replace(/\/$/, ''));

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');

const headingsOf = (file: string): ReadonlySet<string> =>
  new Set(
    [...withoutCode(readFileSync(file, 'utf8')).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading)),
  );

/** Links of a document that lead nowhere. */
function* brokenLinks(file: string, text: string): Generator<string> {
  for (const [, target = ''] of withoutCode(text)
    .replaceAll(/`[^`]*`/g, '')
    .matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    const [path = '', anchor = ''] = target.split('#');
    const cited = path === '' ? file : normalize(join(dirname(file), path));
    if (!exists(cited)) yield `${target}: there is no ${cited}`;
    else if (anchor !== '' && !headingsOf(cited).has(anchor)) yield `${target}: ${cited} has no such heading`;
  }
}

const extension = String.raw`\.(?:golden|json|js|md|mod|mjs|sh|sum|tpl|ts|ya?ml)\b`;

/** From the root of the repository, anywhere. A path of another project is written with its name before it. */
const rooted = new RegExp(
  String.raw`(?<![\w./@-])(?:\.ci|\.github|bench|charts|crds|docs|hack|operator|test)\/[\w./-]*[\w-]${extension}`,
  'g',
);

/** Decisions are cited by their number, too. */
const decision = /(?<![\w./-])docs\/adr\/(\d{4})(?![\w-])/g;

/** Between backticks of a document, also from its own folder. */
const quoted = new RegExp(String.raw`\`([\w-][\w./-]*\/[\w.-]+${extension})\``, 'g');

/** Documents are named in capitals. */
const capital = /(?<![\w./-])[A-Z]{4,}\.md\b/g;

function* brokenPaths(file: string, text: string): Generator<string> {
  for (const [path] of text.matchAll(rooted)) if (!exists(normalize(path))) yield `there is no ${path}`;
  for (const [path, number = ''] of text.matchAll(decision))
    if (!files.some((each) => each.startsWith(`docs/adr/${number}-`))) yield `there is no decision ${path}`;
  for (const [name] of text.matchAll(capital))
    if (!exists(name) && !exists(normalize(join(dirname(file), name)))) yield `there is no ${name}`;
  if (!file.endsWith('.md')) return;
  for (const [, path = ''] of text.matchAll(quoted))
    if (![path, join(dirname(file), path)].some((each) => exists(normalize(each)))) yield `there is no ${path}`;
}

const unread = /\.(golden|sum)$|^package-lock\.json$|^LICENSE$/;

say(
  files
    .filter((file) => !unread.test(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      const broken = [...(file.endsWith('.md') ? brokenLinks(file, text) : []), ...brokenPaths(file, text)];
      return [...new Set(broken)].map((what) => `${file}: ${what}`);
    }),
  'Cite files that are in the repository, by their path from its root.',
);
