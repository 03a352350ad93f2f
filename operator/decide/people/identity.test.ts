import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { isSystemName, peopleAmong } from './identity.ts';

const areOne = (a: string, b: string, declared: { name: string; identities: string[] }[] = []) => {
  const personOf = peopleAmong(declared, [a, b]);
  return personOf(a) === personOf(b);
};

describe('one human', () => {
  test.each([
    ['a username and itself', 'ann', 'ann'],
    ['other case', 'Ann', 'aNN'],
    ['space around it', ' ann\t', 'ann'],
    ['space that nobody sees', 'a\u200bn\u2060n\u00ad', 'ann'],
    ['a mark that turns the direction', '\u202eann', 'ann'],
    ['a variation selector', 'ann\ufe0f', 'ann'],
    ['full-width letters', 'ａｎｎ', 'ann'],
    ['mathematical letters', '𝐚𝐧𝐧', 'ann'],
    ['an accent in one character or two', 'jos\u00e9', 'jose\u0301'],
    ['Cyrillic letters', 'аnn', 'ann'],
    ['Greek capitals', 'ΑΝΝ', 'ANN'],
    ['Cyrillic capitals', 'ВОВ', 'BOB'],
    ['a Cyrillic palochka', 'a\u04cfice', 'alice'],
    ['a Greek name in capitals', 'ΝΙΚΟΣ', 'νικος'],
    ['a German name in capitals', 'GROSS', 'groß'],
    ['an Armenian letter', 'b\u0585b', 'bob'],
  ])('%s', (_, a, b) => {
    expect(areOne(a, b)).toBe(true);
  });

  test('the identities of one declared person, and their name', () => {
    const declared = [{ name: 'alex', identities: ['alex-adm', 'a.lex@example'] }];
    expect(areOne('alex-adm', 'a.lex@example', declared)).toBe(true);
    expect(areOne('ALEX', 'alex-adm', declared)).toBe(true);
  });

  test('what follows from two declarations', () => {
    const declared = [
      { name: 'one', identities: ['a', 'b'] },
      { name: 'two', identities: ['B', 'c'] },
    ];
    expect(areOne('a', 'c', declared)).toBe(true);
  });

  test('what follows from a third username', () => {
    // The first resembles both others by another rule each.
    const personOf = peopleAmong([], ['Ν', 'ν', 'n', 'v']);
    expect(new Set(['Ν', 'ν', 'n', 'v'].map(personOf)).size).toBe(1);
  });
});

describe('two humans', () => {
  test.each([
    ['other letters', 'ann', 'anne'],
    ['a digit and a letter that look alike', 'user-1', 'user-l'],
    ['an accent', 'josé', 'jose'],
    ['another domain', 'ann@a.example', 'ann@b.example'],
    ['a name of JavaScript', '__proto__', 'constructor'],
    ['words that only begin alike', 'oidc:ann', 'oidc'],
  ])('%s', (_, a, b) => {
    expect(areOne(a, b)).toBe(false);
  });

  test('accounts of two declared people', () => {
    const declared = [
      { name: 'one', identities: ['a'] },
      { name: 'two', identities: ['b'] },
    ];
    expect(areOne('a', 'b', declared)).toBe(false);
  });
});

const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 });

test('the order of usernames and declarations does not matter', () => {
  const people = fc.array(fc.record({ name, identities: fc.array(name, { minLength: 1, maxLength: 3 }) }), {
    maxLength: 4,
  });
  fc.assert(
    fc.property(people, fc.array(name, { minLength: 2, maxLength: 6 }), (declared, usernames) => {
      const forward = peopleAmong(declared, usernames);
      const backward = peopleAmong(declared.toReversed(), usernames.toReversed());
      for (const a of usernames) {
        for (const b of usernames) expect(forward(a) === forward(b)).toBe(backward(a) === backward(b));
      }
    }),
  );
});

test('knowing of more people never makes two of one', () => {
  fc.assert(
    fc.property(name, name, fc.array(name, { maxLength: 5 }), (a, b, others) => {
      const among = peopleAmong([], [a, b, ...others]);
      expect(areOne(a, b) && among(a) !== among(b)).toBe(false);
    }),
  );
});

test('a capital and a small letter are one', () => {
  fc.assert(fc.property(name, (username) => expect(areOne(username, username.toUpperCase())).toBe(true)));
});

test.each(['system:admin', 'System:serviceaccount:a:b', ' system:anonymous', 'ѕystem:masters', 'ｓystem:node:a'])(
  '%s is kept for machines',
  (username) => expect(isSystemName(username)).toBe(true),
);

test.each(['systematic', 'ann', 'oidc:system:admin', ''])('"%s" is not kept for machines', (username) =>
  expect(isSystemName(username)).toBe(false),
);
