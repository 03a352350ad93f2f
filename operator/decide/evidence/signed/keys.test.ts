import { createSign, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  ecKey,
  ed25519Key,
  envelopeOf,
  inTotoType,
  rsaKey,
  signatureOf,
  type SigningKey,
} from '../../../../hack/signing/statements.ts';
import { readEnvelope } from './envelope.ts';
import { readKey } from './keys.ts';
import { signerOf } from './signer.ts';

const payload = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
const [ed, ec, rsa] = [ed25519Key(), ecKey(), rsaKey()];

const whoSigned = (text: string, ...keys: readonly SigningKey[]): string | undefined =>
  signerOf(
    text,
    keys.map(({ pem }, i) => ({ name: `key-${i}`, key: pem })),
  );

describe('a signature counts by', () => {
  test.each<[sort: string, key: SigningKey, pkcs1: boolean]>([
    ['Ed25519', ed, false],
    ['ECDSA P-256', ec, false],
    ['RSA-PSS', rsa, false],
    ['RSA of PKCS #1 v1.5, as cosign writes it', rsa, true],
  ])('%s, and by that key alone', (_, key, pkcs1) => {
    const text = envelopeOf(payload, [signatureOf(key, payload, { pkcs1 })]);
    expect(whoSigned(text, ed25519Key(), key)).toBe('key-1');
    expect(whoSigned(text, ed25519Key(), ecKey(), rsaKey())).toBeUndefined();
  });
});

test('of several signatures one that is valid is enough, wherever it stands, and whatever key it claims', () => {
  const [wrong, right] = [signatureOf(ecKey(), payload), signatureOf(ec, payload)];
  expect(whoSigned(envelopeOf(payload, [wrong, right]), ec)).toBe('key-0');
  expect(whoSigned(envelopeOf(payload, [right, wrong]), ec)).toBe('key-0');
  expect(whoSigned(envelopeOf(payload, [wrong, wrong]), ec)).toBeUndefined();
});

describe('nobody signed', () => {
  const sig = signatureOf(ec, payload);
  test.each<[sentence: string, text: string]>([
    ['another payload', envelopeOf(Buffer.from('{"_type":"other"}'), [sig])],
    ['the payload under another type', envelopeOf(payload, [sig], 'application/json')],
    ['what was signed as another type', envelopeOf(payload, [signatureOf(ec, payload, { payloadType: 'text/plain' })])],
    [
      'the payload without its type',
      envelopeOf(payload, [createSign('sha256').update(payload).sign(ec.privateKey, 'base64')]),
    ],
    [
      'a type whose length runs into the payload',
      envelopeOf(payload.subarray(1), [sig], `${inTotoType} ${payload.length} {`),
    ],
  ])('%s', (_, text) => {
    expect(whoSigned(text, ec)).toBeUndefined();
  });
});

describe('an envelope that is not read', () => {
  const sig = signatureOf(ec, payload);
  const sigs = [{ sig }];
  const good = { payloadType: inTotoType, payload: payload.toString('base64'), signatures: sigs };
  test.each<[sentence: string, text: string, says: string]>([
    ['without signatures', JSON.stringify({ ...good, signatures: [] }), 'no signatures'],
    [
      'with very many signatures',
      JSON.stringify({ ...good, signatures: Array.from({ length: 11 }, () => ({ sig })) }),
      'more than 10',
    ],
    ['with a signature that is no base64', JSON.stringify({ ...good, signatures: [{ sig: 'a b' }] }), 'no signatures'],
    ['with a payload that is no base64', JSON.stringify({ ...good, payload: `${good.payload}*` }), 'no DSSE envelope'],
    ['without a payload', JSON.stringify({ ...good, payload: '' }), 'no DSSE envelope'],
    ['with two payloads', JSON.stringify(good).replace('{', '{"payload":"e30=",'), 'gives a field twice'],
    ['that is a list', '[]', 'no JSON object'],
  ])('%s', (_, text, says) => {
    expect(readEnvelope(text)).toEqual({ problem: expect.stringContaining(says) });
  });

  test('in a Sigstore bundle it is read as it is alone', () => {
    expect(readEnvelope(JSON.stringify({ mediaType: 'x', dsseEnvelope: good }))).toEqual(
      readEnvelope(JSON.stringify(good)),
    );
  });
});

describe('a key that does not verify', () => {
  const privatePem = ed.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  test.each<[sentence: string, pem: string, says: string]>([
    ['RSA of 1024 bits', rsaKey(1024).pem, 'is RSA of 1024 bits: 2048 to 4096 are needed'],
    ['RSA of exponent 3', rsaKey(2048, 3).pem, 'is RSA of exponent 3'],
    ['P-384', ecKey('P-384').pem, 'P-256 is needed'],
    ['secp256k1', ecKey('secp256k1').pem, 'P-256 is needed'],
    [
      'X25519',
      generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      'is x25519: Ed25519',
    ],
    ['a private key', privatePem, 'no public key'],
    ['no key', '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n', 'no public key'],
  ])('%s', (_, pem, says) => {
    expect(readKey(pem)).toEqual({ problem: expect.stringContaining(says) });
  });

  test('signs nothing, though its signature is right', () => {
    const weak = rsaKey(1024);
    expect(whoSigned(envelopeOf(payload, [signatureOf(weak, payload)]), weak)).toBeUndefined();
  });
});
