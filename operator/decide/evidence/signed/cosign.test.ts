/** What the real cosign signs we verify, and what we sign it verifies: `make cosign` builds it and runs this. Without it the tests are skipped. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sigstore } from '../../../../test/support/builders/sigstore.ts';
import {
  ecKey,
  ed25519Key,
  envelopeOf,
  rsaKey,
  signatureOf,
  testResult,
  type SigningKey,
} from '../../../../hack/signing/statements.ts';
import { signerOf } from './signer.ts';

const program = process.env['COUNTERSIGN_COSIGN'];
const type = 'https://in-toto.io/attestation/test-result/v0.1';
const blob = 'what was tested';
const digest = createHash('sha256').update(blob).digest('hex');

const describeWithCosign = program === undefined ? describe.skip : describe;

describeWithCosign('cosign', () => {
  let folder: string;
  const cosign = (...args: readonly string[]): void => {
    execFileSync(program ?? '', args, { cwd: folder, env: { ...process.env, COSIGN_PASSWORD: '' }, stdio: 'pipe' });
  };
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'countersign-cosign-'));
    write('blob', blob);
    write('predicate.json', JSON.stringify({ result: 'PASSED', configuration: [] }));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** Signed by cosign, offline, with a key that it is given. */
  const byCosign = (key: SigningKey): string => {
    write('key.pem', key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    rmSync(join(folder, 'key.key'), { force: true });
    rmSync(join(folder, 'key.pub'), { force: true });
    cosign('import-key-pair', '--key', 'key.pem', '--output-key-prefix', 'key');
    const offline = ['--yes', '--use-signing-config=false', '--tlog-upload=false'];
    cosign(
      'attest-blob',
      ...offline,
      '--key',
      'key.key',
      '--type',
      type,
      '--predicate',
      'predicate.json',
      '--hash',
      digest,
      '--bundle',
      'bundle.json',
      'uid-1',
    );
    return readFileSync(join(folder, 'bundle.json'), 'utf8');
  };

  const signer = (bundle: string, { pem }: SigningKey): string | undefined =>
    signerOf(bundle, [{ name: 'ci', key: pem }]);

  test.each<[string, () => SigningKey]>([
    ['ECDSA P-256', ecKey],
    ['RSA', rsaKey],
  ])('what it signs by %s counts, and by no other key', (_, make) => {
    const key = make();
    const bundle = byCosign(key);
    expect(signer(bundle, key)).toBe('ci');
    expect(signer(bundle, make())).toBeUndefined();
  });

  test('what it signs by Ed25519 is Ed25519ph, which Node does not verify: it counts for nothing', () => {
    const key = ed25519Key();
    expect(signer(byCosign(key), key)).toBeUndefined();
  });

  const verified = (key: SigningKey, payload: Buffer, signed: Buffer, pkcs1: boolean): void => {
    const dsseEnvelope: unknown = JSON.parse(envelopeOf(payload, [signatureOf(key, signed, { pkcs1 })]));
    write('ours.pub', key.pem);
    write(
      'ours.json',
      JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { publicKey: { hint: '' } },
        dsseEnvelope,
      }),
    );
    cosign(
      'verify-blob-attestation',
      '--insecure-ignore-tlog=true',
      '--key',
      'ours.pub',
      '--bundle',
      'ours.json',
      '--type',
      type,
      'blob',
    );
  };

  test.each<[string, () => SigningKey, boolean]>([
    ['Ed25519', ed25519Key, false],
    ['ECDSA P-256', ecKey, false],
    ['RSA of PKCS #1 v1.5', rsaKey, true],
  ])('it verifies what is signed here by %s, and not what was altered', (_, make, pkcs1) => {
    const key = make();
    const payload = Buffer.from(JSON.stringify(testResult({ digest, name: 'uid-1' }, '2026-11-30T16:00:00Z')));
    expect(() => {
      verified(key, payload, payload, pkcs1);
    }).not.toThrow();
    expect(() => {
      verified(key, payload, Buffer.from(`${payload.toString()} `), pkcs1);
    }).toThrow(/invalid signature|could not verify/i);
  });

  test.each([
    ['logged', true],
    ['stamped by an authority', false],
  ])(
    'it verifies a certificate of a workflow, %s, under the root that counts here, and under no other',
    async (_, logs) => {
      const [own, other] = await Promise.all([sigstore({ logs }), sigstore({ logs })]);
      const identity = {
        issuer: 'https://token.example',
        subject: 'https://git.example/payments/ci.yml@refs/heads/main',
      };
      const statement = testResult({ digest, name: 'uid-1' }, '2026-11-30T16:00:00Z');
      write('certified.json', await own.sign(statement, identity));
      const verify = (root: string): void => {
        write('root.json', root);
        cosign(
          'verify-blob-attestation',
          '--bundle',
          'certified.json',
          '--trusted-root',
          'root.json',
          ...(logs ? [] : ['--insecure-ignore-tlog=true', '--insecure-ignore-sct=true', '--use-signed-timestamps']),
          '--certificate-identity',
          identity.subject,
          '--certificate-oidc-issuer',
          identity.issuer,
          '--type',
          type,
          'blob',
        );
      };
      expect(() => {
        verify(own.root);
      }).not.toThrow();
      expect(() => {
        verify(other.root);
      }).toThrow(/failed to verify/);
    },
  );
});
