/** What `grype -o json` writes. */
import { z } from 'zod';
import { checked } from './json.ts';
import { digestsIn, instantIn, scanned, severityOf, type Finding, type Outcome } from './outcome.ts';

const match = z.object({
  vulnerability: z.object({ id: z.string(), severity: z.string().optional() }),
  artifact: z.object({ name: z.string(), version: z.string().optional(), purl: z.string().optional() }),
});

const ignoreRule = z.object({
  vulnerability: z.string().optional(),
  reason: z.string().optional(),
  namespace: z.string().optional(),
  'vex-status': z.string().optional(),
  'vex-justification': z.string().optional(),
});

const target = z.object({ manifestDigest: z.string().optional(), repoDigests: z.array(z.string()).nullish() });

const grype = z.object({
  matches: z.array(match),
  ignoredMatches: z.array(match.extend({ appliedIgnoreRules: z.array(ignoreRule).nullish() })).nullish(),
  // Of a folder or a file it is text.
  source: z.object({ target: target.or(z.string()).optional() }).nullish(),
  descriptor: z.object({ name: z.literal('grype'), timestamp: z.string().optional() }),
});

const findingOf = ({ vulnerability, artifact }: z.infer<typeof match>): Finding => ({
  id: vulnerability.id,
  count: severityOf(vulnerability.severity),
  where: [artifact.name, artifact.version].filter(Boolean).join('@'),
  purl: artifact.purl,
});

const becauseOf = (rule: z.infer<typeof ignoreRule>): string => {
  const status = rule['vex-status'];
  if (status !== undefined) return `${status} by VEX: ${rule['vex-justification'] ?? 'no reason given'}`;
  return `ignored by a rule: ${rule.reason ?? 'no reason given'}`;
};

/** @throws BadReport */
export const readGrype = async (value: unknown, text: string): Promise<Outcome> => {
  const report = await checked(grype, value, text);
  const findings = report.matches.map(findingOf);
  const ignored = (report.ignoredMatches ?? []).map((each) => ({
    ...findingOf(each),
    because: (each.appliedIgnoreRules ?? []).map(becauseOf).join('; ') || 'ignored, no rule given',
  }));
  const of = report.source?.target;
  const images = typeof of === 'object' ? digestsIn([...(of.repoDigests ?? []), of.manifestDigest]) : [];
  return scanned(
    { format: 'Grype', mediaType: 'application/json', images, at: instantIn(report.descriptor.timestamp) },
    findings,
    ignored,
  );
};
