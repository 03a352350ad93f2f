import { expect, test } from '@jest/globals';
import {
  aBundle,
  aDeployment,
  aGateSnapshot,
  anObject,
  digestOf,
  image,
  now,
} from '../../../../test/support/builders/decide.ts';
import type { BundleObject } from '../../bundle.ts';
import { images } from './images.ts';

const judged = (...objects: BundleObject[]) => images.judge(aGateSnapshot({ bundle: aBundle({ objects }) }), now);
const running = (reference: string) => aDeployment('api', { containers: [{ name: 'app', image: reference }] });
const digest = digestOf('e');
const loose = { containers: [{ name: 'app', image: 'api:1' }] };

test.each([
  `api@${digest}`,
  `team/api@${digest}`,
  `registry.example/team/api:1.2@${digest}`,
  `registry.example:5000/api@${digest}`,
  `localhost/api@${digest}`,
  `LOCAL.example/api@${digest}`,
  `[2001:db8::1]:5000/api@${digest}`,
  `a__b/c--d.e@${digest}`,
])('%s is named by digest', (reference) => {
  expect(judged(running(reference))).toMatchObject({ outcome: 'Passed', reason: 'DigestsPinned' });
});

test.each([
  ['no tag at all', 'api'],
  ['a tag', 'registry.example/api:1.2'],
  ['nothing', ''],
  ['a digest without a name', `@${digest}`],
  ['a digest cut short', `api@${digest.slice(0, -1)}`],
  ['a digest too long', `api@${digest}0`],
  ['a digest in upper case', `api@sha256:${'E'.repeat(64)}`],
  ['an algorithm in upper case', `api@SHA256:${'e'.repeat(64)}`],
  ['another algorithm', `api@sha512:${'e'.repeat(128)}`],
  ['a digest that is a tag', `api:sha256-${'e'.repeat(64)}`],
  ['a digest that is a folder', `registry.example/api@${digest}/api:latest`],
  ['a digest followed by a tag', `api@${digest}:latest`],
  ['two digests', `api@${digest}@${digest}`],
  ['a leading space', ` api@${digest}`],
  ['a trailing space', `api@${digest} `],
  ['a trailing newline', `api@${digest}\n`],
  ['a space inside', `evil.example api@${digest}`],
  ['user and password', `registry.example:pw@evil.example/api@${digest}`],
  ['a scheme', `https://registry.example/api@${digest}`],
  ['an upper-case repository', `registry.example/API@${digest}`],
  ['an empty tag', `api:@${digest}`],
  ['a folder without a name', `registry.example//api@${digest}`],
  ['a folder that climbs', `registry.example/../api@${digest}`],
  ['a homoglyph of the at sign', `api＠${digest}`],
  ['a name too long', `${'a'.repeat(256)}@${digest}`],
])('%s is not a digest', (_, reference) => {
  const verdict = judged(running(reference));
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'TagWithoutDigest' });
  expect(verdict.message).toContain('container app of Deployment api');
  expect(verdict.remedy).toContain('kubectl get pods -n payments-staging');
});

test('ten thousand dashes are read at once', () => {
  const started = performance.now();
  judged(running(`${'a-'.repeat(10_000)}!@${digest}`));
  judged(running(`${'a'.repeat(100_000)}:${'b'.repeat(100_000)}`));
  expect(performance.now() - started).toBeLessThan(500);
});

test.each([
  ['an init container', { initContainers: [{ name: 'migrate', image: 'migrate:1' }] }, 'container migrate'],
  ['an ephemeral container', { ephemeralContainers: [{ name: 'debug', image: 'busybox' }] }, 'container debug'],
  ['an image volume', { volumes: [{ name: 'model', image: { reference: 'model:1' } }] }, 'volume model'],
  ['an image volume without reference', { volumes: [{ name: 'model', image: {} }] }, 'volume model'],
])('%s is looked at', (_, podSpec, where) => {
  expect(judged(aDeployment('api', podSpec)).message).toContain(where);
});

const template = { template: { spec: loose } };
test.each([
  ['Deployment', { spec: template }],
  ['StatefulSet', { spec: template }],
  ['DaemonSet', { spec: template }],
  ['Job', { spec: template }],
  ['CronJob', { spec: { jobTemplate: { spec: template } } }],
  ['Rollout', { spec: template }],
  ['PodTemplate', template],
])('the pods of a %s are looked at', (kind, content) => {
  expect(judged(anObject(kind, 'api', content)).outcome).toBe('Blocked');
});

test('every container is looked at, and those by digest are not named', () => {
  const containers = [
    { name: 'app', image: image('app') },
    { name: 'sidecar', image: 'sidecar:latest' },
  ];
  const { message } = judged(aDeployment('api', { containers }));
  expect(message).toContain('sidecar');
  expect(message).not.toContain('container app');
});

test('an object without pods needs no image', () => {
  expect(judged(anObject('Service', 'api', { spec: { selector: { app: 'api' } } })).outcome).toBe('Passed');
});

test('a container without an image is blocked', () => {
  expect(judged(aDeployment('api', { containers: [{ name: 'app' }] })).outcome).toBe('Blocked');
});

test('what somebody hides in an image name is written out', () => {
  expect(judged(running('api:1\u202e\u001b[2J')).message).toContain('\\u{202e}\\u{1b}');
});
