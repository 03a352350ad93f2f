import { expect, test } from '@jest/globals';
import { aBundle, aGateSnapshot, aLiveObject, anObject } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import { questionKey, type Answers } from '../api-queries.ts';
import type { BundleObject } from '../bundle.ts';
import { digestOf } from '../json/canonical.ts';
import { renderStaged } from './content.ts';

const claim = (spec: JsonObject): BundleObject =>
  anObject('PersistentVolumeClaim', 'data', { spec: { accessModes: ['ReadWriteOnce'], ...spec } });

/** The digest of what staging holds, as it is compared with what was frozen; the API server changes nothing of it. */
const digestNow = (staged: BundleObject, frozen: BundleObject): string | undefined => {
  const s = aGateSnapshot({
    bundles: [aBundle({ objects: [frozen] })],
    staged: new Map([['PersistentVolumeClaim/data', aLiveObject(staged)]]),
  });
  const { questions } = renderStaged(s, new Map());
  const answers: Answers = new Map(
    questions.map((question) => [questionKey(question), { kind: 'Object', manifest: question.manifest }]),
  );
  return renderStaged(s, answers).digests.get('PersistentVolumeClaim/data');
};

const open = claim({});
const later = claim({ storageClassName: 'later' });

test('a claim that was given a class after it was frozen is what was frozen', () => {
  expect(digestNow(later, open)).toBe(open.digest);
});

test('a claim of another class than the frozen one is not', () => {
  const fast = claim({ storageClassName: 'fast' });
  expect(digestNow(later, fast)).toBe(digestOf(later.content));
});

test('nor is one that grew', () => {
  const grown = claim({ storageClassName: 'later', resources: { requests: { storage: '2Gi' } } });
  expect(digestNow(grown, open)).toBe(grown.digest);
});
