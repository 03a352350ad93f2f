/** What the checks of prose share. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Every file of the repository, new ones included, by path from its root. */
export const repositoryFiles = (): readonly string[] =>
  execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '' && existsSync(file));

/** A Markdown document without its blocks of code; lines keep their numbers. */
export const withoutCode = (text: string): string =>
  text.replaceAll(/^( *)```.*?^\1```$/gms, (block) => block.replaceAll(/[^\n]/g, ''));

/** Prints what is wrong, one a line, and what to do; then the process fails. Nothing wrong: prints nothing. */
export const say = (faults: readonly string[], remedy: string): void => {
  if (faults.length === 0) return;
  process.stderr.write(`${faults.join('\n')}\n${remedy}\n`);
  process.exitCode = 1;
};
