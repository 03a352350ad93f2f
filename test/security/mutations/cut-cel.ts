/** Variants of a CEL expression: one part dropped or widened in each. */

/** A variant of an expression. */
export interface Expression {
  readonly did: string;
  readonly text: string;
  /** The key under which it was done, where that was in a list of a map. */
  readonly about: string;
}

/** Who is let in where a list names identities: somebody from outside, and a program of the control plane that keeps other books. */
const newcomers = ['attacker', 'system:serviceaccount:kube-system:generic-garbage-collector'];

/** A CEL expression without each operand of `&&` and `||`, and each member of its lists and maps, in turn; and with more identities. */
export function expressions(cel: string): readonly Expression[] {
  const found: Expression[] = [];
  const keyOf = ({ from }: Span): string => /'([^']*)'\s*:\s*\[$/.exec(cel.slice(0, from))?.[1] ?? '';
  const said = ({ from, to }: Span): string => cel.slice(from, to).trim().replaceAll(/\s+/g, ' ');
  const cut = (list: readonly Span[], joint: string, about = ''): void => {
    for (const [i, { from, to }] of list.entries()) {
      const kept = list.toSpliced(i, 1).map((span) => cel.slice(span.from, span.to).trim());
      const [first, last] = [list[0]?.from ?? 0, list.at(-1)?.to ?? 0];
      const text = `${cel.slice(0, first)} ${kept.join(joint)} ${cel.slice(last)}`;
      found.push({ did: `without ${said({ from, to })}`, text, about });
    }
  };
  for (const { span, opened } of levels(cel)) {
    const members = split(cel, span, [',']);
    if (opened === '[' && members.every((member) => isUsername(cel, member)))
      for (const newcomer of newcomers.filter((name) => !cel.slice(span.from, span.to).includes(`'${name}'`))) {
        const text = `${cel.slice(0, span.to)}, '${newcomer}'${cel.slice(span.to)}`;
        found.push({ did: `with ${newcomer} beside ${said(span)}`, text, about: keyOf(span) });
      }
    if (opened === '{' || opened === '[') if (members.length > 1 || isText(cel, span)) cut(members, ', ', keyOf(span));
    for (const member of members)
      for (const branch of split(cel, member, [' ? ', ' : ', ': '])) {
        const either = split(cel, branch, ['||']);
        if (either.length > 1) cut(either, ' || ');
        for (const all of either) {
          const both = split(cel, all, ['&&']);
          if (both.length > 1) cut(both, ' && ');
        }
      }
  }
  return found;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const isText = (cel: string, { from, to }: Span): boolean => /^\s*'[^']*'\s*$/.test(cel.slice(from, to));

const isUsername = (cel: string, { from, to }: Span): boolean => /^\s*'system:[^']*'\s*$/.test(cel.slice(from, to));

/** The expression, and what stands between each pair of brackets in it. An index (`a['k']`) is not a list. */
function levels(cel: string): readonly { readonly span: Span; readonly opened: string }[] {
  const found: { span: Span; opened: string }[] = [{ span: { from: 0, to: cel.length }, opened: '' }];
  const open: { at: number; opened: string }[] = [];
  for (const { at, char } of code(cel)) {
    if ('([{'.includes(char)) {
      const isIndex = char === '[' && /[\w)\]}]\s*$/.test(cel.slice(0, at)) && !/\bin\s*$/.test(cel.slice(0, at));
      open.push({ at, opened: isIndex ? 'index' : char });
    }
    if (')]}'.includes(char)) {
      const last = open.pop();
      if (last !== undefined) found.push({ span: { from: last.at + 1, to: at }, opened: last.opened });
    }
  }
  return found;
}

/** The characters that are not in a string. */
function* code(cel: string): Generator<{ readonly at: number; readonly char: string }> {
  let quote = '';
  for (let at = 0; at < cel.length; at += 1) {
    const char = cel[at] ?? '';
    if (quote !== '') {
      if (char === '\\') at += 1;
      else if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else yield { at, char };
  }
}

/** A span cut at some words, where they stand outside brackets and strings. */
function split(cel: string, { from, to }: Span, words: readonly string[]): readonly Span[] {
  const spans: Span[] = [];
  let depth = 0;
  let start = from;
  for (const { at, char } of code(cel.slice(from, to))) {
    if ('([{'.includes(char)) depth += 1;
    if (')]}'.includes(char)) depth -= 1;
    const word = depth === 0 ? words.find((each) => cel.startsWith(each, from + at)) : undefined;
    if (word === undefined || from + at < start) continue;
    spans.push({ from: start, to: from + at });
    start = from + at + word.length;
  }
  return [...spans, { from: start, to }];
}
