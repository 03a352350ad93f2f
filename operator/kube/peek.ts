/** Looks into a line of a watch without parsing it: most objects of a big cluster are in namespaces that nobody follows. */

/** Where the object of an event is, and in which state. */
export interface Place {
  readonly namespace: string;
  readonly resourceVersion: string;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** The line is no JSON as the API server writes it. */
const lost = -1;

/** After the string that begins at `at`, or `lost`. */
const endOfString = (line: Buffer, at: number): number => {
  if (line[at] !== quote) return lost;
  for (let end = line.indexOf(quote, at + 1); end >= 0; end = line.indexOf(quote, end + 1)) {
    let escapes = 0;
    while (line[end - 1 - escapes] === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return lost;
};

/** After the value that begins at `at`, or `lost`. */
const endOfValue = (line: Buffer, at: number): number => {
  if (line[at] === quote) return endOfString(line, at);
  let depth = 0;
  let i = at;
  while (i < line.length) {
    const byte = line[i];
    if (byte === quote) {
      i = endOfString(line, i);
      if (i === lost) return lost;
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth += 1;
    // Of the object that the value is in: a number or word ends before it.
    else if (depth === 0 && (byte === comma || byte === closeBrace)) return i;
    else if (byte === closeBrace || byte === closeBracket) {
      depth -= 1;
      if (depth === 0) return i + 1;
    }
    i += 1;
  }
  return lost;
};

/**
 * Goes through the members of the object that begins at `at`. `visit` gets the name of a member and where its value begins, and says whether
 * to go on. Whatever is not written as the API server writes it ends the walk.
 */
const walk = (line: Buffer, at: number, visit: (name: string, valueAt: number) => boolean): void => {
  if (line[at] !== openBrace) return;
  let i = at + 1;
  for (;;) {
    const end = endOfString(line, i);
    if (end === lost || line[end] !== colon) return;
    if (!visit(line.toString('latin1', i + 1, end - 1), end + 1)) return;
    i = endOfValue(line, end + 1);
    if (i === lost || line[i] !== comma) return;
    i += 1;
  }
};

/** The string that begins at `at`; undefined when it is none, or one that has to be decoded. */
const textAt = (line: Buffer, at: number): string | undefined => {
  const end = endOfString(line, at);
  if (end === lost) return undefined;
  const text = line.toString('latin1', at + 1, end - 1);
  return text.includes('\\') ? undefined : text;
};

/** Where a member's value begins, or `lost`. */
const memberAt = (line: Buffer, at: number, wanted: string): number => {
  let found = lost;
  walk(line, at, (name, valueAt) => {
    if (name === wanted) found = valueAt;
    return found === lost;
  });
  return found;
};

/**
 * The namespace and resource version of the object in a watch event. undefined = the line has to be parsed: a bookmark, an error, an object
 * outside of namespaces, or anything that is written in another way than expected. What it does return is what parsing would find.
 */
export const placeOf = (line: Buffer): Place | undefined => {
  const object = memberAt(line, 0, 'object');
  const metadata = object === lost ? lost : memberAt(line, object, 'metadata');
  if (metadata === lost) return undefined;
  let namespace: string | undefined;
  let resourceVersion: string | undefined;
  walk(line, metadata, (name, valueAt) => {
    if (name === 'namespace') namespace = textAt(line, valueAt);
    if (name === 'resourceVersion') resourceVersion = textAt(line, valueAt);
    return namespace === undefined || resourceVersion === undefined;
  });
  return namespace === undefined || resourceVersion === undefined ? undefined : { namespace, resourceVersion };
};
