/** Random JSON for property tests: small, with few names so that they meet, and with the names that prototypes trip over. */
import * as fc from 'fast-check';
import type { Json, JsonObject } from '../../api/meta.ts';

const name = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    'name',
    'env',
    'value',
    'spec',
    'ports',
    'port',
    'protocol',
    '__proto__',
    'constructor',
    'a.b/c',
    "it's",
    '',
  ),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
);

const scalar = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'x=1', 'line\nline', 'token: abc', '\u202e', 'postgres://u:p@h/'),
  fc.string({ maxLength: 6 }),
  fc.integer(),
  // JSON has one zero.
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }).map((number) => number + 0),
  fc.boolean(),
  fc.constant(null),
);

const { json } = fc.letrec<{ json: Json; map: JsonObject }>((tie) => ({
  map: fc.dictionary(name, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 4 }),
    tie('map'),
  ),
}));

export const anyJson: fc.Arbitrary<Json> = json;

export const anyObject: fc.Arbitrary<JsonObject> = fc.dictionary(name, json, { maxKeys: 5, noNullPrototype: true });
