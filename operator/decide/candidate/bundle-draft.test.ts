import { expect, test } from '@jest/globals';
import {
  aBundle,
  aCandidate,
  aDeployment,
  aLiveObject,
  anObject,
  aPolicy,
  aRecord,
} from '../../../test/support/builders/decide.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { keyOf, type ObjectKey } from '../objects.ts';
import { baseOf } from './bundle-draft.ts';

const kept = aDeployment('kept', {});
const foreign = anObject('ConfigMap', 'foreign', { data: {} });
const left = ['Deployment/kept', 'ConfigMap/foreign', 'Service/gone', 'ReleaseBundle/first'];

/** After a rollback that ended as Failed. */
const snapshot = (claims: readonly ObjectKey[] = []): CandidateSnapshot => {
  const bundle = aBundle({ name: 'first', removed: [] });
  const record = aRecord({
    package: {
      production: {
        bundle: 'first',
        digest: bundle.digest,
        candidateUid: '',
        previous: '',
        at: 0,
        observeUntil: 0,
        how: 'Failed',
      },
      unfinished: { from: 'second', fromDigest: '', to: 'first', left },
    },
  });
  const live = new Map([kept, foreign].map((object) => [keyOf(object.ref), aLiveObject(object)]));
  return {
    candidate: aCandidate(),
    record,
    production: bundle,
    live,
    claims: new Map(claims.map((key) => [key, 'billing'])),
  } as unknown as CandidateSnapshot; // what a base is made from
};

test('what a rollback that failed could not remove is removed by the next release, whose signers see it', () => {
  const base = baseOf(snapshot(), aPolicy(), []);
  expect(base?.lingering.map(keyOf)).toEqual(['Deployment/kept', 'ConfigMap/foreign']);
});

test('what another package holds by now is left to it', () => {
  const base = baseOf(snapshot(['ConfigMap/foreign']), aPolicy(), []);
  expect(base?.lingering.map(keyOf)).toEqual(['Deployment/kept']);
});
