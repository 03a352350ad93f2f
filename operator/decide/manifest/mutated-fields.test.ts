import { expect, test } from '@jest/globals';
import { aBundle, aLiveObject, anObject } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import { departures } from '../admission/approved-content.ts';
import { mutatedFields } from './mutated-fields.ts';

const stamp = 'metadata.annotations[example.com/stamp]';
const api = (annotations: JsonObject, replicas = 1) =>
  anObject('Deployment', 'api', { metadata: { name: 'api', annotations }, spec: { replicas } });
const released = api({ team: 'a' });

test.each<
  [
    sentence: string,
    stored: JsonObject,
    live: JsonObject | undefined,
    unmanaged: readonly string[],
    fields: readonly string[],
  ]
>([
  ['nothing', released.content, undefined, [], []],
  ['a new object', api({ team: 'b' }).content, undefined, [], ['metadata.annotations.team']],
  ['a live one', api({ team: 'b' }).content, released.content, [], ['metadata.annotations.team']],
  ['what is left to it of a new object', api({ team: 'a', 'example.com/stamp': '1' }).content, undefined, [stamp], []],
  [
    'what is left to it of a live one',
    api({ team: 'a', 'example.com/stamp': '2' }).content,
    released.content,
    [stamp],
    [],
  ],
  [
    'replicas that are left to an autoscaler',
    api({ team: 'a' }, 7).content,
    released.content,
    ['spec.replicas'],
    ['spec.replicas'],
  ],
  ['replicas that stay as they are', api({ team: 'a' }, 5).content, api({}, 5).content, ['spec.replicas'], []],
])(
  'what changes a write on its way changes %s, and the gate sees it the same way',
  (_, stored, before, unmanaged, fields) => {
    const live = before && aLiveObject({ ...released, content: before });
    expect(mutatedFields(stored, { object: released, live, unmanaged })).toEqual(fields);
    const bundle = aBundle({
      objects: [released],
      unmanaged: [{ kind: 'Deployment', name: 'api', fields: unmanaged }],
    });
    const request = { object: stored, oldObject: live?.manifest };
    expect(departures(request, released, { bundle, leave: { stays: undefined } })).toEqual(fields);
  },
);
