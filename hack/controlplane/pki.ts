/** The certificate authority of one control plane: certificates and keys as PEM texts. */
// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 needs it loaded first
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';

import * as x509 from '@peculiar/x509';

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const validForMs = 365 * 24 * 3_600_000;
/** Certificates begin in the past, so that a clock that is a little behind accepts them. */
const backdateMs = 3_600_000;

/** A certificate and its PKCS #8 private key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

export interface Subject {
  /** CN: for a client certificate, the user name. */
  readonly name: string;
  /** O: for a client certificate, the groups. */
  readonly groups?: readonly string[];
}

x509.cryptoProvider.set(webcrypto);

/** A new self-signed authority. */
export async function createAuthority(name: string): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: distinguishedName({ name }),
    keys,
    signingAlgorithm: ecdsa,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: certificate.toString('pem'), key: await privateKeyPem(keys) };
}

/** A certificate by which a client authenticates as `subject`; for a year when `until` is absent. */
export function issueClient(authority: KeyPair, subject: Subject, until?: Date): Promise<KeyPair> {
  return issue(authority, subject, {
    usage: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
    until,
  });
}

/** A certificate for a server under these DNS names and IP addresses. */
export function issueServer(
  authority: KeyPair,
  name: string,
  hosts: { dns: readonly string[]; ips: readonly string[] },
): Promise<KeyPair> {
  return issue(
    authority,
    { name },
    {
      usage: [
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...hosts.dns.map((value) => ({ type: 'dns' as const, value })),
          ...hosts.ips.map((value) => ({ type: 'ip' as const, value })),
        ]),
      ],
    },
  );
}

/** A PKCS #10 request (PEM) for a client certificate, and its private key: another authority signs it. */
export async function createRequest(subject: Subject): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await newKeys();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: distinguishedName(subject),
    keys,
    signingAlgorithm: ecdsa,
  });
  return { request: request.toString('pem'), key: await privateKeyPem(keys) };
}

/** A bare key pair (PEM), such as the one that signs ServiceAccount tokens. */
export async function createSigningKey(): Promise<{ readonly privateKey: string; readonly publicKey: string }> {
  const keys = await newKeys();
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  return { privateKey: await privateKeyPem(keys), publicKey: x509.PemConverter.encode(spki, 'PUBLIC KEY') };
}

interface Issued {
  readonly usage: readonly x509.Extension[];
  readonly until?: Date | undefined;
}

async function issue(authority: KeyPair, subject: Subject, { usage, until }: Issued): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    subject: distinguishedName(subject),
    issuer: issuer.subjectName, // and not its text: the encoding must match byte for byte
    publicKey: keys.publicKey,
    signingKey: await authorityKey(authority),
    signingAlgorithm: ecdsa,
    ...validity(until),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...usage,
    ],
  });
  return { certificate: certificate.toString('pem'), key: await privateKeyPem(keys) };
}

/** As JSON and not as text: names of attack tests hold commas, quotes and letters of other scripts. */
function distinguishedName({ name, groups = [] }: Subject): x509.Name {
  return new x509.Name([...groups.map((group) => ({ O: [{ utf8String: group }] })), { CN: [{ utf8String: name }] }]);
}

function validity(until?: Date): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - backdateMs), notAfter: until ?? new Date(now + validForMs) };
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify']);
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
}

function authorityKey(authority: KeyPair): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), ecdsa, false, ['sign']);
}
