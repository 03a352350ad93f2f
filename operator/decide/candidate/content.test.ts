import { expect, test } from '@jest/globals';
import { aBundle, aCandidate, aGateSnapshot, aLiveObject, anObject } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import { questionKey, type Answers } from '../api-queries.ts';
import type { BundleObject } from '../bundle.ts';
import { digestOf } from '../json/canonical.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { keyOf, type LiveObject } from '../objects.ts';
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

test('what staging still holds is what was frozen, whatever lists merge by now and whatever the API server fills in', () => {
  const staged = anObject('Widget', 'w', {
    spec: {
      parts: [
        { id: 'a', size: 1 },
        { id: 'b', size: 1 },
      ],
    },
  });
  const live = aLiveObject(staged);
  const frozen = {
    ...anObject('Widget', 'w', {
      spec: {
        parts: [
          { id: 'a', size: 2 },
          { id: 'b', size: 1 },
        ],
      },
    }),
    source: { uid: live.uid, resourceVersion: '1', digest: digestOf(normalForm(live.manifest, live.ref)) },
  };
  const overlay = [{ kind: 'Widget', name: 'w', patch: { spec: { parts: [{ id: 'a', size: 2 }] } } }];
  const given = { candidate: aCandidate({ overlay }), bundles: [aBundle({ objects: [frozen] })] };
  const key = keyOf(staged.ref);
  const now = (object: LiveObject) =>
    renderStaged(aGateSnapshot({ ...given, staged: new Map([[key, object]]) }), new Map());
  expect(now(live)).toMatchObject({ questions: [], digests: new Map([[key, frozen.digest]]) });
  // Made again, or changed: it is rendered with what is known now.
  expect(now({ ...live, uid: 'another' }).questions).toHaveLength(1);
  const changed = anObject('Widget', 'w', { spec: { parts: [{ id: 'a', size: 3 }] } });
  expect(now({ ...aLiveObject(changed), uid: live.uid }).questions).toHaveLength(1);
});
