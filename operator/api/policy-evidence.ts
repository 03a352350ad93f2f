/** What evidence a ReleasePolicy demands. */
import { z } from 'zod';
import { asOne, asSet, celRules, mapBy } from './crd-extensions.ts';
import { counts } from './evidence.ts';
import { duration, evidenceType, label, patternedLine } from './schemas.ts';

/** The first bytes of a key say what it is, so the API server alone refuses every other sort: Ed25519, P-256, and RSA of 2048, 3072 and 4096 bits. */
const keyBeginnings = [
  'MCowBQYDK2VwAyEA',
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE',
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A',
  'MIIBojANBgkqhkiG9w0BAQEFAAOCAY8A',
  'MIICIjANBgkqhkiG9w0BAQEFAAOCAg8A',
].join('|');

const publicKey = z
  .string()
  .max(1024)
  .regex(
    new RegExp(
      `^-----BEGIN PUBLIC KEY-----\\n(${keyBeginnings.replaceAll('+', '[+]')})[A-Za-z0-9+/=\\n]+\\n-----END PUBLIC KEY-----\\n?$`,
    ),
  );

const identity = z.object({
  issuer: patternedLine(500)
    .min(1)
    .describe(
      'Who vouched for it, as the certificate says: the issuer of OIDC tokens, such as https://token.actions.githubusercontent.com.',
    ),
  subject: patternedLine(500)
    .min(1)
    .describe(
      'Whom the certificate is issued to: an e-mail address, or the URI of a workflow. Compared to the letter; * at the end stands for what follows, such as https://git.example/payments/.github/workflows/release.yml@refs/tags/*.',
    ),
  root: label('public-good', 63).describe('The one of trustedRoots whose authorities must have issued and logged it.'),
});

const signer = z
  .object({
    name: label('ci', 63).describe('What people call it: messages and the record name it.'),
    key: publicKey
      .optional()
      .describe(
        'Its public key in PEM, as cosign.pub is: Ed25519, ECDSA P-256, or RSA of 2048, 3072 or 4096 bits, each with SHA-256.',
      ),
    identity: identity
      .optional()
      .describe(
        'Instead of a key, whom a certificate of Sigstore must be issued to. The statement is a Sigstore bundle.',
      ),
  })
  .meta(
    celRules({
      rule: 'has(self.key) != has(self.identity)',
      message: 'a signer is known by its key or by its identity: give one of the two',
    }),
  );
export type Signer = z.infer<typeof signer>;

const trustedRoot = z.object({
  name: label('public-good', 63).describe('What the identities of signedBy call it.'),
  root: z
    .string()
    .min(1)
    .max(65_536)
    .describe(
      'The trusted root of that Sigstore, in JSON, as `cosign trusted-root create` writes it. What it names is asked for: where it has logs, an entry in one of them; where it has logs of certificates, a proof from one of those. Nothing is fetched.',
    ),
});

export const trustedRoots = z.array(trustedRoot).max(5).default([]).meta(mapBy('name'));

/** Longest names that provenance is compared with. Of longer ones nothing is kept that could equal them. */
const names = () => z.array(patternedLine(500).min(1)).max(20).meta(asSet);
const named = () => z.array(patternedLine(500).min(1)).max(20).optional().meta(asSet);

const line = z
  .object({
    type: evidenceType.describe(
      'The type of evidence. A reporter holds verb report on evidencetypes with this resource name in the staging namespace.',
    ),
    about: z
      .enum(['Candidate', 'Images'])
      .default('Candidate')
      .describe(
        'What it must be about. Candidate: exactly the content that is promoted, by the digest of the candidate. Images: every image digest in that content; what was reported for another candidate of the staging namespace counts.',
      ),
    maxAge: duration('1m', '8760h').describe(
      'How old it may be when the promotion begins, counted from when it was performed.',
    ),
    most: counts
      .default({})
      .describe(
        'By name, the most that evidence may have counted, such as critical: 0. Evidence that does not give the count does not pass. Empty: its result alone decides.',
      ),
    when: z
      .enum(['Always', 'NewOrSignificant', 'ImagesChanged'])
      .default('Always')
      .describe(
        'Which releases need it. NewOrSignificant: those of a new package, and those that change what minor does not allow. ImagesChanged: those that change an image.',
      ),
    signedBy: z
      .array(signer)
      .min(1)
      .max(10)
      .optional()
      .meta(mapBy('name'))
      .describe(
        'Who may have signed it. Evidence counts then only if it brings a statement that one of these signed, and only what is signed counts. Absent: it need not be signed.',
      ),
    builders: named().describe(
      'Of Provenance: the builders that may have built it, by runDetails.builder.id. Needs signedBy. Absent: any.',
    ),
    sources: named().describe(
      'Of Provenance and Source: the repositories that it may have been built from, such as https://git.example/payments. Every source repository that the statement names must be one of them. Needs signedBy. Absent: any.',
    ),
    unknownAuthors: z
      .enum(['Block', 'Report'])
      .default('Block')
      .describe(
        'Of Source and Provenance: what becomes of a release whose source somebody made who is neither in spec.people nor the author of the candidate, so that nobody knows which account of the cluster is theirs. Block: it waits. Report: the gate names them, and a signature that they give under another name counts. Report needs signedBy.',
      ),
    bots: names()
      .default([])
      .describe(
        'Of Source and Provenance: names in the history of the source that are no people and have no account of the cluster, such as dependabot[bot]. Needs signedBy. Empty: none.',
      ),
  })
  .meta(
    celRules(
      {
        rule: "has(self.signedBy) && self.type == 'Provenance' || !has(self.builders)",
        message: 'builders are read from signed provenance: give them with type Provenance and signedBy',
      },
      {
        rule: "has(self.signedBy) && self.type in ['Provenance', 'Source'] || !has(self.sources) && self.unknownAuthors == 'Block' && size(self.bots) == 0",
        message:
          'sources, unknownAuthors and bots are about what is signed: give them with type Source or Provenance, and signedBy',
      },
      {
        rule: "has(self.signedBy) || self.type != 'Source'",
        message: 'anybody could type who made the source: name with signedBy who must have signed it',
      },
    ),
  );
export type EvidenceLine = z.infer<typeof line>;

export const evidenceLines = z.array(line).max(20).default([]).meta(asOne);

/** Classes of changes that make a release significant. Loss of data always does. */
export const significantClasses = ['rights', 'image', 'command', 'identity', 'network', 'storage', 'removed'] as const;
export type SignificantClass = (typeof significantClasses)[number];

export const minorClasses = z.array(z.enum(significantClasses)).max(significantClasses.length).default([]).meta(asSet);
