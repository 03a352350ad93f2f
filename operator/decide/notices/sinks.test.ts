import { expect, test } from '@jest/globals';
import { readSinks, type Egress } from './sinks.ts';

const egress: Egress = {
  hosts: ['hooks.example.com', 'events.example.com:8443', '10.1.2.3'],
  networks: [],
  plainHttp: false,
};

const read = (sinks: readonly unknown[], given: Partial<Egress> = {}) => {
  const result = readSinks({ sinks }, { ...egress, ...given });
  return 'unreadable' in result
    ? result.unreadable
    : [...result.sinks.map(({ name }) => name), ...result.wrong.map(({ why }) => why)];
};

const sink = (url: string, more: Readonly<Record<string, unknown>> = {}) => ({
  name: 'chat',
  type: 'Slack',
  url,
  ...more,
});

test.each([
  ['https://hooks.example.com/services/x', 'chat'],
  ['https://HOOKS.example.com:443/services/x', 'chat'],
  ['https://events.example.com:8443/', 'chat'],
  ['https://10.1.2.3/', 'chat'],
])('%s is a sink', (url, says) => {
  expect(read([sink(url)])).toEqual([says]);
});

test.each([
  ['https://hooks.example.com:8443/secret', /^hooks\.example\.com:8443 is not among/],
  ['https://events.example.com/secret', /^events\.example\.com is not among/],
  ['https://hooks.example.com.evil.example/', /is not among/],
  ['https://evil.example/hooks.example.com', /is not among/],
  ['https://2130706433/', /^127\.0\.0\.1 is not among/],
  ['http://hooks.example.com/secret', /only https/],
  ['file:///etc/passwd', /only https/],
  ['https://me:password@hooks.example.com/secret', /leave them out/],
  ['hooks.example.com', /is not a URL/],
])('%s is none', (url, why) => {
  const [said = ''] = read([sink(url)]);
  expect(said).toMatch(why);
  expect(said).not.toMatch(/secret|password@/);
});

test('http is a matter of the chart', () => {
  expect(read([sink('http://hooks.example.com/')], { plainHttp: true })).toEqual(['chat']);
});

test('of two sinks of one name the second is wrong', () => {
  const url = 'https://hooks.example.com/';
  expect(read([sink(url), sink(url)])).toEqual(['chat', 'another sink has the same name']);
});

test.each([
  [{ keys: ['short'] }, /keys\.0: write whsec_/],
  [{ type: 'Pager' }, /type/],
  [{ kind: 'Slack' }, /kind/],
  [{ name: 'Not A Name' }, /name/],
])('%j cannot be read, and the message says why', (more, why) => {
  expect(read([sink('https://hooks.example.com/', more)])).toMatch(why);
});
