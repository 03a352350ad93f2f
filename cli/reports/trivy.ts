/** What `trivy image --format json` and its kin write. */
import { z } from 'zod';
import { checked } from './json.ts';
import { digestsIn, instantIn, scanned, severityOf, type Finding, type Ignored, type Outcome } from './outcome.ts';

const vulnerability = z.object({
  VulnerabilityID: z.string(),
  PkgName: z.string().optional(),
  InstalledVersion: z.string().optional(),
  PkgIdentifier: z.object({ PURL: z.string().optional() }).optional(),
  Severity: z.string().optional(),
});

const misconfiguration = z.object({
  ID: z.string().optional(),
  AVDID: z.string().optional(),
  Severity: z.string().optional(),
  Status: z.string().optional(),
});

const secret = z.object({ RuleID: z.string(), Severity: z.string().optional(), StartLine: z.number().optional() });
const license = z.object({
  Name: z.string().optional(),
  PkgName: z.string().optional(),
  Severity: z.string().optional(),
});

/** Written with `--show-suppressed`. */
const modified = z.object({
  Type: z.string().optional(),
  Status: z.string(),
  Statement: z.string().optional(),
  Source: z.string().optional(),
  Finding: vulnerability.or(misconfiguration).or(secret).or(license),
});

const result = z.object({
  Target: z.string().optional(),
  Vulnerabilities: z.array(vulnerability).nullish(),
  Misconfigurations: z.array(misconfiguration).nullish(),
  Secrets: z.array(secret).nullish(),
  Licenses: z.array(license).nullish(),
  ExperimentalModifiedFindings: z.array(modified).nullish(),
});

const trivy = z.object({
  SchemaVersion: z.literal(2),
  CreatedAt: z.string().optional(),
  Metadata: z.object({ RepoDigests: z.array(z.string()).nullish() }).optional(),
  Results: z.array(result).nullish(),
});

type Found = z.infer<typeof vulnerability>;

const ofPackage = (each: Found): Finding => ({
  id: each.VulnerabilityID,
  count: severityOf(each.Severity),
  where: [each.PkgName, each.InstalledVersion].filter(Boolean).join('@'),
  purl: each.PkgIdentifier?.PURL,
});

const findingsIn = ({ Target: target = '', ...found }: z.infer<typeof result>): readonly Finding[] => [
  ...(found.Vulnerabilities ?? []).map(ofPackage),
  ...(found.Misconfigurations ?? [])
    .filter(({ Status: status = 'FAIL' }) => status === 'FAIL')
    .map((each) => ({
      id: each.ID ?? each.AVDID ?? 'misconfiguration',
      count: severityOf(each.Severity),
      where: target,
    })),
  ...(found.Secrets ?? []).map((each) => ({
    id: `secret ${each.RuleID}`,
    count: severityOf(each.Severity),
    where: each.StartLine === undefined ? target : `${target}:${each.StartLine}`,
  })),
  ...(found.Licenses ?? []).map((each) => ({
    id: `license ${each.Name ?? 'unnamed'}`,
    count: severityOf(each.Severity),
    where: each.PkgName ?? target,
  })),
];

const ignoredIn = ({
  Target: target = '',
  ExperimentalModifiedFindings: all,
}: z.infer<typeof result>): readonly Ignored[] =>
  (all ?? []).map(({ Finding: finding, Status: status, Statement: statement, Source: source }) => ({
    ...('VulnerabilityID' in finding
      ? ofPackage(finding)
      : {
          id: 'ID' in finding ? (finding.ID ?? 'finding') : 'RuleID' in finding ? finding.RuleID : 'finding',
          count: severityOf(finding.Severity),
          where: target,
        }),
    because: `${status}${source === undefined ? '' : ` by ${source}`}: ${statement ?? 'no reason given'}`,
  }));

/** @throws BadReport */
export const readTrivy = async (value: unknown, text: string): Promise<Outcome> => {
  const report = await checked(trivy, value, text);
  const results = report.Results ?? [];
  const [findings, ignored] = [results.flatMap(findingsIn), results.flatMap(ignoredIn)];
  return scanned(
    {
      format: 'Trivy',
      mediaType: 'application/json',
      images: digestsIn(report.Metadata?.RepoDigests ?? []),
      at: instantIn(report.CreatedAt),
    },
    findings,
    ignored,
  );
};
