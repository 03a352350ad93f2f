import { describe, expect, test } from '@jest/globals';
import { admitted, headersOfAll } from './guard.ts';

const token = 'a'.repeat(43);
const house = { host: '127.0.0.1:4000', token };
const own = { host: house.host, 'sec-fetch-site': 'same-origin' };
const origin = 'http://127.0.0.1:4000';
const post = { ...own, origin, 'content-type': 'application/json' };
const ask = (method: string, url: string, headers: Readonly<Record<string, string>>) =>
  admitted({ method, url, headers }, house);

describe('the page of the person who started it is answered', () => {
  test.each([
    ['the address, typed', 'GET', { host: house.host, 'sec-fetch-site': 'none' }],
    ['what the page loads', 'GET', own],
    ['what the page loads, with its origin', 'GET', { ...own, origin }],
    ['a program on this machine that has the address', 'GET', { host: house.host }],
    ['a write of the page', 'POST', post],
  ])('%s', (_, method, headers) => {
    expect(ask(method, `/${token}/live?view=home`, headers)).toMatchObject({ is: 'Admitted', path: '/live' });
  });

  test('the query is read', () => {
    const answer = ask('GET', `/${token}/live?view=home&name=a%2Fb`, own);
    expect(answer.is === 'Admitted' && answer.query.get('name')).toBe('a/b');
  });
});

describe('everybody else is refused', () => {
  test.each([
    ['a name that somebody points here', 'GET', `/${token}/`, { ...own, host: 'evil.example:4000' }, 421],
    ['localhost, which somebody else may answer', 'GET', `/${token}/`, { ...own, host: 'localhost:4000' }, 421],
    ['another port', 'GET', `/${token}/`, { ...own, host: '127.0.0.1:4001' }, 421],
    ['no host', 'GET', `/${token}/`, {}, 421],
    ['another token', 'GET', `/${'b'.repeat(43)}/`, own, 403],
    ['a part of the token', 'GET', `/${token.slice(1)}/`, own, 403],
    ['no token', 'GET', '/', own, 403],
    ['another path before the token', 'GET', `//${token}/`, own, 403],
    ['another origin', 'GET', `/${token}/`, { ...own, origin: 'http://evil.example' }, 403],
    ['an origin that hides', 'POST', `/${token}/sign`, { ...post, origin: 'null' }, 403],
    ['a page of another place', 'GET', `/${token}/`, { ...own, 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of another port', 'GET', `/${token}/`, { ...own, 'sec-fetch-site': 'same-site' }, 403],
    ['a write that says no origin', 'POST', `/${token}/sign`, { ...own, 'content-type': 'application/json' }, 403],
    ['a write of another origin', 'POST', `/${token}/sign`, { ...post, origin: 'http://evil.example' }, 403],
    ['a write typed as an address', 'POST', `/${token}/sign`, { ...post, 'sec-fetch-site': 'none' }, 403],
    ['a form', 'POST', `/${token}/sign`, { ...post, 'content-type': 'text/plain' }, 415],
    ['other methods', 'OPTIONS', `/${token}/sign`, post, 405],
  ])('%s', (_, method, url, headers, code) => {
    const answer = ask(method, url, headers);
    expect(answer).toMatchObject({ is: 'Refused', code });
    expect(JSON.stringify(answer)).not.toContain(token.slice(1));
  });
});

test('the policy of the page has no inline script, no evaluation and no other place', () => {
  const policy = headersOfAll['Content-Security-Policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*|data:|blob:/);
});
