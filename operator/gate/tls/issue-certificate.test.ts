import { expect, test } from '@jest/globals';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { issue, newSeed } from './issue-certificate.ts';

const now = Date.UTC(2026, 0, 1);
const hosts = ['countersign-gate.countersign-system.svc', '127.0.0.1'];

test('a certificate is for its hosts alone, and verifies by its authority alone', async () => {
  const [one, other] = await Promise.all([1, 2].map(() => issue({ hosts, now, validForMs: 3_600_000 })));
  if (one === undefined || other === undefined) throw new Error('two were issued');
  const certificate = new X509Certificate(one.certificate);
  const authority = new X509Certificate(one.authority);
  expect(certificate.verify(authority.publicKey)).toBe(true);
  expect(certificate.checkIssued(authority)).toBe(true);
  expect(certificate.checkIssued(new X509Certificate(other.authority))).toBe(false);
  expect(certificate.checkHost('countersign-gate.countersign-system.svc')).toBeDefined();
  expect(certificate.checkIP('127.0.0.1')).toBeDefined();
  expect(certificate.checkHost('kubernetes.default.svc')).toBeUndefined();
  expect([authority.ca, certificate.ca]).toEqual([true, false]);
  expect(Date.parse(certificate.validTo)).toBe(one.notAfter);
});

test('the key that is kept belongs to the certificate, not to the authority', async () => {
  const { authority, certificate, key } = await issue({ hosts, now, validForMs: 3_600_000 });
  expect(new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))).toBe(true);
  expect(new X509Certificate(authority).checkPrivateKey(createPrivateKey(key))).toBe(false);
});

test('a seed has 256 bits', () => {
  const seed = newSeed();
  expect(Buffer.from(seed, 'base64url')).toHaveLength(32);
  expect(newSeed()).not.toBe(seed);
});
