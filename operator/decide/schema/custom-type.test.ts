import { expect, test } from '@jest/globals';
import { strategicMerge } from '../json/strategic-merge.ts';
import { customType, withPodTemplate } from './custom-type.ts';

const object = (properties: object) => ({ type: 'object', properties });
const text = { type: 'string' };
const list = (items: object, ...keys: readonly string[]) => ({
  type: 'array',
  items,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': keys,
});

const schema = object({
  status: object({ conditions: list(object({ type: text }), 'type') }),
  spec: object({
    host: text,
    routes: list(object({ name: text, headers: list(object({ name: text, value: text }), 'name') }), 'name'),
    ports: list(
      object({ port: { type: 'integer' }, protocol: { ...text, default: 'TCP' }, note: text }),
      'port',
      'protocol',
    ),
    tags: { type: 'array', items: text, 'x-kubernetes-list-type': 'set' },
    rules: { type: 'array', items: object({}), 'x-kubernetes-list-type': 'atomic' },
    plain: { type: 'array', items: text },
    by: { type: 'object', additionalProperties: object({ items: list(object({ id: text }), 'id') }) },
    reference: { ...object({ name: text, kind: text }), 'x-kubernetes-map-type': 'atomic' },
  }),
});
const { type, id } = customType(schema);

const merged = (spec: object, patch: object) => strategicMerge({ spec: { ...spec } }, { spec: { ...patch } }, type);

test.each([
  [
    'by their keys, at any depth',
    {
      routes: [
        {
          name: 'a',
          headers: [
            { name: 'x', value: '1' },
            { name: 'y', value: '2' },
          ],
        },
        { name: 'b' },
      ],
    },
    { routes: [{ name: 'a', headers: [{ name: 'x', value: '9' }] }] },
    {
      routes: [
        {
          name: 'a',
          headers: [
            { name: 'x', value: '9' },
            { name: 'y', value: '2' },
          ],
        },
        { name: 'b' },
      ],
    },
  ],
  [
    'by all keys, with their defaults',
    {
      ports: [
        { port: 53, protocol: 'TCP' },
        { port: 53, protocol: 'UDP' },
      ],
    },
    { ports: [{ port: 53, note: 'n' }] },
    {
      ports: [
        { port: 53, protocol: 'TCP', note: 'n' },
        { port: 53, protocol: 'UDP' },
      ],
    },
  ],
  [
    'in maps of any keys',
    { by: { k: { items: [{ id: 'a' }] } } },
    { by: { k: { items: [{ id: 'b' }, { id: 'a', $patch: 'delete' }] } } },
    { by: { k: { items: [{ id: 'b' }] } } },
  ],
  ['as sets', { tags: ['a'] }, { tags: ['b'] }, { tags: ['a', 'b'] }],
  ['not at all, where they are atomic', { rules: [{ a: 1 }, { b: 1 }] }, { rules: [{ c: 1 }] }, { rules: [{ c: 1 }] }],
  ['not at all, where nothing is said', { plain: ['a'] }, { plain: ['b'] }, { plain: ['b'] }],
  [
    'not at all, where a map is one value',
    { reference: { name: 'a', kind: 'A' } },
    { reference: { name: 'b' } },
    { reference: { name: 'b' } },
  ],
])('lists of a custom resource merge %s', (_, spec, patch, expected) => {
  expect(merged(spec, patch)).toEqual({ spec: expected });
});

test('an item that lacks a key is refused by its name', () => {
  const strict = customType(
    object({ spec: object({ ports: list(object({ port: text, protocol: text }), 'port', 'protocol') }) }),
  );
  expect(() => strategicMerge({}, { spec: { ports: [{ port: '53' }] } }, strict.type)).toThrow(
    'lacks protocol, by which',
  );
});

test('what says the same of lists has the same id, whatever else it says', () => {
  expect(customType(structuredClone(schema)).id).toBe(id);
  const { properties } = schema;
  expect(customType(object({ ...properties, extra: object({ text }) })).id).toBe(id);
  expect(customType(object({ spec: object({ routes: list(object({}), 'other') }) })).id).not.toBe(id);
  expect(customType(object({ spec: object({ text }) })).id).toBe('');
  expect(customType(undefined)).toEqual({ type: { is: 'Unknown' }, id: '' });
});

test('pods of a custom workload merge as those of a Deployment, whatever its definition says', () => {
  const rollout = withPodTemplate(
    customType(object({ spec: object({ template: object({}), steps: list(object({ name: text }), 'name') }) })),
  );
  const spec = {
    steps: [{ name: 'a' }, { name: 'b' }],
    template: { spec: { containers: [{ name: 'app', image: 'app:2', env: [{ name: 'A', value: '1' }] }] } },
  };
  const patch = {
    steps: [{ name: 'a', weight: 1 }],
    template: { spec: { containers: [{ name: 'app', env: [{ name: 'B', value: '2' }] }] } },
  };
  expect(strategicMerge({ spec }, { spec: patch }, rollout.type)).toEqual({
    spec: {
      steps: [{ name: 'a', weight: 1 }, { name: 'b' }],
      template: {
        spec: {
          containers: [
            {
              name: 'app',
              image: 'app:2',
              env: [
                { name: 'B', value: '2' },
                { name: 'A', value: '1' },
              ],
            },
          ],
        },
      },
    },
  });
});
