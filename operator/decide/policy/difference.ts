/** What another spec of a policy changes, as lines that people read before they sign. */
import { jsonObject, type Json } from '../../api/meta.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { storedSpec, type JudgedPolicy } from '../inherited.ts';
import { differences } from '../json/diff.ts';
import { formatPath } from '../json/field-path.ts';
import { visible } from '../safe-text.ts';

type PolicySpec = ReleasePolicy['spec'];

/** Lines, and characters of one line and of one value, that are shown. What is more is counted. */
const [maxLines, maxLine, maxValue] = [200, 960, 400];

const absent = '(absent)';

const cut = (text: string, most: number): string => {
  const characters = Array.from(text);
  const left = characters.length - most;
  return left <= 0 ? text : `${characters.slice(0, most).join('')}… (${left} characters more)`;
};

/** How much of what two long texts have in common stands before the place where they part. */
const context = 40;

/** How many characters two texts begin with alike, of which nothing needs to be shown. */
const alike = (a: readonly string[], b: readonly string[]): number => {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at <= maxValue / 2 ? 0 : at - context;
};

const valueTexts = (from: Json | undefined, to: Json | undefined): readonly [from: string, to: string] => {
  const [before = [], after = []] = [from, to].map((value) =>
    Array.from(value === undefined ? absent : visible(JSON.stringify(value))),
  );
  const skipped = alike(before, after);
  const lead = skipped === 0 ? '' : `(${skipped} characters before) …`;
  const shown = (text: readonly string[]): string => `${lead}${cut(text.slice(skipped).join(''), maxValue)}`;
  return [shown(before), shown(after)];
};

export interface PolicyDifference {
  /** One a field: `soak: "1h" → "0s"`. Empty exactly when the two are equal. */
  readonly lines: readonly string[];
  /** How many further fields differ. */
  readonly more: number;
}

/** As JSON: what is undefined is no field. */
const plain = (spec: PolicySpec): Json => jsonObject(JSON.parse(JSON.stringify(spec)));

/** Field by field, entries of lists by name, in the order of their paths. Of a policy that inherits, what it says itself is what is changed. */
export const policyDifference = (from: Pick<JudgedPolicy, 'spec' | 'inherited'>, to: PolicySpec): PolicyDifference => {
  const all = differences(plain(storedSpec(from)), plain(to));
  return {
    lines: all
      .slice(0, maxLines)
      .map(({ path, from, to }) => cut(`${visible(formatPath(path))}: ${valueTexts(from, to).join(' → ')}`, maxLine)),
    more: Math.max(0, all.length - maxLines),
  };
};
