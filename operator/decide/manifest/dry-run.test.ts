import { describe, expect, it, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aLiveObject, anObject, digestOf } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import { anyObject } from '../json/json-arbitrary.ts';
import { objectAt, withMember } from '../json/json.ts';
import type { LiveObject } from '../objects.ts';
import { isImmutable, normalFormQuestion } from './dry-run.ts';
import { promotableKinds, runsOncePerBundle } from './kinds/index.ts';
import { normalForm } from './normal-form.ts';

const place = (live?: LiveObject, more: { unmanaged?: readonly string[]; mutators?: readonly string[] } = {}) => ({
  namespace: 'prod',
  live,
  unmanaged: [],
  mutators: [],
  ...more,
});
const refs = promotableKinds.map(({ apiVersion, kind }) => ({ apiVersion, kind, name: 'api' }));

describe('the dry run of a content', () => {
  it('creates it under its own name where production has none, and comes back as that content', () => {
    fc.assert(
      fc.property(fc.constantFrom(...refs), anyObject, (ref, manifest) => {
        const content = normalForm(manifest, ref);
        const asked = normalFormQuestion(content, ref, place());
        const { name } = objectAt(asked.manifest, 'metadata');
        expect(name).toMatch(runsOncePerBundle(ref) ? /^api-[0-9a-f]{8}$/ : /^api$/);
        expect(asked.replaces).toBe(false);
        expect(asked.stored({ ...asked.manifest, status: {} })).toEqual(content);
      }),
    );
  });

  const service = (spec: JsonObject) => anObject('Service', 'api', { spec });
  const live = aLiveObject(service({ clusterIP: '10.0.0.1', selector: { app: 'a' } }));

  it('replaces the live object where there is one, with what the cluster wrote there', () => {
    const { ref, content } = service({ selector: { app: 'b' } });
    const asked = normalFormQuestion(content, ref, place(live));
    expect(asked.replaces).toBe(true);
    expect(asked.manifest).toMatchObject({
      metadata: { name: 'api', namespace: live.namespace, uid: live.uid, resourceVersion: live.resourceVersion },
      spec: { clusterIP: '10.0.0.1', selector: { app: 'b' } },
    });
    expect(asked.stored(asked.manifest)).toEqual(content);
  });

  it('is the same question for as long as the content of the live object is the same', () => {
    const { ref, content } = service({ selector: { app: 'b' } });
    const { against } = normalFormQuestion(content, ref, place(live));
    const later = { ...live, resourceVersion: '99', status: { loadBalancer: {} } };
    const other = aLiveObject(service({ selector: { app: 'c' } }));
    expect(normalFormQuestion(content, ref, place(later)).against).toBe(against);
    expect(normalFormQuestion(content, ref, place(other)).against).not.toBe(against);
    expect(normalFormQuestion(content, ref, place()).against).not.toBe(against);
  });

  it('leaves a field as it is live that nobody can change, and comes back as what was asked', () => {
    const workload = (app: string) =>
      anObject('Deployment', 'api', { spec: { selector: { matchLabels: { app } }, replicas: 1 } });
    const { ref, content } = workload('new');
    const asked = normalFormQuestion(content, ref, place(aLiveObject(workload('old'))));
    expect(asked.manifest).toMatchObject({ spec: { selector: { matchLabels: { app: 'old' } } } });
    expect(asked.stored(asked.manifest)).toEqual(content);
  });

  it('does not take an annotation that is left to others for content', () => {
    const { ref, content } = service({ selector: { app: 'b' } });
    const mutated = (manifest: JsonObject, value: string): JsonObject =>
      withMember(manifest, 'metadata', {
        ...objectAt(manifest, 'metadata'),
        annotations: { 'example.com/x': value },
      });
    for (const there of [undefined, live]) {
      const free = normalFormQuestion(
        content,
        ref,
        place(there, { unmanaged: ['metadata.annotations[example.com/x]'] }),
      );
      expect(free.stored(mutated(free.manifest, '1'))).toEqual(content);
      const bound = normalFormQuestion(content, ref, place(there));
      expect(bound.stored(mutated(bound.manifest, '1'))).toEqual(normalForm(mutated(content, '1'), ref));
    }
  });
});

test.each([
  ['Deployment.apps "api" is invalid: spec.selector: Invalid value: {}: field is immutable', true],
  ["updates to statefulset spec for fields other than 'replicas' are forbidden", true],
  ['admission webhook denied the request: host is taken', false],
])('whether a field of the live object is immutable is told by what the API server says: %s', (message, expected) => {
  const { ref, content } = anObject('Deployment', 'api', {});
  const live = aLiveObject(anObject('Deployment', 'api', {}, digestOf('1')));
  expect(isImmutable(normalFormQuestion(content, ref, place(live)), message)).toBe(expected);
  expect(isImmutable(normalFormQuestion(content, ref, place()), message)).toBe(false);
});
