/** `Evidence`: what somebody found out about a content or about images, such as a test report. */
import { z } from 'zod';
import { age, type Definition } from './definition.ts';
import { envelope, identity } from './meta.ts';
import { parser } from './parse.ts';
import { asSet, celRules, neverChanges } from './crd-extensions.ts';
import { digest, evidenceType, httpUrl, instant, objectName, objectUid, written } from './schemas.ts';

/** Largest report, and largest statement, that is held in the object, in bytes of UTF-8. */
export const inlineReportBytes = 262_144;

const countName = '^[A-Za-z][A-Za-z0-9_.-]{0,62}$';

/** Numbers of a report, by name. */
export const counts = z.record(z.string(), z.int32().min(0)).meta({
  maxProperties: 50,
  // A schema has no pattern for keys.
  ...celRules({
    rule: `self.all(key, key.matches(r'${countName}'))`,
    message: 'name a count with at most 63 letters, digits, dots, hyphens and underscores, such as critical',
  }),
});

const ofCandidate = z.object({
  name: objectName.describe('Its name.'),
  uid: objectUid.describe('Its uid. A candidate that was deleted and created again needs evidence again.'),
  digest: digest.describe('Its status.digest, as tested. Evidence says nothing about any other content.'),
});

const subject = z
  .object({
    candidate: ofCandidate.optional().describe('The content of one candidate. Absent: it is about images.'),
    images: z
      .array(digest)
      .min(1)
      .max(500)
      .optional()
      .meta(asSet)
      .describe(
        'Digests of images, in whatever repository: every candidate of this namespace whose content names them may rest on it. Absent: it is about a candidate.',
      ),
  })
  .meta(
    celRules({
      rule: 'has(self.candidate) != has(self.images)',
      message: 'say what it is about exactly once: either spec.subject.candidate, or spec.subject.images',
    }),
  );

const report = z
  .object({
    mediaType: z
      .string()
      .max(127)
      .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/)
      .describe('What it is, such as application/sarif+json.'),
    sha256: digest.describe('SHA-256 of the report, byte for byte.'),
    url: httpUrl.optional().describe('Where it is kept. It is not fetched. Absent: nowhere that is said here.'),
    inline: written(inlineReportBytes)
      .optional()
      .describe('The report, as text of at most 256 KiB. Its SHA-256 must be sha256. Absent: it is not in the object.'),
  })
  .meta(
    celRules({
      rule: `!has(self.inline) || size(bytes(self.inline)) <= ${inlineReportBytes}`,
      message: 'inline holds at most 256 KiB: keep the report elsewhere, and name it with url and sha256',
    }),
  );

/** As the file is: a bundle or envelope is ASCII, but for the dash before the signatures of a log's checkpoint. */
const signedStatement = z
  .string()
  .min(2)
  .max(inlineReportBytes)
  .regex(/^[\t\n\r -~—]*$/);

const evidenceSpec = z
  .object({
    type: evidenceType.describe(
      'What sort of evidence it is: TestReport, VulnerabilityAssessment, Provenance, SBOM, or another one that a policy names. The reporter must hold verb report on evidencetypes with this resource name.',
    ),
    subject: subject.describe('What it is about.'),
    result: z
      .enum(['Passed', 'Failed'])
      .describe('What came of it. Failed closes the gate until something newer passes.'),
    summary: counts
      .default({})
      .describe('What was counted, by name, such as critical: 0. A policy may set the most of each. Empty: nothing.'),
    performedAt: instant.describe('When the test, scan or build was. Its age counts from then.'),
    report: report.optional().describe('The report behind it. Absent: there is none to be looked at.'),
    statement: signedStatement
      .optional()
      .describe(
        'An in-toto Statement that somebody signed, in a DSSE envelope or a Sigstore bundle that holds one, as the file is: at most 256 KiB of JSON. What is signed wins over what is typed beside it: where the two differ, the evidence does not count as passed. Absent: nothing is signed.',
      ),
    comment: written(4096).default('').describe('What the reporter has to say.'),
    reporter: identity.describe('Who reports. Stamped by the API server; leave it out.'),
  })
  .meta(celRules(neverChanges('create new Evidence')));

export const evidence = z.object({ ...envelope('Evidence'), spec: evidenceSpec.describe('What was found out.') });
export type Evidence = z.infer<typeof evidence>;

export const parseEvidence = parser(evidence);

export const evidenceDefinition: Definition = {
  kind: 'Evidence',
  description:
    'What somebody found out about the content of a candidate, or about images: a test report, a vulnerability assessment. Created in the staging namespace; never changed.',
  schema: evidence,
  rules: [],
  columns: [
    { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'What sort of evidence it is.' },
    { name: 'Result', type: 'string', jsonPath: '.spec.result', description: 'Passed or Failed.' },
    { name: 'Reporter', type: 'string', jsonPath: '.spec.reporter.username', description: 'Who reports.' },
    {
      name: 'Candidate',
      type: 'string',
      jsonPath: '.spec.subject.candidate.name',
      description: 'The candidate that it is about; empty where it is about images.',
    },
    { name: 'Performed', type: 'date', jsonPath: '.spec.performedAt', description: 'Time since it was performed.' },
    age,
  ],
  selectableFields: ['.spec.type', '.spec.subject.candidate.uid'],
};
