/** Makes keys and certificates. The only user of @peculiar/x509. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { Issued } from './rotation-plan.ts';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** Certificates begin in the past, so that a clock that is a little behind accepts them. */
const backdateMs = 3_600_000;

x509.cryptoProvider.set(webcrypto);

/** 256 random bits, to make paths from. */
export const newSeed = (): string => randomBytes(32).toString('base64url');

/**
 * A new authority and the one certificate that it ever signs, for a server under these names. The authority's key is forgotten here: nobody
 * can sign a second one.
 */
export const issue = async (given: {
  readonly hosts: readonly string[];
  readonly now: number;
  readonly validForMs: number;
}): Promise<Issued> => {
  const { hosts, now, validForMs } = given;
  const notAfter = now + validForMs;
  const validity = { notBefore: new Date(now - backdateMs), notAfter: new Date(notAfter) };
  const [authorityKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  // A name of its own: where two authorities share one, a verifier may try the wrong one.
  const name = `countersign-gate-${randomBytes(8).toString('hex')}`;
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: nameOf(name),
    keys: authorityKeys,
    signingAlgorithm: ecdsa,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    subject: nameOf('countersign-gate'),
    issuer: authority.subjectName, // and not its text: the encoding must match byte for byte
    publicKey: keys.publicKey,
    signingKey: authorityKeys.privateKey,
    signingAlgorithm: ecdsa,
    ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((value) => (isIP(value) === 0 ? { type: 'dns' as const, value } : { type: 'ip' as const, value })),
      ),
    ],
  });
  const key = x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return {
    authority: pem(authority),
    certificate: pem(certificate),
    key,
    hosts,
    issuedAt: now,
    notAfter,
  };
};

const newKeys = (): Promise<webcrypto.CryptoKeyPair> => webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);

const nameOf = (name: string): x509.Name => new x509.Name([{ CN: [{ utf8String: name }] }]);

const pem = (certificate: x509.X509Certificate): string => certificate.toString('pem').trim();
