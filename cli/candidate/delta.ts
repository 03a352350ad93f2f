/** The delta in color. Its text comes from the bundle; each line is painted by the class that it begins with. */
import type { DeltaClass } from '../../operator/api/bundle.ts';
import { bold, dim, styled, type Part, type Style } from '../output/parts.ts';
import type { Terminal } from '../output/terminal.ts';
import { classOf } from './delta-view.ts';

/** What can hurt most stands out. */
const styles: Readonly<Record<DeltaClass, Style | undefined>> = {
  'data loss': 'red',
  rights: 'red',
  identity: 'red',
  image: 'yellow',
  command: 'yellow',
  network: 'yellow',
  storage: 'yellow',
  removed: 'red',
  added: 'green',
  configuration: 'cyan',
  scale: 'cyan',
  metadata: 'dim',
};

const partsOf = (line: string): readonly Part[] => {
  const sort = classOf(line);
  if (sort !== undefined) {
    const style = styles[sort];
    const rest = line.slice(2 + sort.length);
    return ['  ', style === undefined ? sort : styled(style, sort), rest];
  }
  if (/^ {8}\+ /.test(line)) return [styled('green', line)];
  if (/^ {8}- /.test(line)) return [styled('red', line)];
  if (/^\S/.test(line) && /^[A-Z]\w*(\.\S+)?\/\S+$/.test(line)) return [bold(line)];
  if (/^(hidden|folded|cut|left alone|not shown|escaped|all of it)/.test(line)) return [dim(line)];
  return [line];
};

export const deltaLines = (text: string): readonly (readonly Part[])[] =>
  text.replace(/\n$/, '').split('\n').map(partsOf);

export const printDelta = (out: Terminal, text: string): void => {
  for (const parts of deltaLines(text)) out.line(...parts);
};
