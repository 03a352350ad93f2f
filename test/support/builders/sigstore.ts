/** A Sigstore of our own: certificates, proofs and times as those authorities give them, and the trusted root that names them. */
import { createHash, generateKeyPairSync, randomInt, type KeyPairKeyObjectResult } from 'node:crypto';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';
import { inTotoType, signatureOf, type SigningKey } from '../../../hack/signing/statements.ts';

export interface Identity {
  readonly issuer: string;
  /** The URI that the certificate is issued to. */
  readonly subject: string;
}

/** What a bundle lacks or has otherwise than those authorities would give it. */
export interface Flaws {
  /** Replaces what was signed, after it was. */
  readonly payload?: Buffer;
  readonly withoutEntry?: boolean;
  readonly withoutTime?: boolean;
  /** So often is each proof in it. */
  readonly times?: number;
  /** Is given the finished bundle. */
  readonly edit?: (bundle: Record<string, unknown>) => void;
}

export interface Sigstore {
  /** As a policy holds it. */
  readonly root: string;
  readonly sign: (statement: object, identity: Identity, flaws?: Flaws) => Promise<string>;
}

const keys = (): KeyPairKeyObjectResult => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const base64 = (bytes: ArrayBufferView<ArrayBuffer>): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
const pemOf = (certificate: string): string =>
  `-----BEGIN CERTIFICATE-----\n${certificate.replaceAll(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`;
const sha256 = (bytes: NodeJS.ArrayBufferView): Buffer => createHash('sha256').update(bytes).digest();

const issuerExtension = '1.3.6.1.4.1.57264.1.8';
const start = '2020-01-01T00:00:00Z';

/** The names of a log in a trusted root. */
const logIn = (publicKey: Buffer, baseUrl: string) => ({
  baseUrl,
  hashAlgorithm: 'SHA2_256',
  publicKey: {
    rawBytes: publicKey.toString('base64'),
    keyDetails: 'PKIX_ECDSA_P256_SHA_256',
    validFor: { start },
  },
  logId: { keyId: sha256(publicKey).toString('base64') },
});

const authorityIn = (uri: string, ...chain: readonly ArrayBufferView<ArrayBuffer>[]) => ({
  subject: { organization: 'example', commonName: 'example' },
  uri,
  certChain: { certificates: chain.map((each) => ({ rawBytes: base64(each) })) },
  validFor: { start },
});

const url = 'https://rekor.example';

/** An entry as Rekor answers with it: the types of the package lack it. */
interface LogEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly checkpoint: string;
    };
  };
}

/** @param logs whether it logs certificates and entries, as the public one does; without, a time-stamping authority alone says when it was */
export const sigstore = async ({ logs = true }: { readonly logs?: boolean } = {}): Promise<Sigstore> => {
  // A whole second, which every reader of ASN.1 takes, and after the authorities began.
  const clock = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 60_000);
  const ctLog = await initializeCTLog(keys(), clock);
  const [ca, tLog, tsa] = await Promise.all([
    initializeCA(keys(), logs ? ctLog : undefined, clock),
    initializeTLog(url, keys(), clock),
    initializeTSA(keys(), clock),
  ]);

  const entryOf = async (bytes: Buffer, sig: string, certificate: string) => {
    const answer: unknown = await tLog.log({
      apiVersion: '0.0.1',
      kind: 'dsse',
      spec: {
        envelopeHash: { algorithm: 'sha256', value: sha256(Buffer.from(sig)).toString('hex') },
        payloadHash: { algorithm: 'sha256', value: sha256(bytes).toString('hex') },
        signatures: [{ signature: sig, verifier: Buffer.from(pemOf(certificate)).toString('base64') }],
      },
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what it says is verified by whoever reads the bundle
    const [entry] = Object.values(answer as Readonly<Record<string, LogEntry>>);
    if (entry === undefined) throw new Error('the log took no entry');
    const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
    return {
      logIndex: String(entry.logIndex),
      logId: { keyId: Buffer.from(entry.logID, 'hex').toString('base64') },
      kindVersion: { kind: 'dsse', version: '0.0.1' },
      integratedTime: String(entry.integratedTime),
      inclusionPromise: { signedEntryTimestamp },
      inclusionProof: {
        logIndex: String(proof.logIndex),
        treeSize: String(proof.treeSize),
        rootHash: Buffer.from(proof.rootHash, 'hex').toString('base64'),
        hashes: [],
        checkpoint: { envelope: proof.checkpoint },
      },
      canonicalizedBody: entry.body,
    };
  };

  const timeOf = async (sig: string) => ({
    signedTimestamp: base64(
      await tsa.timestamp({
        artifactHash: sha256(Buffer.from(sig, 'base64')),
        hashAlgorithmOID: '2.16.840.1.101.3.4.2.1',
        nonce: randomInt(2 ** 31),
        policyOID: '1.3.6.1.4.1.57264.2',
        certReq: true,
      }),
    ),
  });

  return {
    root: JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
      tlogs: logs ? [logIn(tLog.publicKey, url)] : [],
      ctlogs: logs ? [logIn(ctLog.publicKey, 'https://ct.example')] : [],
      certificateAuthorities: [authorityIn('https://fulcio.example', ca.rootCertificate)],
      timestampAuthorities: logs ? [] : [authorityIn('https://tsa.example', tsa.intCertificate, tsa.rootCertificate)],
    }),
    sign: async (statement, { issuer, subject }, flaws = {}) => {
      const { privateKey, publicKey } = keys();
      const certificate = await ca.issueCertificate({
        publicKey: publicKey.export({ format: 'der', type: 'spki' }),
        subjectAltName: subject,
        extensions: [{ oid: issuerExtension, value: issuer }],
      });
      const payload = Buffer.from(JSON.stringify(statement));
      const key: SigningKey = { privateKey, pem: '' };
      const sig = signatureOf(key, payload);
      const repeated = <T>(proof: T): T[] => Array.from({ length: flaws.times ?? 1 }, () => proof);
      const entry = await entryOf(payload, sig, base64(certificate));
      const bundle: Record<string, unknown> = {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: {
          certificate: { rawBytes: base64(certificate) },
          tlogEntries: logs && flaws.withoutEntry !== true ? repeated(entry) : [],
          timestampVerificationData: {
            rfc3161Timestamps: logs || flaws.withoutTime === true ? [] : repeated(await timeOf(sig)),
          },
        },
        dsseEnvelope: {
          payloadType: inTotoType,
          payload: (flaws.payload ?? payload).toString('base64'),
          signatures: [{ sig, keyid: '' }],
        },
      };
      flaws.edit?.(bundle);
      return JSON.stringify(bundle);
    },
  };
};
