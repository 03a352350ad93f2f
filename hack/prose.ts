/** Words that plain English does without, in documents and in what users are told: `node hack/prose.ts`. Comments of code are not looked at. */
import { readFileSync } from 'node:fs';

import { repositoryFiles, say, withoutCode } from './prose/text.ts';

/** What is not written, and what is instead. */
const plain: readonly (readonly [not: RegExp, but: string])[] = [
  [/\bwho(so)?ever\b/i, 'anyone who, everybody who, the person who'],
  [/\b(let|lets|letting) (\S+ ){0,2}?in(to)?\b(?! (place|force|mind))/i, 'give access to, grant; admit; bind'],
  [/\banew\b/i, 'again, new'],
  [/\bmend(s|ed|ing)?\b/i, 'fix, repair, correct'],
  [/\bgo(es)? back by (itself|order)\b/i, 'is rolled back automatically'],
  [/\bby (itself|themselves)\b/i, 'automatically; alone'],
  [/\bmade good\b/i, 'followed up'],
  [/\b(with )?(nothing|every pod) of ours\b/i, "none of Countersign's programs"],
  [/\b(its|their|and|of) kin\b/i, 'and similar ones: name them'],
  [/\bdenies nothing\b/i, 'does not stop'],
  [/\bhad a hand in\b/i, 'changed'],
  [/\bnobody who\b.*\bnot\b/i, 'everybody who, only people who'],
  [/\bfor ever\b/i, 'forever'],
  [/\bhereby|thereof|therein|whereof|wherein|whence|thence|hitherto|lest\b/i, 'a plain word'],
];

/** Code without its comments: what is left holds identifiers and what users are told. */
const withoutComments = (text: string): string =>
  text.replaceAll(/\/\*.*?\*\//gs, (comment) => comment.replaceAll(/[^\n]/g, '')).replaceAll(/(^|\s)\/\/ .*$/gm, '$1');

/** Templates without their comments. */
const withoutYamlComments = (text: string): string => withoutComments(text).replaceAll(/(^|\s)# (?!-- ).*$/gm, '$1');

const readers: readonly (readonly [files: RegExp, prose: (text: string) => string])[] = [
  [/^docs\/adr\/\d|^docs\/attacks\.md$/, () => ''],
  [/\.md$/, withoutCode],
  [/\.test\.ts$/, () => ''],
  [/^(operator|cli|page|hack\/demo)\/.*\.tsx?$|^hack\/demo\.ts$/, withoutComments],
  [/^hack\/demo\/.*\.yaml$/, withoutYamlComments],
  [/^charts\/.*\.(yaml|tpl|txt)$/, withoutYamlComments],
];

function* faultsOf(file: string): Generator<string> {
  const read = readers.find(([files]) => files.test(file))?.[1];
  if (read === undefined) return;
  for (const [index, line] of read(readFileSync(file, 'utf8')).split('\n').entries())
    for (const [not, but] of plain) {
      const found = not.exec(line)?.[0];
      if (found !== undefined) yield `${file}:${index + 1}: "${found}" (rather: ${but})`;
    }
}

say(
  repositoryFiles().flatMap((file) => [...faultsOf(file)]),
  'Write it as a site reliability engineer would say it.',
);
