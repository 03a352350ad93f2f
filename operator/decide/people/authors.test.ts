import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aBundle, aDeployment, aLiveObject, anObject, aNamespace } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { Writer } from '../../api/writers.ts';
import { contributorsOf, handsOn, unknownWriters } from './authors.ts';
import type { ObjectSource } from '../bundle.ts';
import { keyOf, type LiveObject } from '../objects.ts';

const api = aDeployment('api');
const source = aNamespace({ name: 'payments-staging', staging: true });

/** Staging holds one object. */
const staging = (live: Partial<LiveObject>) => ({
  source,
  stagedAutoscalers: [],
  staged: new Map([[keyOf(api.ref), aLiveObject(api, { uid: 'one', resourceVersion: '200', ...live })]]),
});

/** A bundle holds it as of `since`. */
const hands = (live: Partial<LiveObject>, since?: ObjectSource) =>
  handsOn(staging(live), aBundle({ objects: [{ ...api, source: since }] }));

const changedBy: readonly Writer[] = [
  { username: 'developer-a', position: '0' },
  { username: 'developer-b', position: '99' },
  { username: 'approver-a', position: '100' },
];
const everybody = ['developer-a', 'developer-b', 'approver-a'];
const large = {
  resourceVersion: '9007199254740995',
  changedBy: [
    { username: 'before', position: '9007199254740992' },
    { username: 'since', position: '9007199254740993' },
  ],
};

describe('who changed an object that was frozen as of version 100', () => {
  const since = { uid: 'one', resourceVersion: '100' };
  test.each<[sentence: string, live: Partial<LiveObject>, since: ObjectSource | undefined, names: string[]]>([
    ['counts from then on', {}, since, ['approver-a']],
    ['counts before, if it is another object', {}, { ...since, uid: 'two' }, everybody],
    ['counts before, if it is not known as of when', {}, undefined, everybody],
    ['counts before, if the object is older: its cluster was set back', { resourceVersion: '90' }, since, everybody],
    ['is compared by number', {}, { ...since, resourceVersion: '99' }, ['developer-b', 'approver-a']],
    ['is compared beyond what a double tells', large, { ...since, resourceVersion: '9007199254740993' }, ['since']],
  ])('%s', (_, live, from, names) => {
    expect(hands({ changedBy, ...live }, from).known).toEqual(names);
  });

  test('counts if the bundle lacks the object, or there is none', () => {
    expect(handsOn(staging({ changedBy }), undefined).known).toEqual(everybody);
    expect(handsOn(staging({ changedBy }), aBundle({ objects: [] })).known).toEqual(everybody);
  });
});

describe('who wrote it is unknown', () => {
  const unrecorded: Writer = { username: undefined, position: '0' };
  const since = { uid: 'one', resourceVersion: '100' };
  test.each<[sentence: string, live: Partial<LiveObject>, isUnknown: boolean]>([
    ['without a record', { changedBy: undefined }, true],
    ['if others wrote before the record began', { uid: 'two', changedBy: [unrecorded, ...changedBy] }, true],
    ['not if they wrote what was frozen', { changedBy: [unrecorded, ...changedBy] }, false],
    ['not with a record of everybody', { changedBy }, false],
  ])('%s', (_, live, isUnknown) => {
    expect(hands(live, since).unknown).toEqual(isUnknown ? ['Deployment/api'] : []);
  });

  test('while nothing is recorded in the namespace, whatever the record says', () => {
    const s = { ...staging({ changedBy }), source: { ...source, staging: false } };
    const seen = handsOn(s, aBundle({ objects: [{ ...api, source: since }] }));
    expect(seen.unknown).toEqual(['Deployment/api']);
    expect(unknownWriters(s, 'payments-staging', seen)).toEqual({
      message:
        'Namespace payments-staging is not labelled countersign.dev/staging=true, so it is not recorded who changes what in it',
      remedy:
        'A platform admin labels it: kubectl label namespace payments-staging countersign.dev/staging=true; then somebody who answers for it sends it again as it is: kubectl get deployment/api -n payments-staging -o yaml | kubectl replace -f -',
    });
  });
});

