/** Statements that are signed as CI systems sign them: in-toto in DSSE, with keys made here. */
import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** As a policy holds it. */
  readonly pem: string;
}

const keyOf = ({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): SigningKey => ({
  privateKey,
  pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
});

export const ed25519Key = (): SigningKey => keyOf(generateKeyPairSync('ed25519'));
export const ecKey = (namedCurve = 'P-256'): SigningKey => keyOf(generateKeyPairSync('ec', { namedCurve }));
export const rsaKey = (modulusLength = 2048, publicExponent = 65_537): SigningKey =>
  keyOf(generateKeyPairSync('rsa', { modulusLength, publicExponent }));

/** The bytes that are signed, of DSSE v1. */
const preAuthenticated = (payloadType: string, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `), payload]);

export const inTotoType = 'application/vnd.in-toto+json';

export const signatureOf = (
  { privateKey }: SigningKey,
  payload: Buffer,
  { payloadType = inTotoType, pkcs1 = false }: { readonly payloadType?: string; readonly pkcs1?: boolean } = {},
): string => {
  const bytes = preAuthenticated(payloadType, payload);
  const hash = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const padding = pkcs1 ? constants.RSA_PKCS1_PADDING : constants.RSA_PKCS1_PSS_PADDING;
  const key = privateKey.asymmetricKeyType === 'rsa' ? { key: privateKey, padding } : privateKey;
  return sign(hash, bytes, key).toString('base64');
};

export const envelopeOf = (payload: Buffer, signatures: readonly string[], payloadType = inTotoType): string =>
  JSON.stringify({
    payloadType,
    payload: payload.toString('base64'),
    signatures: signatures.map((sig) => ({ keyid: '', sig })),
  });

/** A statement that this key signed. */
export const signed = (statement: object, key: SigningKey): string => {
  const payload = Buffer.from(JSON.stringify(statement));
  return envelopeOf(payload, [signatureOf(key, payload)]);
};

interface About {
  /** `sha256:…` */
  readonly digest: string;
  readonly name: string;
}

export const statement = ({ digest, name }: About, predicateType: string, predicate: object): object => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name, digest: { sha256: digest.replace('sha256:', '') } }],
  predicateType,
  predicate,
});

/** That tests ran. @param at when, RFC 3339 */
export const testResult = (about: About, at: string, more: object = {}): object =>
  statement(about, 'https://in-toto.io/attestation/test-result/v0.1', {
    result: 'PASSED',
    configuration: [],
    'https://countersign.dev/performedAt': at,
    ...more,
  });

/** Who built it, from which commit of which repository. */
export const provenance = (
  about: About,
  at: string,
  { builder, source }: { readonly builder: string; readonly source: string },
): object =>
  statement(about, 'https://slsa.dev/provenance/v1', {
    buildDefinition: {
      buildType: 'https://example.com/build/v1',
      externalParameters: {},
      resolvedDependencies: [{ uri: `git+${source}@refs/heads/main`, digest: { gitCommit: 'abc'.padEnd(40, '0') } }],
    },
    runDetails: { builder: { id: builder }, metadata: { finishedOn: at } },
  });

/** A commit, and who wrote it. */
export interface Commit {
  readonly revision: string;
  readonly authors: readonly string[];
}

/** Who made the source at a revision, as a forge states it. */
export const sourceHistory = (
  about: About,
  at: string,
  given: {
    readonly repository: string;
    readonly revision: string;
    readonly commits: readonly Commit[];
    readonly reviewers?: readonly string[];
  },
): object => statement(about, 'https://countersign.dev/source/v1', { createdOn: at, sources: [given] });
