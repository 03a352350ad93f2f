/** JSON of other programs: bounded in depth before it is parsed, and checked field by field after. */
import type { z } from 'zod';
import { BadReport } from './outcome.ts';

/** Objects and lists within each other. */
const deepest = 100;

const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length;

/** @throws BadReport when it is nested deeper than any report is */
const boundDepth = (text: string): void => {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (inString) {
      if (code === 0x5c) at += 1;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > deepest) throw new BadReport(`it is nested more than ${deepest} deep`, lineAt(text, at));
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
};

/** @throws BadReport with the line */
export const jsonIn = (text: string): unknown => {
  boundDepth(text);
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    const what = message.replace(/,? ?(in JSON )?(at position|is not valid JSON).*/s, '').slice(0, 120);
    throw new BadReport(
      `it is no JSON: ${what}`,
      position === undefined ? text.trimEnd().split('\n').length : lineAt(text, Number(position)),
    );
  }
};

const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

/** Larger texts are not read a second time for the sake of a line number. */
const mostForLines = 4 * 1024 * 1024;

/** The line of a field; undefined where the text is large. */
const lineOfField = async (text: string, path: readonly PropertyKey[]): Promise<number | undefined> => {
  if (text.length > mostForLines) return undefined;
  const [{ LineCounter, parseDocument }, { lineOf }] = await Promise.all([import('yaml'), import('../lint.ts')]);
  const lineCounter = new LineCounter();
  return lineOf(parseDocument(text, { lineCounter, uniqueKeys: false }), lineCounter, path);
};

/** What the schema makes of it. @throws BadReport with the field, its line and what was expected there */
export const checked = async <T>(schema: z.ZodType<T>, value: unknown, text: string): Promise<T> => {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  throw new BadReport(
    `${pathText(path)}: ${issue?.message ?? 'something else was expected'}`,
    await lineOfField(text, path),
  );
};
