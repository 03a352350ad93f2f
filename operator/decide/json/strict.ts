/** JSON of which two readers never make two things. */
import { jsonObject, type JsonObject } from '../../api/meta.ts';

/** Deep enough for every document that is signed; what walks through one calls itself once a level. */
const maxDepth = 64;

/** A string, or a character that opens, closes or separates. Numbers, words and blanks lie between. */
const token = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]/g;

/** Why a text that `JSON.parse` takes is not read; undefined = it is. */
const ambiguity = (text: string): string | undefined => {
  /** Of each open object the names so far; undefined = a list. */
  const open: (Set<string> | undefined)[] = [];
  let isName = false;
  for (const [found] of text.matchAll(token)) {
    const names = open.at(-1);
    if (found === '{' || found === '[') {
      if (open.length === maxDepth) return `is nested more than ${maxDepth} levels deep`;
      open.push(found === '{' ? new Set() : undefined);
      isName = found === '{';
    } else if (found === '}' || found === ']') {
      open.pop();
      isName = false;
    } else if (found === ',') {
      isName = names !== undefined;
    } else if (isName && names !== undefined) {
      const name = String(JSON.parse(found));
      if (names.has(name)) return 'gives a field twice';
      names.add(name);
      isName = false;
    }
  }
  return undefined;
};

/** The object, or why it is not read, as the end of a sentence about it. A field given twice is refused: one reader takes the first, another the last. */
export const strictObject = (text: string): { readonly value: JsonObject } | { readonly problem: string } => {
  let value: JsonObject;
  try {
    value = jsonObject(JSON.parse(text));
  } catch {
    return { problem: 'is no JSON object' };
  }
  const problem = ambiguity(text);
  return problem === undefined ? { value } : { problem };
};