describe('what scales it', () => {
  const scaler = (given: Partial<LiveObject> = {}, spec: JsonObject = {}): LiveObject =>
    aLiveObject(
      anObject('HorizontalPodAutoscaler', 'api', {
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' }, minReplicas: 2, maxReplicas: 8, ...spec },
      }),
      { changedBy: [{ username: 'approver-b', position: '7' }], ...given },
    );
  const seen = (live: Partial<LiveObject>, stagedAutoscalers: readonly LiveObject[]) => ({
    ...staging({ changedBy, ...live }),
    stagedAutoscalers,
  });
  const since = { uid: 'one', resourceVersion: '100' };
  const frozen = aBundle({ objects: [{ ...api, source: since }] });
  const before = aBundle({ objects: [{ ...anObject('Deployment', 'api', { spec: { replicas: 2 } }), source: since }] });

  test('was written by authors of what it scales, whenever they wrote it', () => {
    expect(handsOn(seen({}, [scaler()]), frozen)).toEqual({
      known: ['approver-a', 'approver-b'],
      unknown: [],
      scaled: new Map(),
    });
  });

  test('is nobody’s business where it scales something else', () => {
    const other = scaler({}, { scaleTargetRef: { kind: 'StatefulSet', name: 'api' } });
    expect(handsOn(seen({}, [other]), frozen).known).toEqual(['approver-a']);
  });

  test('was written by nobody who is known', () => {
    const hidden = scaler({ changedBy: undefined });
    expect(handsOn(seen({}, [hidden]), frozen).unknown).toEqual(['HorizontalPodAutoscaler/api']);
  });

  test('has a place of its own when it is staged', () => {
    const [own, s] = [scaler(), seen({}, [scaler()])];
    const both = { ...s, staged: new Map([...s.staged, [keyOf(own.ref), own]]) };
    const all = aBundle({
      objects: [
        { ...api, source: since },
        { ...anObject('HorizontalPodAutoscaler', 'api', {}), source: { uid: own.uid, resourceVersion: '8' } },
      ],
    });
    expect(handsOn(both, all).known).toEqual(['approver-a', 'approver-b']); // set back: older than its source
    const later = { ...both, staged: new Map([...s.staged, [keyOf(own.ref), scaler({ resourceVersion: '9' })]]) };
    expect(handsOn(later, all).known).toEqual(['approver-a']);
  });

  test.each<[sentence: string, live: Partial<LiveObject>, scalers: readonly LiveObject[], isNobodys: boolean]>([
    ['as people wrote them', { recordedReplicas: 6 }, [], false],
    ['of a record that does not say', {}, [], false],
    ['by an autoscaler', { recordedReplicas: 1 }, [scaler()], false],
    ['by one that has gone', { recordedReplicas: 1 }, [], true],
    ['more than the autoscaler may', { recordedReplicas: 1 }, [scaler({}, { maxReplicas: 5 })], true],
    ['fewer than the autoscaler may', { recordedReplicas: 9 }, [scaler({}, { minReplicas: 7 })], true],
    ['by one of several', { recordedReplicas: 1 }, [scaler({}, { maxReplicas: 5 }), scaler()], false],
  ])('replicas %s', (_, live, scalers, isNobodys) => {
    const s = seen(live, scalers);
    const hands = handsOn(s, before);
    expect([hands.unknown, [...hands.scaled]]).toEqual(
      isNobodys ? [['Deployment/api'], [['Deployment/api', 6]]] : [[], []],
    );
    expect(handsOn(s, frozen).scaled.size).toBe(0); // they were frozen so
    expect(unknownWriters(s, 'payments-staging', hands)).toEqual(
      isNobodys
        ? {
            message:
              'It is not recorded who set the replicas of Deployment api in payments-staging, which no autoscaler explains',
            remedy:
              "Somebody who answers for the replicas says so: kubectl annotate deployment/api -n payments-staging --overwrite countersign.dev/writers='6 %replicas'",
          }
        : undefined,
    );
  });

  test('and it are named where both are unknown', () => {
    const s = seen({ recordedReplicas: 1 }, [scaler({ changedBy: undefined }, { maxReplicas: 2 })]);
    expect(unknownWriters(s, 'payments-staging', handsOn(s, before))).toEqual({
      message:
        'It is not recorded who wrote HorizontalPodAutoscaler api in payments-staging, nor who set the replicas of Deployment api in payments-staging, which no autoscaler explains',
      remedy:
        "Somebody who answers for it sends it again as it is: kubectl get horizontalpodautoscaler/api -n payments-staging -o yaml | kubectl replace -f -; somebody who answers for the replicas says so: kubectl annotate deployment/api -n payments-staging --overwrite countersign.dev/writers='6 %replicas'",
    });
  });

  test('is named among what somebody wrote', () => {
    const { writtenBy } = contributorsOf(seen({}, [scaler()]), 'payments-staging', undefined);
    expect(writtenBy(['approver-b'])).toEqual(['HorizontalPodAutoscaler/api']);
  });
});

const history = fc.uniqueArray(fc.record({ username: fc.string({ minLength: 1 }), at: fc.nat(1000) }), {
  selector: ({ at }) => at,
  maxLength: 8,
});

test('nobody who changed the object after it was frozen is missing, and nobody who only did before is there', () => {
  fc.assert(
    fc.property(history, fc.nat(1000), (changes, frozenAt) => {
      // The record keeps everybody once, with what they changed last.
      const last = new Map(changes.toSorted((a, b) => a.at - b.at).map(({ username, at }) => [username, at]));
      const writers = [...last].map(([username, at]) => ({ username, position: String(at) }));
      const frozen = { uid: 'one', resourceVersion: String(frozenAt) };
      const since = changes.filter(({ at }) => at >= frozenAt).map(({ username }) => username);
      expect(new Set(hands({ changedBy: writers, resourceVersion: '1001' }, frozen).known)).toEqual(new Set(since));
    }),
  );
});
