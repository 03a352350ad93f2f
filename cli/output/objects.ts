/** `-o json|yaml|name`. */
import { Problem, exitCodes } from '../exit.ts';
import type { Terminal } from './terminal.ts';

export const formats = ['json', 'yaml', 'name'] as const;
export type Format = (typeof formats)[number];

interface Named {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string };
}

/** Which format is asked for; undefined = for people. @throws Problem for one that there is not */
export const formatOf = (text: string | undefined): Format | undefined => {
  if (text === undefined || text === 'wide') return undefined;
  const format = formats.find((each) => each === text);
  if (format === undefined) {
    throw new Problem(`There is no output format ${text}`, `-o ${formats.join('|')}`, exitCodes.usage);
  }
  return format;
};

/** `releasecandidate.countersign.dev/payments-2.4.0`, as kubectl says it. */
const nameOf = ({ apiVersion = '', kind = '', metadata }: Named): string => {
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '';
  return `${kind.toLowerCase()}${group}/${metadata?.name ?? ''}`;
};

/** Prints one object, or a List of several, as kubectl does. */
export const printObjects = async (
  out: Terminal,
  format: Format,
  found: { readonly one: object } | { readonly all: readonly object[] },
): Promise<void> => {
  const items: readonly Named[] = 'one' in found ? [found.one] : found.all;
  if (format === 'name') {
    for (const item of items) out.line(nameOf(item));
    return;
  }
  const document = 'one' in found ? found.one : { apiVersion: 'v1', kind: 'List', items };
  if (format === 'json') return out.document(`${JSON.stringify(document, undefined, 2)}\n`);
  const { stringify } = await import('yaml');
  return out.document(stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
};
