import { expect, test } from '@jest/globals';
import { aPackageRecord, now } from '../../../test/support/builders/decide.ts';
import { baseBundle, type OpenIntent, type PackageRecord } from './package.ts';

const open = (type: OpenIntent['type'], from: string, to: string): PackageRecord['open'] => ({
  type,
  id: 'an-intent',
  seq: 1,
  at: now,
  candidate: { name: 'payments-2.4.0', uid: 'uid', namespace: 'payments-staging' },
  from,
  to,
  toDigest: '',
  fromDigest: '',
  cause: '',
  rollback: '',
  delivery: 'Countersign',
  followsUp: null,
  refused: undefined,
  rejected: false,
});

const production: PackageRecord['production'] = {
  bundle: 'second',
  digest: '',
  candidateUid: '',
  previous: 'first',
  at: now,
  observeUntil: now,
  how: 'Promoted',
};

test.each<[sentence: string, given: Partial<PackageRecord>, base: string | undefined]>([
  ['no release has touched the package', {}, undefined],
  ['a release is in production', { production }, 'second'],
  ['its successor is on its way', { production, open: open('Promotion', 'second', 'third') }, 'second'],
  ['the very first promotion is in flight', { open: open('Promotion', '', 'first') }, ''],
  ['the first promotion over a baseline is in flight', { open: open('Promotion', 'baseline', 'first') }, 'baseline'],
  ['the first promotion is being taken back', { open: open('Rollback', 'first', '') }, ''],
])('while %s, candidates are compared with what production was, not with what is half written', (_, given, base) => {
  expect(baseBundle(aPackageRecord({ production: undefined, ...given }))).toBe(base);
});
