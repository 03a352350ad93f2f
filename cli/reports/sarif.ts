/** SARIF 2.1.0, as analyzers of code and of infrastructure write it. */
import { z } from 'zod';
import { severityOfScore, type Severity } from '../../operator/decide/evidence/severity.ts';
import { checked } from './json.ts';
import { BadReport, instantIn, scanned, type Finding, type Ignored, type Outcome } from './outcome.ts';

const score = z.union([z.string(), z.number()]).optional();
const properties = z.object({ 'security-severity': score }).optional();

const rule = z.object({
  id: z.string(),
  defaultConfiguration: z.object({ level: z.string().optional() }).optional(),
  properties,
});

const location = z.object({
  physicalLocation: z
    .object({
      artifactLocation: z.object({ uri: z.string().optional() }).optional(),
      region: z.object({ startLine: z.number().optional() }).optional(),
    })
    .optional(),
});

const result = z.object({
  ruleId: z.string().optional(),
  ruleIndex: z.number().optional(),
  rule: z.object({ id: z.string().optional(), index: z.number().optional() }).optional(),
  level: z.string().optional(),
  kind: z.string().optional(),
  baselineState: z.string().optional(),
  locations: z.array(location).optional(),
  suppressions: z
    .array(z.object({ kind: z.string(), status: z.string().optional(), justification: z.string().optional() }))
    .nullish(),
  properties,
});

const run = z.object({
  tool: z.object({
    driver: z.object({ name: z.string(), rules: z.array(rule).optional() }),
    extensions: z.array(z.object({ rules: z.array(rule).optional() })).optional(),
  }),
  results: z.array(result).nullish(),
  invocations: z.array(z.object({ executionSuccessful: z.boolean(), endTimeUtc: z.string().optional() })).optional(),
});

const sarif = z.object({ version: z.literal('2.1.0'), runs: z.array(run).min(1) });

type Run = z.infer<typeof run>;
type Result = z.infer<typeof result>;
type Rule = z.infer<typeof rule>;

const byLevel: Readonly<Record<string, Severity>> = {
  error: 'high',
  warning: 'medium',
  note: 'low',
  none: 'negligible',
};

const severityOfResult = (each: Result, of: Rule | undefined): Severity => {
  const given = Number(each.properties?.['security-severity'] ?? of?.properties?.['security-severity'] ?? NaN);
  if (!Number.isNaN(given)) return severityOfScore(given);
  return byLevel[each.level ?? of?.defaultConfiguration?.level ?? 'warning'] ?? 'unknown';
};

/** Only what fails is a finding; what has gone since the baseline is none. */
const isFinding = ({ kind = 'fail', baselineState }: Result): boolean =>
  (kind === 'fail' || kind === 'open' || kind === 'review') && baselineState !== 'absent';

const placeIn = ({ locations = [] }: Result): string => {
  const at = locations[0]?.physicalLocation;
  const [uri, line] = [at?.artifactLocation?.uri ?? '', at?.region?.startLine];
  return line === undefined ? uri : `${uri}:${line}`;
};

/** Why somebody took it off the list; undefined = nobody did, or it was not accepted. */
const suppressedBecause = ({ suppressions }: Result): string | undefined => {
  const accepted = (suppressions ?? []).filter(({ status = 'accepted' }) => status === 'accepted');
  // One that is still under review, or refused, takes nothing off.
  if (accepted.length === 0 || accepted.length < (suppressions ?? []).length) return undefined;
  return accepted
    .map(({ kind, justification }) => `suppressed ${kind}: ${justification ?? 'no reason given'}`)
    .join('; ');
};

const read = ({
  tool,
  results,
}: Run): { readonly findings: readonly Finding[]; readonly ignored: readonly Ignored[] } => {
  const rules = [tool.driver, ...(tool.extensions ?? [])].flatMap((each) => each.rules ?? []);
  const byId = new Map(rules.map((each) => [each.id, each]));
  const findings: Finding[] = [];
  const ignored: Ignored[] = [];
  for (const each of (results ?? []).filter(isFinding)) {
    const index = each.ruleIndex ?? each.rule?.index;
    const id =
      each.ruleId ?? each.rule?.id ?? (index === undefined ? undefined : tool.driver.rules?.[index]?.id) ?? 'unnamed';
    // `CA1000/1` is of rule CA1000.
    const of = byId.get(id) ?? byId.get(id.slice(0, Math.max(0, id.lastIndexOf('/'))));
    const finding = { id, count: severityOfResult(each, of), where: placeIn(each) };
    const because = suppressedBecause(each);
    if (because === undefined) findings.push(finding);
    else ignored.push({ ...finding, because });
  }
  return { findings, ignored };
};

/** @throws BadReport */
export const readSarif = async (value: unknown, text: string): Promise<Outcome> => {
  const { runs } = await checked(sarif, value, text);
  for (const { tool, results, invocations = [] } of runs) {
    if (invocations.some(({ executionSuccessful }) => !executionSuccessful)) {
      throw new BadReport(`${tool.driver.name} says that it did not run to its end (executionSuccessful: false)`);
    }
    if (results === undefined || results === null) {
      throw new BadReport(`the run of ${tool.driver.name} has no results: an empty list says that nothing was found`);
    }
  }
  const all = runs.map(read);
  const [findings, ignored] = [all.flatMap((each) => each.findings), all.flatMap((each) => each.ignored)];
  const ends = runs.flatMap(({ invocations = [] }) =>
    invocations.flatMap(({ endTimeUtc }) => instantIn(endTimeUtc) ?? []),
  );
  return scanned(
    {
      format: `SARIF of ${runs.map(({ tool }) => tool.driver.name).join(', ')}`,
      mediaType: 'application/sarif+json',
      images: [],
      at: ends.length === 0 ? undefined : Math.min(...ends),
    },
    findings,
    ignored,
  );
};
