/** Who signed a statement. */
import { readEnvelope } from './envelope.ts';
import { isSignedWith } from './keys.ts';
import { certifiedBy, isIdentity } from './sigstore.ts';
import type { CertifiedIdentity, TrustedSigner } from '../../api-queries.ts';

/** The name of the first of these who signed it; undefined = none of them did. What an envelope says about its keys is not looked at. */
export const signerOf = (text: string, signers: readonly TrustedSigner[]): string | undefined => {
  const envelope = readEnvelope(text);
  if ('problem' in envelope) return undefined;
  return signers.find((signer) => {
    if ('key' in signer) return isSignedWith(envelope, signer.key);
    const holder = certifiedBy(text, envelope, signer.root);
    return holder !== undefined && isIdentity(signer.identity, holder);
  })?.name;
};

/** For people who wonder why it does not count: whom its certificate is issued to, for the authorities of one of these. */
export const certifiedHolder = (text: string, signers: readonly TrustedSigner[]): CertifiedIdentity | undefined => {
  const envelope = readEnvelope(text);
  if ('problem' in envelope) return undefined;
  for (const signer of signers) {
    const holder = 'key' in signer ? undefined : certifiedBy(text, envelope, signer.root);
    if (holder !== undefined) return holder;
  }
  return undefined;
};
