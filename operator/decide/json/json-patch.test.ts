import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { JsonObject } from '../../api/meta.ts';
import { anyObject } from './json-arbitrary.ts';
import { jsonPatch, type PatchOperation } from './json-patch.ts';

const hosts = { spec: { rules: [{ host: 'a' }, { host: 'b' }], tls: [], 'a/b~c': 1 } };

describe('JSON patch (RFC 6902)', () => {
  it.each<[string, readonly PatchOperation[], JsonObject]>([
    [
      'replaces an item',
      [{ op: 'replace', path: '/spec/rules/0/host', value: 'x' }],
      { spec: { ...hosts.spec, rules: [{ host: 'x' }, { host: 'b' }] } },
    ],
    ['adds behind the last', [{ op: 'add', path: '/spec/tls/-', value: {} }], { spec: { ...hosts.spec, tls: [{}] } }],
    [
      'adds before another',
      [{ op: 'add', path: '/spec/rules/1', value: {} }],
      { spec: { ...hosts.spec, rules: [{ host: 'a' }, {}, { host: 'b' }] } },
    ],
    ['removes', [{ op: 'remove', path: '/spec' }], {}],
    ['reads ~1 and ~0', [{ op: 'replace', path: '/spec/a~1b~0c', value: 2 }], { spec: { ...hosts.spec, 'a/b~c': 2 } }],
    [
      'moves',
      [{ op: 'move', from: '/spec/rules/0', path: '/spec/tls/0' }],
      { spec: { ...hosts.spec, rules: [{ host: 'b' }], tls: [{ host: 'a' }] } },
    ],
    ['copies', [{ op: 'copy', from: '/spec/rules/0/host', path: '/host' }], { ...hosts, host: 'a' }],
    ['goes on where a test holds', [{ op: 'test', path: '/spec/rules/1', value: { host: 'b' } }], hosts],
    [
      'keeps reserved names data',
      [{ op: 'add', path: '/__proto__', value: 1 }],
      Object.fromEntries([...Object.entries(hosts), ['__proto__', 1]]),
    ],
  ])('%s', (_, operations, result) => {
    expect(jsonPatch(hosts, operations)).toEqual(result);
  });

  it.each<[string, readonly PatchOperation[], string]>([
    [
      'a pointer that leads nowhere',
      [
        { op: 'test', path: '/spec/tls', value: [] },
        { op: 'replace', path: '/spec/rule/0/host', value: 'x' },
      ],
      'jsonPatch[1] (replace /spec/rule/0/host) leads nowhere: there is no /spec/rule',
    ],
    ['an item that is not there', [{ op: 'remove', path: '/spec/rules/2' }], 'there is no /spec/rules/2'],
    ['a place with a leading zero', [{ op: 'remove', path: '/spec/rules/01' }], 'there is no /spec/rules/01'],
    ['a prototype', [{ op: 'add', path: '/constructor/x', value: 1 }], 'there is no /constructor'],
    [
      'a test that fails',
      [{ op: 'test', path: '/spec/rules/0/host', value: 'x' }],
      'jsonPatch[0] (test /spec/rules/0/host) fails: the value there is "a"',
    ],
    ['a value that lacks', [{ op: 'add', path: '/spec/x' }], 'lacks value'],
    ['a source that lacks', [{ op: 'copy', path: '/spec/x' }], 'lacks from'],
    ['a move into itself', [{ op: 'move', from: '/spec', path: '/spec/x' }], 'moves a value into itself'],
    ['the whole object', [{ op: 'replace', path: '', value: {} }], 'stands for the whole object'],
    ['what is no pointer', [{ op: 'remove', path: '/spec/~2' }], 'is no JSON pointer'],
  ])('refuses %s, and names the operation', (_, operations, message) => {
    expect(() => jsonPatch(hosts, operations)).toThrow(message);
  });

  it('ends where copies double what there is', () => {
    const doubling = Array.from({ length: 100 }, (_, i): PatchOperation => ({
      op: 'copy',
      from: '/spec',
      path: `/spec/x${i}`,
    }));
    expect(() => jsonPatch(hosts, doubling)).toThrow('makes an object that');
  });

  it.each<[sentence: string, target: JsonObject, path: string]>([
    ['a key under the name of a credential', { data: { password: 'hunter2' } }, '/data/password'],
    ['a variable', { env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] }, '/env/0/value'],
    ['a map that holds one', { data: { password: 'hunter2' } }, '/data'],
    ['a list that holds one', { env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] }, '/env'],
    ['an argument that holds one', { args: ['--password=hunter2'] }, '/args/0'],
    ['a field that is called one', { spec: { apiToken: 'hunter2' } }, '/spec/apiToken'],
  ])('a test that fails tells nobody the value of %s', (_, target, path) => {
    const patched = () => jsonPatch(target, [{ op: 'test', path, value: 'guess' }]);
    expect(patched).toThrow('fails: ');
    expect(patched).not.toThrow('hunter2');
  });

  it('leaves what it was given as it was', () => {
    fc.assert(
      fc.property(anyObject, (target) => {
        const before = JSON.stringify(target);
        const added = jsonPatch(target, [{ op: 'add', path: '/fresh', value: 1 }]);
        expect(JSON.stringify(target)).toBe(before);
        expect(jsonPatch(added, [{ op: 'remove', path: '/fresh' }])).toEqual(
          Object.fromEntries(Object.entries(target).filter(([name]) => name !== 'fresh')),
        );
      }),
    );
  });
});
