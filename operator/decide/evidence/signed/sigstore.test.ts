import { describe, expect, test } from '@jest/globals';
import { sigstore, type Flaws, type Identity } from '../../../../test/support/builders/sigstore.ts';
import { signed, testResult, ecKey } from '../../../../hack/signing/statements.ts';
import { signerOf, certifiedHolder } from './signer.ts';
import { readRoot } from './sigstore.ts';

const ci: Identity = {
  issuer: 'https://token.example',
  subject: 'https://git.example/payments/.github/workflows/release.yml@refs/tags/v2.4.0',
};
const statement = testResult({ digest: `sha256:${'d'.repeat(64)}`, name: 'uid-1' }, '2026-11-30T16:00:00Z');
const [logged, stamped, other] = [await sigstore(), await sigstore({ logs: false }), await sigstore()];

const counts = (text: string, root: string, identity: Identity = ci): boolean =>
  signerOf(text, [{ name: 'ci', identity, root }]) === 'ci';

describe('a certificate counts', () => {
  test.each([
    ['that was logged, with a signed entry', logged],
    ['without logs, with a time of an authority', stamped],
  ])('%s', async (_, { sign, root }) => {
    const text = await sign(statement, ci);
    expect(counts(text, root)).toBe(true);
    expect(certifiedHolder(text, [{ name: 'ci', identity: ci, root }])).toEqual(ci);
  });

  test('of every subject that begins so, where the policy puts * at the end, and of nobody else', async () => {
    const text = await logged.sign(statement, ci);
    const of = (subject: string): boolean => counts(text, logged.root, { ...ci, subject });
    expect(of('https://git.example/payments/.github/workflows/release.yml@refs/tags/*')).toBe(true);
    expect(of('https://git.example/payments/.github/workflows/release.yml@refs/heads/*')).toBe(false);
    expect(of('https://git.example/payments/.github/workflows/release.yml@refs/tags/v2.4')).toBe(false);
    expect(of('https://git.example/.*/release.yml@refs/tags/v2.4.0')).toBe(false);
  });
});

describe('a certificate counts for nothing', () => {
  test('of another issuer, or another subject', async () => {
    const text = await logged.sign(statement, ci);
    expect(counts(text, logged.root, { ...ci, issuer: 'https://token.example.org' })).toBe(false);
    expect(counts(text, logged.root, { ...ci, subject: 'https://git.example/other' })).toBe(false);
  });

  test('under the root of another Sigstore, which issues to the same subject', async () => {
    expect(counts(await other.sign(statement, ci), logged.root)).toBe(false);
    expect(counts(await stamped.sign(statement, ci), logged.root)).toBe(false);
    expect(counts(await logged.sign(statement, ci), stamped.root)).toBe(false);
  });

  test.each<[sentence: string, from: typeof logged, flaws: Flaws]>([
    ['where the payload was changed', logged, { payload: Buffer.from('{"_type":"other"}') }],
    ['without the entry in the log that the root names', logged, { withoutEntry: true }],
    ['without any time', stamped, { withoutTime: true }],
    ['with an entry that is there twice', logged, { times: 2 }],
    ['with very many times', stamped, { times: 6 }],
    [
      'of which the entry says another time',
      logged,
      {
        edit: (bundle) => {
          const { verificationMaterial: material } = bundle as {
            verificationMaterial: { tlogEntries: { integratedTime: string }[] };
          };
          for (const entry of material.tlogEntries) entry.integratedTime = String(Number(entry.integratedTime) + 60);
        },
      },
    ],
    [
      'with a public key instead',
      logged,
      {
        edit: (bundle) => {
          const material = bundle['verificationMaterial'] as Record<string, unknown>;
          delete material['certificate'];
          material['publicKey'] = { hint: 'ci' };
        },
      },
    ],
  ])('%s', async (_, { sign, root }, flaws) => {
    expect(counts(await sign(statement, ci), root)).toBe(true);
    expect(counts(await sign(statement, ci, flaws), root)).toBe(false);
  });

  test('when it is an envelope alone', () => {
    expect(counts(signed(statement, ecKey()), logged.root)).toBe(false);
  });
});

test('of a key and an identity either counts, each under its name', async () => {
  const key = ecKey();
  const signers = [
    { name: 'key', key: key.pem },
    { name: 'workflow', identity: ci, root: logged.root },
  ];
  expect(signerOf(signed(statement, key), signers)).toBe('key');
  expect(signerOf(await logged.sign(statement, ci), signers)).toBe('workflow');
});

describe('a trusted root that is not read', () => {
  test.each<[sentence: string, text: string, says: string]>([
    ['no JSON', '{', 'is no JSON'],
    ['without authorities', '{}', 'is no trusted root of Sigstore'],
    [
      'with a certificate that is none',
      '{"certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AAAA"}]}}]}',
      'is no trusted root',
    ],
    ['with a field twice', logged.root.replace('{', '{"mediaType":"x",'), 'gives a field twice'],
  ])('%s', (_, text, says) => {
    expect(readRoot(text)).toEqual({ problem: expect.stringContaining(says) });
  });
});
