import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { JsonObject } from '../../api/meta.ts';
import { anyObject } from '../json/json-arbitrary.ts';
import { normalForm } from './normal-form.ts';
import { objectAt } from '../json/json.ts';
import type { ObjectRef } from '../objects.ts';
import { fromScratch, scratchManifest } from './dry-run.ts';
import { promotableKinds } from './kinds/index.ts';

const scratchName = (ref: ObjectRef, content: JsonObject) =>
  objectAt(scratchManifest(content, ref, 'prod'), 'metadata')['name'];

const refs = promotableKinds.map(({ apiVersion, kind }) => ({ apiVersion, kind, name: 'api' }));

describe('a scratch object', () => {
  it('has a name that every kind takes, and one for one content', () => {
    fc.assert(
      fc.property(fc.constantFrom(...refs), anyObject, anyObject, (ref, a, b) => {
        expect(scratchName(ref, a)).toMatch(/^[a-z][-a-z0-9]{0,50}[a-z0-9]$/);
        expect(scratchName(ref, a)).toBe(scratchName(ref, a));
        expect(scratchName(ref, { ...a, x: 1 })).not.toBe(scratchName({ ...ref, name: 'other' }, { ...b, x: 1 }));
      }),
    );
  });

  it('comes back as the object it stands for', () => {
    fc.assert(
      fc.property(fc.constantFrom(...refs), anyObject, (ref, manifest) => {
        const content = normalForm(manifest, ref);
        const sent = scratchManifest(content, ref, 'prod');
        expect(sent['metadata']).toMatchObject({ name: scratchName(ref, content), namespace: 'prod' });
        expect(fromScratch({ ...sent, status: {} }, ref)).toEqual(content);
      }),
    );
  });

  it.each<[string, JsonObject, JsonObject]>([
    [
      'a Job loses what was generated for its live object',
      { spec: { selector: { a: 1 }, suspend: true } },
      { suspend: true },
    ],
    ['a Service loses its address', { spec: { clusterIP: '10.0.0.1', type: 'ClusterIP' } }, { type: 'ClusterIP' }],
    [
      'a headless Service stays headless',
      { spec: { clusterIP: 'None', type: 'ClusterIP' } },
      { clusterIP: 'None', type: 'ClusterIP' },
    ],
  ])('%s', (sentence, manifest, spec) => {
    const ref = { apiVersion: 'v1', kind: sentence.includes('Job') ? 'Job' : 'Service', name: 'api' };
    expect(scratchManifest(manifest, ref, 'prod')['spec']).toEqual(spec);
  });
});
