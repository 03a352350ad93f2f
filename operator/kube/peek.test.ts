import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { placeOf } from './peek.ts';

const lineOf = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const peek = (value: unknown) => placeOf(lineOf(value));

const metadata = { name: 'a', generateName: 'a-', namespace: 'n', uid: 'u', resourceVersion: '7' };

test('it finds the place of an object as the API server writes built-in kinds', () => {
  const object = { kind: 'Pod', apiVersion: 'v1', metadata, spec: { nodeName: 'x' } };
  expect(peek({ type: 'ADDED', object })).toEqual({ namespace: 'n', resourceVersion: '7' });
});

test('it finds the place of a custom object, whose members are in alphabetical order', () => {
  const object = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: {
      annotations: { 'a/b': '"namespace":"other"} \\" ]' },
      finalizers: ['x', '}'],
      generation: 3,
      labels: {},
      managedFields: [{ fieldsV1: { 'f:metadata': { 'f:namespace': {} } }, time: null }],
      ...metadata,
    },
  };
  expect(peek({ object, type: 'MODIFIED' })).toEqual({ namespace: 'n', resourceVersion: '7' });
});

test('what names a namespace elsewhere is not taken for the place', () => {
  const elsewhere = { metadata: { namespace: 'n', resourceVersion: '1' } };
  expect(peek({ type: 'ADDED', object: { spec: elsewhere, kind: 'X' } })).toBeUndefined();
  expect(peek({ type: 'ADDED', ...elsewhere })).toBeUndefined();
  expect(peek({ object: { metadata: { labels: elsewhere.metadata, resourceVersion: '1' } } })).toBeUndefined();
});

test.each([
  { what: 'a bookmark', value: { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } } },
  { what: 'an error', value: { type: 'ERROR', object: { kind: 'Status', metadata: {}, code: 410 } } },
  { what: 'an object outside of namespaces', value: { object: { metadata: { name: 'a', resourceVersion: '7' } } } },
  { what: 'no object', value: [{ object: { metadata } }] },
])('$what is for the parser', ({ value }) => expect(peek(value)).toBeUndefined());

test.each([
  { what: 'escapes', text: '{"object":{"metadata":{"namespace":"\\u006e","resourceVersion":"7"}}}' },
  { what: 'white space', text: '{"object": {"metadata":{"namespace":"n","resourceVersion":"7"}}}' },
  { what: 'no end', text: '{"object":{"metadata":{"namespace":"n' },
  { what: 'another type', text: '{"object":{"metadata":{"namespace":5,"resourceVersion":"7"}}}' },
])('$what that the API server does not write there is for the parser', ({ text }) =>
  expect(placeOf(Buffer.from(text))).toBeUndefined(),
);

test('what it finds is what the parser finds, whatever stands around it', () => {
  const noise = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }), {
    maxKeys: 4,
    noNullPrototype: true,
  });
  const event = fc
    .tuple(noise, noise, noise, noise, fc.string({ unit: 'binary' }), fc.string(), fc.boolean())
    .map(([outside, before, around, after, namespace, resourceVersion, isPlaced]) => ({
      ...outside,
      type: 'ADDED',
      object: {
        ...before,
        metadata: { ...around, ...(isPlaced && { namespace, resourceVersion }), ...after },
        spec: after,
      },
    }));
  fc.assert(
    fc.property(event, (value) => {
      const line = lineOf(value);
      expect([undefined, placeIn(line)]).toContainEqual(placeOf(line));
    }),
    { numRuns: 500 },
  );
});

/** Where the parser finds it. Names are ASCII; of anything else the bytes are compared. */
const placeIn = (line: Buffer): unknown => {
  const { object } = JSON.parse(line.toString('latin1')) as { object: { metadata: Record<string, unknown> } }; // oxlint-disable-line typescript/no-unsafe-type-assertion -- it was one
  const { namespace, resourceVersion } = object.metadata;
  return { namespace, resourceVersion };
};

test('of names as the API server allows them it misses none', () => {
  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
  fc.assert(
    fc.property(name, fc.nat(), fc.string({ unit: 'binary' }), (namespace, version, note) => {
      const annotations = { note, [`"namespace":"${note}"`]: `{"namespace":"${note}"}` };
      const resourceVersion = String(version);
      const object = { metadata: { annotations, namespace, resourceVersion } };
      expect(peek({ type: 'ADDED', object })).toEqual({ namespace, resourceVersion });
    }),
  );
});
