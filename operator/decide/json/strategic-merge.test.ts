import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Json, JsonObject } from '../../api/meta.ts';
import { builtInType, unknownType } from '../schema/field-type.ts';
import { formatPath } from './field-path.ts';
import { anyObject } from './json-arbitrary.ts';
import { strategicMerge, writtenBy } from './strategic-merge.ts';

const deployment = builtInType('apps/v1', 'Deployment');
const pod = (spec: JsonObject): JsonObject => ({ spec: { template: { spec } } });
const containers = (...items: readonly Json[]): JsonObject => pod({ containers: items });
const web = {
  name: 'web',
  image: 'web@sha256:b',
  env: [
    { name: 'REGION', value: 'test' },
    { name: 'MODE', value: 'x' },
  ],
};
const proxy = { name: 'proxy', image: 'proxy@sha256:c' };

describe('a strategic merge', () => {
  it.each<[string, JsonObject, JsonObject, JsonObject]>([
    [
      'changes one variable of one container and leaves everything else as it is',
      containers(web, proxy),
      containers({ name: 'web', env: [{ name: 'REGION', value: 'eu' }] }),
      containers(
        {
          ...web,
          env: [
            { name: 'REGION', value: 'eu' },
            { name: 'MODE', value: 'x' },
          ],
        },
        proxy,
      ),
    ],
    [
      'takes an item away by $patch: delete',
      containers(web, proxy),
      containers({ name: 'proxy', $patch: 'delete' }),
      containers(web),
    ],
    [
      'takes a field away by null',
      containers(web),
      containers({ name: 'web', env: null }),
      containers({ name: 'web', image: web.image }),
    ],
    [
      'replaces a list by an item $patch: replace',
      containers(web, proxy),
      containers(proxy, { $patch: 'replace' }),
      containers(proxy),
    ],
    [
      'replaces a map by $patch: replace',
      { metadata: { labels: { a: '1', b: '2' } } },
      { metadata: { labels: { $patch: 'replace', c: '3' } } },
      { metadata: { labels: { c: '3' } } },
    ],
    [
      'replaces a list that has no keys as a whole',
      pod({ tolerations: [{ key: 'a' }, { key: 'b' }] }),
      pod({ tolerations: [{ key: 'c' }] }),
      pod({ tolerations: [{ key: 'c' }] }),
    ],
    [
      'tells ports of one number apart by their protocol, where the patch says it',
      containers({ name: 'dns', ports: [{ containerPort: 53, protocol: 'TCP' }] }),
      containers({ name: 'dns', ports: [{ containerPort: 53, protocol: 'UDP' }] }),
      containers({
        name: 'dns',
        ports: [
          { containerPort: 53, protocol: 'UDP' },
          { containerPort: 53, protocol: 'TCP' },
        ],
      }),
    ],
    [
      'joins finalizers',
      { metadata: { finalizers: ['a/b'] } },
      { metadata: { finalizers: ['c/d', 'a/b'] } },
      { metadata: { finalizers: ['a/b', 'c/d'] } },
    ],
  ])('%s', (_, target, patch, result) => {
    expect(strategicMerge(target, patch, deployment)).toEqual(result);
  });

  it.each<[string, JsonObject, string]>([
    [
      'a directive that is not known',
      { metadata: { $retainKeys: ['name'] } },
      "metadata['$retainKeys'] is no directive that an overlay knows",
    ],
    ['another directive', { '$setElementOrder/containers': [] }, "['$setElementOrder/containers'] is no directive"],
    ['another value of $patch', { spec: { $patch: 'merge' } }, "spec['$patch'] says neither delete nor replace"],
    ['an object deleted as a whole', { $patch: 'delete' }, 'the patch says $patch: delete of the whole object'],
    ['an item without its key', containers({ image: 'x' }), 'spec.template.spec.containers[0] lacks name'],
    [
      'a map for a list',
      pod({ containers: { name: 'web' } }),
      'spec.template.spec.containers is a list, and the patch has none',
    ],
    ['a list for a map', { spec: { template: [] } }, 'spec.template is an object, and the patch has a list'],
    ['a text for a map', { spec: { template: 'x' } }, 'spec.template is an object, and the patch has a plain value'],
    [
      'a directive in a list that is replaced',
      pod({ tolerations: [{ $patch: 'delete' }] }),
      'the API server replaces this list as a whole',
    ],
    [
      '$patch: replace beside other fields',
      containers({ $patch: 'replace', name: 'web' }),
      'Write it as an item of its own',
    ],
    [
      'a key that stands for two items',
      containers({ name: 'dns', ports: [{ containerPort: 53, name: 'x' }] }),
      'spec.template.spec.containers[name=dns].ports[containerPort=53] stands for 2 items: say which by protocol',
    ],
  ])('refuses %s, and names the field', (_, patch, message) => {
    const ports = [
      { containerPort: 53, protocol: 'TCP' },
      { containerPort: 53, protocol: 'UDP' },
    ];
    expect(() => strategicMerge(containers({ name: 'dns', ports }), patch, deployment)).toThrow(message);
  });

  it('done twice is done once, whatever is known of the fields', () => {
    fc.assert(
      fc.property(anyObject, anyObject, fc.constantFrom(deployment, unknownType), (target, patch, type) => {
        let once: JsonObject;
        try {
          once = strategicMerge(target, patch, type);
        } catch {
          return fc.pre(false);
        }
        expect(strategicMerge(once, patch, type)).toEqual(once);
      }),
    );
  });

  it('says what a patch writes, by the keys of the items', () => {
    const patch = {
      metadata: { labels: { a: 'b' } },
      ...containers({ name: 'web', image: 'x', env: [{ name: 'A', value: 'b' }] }),
    };
    expect(writtenBy(patch, deployment).map(formatPath)).toEqual([
      'metadata.labels.a',
      'spec.template.spec.containers[name=web].image',
      'spec.template.spec.containers[name=web].env[name=A].value',
    ]);
  });
});
