import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aDeployment, anObject } from '../../../test/support/builders/decide.ts';
import { deltaClasses, type DeltaClass } from '../../api/bundle.ts';
import { significantClasses } from '../../api/policy-evidence.ts';
import type { BundleObject } from '../bundle.ts';
import { changedParts, firstOfEach } from '../delta/changed-parts.ts';
import { delta } from '../delta/delta.ts';
import type { ObjectKey } from '../objects.ts';
import { imagesChanged, significanceOf, type Level } from './significance.ts';

const part = (sort: DeltaClass, object: ObjectKey = 'Deployment/api') => ({ class: sort, object });
const changing = (...sorts: readonly DeltaClass[]) => ({ isNew: false, parts: sorts.map((sort) => part(sort)) });

describe('how much a release changes', () => {
  test.each<[given: string, changes: Parameters<typeof significanceOf>[0], minor: readonly string[], level: Level]>([
    ['nothing', changing(), [], 'Minor'],
    ['configuration, replicas and labels', changing('configuration', 'scale', 'metadata'), [], 'Minor'],
    ['an image', changing('configuration', 'image'), [], 'Significant'],
    ['an image that the policy takes for minor', changing('image'), ['image'], 'Minor'],
    [
      'an image and a command, of which the policy takes one for minor',
      changing('image', 'command'),
      ['image'],
      'Significant',
    ],
    ['rights', changing('rights'), ['image'], 'Significant'],
    ['what is removed', changing('removed'), [], 'Significant'],
    [
      'loss of data, whatever the policy takes for minor',
      changing('data loss'),
      [...significantClasses],
      'Significant',
    ],
    ['a new package', { isNew: true, parts: [] }, [...significantClasses], 'NewApplication'],
    ['what cannot be compared', 'Unknown', [...significantClasses], 'Significant'],
  ])('%s', (_, changes, minor, level) => {
    const classes = significantClasses.filter((each) => minor.includes(each));
    expect(significanceOf(changes, 'Minor', classes).level).toBe(level);
  });

  test('says what makes it significant, and in which object', () => {
    const changes = { isNew: false, parts: [part('scale'), part('image'), part('network', 'Service/api')] };
    expect(significanceOf(changes, 'Minor', [])).toEqual({
      level: 'Significant',
      because: 'it changes image (Deployment api), network (Service api)',
    });
    expect(significanceOf(changing('scale'), 'Significant', [])).toEqual({
      level: 'Significant',
      because: 'the candidate says so',
    });
  });
});

const levels: readonly Level[] = ['Minor', 'Significant', 'NewApplication'];
const sorts = fc.array(fc.constantFrom(...deltaClasses), { maxLength: 8 });

test('the same delta has the same answer, and adding a change, or a claim, never lowers it', () => {
  fc.assert(
    fc.property(
      sorts,
      sorts,
      fc.constantFrom(...levels),
      fc.subarray([...significantClasses]),
      fc.boolean(),
      (some, more, claimed, minor, isNew) => {
        const rankOf = (all: readonly DeltaClass[], claim: Level) =>
          levels.indexOf(
            significanceOf({ isNew, parts: firstOfEach(all.map((sort) => part(sort))) }, claim, minor).level,
          );
        expect(rankOf(some, claimed)).toBe(rankOf(some.toReversed(), claimed));
        expect(rankOf([...some, ...more], claimed)).toBeGreaterThanOrEqual(rankOf(some, claimed));
        expect(rankOf(some, claimed)).toBeGreaterThanOrEqual(rankOf(some, 'Minor'));
        expect(rankOf(some, claimed)).toBeGreaterThanOrEqual(levels.indexOf(claimed));
      },
    ),
  );
});

const objects: fc.Arbitrary<BundleObject> = fc.oneof(
  fc
    .constantFrom('api', 'web')
    .chain((name) =>
      fc
        .record({ image: fc.constantFrom('a', 'b'), args: fc.constantFrom('x', 'y') })
        .map(({ image, args }) => aDeployment(name, { containers: [{ name: 'app', image, args: [args] }] })),
    ),
  fc.constantFrom('one', 'two').map((level) => anObject('ConfigMap', 'settings', { data: { level } })),
  fc.constantFrom(80, 81).map((port) => anObject('Service', 'api', { spec: { ports: [{ port }] } })),
  fc
    .constantFrom('1Gi', '2Gi')
    .map((storage) => anObject('PersistentVolumeClaim', 'data', { spec: { resources: { requests: { storage } } } })),
);
const contents = fc.uniqueArray(objects, { selector: ({ ref }) => `${ref.kind}/${ref.name}`, maxLength: 5 });

test('what is found in contents is what the delta says that signers read', () => {
  fc.assert(
    fc.property(contents, contents, fc.boolean(), (was, is, foreign) => {
      const removed = was.map(({ ref }) => ref).filter(({ name }) => !is.some(({ ref }) => ref.name === name));
      const before = { objects: was, foreign };
      const found = changedParts(before, { objects: is, removed, unmanaged: [], irreversible: [] });
      const told = new Set(delta(before, is, removed, []).map((change) => change.class));
      expect(new Set(found.map((each) => each.class))).toEqual(told);
      expect(imagesChanged({ isNew: false, parts: found })).toBe(told.has('image'));
    }),
  );
});
