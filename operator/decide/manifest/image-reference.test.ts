import { expect, test } from '@jest/globals';
import { digestOf } from '../../../test/support/builders/decide.ts';
import { digestOfRun, pinnedTo, repositoryOf } from './image-reference.ts';

const digest = digestOf('e');

test.each([
  ['nginx', 'docker.io/library/nginx'],
  ['nginx:1.27', 'docker.io/library/nginx'],
  ['team/app:1', 'docker.io/team/app'],
  ['index.docker.io/library/nginx:1', 'docker.io/library/nginx'],
  ['localhost/app', 'localhost/app'],
  ['localhost:5000/app:1', 'localhost:5000/app'],
  [`registry.example:5000/team/app:1@${digest}`, 'registry.example:5000/team/app'],
])('%s is of repository %s', (reference, repository) => {
  expect(repositoryOf(reference)).toBe(repository);
});

test.each([
  ['nginx:1.27', `docker.io/library/nginx@${digest}`],
  ['docker.io/library/nginx', `nginx@${digest}`],
  ['registry.example/app:1', `registry.example/app@${digest}`],
  ['registry.example/app:1', `registry.example/app:1@${digest}`],
  ['registry.example/app:1', `docker-pullable://registry.example/app@${digest}`],
])('of a container of %s, %s names the digest', (reference, imageID) => {
  expect(digestOfRun(imageID, reference)).toBe(digest);
});

test.each([
  ['nothing yet', ''],
  ['the id of an image that was built on the node', digest],
  ['the same, as Docker has it', `docker://${digest}`],
  ['an import, which has a name of its own', `docker.io/library/import-2026-01-02@${digest}`],
  ['the digest of another repository', `mirror.example/app@${digest}`],
  ['a repository of the same ending', `registry.example/other/app@${digest}`],
  ['another algorithm', `registry.example/app@sha512:${'e'.repeat(128)}`],
  ['a digest cut short', `registry.example/app@${digest.slice(0, -1)}`],
  ['what goes on after it', `registry.example/app@${digest} `],
  ['a scheme', `https://registry.example/app@${digest}`],
])('%s names no digest', (_, imageID) => {
  expect(digestOfRun(imageID, 'registry.example/app:1')).toBeUndefined();
});

test('a digest stands behind a name and its tag, and behind no other digest', () => {
  expect(pinnedTo('nginx:1.27', digest)).toBe(`nginx:1.27@${digest}`);
  expect(pinnedTo(`nginx@${digest}`, digest)).toBeUndefined();
  expect(pinnedTo('', digest)).toBeUndefined();
});
