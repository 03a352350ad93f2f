/** A program that takes the options of `cosign attest-blob` that our commands name, and writes what it writes: run as `node cosign.ts attest-blob …`. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { jsonObject } from '../../operator/api/meta.ts';
import { signed, statement } from './statements.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    yes: { type: 'boolean' },
    'use-signing-config': { type: 'string' },
    'tlog-upload': { type: 'string' },
    key: { type: 'string', default: '' },
    type: { type: 'string', default: '' },
    predicate: { type: 'string', default: '' },
    hash: { type: 'string', default: '' },
    bundle: { type: 'string', default: '' },
  },
});
const [command, name = ''] = positionals;
if (command !== 'attest-blob') throw new Error(`only attest-blob is here, not ${command}`);
const privateKey = createPrivateKey(readFileSync(values.key));
const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
const predicate: unknown = JSON.parse(readFileSync(values.predicate, 'utf8'));
if (typeof predicate !== 'object' || predicate === null) throw new Error('the predicate is no object');
const said = statement({ digest: values.hash, name }, values.type, predicate);
writeFileSync(
  values.bundle,
  JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: '' } },
    dsseEnvelope: jsonObject(JSON.parse(signed(said, { privateKey, pem }))),
  }),
);
