/** Who wrote and reviewed the source, as a forge or a builder states it. */
import type { Json } from '../../../api/meta.ts';
import { mostSourceAuthors } from '../../people/source-authors.ts';
import { at, isList, listAt, textAt } from '../../json/json.ts';
import { repositoryOf, type Source } from './source.ts';

/** Somebody who had a hand in the source. */
export interface Contributor {
  /** A mail address, or an account of the forge. */
  readonly name: string;
  readonly did: 'wrote' | 'reviewed';
  readonly repository: string;
  /** Of whoever wrote, the commit; of reviewers, the revision that was built. */
  readonly revision: string;
}

/** What a statement says of its source. */
export interface SourceHistory {
  readonly sources: readonly Source[];
  /** Each name once, with the first that it did. */
  readonly contributors: readonly Contributor[];
  readonly commits: number;
  /** The statement names more people than are kept. */
  readonly overflows: boolean;
}

/** People whom one statement may name. */
export const mostContributors = mostSourceAuthors;
/** Characters of a name: a mail address has no more. */
const longestName = 254;

/** `Ada <ada@example.com>` is the address in it. */
const nameIn = (text: string): string => (/<([^<>]+)>\s*$/.exec(text)?.[1] ?? text).trim();

interface Problem {
  readonly problem: string;
}

const namesIn = (value: Json, field: string): readonly string[] | Problem => {
  const given = at(value, field);
  if (given === undefined) return [];
  if (!isList(given)) return { problem: `has ${field} that are no list` };
  const names = given.map((each) => (typeof each === 'string' ? nameIn(each) : undefined));
  const whole = names.flatMap((name) => name ?? []);
  if (whole.length < names.length || whole.some((name) => name.length > longestName)) {
    return { problem: `names among ${field} what is no text of at most ${longestName} characters` };
  }
  // A commit that nobody else wrote with its author has an empty name there.
  return whole.filter((name) => name !== '');
};

type Read = { readonly found: readonly Contributor[] } | Problem;

const commitOf = (commit: Json, repository: string): Read => {
  const revision = textAt(commit, 'revision') ?? '';
  const names = namesIn(commit, 'authors');
  if ('problem' in names) return names;
  if (!isRevision(revision)) return { problem: `names a commit of ${repository} without its revision in hexadecimal` };
  if (names.length === 0) return { problem: `does not say who wrote commit ${revision}` };
  return { found: names.map((name) => ({ name, did: 'wrote', repository, revision })) };
};

const isRevision = (text: string): boolean => /^[0-9a-f]{7,64}$/.test(text);

/** One repository: every commit with who wrote it, the built revision among them, and who reviewed. */
const sourceIn = (value: Json): { readonly source: Source; readonly found: readonly Contributor[] } | Problem => {
  const repository = repositoryOf(textAt(value, 'repository') ?? '').slice(0, 512);
  const revision = textAt(value, 'revision') ?? '';
  if (repository === '' || !isRevision(revision)) {
    return { problem: 'names a source without repository or without revision in hexadecimal' };
  }
  const commits = listAt(value, 'commits');
  const found: Contributor[] = [];
  for (const commit of commits) {
    const read = commitOf(commit, repository);
    if ('problem' in read) return read;
    found.push(...read.found);
  }
  if (!commits.some((commit) => textAt(commit, 'revision') === revision)) {
    return { problem: `does not say who wrote commit ${revision}, which it says was built` };
  }
  const reviewers = namesIn(value, 'reviewers');
  if ('problem' in reviewers) return reviewers;
  found.push(...reviewers.map((name) => ({ name, did: 'reviewed' as const, repository, revision })));
  return { source: { repository, revision }, found };
};

/** What a list of sources says of who made them. @returns why it is not read, as the end of a sentence about it */
export const historyOf = (sources: Json | undefined): SourceHistory | Problem => {
  if (!isList(sources) || sources.length === 0) return { problem: 'has no list sources' };
  const read = sources.map(sourceIn);
  const wrong = read.find((each) => 'problem' in each);
  if (wrong !== undefined && 'problem' in wrong) return wrong;
  const whole = read.flatMap((each) => ('problem' in each ? [] : [each]));
  const all = whole.flatMap(({ found }) => found);
  const byName = new Map<string, Contributor>();
  for (const each of all) if (!byName.has(each.name)) byName.set(each.name, each);
  return {
    sources: whole.map(({ source }) => source),
    contributors: [...byName.values()].slice(0, mostContributors),
    commits: sources.reduce<number>((sum, each) => sum + listAt(each, 'commits').length, 0),
    overflows: byName.size > mostContributors,
  };
};
