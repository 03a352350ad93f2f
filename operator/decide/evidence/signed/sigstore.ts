/** Signatures under a certificate of Sigstore: whom it was issued to, and whether the authorities of a trusted root vouch for that. Nothing is fetched, and the time is that of the bundle. */
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import type { JsonObject } from '../../../api/meta.ts';
import { listAt } from '../../json/json.ts';
import { strictObject } from '../../json/strict.ts';
import type { Envelope } from './envelope.ts';
import type { CertifiedIdentity } from '../../api-queries.ts';

type TrustMaterial = ReturnType<typeof toTrustMaterial>;

export type ReadRoot = { readonly material: TrustMaterial } | { readonly problem: string };

/** Of each at most: one bundle must not be much work. */
const mostProofs = 5;

/** The authorities that a trusted root names, or why it names none, as the end of a sentence about it. */
export const readRoot = (text: string): ReadRoot => {
  const read = strictObject(text);
  if ('problem' in read) return read;
  try {
    const material = toTrustMaterial(TrustedRoot.fromJSON(read.value));
    if (material.certificateAuthorities.some(({ certChain }) => certChain.length > 0)) return { material };
  } catch {
    // What it is not, is said below.
  }
  return { problem: 'is no trusted root of Sigstore: certificateAuthorities with their certificates are needed' };
};

/** What the root names is asked for: who runs no log of their own leaves it out of the root. A time that is vouched for there must always be. */
const thresholds = ({ tlogs, ctlogs }: TrustMaterial) => ({
  tlogThreshold: tlogs.length === 0 ? 0 : 1,
  ctlogThreshold: ctlogs.length === 0 ? 0 : 1,
  timestampThreshold: 1,
});

const isTooMuch = (bundle: JsonObject): boolean =>
  listAt(bundle, 'verificationMaterial', 'tlogEntries').length > mostProofs ||
  listAt(bundle, 'verificationMaterial', 'timestampVerificationData', 'rfc3161Timestamps').length > mostProofs;

/** Whom the certificate is issued to by whom, if everything about it holds. @throws where something does not */
const holderOf = (text: string, envelope: Envelope, material: TrustMaterial): CertifiedIdentity | undefined => {
  const read = strictObject(text);
  if ('problem' in read || isTooMuch(read.value)) return undefined;
  const bundle = bundleFromJSON(read.value);
  const { content, verificationMaterial } = bundle;
  // What is read from the envelope here must be what is verified there.
  if (
    content.$case !== 'dsseEnvelope' ||
    content.dsseEnvelope.payloadType !== envelope.payloadType ||
    !content.dsseEnvelope.payload.equals(envelope.payload) ||
    verificationMaterial.content.$case === 'publicKey'
  ) {
    return undefined;
  }
  const { identity } = new Verifier(material, thresholds(material)).verify(toSignedEntity(bundle));
  const [issuer, subject] = [identity?.extensions?.issuer, identity?.subjectAlternativeName];
  return issuer === undefined || subject === undefined ? undefined : { issuer, subject };
};

const isSubject = (wanted: string, given: string): boolean =>
  wanted.endsWith('*') ? given.startsWith(wanted.slice(0, -1)) : given === wanted;

/** Whom the certificate says it is issued to, for authorities of that root; undefined = nothing of it holds. */
export const certifiedBy = (text: string, envelope: Envelope, root: string): CertifiedIdentity | undefined => {
  const read = readRoot(root);
  if ('problem' in read) return undefined;
  try {
    return holderOf(text, envelope, read.material);
  } catch {
    return undefined;
  }
};

export const isIdentity = (wanted: CertifiedIdentity, given: CertifiedIdentity): boolean =>
  given.issuer === wanted.issuer && isSubject(wanted.subject, given.subject);
