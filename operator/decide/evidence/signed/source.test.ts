import { expect, test } from '@jest/globals';
import { repositoryOf, sourceOf } from './source.ts';

test.each<[uri: string, repository: string]>([
  ['git+https://Git.Example/Payments@refs/heads/main', 'https://git.example/Payments'],
  ['https://git.example/payments.git', 'https://git.example/payments'],
  ['https://git.example/payments/', 'https://git.example/payments'],
  ['git+https://git.example/payments.git@v1', 'https://git.example/payments'],
  ['https://somebody@git.example/payments', 'https://somebody@git.example/payments'],
  ['https://git.example.evil/payments', 'https://git.example.evil/payments'],
  ['git@git.example:team/payments.git', 'git@git.example:team/payments'],
])('%s is repository %s', (uri, repository) => {
  expect(repositoryOf(uri)).toBe(repository);
});

test('what has a commit, or an address of git, is a source; a package is none', () => {
  const digest = { gitCommit: 'abc' };
  expect(sourceOf({ uri: 'https://git.example/a', digest })).toEqual({
    repository: 'https://git.example/a',
    revision: 'abc',
  });
  expect(sourceOf({ uri: 'git+https://git.example/a', digest: { sha1: 'def' } })?.revision).toBe('def');
  expect(sourceOf({ uri: 'pkg:npm/left-pad@1', digest: { sha256: 'x' } })).toBeUndefined();
});
