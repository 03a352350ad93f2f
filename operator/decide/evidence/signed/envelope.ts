/** A DSSE envelope, alone or in a Sigstore bundle, as it is stored in Evidence. What is in it is as untrusted as what holds it. */
import type { JsonObject } from '../../../api/meta.ts';
import { isObject, listAt, textAt, at } from '../../json/json.ts';
import { strictObject } from '../../json/strict.ts';

/** What was signed, and by whom it claims to be. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signatures: readonly Buffer[];
}

export type ReadEnvelope = Envelope | { readonly problem: string };

/** More signatures than this are no statement of anybody's, but work. */
const mostSignatures = 10;

/** The two alphabets that DSSE allows, and nothing that a reader may take in two ways. */
const fromBase64 = (text: string): Buffer | undefined => {
  for (const alphabet of ['base64', 'base64url'] as const) {
    const bytes = Buffer.from(text, alphabet);
    if (bytes.toString(alphabet).replace(/=+$/, '') === text.replace(/={0,2}$/, '')) return bytes;
  }
  return undefined;
};

const envelopeIn = (object: JsonObject): JsonObject => {
  const inBundle = at(object, 'dsseEnvelope');
  return isObject(inBundle) ? inBundle : object;
};

/** @returns why it is not read, as the end of a sentence about it */
export const readEnvelope = (text: string): ReadEnvelope => {
  const read = strictObject(text);
  if ('problem' in read) return read;
  const envelope = envelopeIn(read.value);
  const payloadType = textAt(envelope, 'payloadType');
  const payload = fromBase64(textAt(envelope, 'payload') ?? '');
  const given = listAt(envelope, 'signatures');
  const signatures = given.flatMap((each) => fromBase64(textAt(each, 'sig') ?? '') ?? []);
  if (payloadType === undefined || payload === undefined || payload.length === 0) {
    return { problem: 'is no DSSE envelope: payloadType, payload and signatures are needed' };
  }
  if (signatures.length === 0 || signatures.length !== given.length || given.length > mostSignatures) {
    return { problem: `holds no signatures that can be read, or more than ${mostSignatures}` };
  }
  return { payloadType, payload, signatures };
};

/** The bytes that a signature covers (DSSE v1.0): the type of the payload is among them, so that nobody gives it another one. */
export const signedBytes = ({ payloadType, payload }: Omit<Envelope, 'signatures'>): Buffer =>
  Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `), payload]);
