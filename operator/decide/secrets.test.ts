import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Json } from '../api/meta.ts';
import { canonicalJson } from './digest.ts';
import { anyJson } from './json-arbitrary.ts';
import { textAt } from './json.ts';
import { holdsHidden, looksSecret, masked, unmarked } from './secrets.ts';

const shownAs = (value: Json): string => unmarked(canonicalJson(masked(value)));

describe('names of secrets', () => {
  it.each([
    'DB_PASSWORD',
    'dbPass',
    'PGPASSWD',
    'RUBYPASSWORD',
    'compassphrase',
    'API_TOKEN',
    'clientSecret',
    'SIGNING_KEY',
    'apikey',
    'AWS_CREDENTIALS',
    'Authorization',
    'session-cookie',
    'DATABASE_DSN',
    'connectionString',
  ])('%s is one', (name) => {
    expect(looksSecret(name)).toBe(true);
  });
  it.each(['PORT', 'LOG_LEVEL', 'BYPASS_CACHE', 'PASSIVE_MODE', 'COMPASS_URL', 'PASSENGERS', 'replicas'])(
    '%s is none',
    (name) => {
      expect(looksSecret(name)).toBe(false);
    },
  );
});

const inText = (text: string): Json => ({ data: { 'app.conf': text } });

describe('hidden', () => {
  it.each<[string, Json]>([
    ['the value of a variable by its name', { env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] }],
    ['the value of a header by its name', { httpHeaders: [{ name: 'Authorization', value: 'Basic hunter2' }] }],
    ['the value of a key of a ConfigMap', { data: { 'db-password': 'hunter2' } }],
    ['a value that is a map under such a key', { parameters: { secret: { a: ['hunter2'] } } }],
    ['the argument after a flag', { args: ['--password', 'hunter2'] }],
    ['the value of a flag', { command: ['run', '--db-password=hunter2'] }],
    ['a flag and its value in a script', { args: ['-c', 'exec run --password hunter2 --verbose'] }],
    ['user and password of an address', { url: 'postgres://me:hunter2@db/x' }],
    ['the password of an address with an @ in it', { url: 'postgres://me:hunter2@x@db/x' }],
    ['a private key', { any: '-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----' }],
    ['a private key without an end', { any: 'x -----BEGIN PRIVATE KEY-----\nhunter2' }],
    ['a JSON web token', { any: 'eyJhbGciOiJI.hunter2.hunter2' }],
    ['an AWS key', { any: 'AKIAHUNTER2HUNTER234' }],
    ['a GitHub token', { any: 'ghp_hunter2hunter2hunter2' }],
    ['a line of properties', inText('a=1\ndb.password=correct hunter2\nb=2')],
    ['a line of YAML', inText('db:\n  password: correct hunter2\n')],
    ['a block of YAML', inText('db:\n  password: |\n    one\n    hunter2\nport: 1\n')],
    ['a string of JSON', inText('{"password": "correct \\"hunter2"}')],
    ['a string of JSON in a string', inText('"{\\"password\\":\\"correct hunter2\\"}"')],
    ['an element of XML', inText('<password>hunter2</password>')],
    ['a parameter of an address', inText('see http://x/?a=1&token=hunter2&b=2')],
  ])('is %s', (_, value) => {
    const text = shownAs(value);
    expect(text.toLowerCase()).not.toContain('hunter2');
    expect(text).toContain('(hidden)');
    expect(holdsHidden(canonicalJson(masked(value)))).toBe(true);
  });

  it.each<[string, Json]>([
    [
      'an image whose name sounds like one',
      { containers: [{ name: 'token', image: 'registry.example/token-service:v1.2' }] },
    ],
    ['such an image in an argument', { args: ['--image=registry.example/token-service:v1'] }],
    [
      'a reference to a Secret',
      { env: [{ name: 'DB_PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } }] },
    ],
    [
      'fields of the API',
      { automountServiceAccountToken: true, secretName: 'db', imagePullSecrets: [{ name: 'pull' }] },
    ],
    ['an empty value', { env: [{ name: 'DB_PASSWORD', value: '' }] }],
    ['a key of a YAML list', inText('- key: zone\n  operator: In')],
  ])('is not %s', (_, value) => {
    expect(shownAs(value)).toBe(canonicalJson(value));
  });

  it('keeps the lines around it', () => {
    const text = textAt(masked(inText('a: 1\npassword: x\nb: 2')), 'data', 'app.conf') ?? '';
    expect(unmarked(text)).toBe('a: 1\npassword: (hidden)\nb: 2');
  });
});

describe('masking', () => {
  it('makes two values equal only when they are', () => {
    fc.assert(
      fc.property(anyJson, anyJson, (a, b) => {
        expect(canonicalJson(masked(a)) === canonicalJson(masked(b))).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
    const mark = textAt(masked({ data: { password: 'x' } }), 'data', 'password') ?? '';
    expect(masked({ data: { other: mark } })).not.toEqual({ data: { other: mark } });
  });

  it.each<[string, string]>([
    ['dashes', '-'],
    ['names', 'key'],
    ['assignments', 'key=a '],
    ['beginnings of tokens', '-eyJ'],
    ['beginnings of keys', '-----BEGIN PRIVATE KEY----- '],
    ['blanks', ' '],
    ['quotes', '\\"'],
    ['addresses', '://'],
    ['blocks', 'password: |\n x\n'],
  ])('takes a megabyte of %s in its stride (T37)', (_, unit) => {
    const began = performance.now();
    masked(inText(unit.repeat(1_000_000 / unit.length)));
    expect(performance.now() - began).toBeLessThan(3_000);
  });
});
