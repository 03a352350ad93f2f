/** Public keys that a policy names, and whether one of them signed an envelope. */
import { constants, createPublicKey, verify, type AsymmetricKeyDetails, type KeyObject } from 'node:crypto';
import { signedBytes, type Envelope } from './envelope.ts';

/** Bits of a modulus. */
const rsaBits = { least: 2048, most: 4096 } as const;

const rsaWeakness = ({ modulusLength = 0, publicExponent = 0n }: AsymmetricKeyDetails): string | undefined => {
  if (modulusLength < rsaBits.least || modulusLength > rsaBits.most) {
    return `is RSA of ${modulusLength} bits: ${rsaBits.least} to ${rsaBits.most} are needed`;
  }
  return publicExponent < 65_537n ? `is RSA of exponent ${publicExponent}: 65537 or more is needed` : undefined;
};

/** What is wrong with a key; undefined = it may verify. */
const weakness = ({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): string | undefined => {
  if (type === 'ed25519') return undefined;
  if (type === 'rsa') return rsaWeakness(details);
  if (type !== 'ec') return `is ${type ?? 'of an unknown type'}: Ed25519, ECDSA P-256 or RSA is needed`;
  return details.namedCurve === 'prime256v1' ? undefined : `is of curve ${details.namedCurve}: P-256 is needed`;
};

export type ReadKey = { readonly key: KeyObject } | { readonly problem: string };

/** The key, or why it is not used, as the end of a sentence about it. */
export const readKey = (pem: string): ReadKey => {
  // Of a private key, or a certificate, a public one would be made.
  if (!pem.startsWith('-----BEGIN PUBLIC KEY-----')) return { problem: 'is no public key in PEM' };
  try {
    const key = createPublicKey({ key: pem, format: 'pem' });
    const problem = weakness(key);
    return problem === undefined ? { key } : { problem };
  } catch {
    return { problem: 'is no public key in PEM' };
  }
};

/** What verifies a signature by each sort of key. Both paddings of RSA are in use: cosign writes PKCS #1 v1.5. */
const isSignature = (key: KeyObject, bytes: Buffer, signature: Buffer): boolean => {
  if (key.asymmetricKeyType === 'ed25519') return verify(null, bytes, key, signature);
  if (key.asymmetricKeyType === 'ec') return verify('sha256', bytes, key, signature);
  return [
    { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
    { key, padding: constants.RSA_PKCS1_PADDING },
  ].some((how) => verify('sha256', bytes, how, signature));
};

/** Is one of the signatures by this key? */
export const isSignedWith = (envelope: Envelope, pem: string): boolean => {
  const read = readKey(pem);
  if ('problem' in read) return false;
  const bytes = signedBytes(envelope);
  return envelope.signatures.some((signature) => isSignature(read.key, bytes, signature));
};
