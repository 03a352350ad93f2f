import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { canonicalJson } from './canonical.ts';
import { anyJson, anyObject } from './json-arbitrary.ts';
import { deletePath, formatPath, getPath, outside, parsePath, setPath, type Path, type Step } from './field-path.ts';

const parsed = (text: string): Path => parsePath(text) ?? [];

const pod = {
  spec: {
    containers: [
      { name: 'api', ports: [{ containerPort: 80, protocol: 'TCP' }], image: 'a' },
      { name: 'side', image: 'b' },
    ],
    volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: {} }],
  },
  metadata: { annotations: { 'a.b/c': '1', "it's": '2' } },
};

describe('a path', () => {
  it.each<[string, unknown]>([
    ['spec.containers[name=api].image', 'a'],
    ['spec.containers[name=side].image', 'b'],
    ['spec.containers[1].image', 'b'],
    ['spec.containers[name=api].ports[containerPort=80,protocol=TCP].containerPort', 80],
    ['spec.volumeClaimTemplates[metadata.name=data].spec', {}],
    ["metadata.annotations['a.b/c']", '1'],
    [String.raw`metadata.annotations['it\'s']`, '2'],
    ["metadata['annotations']['a.b/c']", '1'],
    ['spec.containers[name=none].image', undefined],
    ['spec.containers[7].image', undefined],
    ['spec.containers.image', undefined],
    ['metadata.constructor', undefined],
    ['metadata.__proto__', undefined],
  ])('%s leads to %j', (text, value) => {
    expect(getPath(pod, parsed(text))).toEqual(value);
  });

  it.each(['', '.', '.spec', 'spec.', 'spec..a', 'spec[', 'spec[name=]', "spec['a]", 'spec a', 'spec[0]x', 'a[b=c'])(
    '%j is none',
    (text) => {
      expect(parsePath(text)).toBeUndefined();
    },
  );

  const text = fc.string({ unit: 'grapheme', maxLength: 8 });
  const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9.]{0,6}$/);
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ field: text }),
    fc.record({ index: fc.nat() }),
    fc.record({ match: fc.array(fc.tuple(key, text), { minLength: 1, maxLength: 3 }) }),
  );

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (path) => {
        expect(parsePath(formatPath(path))).toEqual(path);
      }),
    );
  });
});

const fieldPath = fc.array(fc.record({ field: fc.constantFrom('a', 'b', '__proto__', 'a.b/c') }), {
  minLength: 1,
  maxLength: 3,
});

describe('setting and deleting', () => {
  it('gets what was set, through maps', () => {
    fc.assert(
      fc.property(fieldPath, anyJson, (path, value) => {
        expect(getPath(setPath({}, path, value), path)).toEqual(value);
      }),
    );
  });

  it('sets what is there to itself without a change', () => {
    fc.assert(
      fc.property(anyObject, fieldPath, (value, path) => {
        const found = getPath(value, path);
        const same = found === undefined ? value : setPath(value, path, found);
        expect(canonicalJson(same)).toBe(canonicalJson(value));
      }),
    );
  });

  it('makes values equal that differ only there', () => {
    fc.assert(
      fc.property(anyObject, fieldPath, anyJson, (value, path, to) => {
        expect(deletePath(deletePath(value, path), path)).toEqual(deletePath(value, path));
        expect(deletePath(setPath(value, path, to), path)).toEqual(deletePath(value, path));
      }),
    );
  });

  it('does not replace null by a map on the way', () => {
    expect(setPath({ b: null }, parsed('b.a'), 1)).toEqual({ b: null });
  });

  it('never touches a prototype', () => {
    setPath({}, [{ field: '__proto__' }, { field: 'polluted' }], true);
    expect('polluted' in {}).toBe(false);
  });

  it('changes an item that is there', () => {
    const path = parsed('spec.containers[name=side].image');
    expect(getPath(setPath(pod, path, 'new'), path.slice(0, -1))).toEqual({ name: 'side', image: 'new' });
  });

  it.each(['spec.containers[name=none].image', 'spec.initContainers[name=side].image', 'spec.containers[9]'])(
    'makes no item to hold %s',
    (text) => {
      expect(setPath(pod, parsed(text), 'new')).toEqual(pod);
    },
  );

  it('appends a whole item, to a new list too', () => {
    const item = { name: 'new' };
    for (const list of ['containers', 'initContainers']) {
      const path = parsed(`spec.${list}[name=new]`);
      const changed = setPath(pod, path, item);
      expect(getPath(changed, path)).toEqual(item);
      expect(deletePath(changed, path)).toEqual(pod);
    }
  });

  it('leaves nothing empty behind', () => {
    expect(deletePath({ a: { b: { c: 1 } }, d: 1 }, parsed('a.b.c'))).toEqual({ d: 1 });
    expect(deletePath({ a: { b: {} }, d: 1 }, parsed('a.b.c'))).toEqual({ d: 1 });
  });

  it('excludes nothing by a text that is no path', () => {
    expect(outside(pod, ['', 'spec.', '][', 'nothing.here'])).toEqual(pod);
  });
});
