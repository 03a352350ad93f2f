import { describe, expect, test } from '@jest/globals';
import { jsonObject } from '../../../api/meta.ts';
import { historyOf } from './contributors.ts';

const [first, second] = ['a'.repeat(40), 'b'.repeat(40)];
const repository = 'git+https://Git.example/payments.git';
const commit = (revision: string, ...authors: unknown[]) => ({ revision, authors });
const source = (more: object = {}) => ({
  repository,
  revision: first,
  commits: [commit(first, 'ada@example.com')],
  ...more,
});
const read = (...sources: object[]) => historyOf(sources.map(jsonObject));

test('everybody who wrote or reviewed is named once, with the first that they did', () => {
  const commits = [commit(second, 'Ada <ada@example.com>', 'bob'), commit(first, 'ada@example.com', '')];
  const repositoryName = 'https://git.example/payments';
  expect(read(source({ commits, reviewers: ['carol', 'bob'] }))).toEqual({
    sources: [{ repository: repositoryName, revision: first }],
    contributors: [
      { name: 'ada@example.com', did: 'wrote', repository: repositoryName, revision: second },
      { name: 'bob', did: 'wrote', repository: repositoryName, revision: second },
      { name: 'carol', did: 'reviewed', repository: repositoryName, revision: first },
    ],
    commits: 2,
    overflows: false,
  });
});

describe('what does not say who made it is not read', () => {
  test.each<[sentence: string, sources: readonly object[], says: string]>([
    ['no source', [], 'has no list sources'],
    ['no repository', [source({ repository: '' })], 'without repository'],
    ['a branch instead of a revision', [source({ revision: 'main' })], 'without revision in hexadecimal'],
    ['a commit that nobody wrote', [source({ commits: [commit(first)] })], `does not say who wrote commit ${first}`],
    [
      'a commit whose author has no name',
      [source({ commits: [commit(first, '', ' ')] })],
      `does not say who wrote commit ${first}`,
    ],
    [
      'everything but the commit that was built',
      [source({ commits: [commit(second, 'ada')] })],
      `does not say who wrote commit ${first}, which it says was built`,
    ],
    ['authors that are a text', [source({ commits: [{ revision: first, authors: 'ada' }] })], 'that are no list'],
    ['an author that is no text', [source({ commits: [commit(first, 'ada', 7)] })], 'what is no text'],
    ['an author with a long name', [source({ commits: [commit(first, 'a'.repeat(255))] })], 'at most 254 characters'],
    ['reviewers that are a text', [source({ reviewers: 'carol' })], 'has reviewers that are no list'],
    ['a good source and a bad one', [source(), source({ commits: [] })], 'does not say who wrote'],
  ])('%s', (_, sources, says) => {
    expect(read(...sources)).toEqual({ problem: expect.stringContaining(says) });
  });
});

test('thousands of commits are read, and of more people than are kept it is said', () => {
  const many = (people: number) =>
    Array.from({ length: 5_000 }, (_, i) =>
      commit(i === 0 ? first : i.toString(16).padStart(40, '0'), `p${i % people}`),
    );
  expect(read(source({ commits: many(250) }))).toMatchObject({ commits: 5_000, overflows: false });
  expect(read(source({ commits: many(251) }))).toMatchObject({ overflows: true, contributors: { length: 250 } });
});
