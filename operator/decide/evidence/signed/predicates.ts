/** What each type of predicate says of a result, of counts and of time: every type that is read, and nothing of any other. */
import type { Json } from '../../../api/meta.ts';
import { at, isList, isObject, listAt, textAt } from '../../json/json.ts';
import { severities, severityOfScore, type Severity } from '../severity.ts';
import { historyOf, type Contributor } from './contributors.ts';
import { sourceOf, type Source } from './source.ts';

export interface Said {
  readonly passed: boolean;
  readonly counts: Readonly<Record<string, number>>;
  /** When it was performed; undefined = it does not say. */
  readonly performedAt: string | undefined;
  /** Provenance: who built it, and from what. */
  readonly builder?: string;
  readonly sources?: readonly Source[];
  /** Who wrote and reviewed the source; absent = it does not say. */
  readonly contributors?: readonly Contributor[];
  /** It names more people than are kept. */
  readonly overflows?: true;
}

type Reading = Said | { readonly problem: string };

export const testResultType = 'https://in-toto.io/attestation/test-result/v0.1';
/** Where the time of a test is: its predicate type has no field for it, and lets others be added by a URI. */
export const performedAtField = 'https://countersign.dev/performedAt';

const testResult = (predicate: Json): Reading => {
  const result = textAt(predicate, 'result');
  if (result !== 'PASSED' && result !== 'WARNED' && result !== 'FAILED') {
    return { problem: 'does not say PASSED, WARNED or FAILED as its result' };
  }
  const counted = [
    ['passed', 'passedTests'],
    ['warned', 'warnedTests'],
    ['failed', 'failedTests'],
  ].flatMap(([name = '', field = '']) => {
    const tests = at(predicate, field);
    return isList(tests) ? [[name, tests.length] as const] : [];
  });
  return {
    passed: result !== 'FAILED',
    counts: Object.fromEntries(counted),
    performedAt: textAt(predicate, performedAtField),
  };
};

/** A word, or a score of CVSS. */
const severityOf = (said: string): Severity => {
  const word = severities.find((each) => each === said.trim().toLowerCase());
  if (word !== undefined) return word;
  const score = /^\d{1,2}(\.\d+)?$/.test(said.trim()) ? Number(said) : Number.NaN;
  return score >= 0 && score <= 10 ? severityOfScore(score) : 'unknown';
};

const worst = (found: readonly Severity[]): Severity =>
  severities.find((each) => each !== 'unknown' && found.includes(each)) ?? 'unknown';

const countsOf = (found: readonly Severity[]): Record<string, number> =>
  Object.fromEntries(severities.map((each) => [each, found.filter((one) => one === each).length]));

const scanned = (predicate: Json, found: readonly Severity[]): Said => ({
  passed: true,
  counts: countsOf(found),
  performedAt: textAt(predicate, 'metadata', 'scanFinishedOn'),
});

/** Several scores of one vulnerability, of which the worst counts. */
const inTotoVulns = (predicate: Json): Reading => {
  const result = at(predicate, 'scanner', 'result');
  if (!isList(result)) return { problem: 'has no list scanner.result' };
  return scanned(
    predicate,
    result.map((each) => worst(listAt(each, 'severity').map((one) => severityOf(textAt(one, 'score') ?? '')))),
  );
};

/** The report of a scanner as it is: of Trivy, or of Grype. */
const cosignVuln = (predicate: Json): Reading => {
  const result = at(predicate, 'scanner', 'result');
  const [trivy, grype] = [at(result, 'Results'), at(result, 'matches')];
  if (isList(trivy)) {
    const all = trivy.flatMap((each) => listAt(each, 'Vulnerabilities'));
    return scanned(
      predicate,
      all.map((each) => severityOf(textAt(each, 'Severity') ?? '')),
    );
  }
  if (isList(grype)) {
    return scanned(
      predicate,
      grype.map((each) => severityOf(textAt(each, 'vulnerability', 'severity') ?? '')),
    );
  }
  return { problem: 'holds no report of Trivy or Grype as scanner.result' };
};

/** Who made the source that was built, and when the forge said so. */
export const sourceHistoryType = 'https://countersign.dev/source/v1';

const contributorsIn = (sources: Json | undefined) => {
  const read = historyOf(sources);
  if ('problem' in read) return read;
  const { contributors, commits, overflows } = read;
  const counts = { commits, people: contributors.length };
  return { sources: read.sources, counts, contributors, ...(overflows ? { overflows } : {}) };
};

const source = (predicate: Json): Reading => {
  const read = contributorsIn(at(predicate, 'sources'));
  return 'problem' in read ? read : { ...read, passed: true, performedAt: textAt(predicate, 'createdOn') };
};

/** Where a builder that knows it puts into its provenance who made the source. */
const historyField = sourceHistoryType;

const provenance = (predicate: Json): Reading => {
  const builder = textAt(predicate, 'runDetails', 'builder', 'id');
  if (builder === undefined) return { problem: 'does not name a builder in runDetails.builder.id' };
  const told = at(predicate, historyField);
  const history = told === undefined ? undefined : contributorsIn(told);
  if (history !== undefined && 'problem' in history) return history;
  return {
    ...history,
    passed: true,
    counts: history?.counts ?? {},
    performedAt:
      textAt(predicate, 'runDetails', 'metadata', 'finishedOn') ??
      textAt(predicate, 'runDetails', 'metadata', 'startedOn'),
    builder,
    sources: listAt(predicate, 'buildDefinition', 'resolvedDependencies').flatMap((each) => sourceOf(each) ?? []),
  };
};

/** Components within components, too. Depth is bounded where the document is read. */
const componentsIn = (value: Json): number =>
  listAt(value, 'components').reduce<number>((sum, each) => sum + 1 + componentsIn(each), 0);

const cycloneDx = (predicate: Json): Reading =>
  textAt(predicate, 'bomFormat') === 'CycloneDX'
    ? {
        passed: true,
        counts: { components: componentsIn(predicate) },
        performedAt: textAt(predicate, 'metadata', 'timestamp'),
      }
    : { problem: 'is no CycloneDX document in JSON' };

const spdx = (predicate: Json): Reading =>
  textAt(predicate, 'spdxVersion') === undefined
    ? { problem: 'is no SPDX 2 document in JSON' }
    : {
        passed: true,
        counts: { components: listAt(predicate, 'packages').length },
        performedAt: textAt(predicate, 'creationInfo', 'created'),
      };

interface PredicateType {
  readonly uri: RegExp;
  /** The type of evidence that it is; undefined = any that is not one of the others. */
  readonly evidence: 'VulnerabilityAssessment' | 'Provenance' | 'Source' | 'SBOM' | undefined;
  readonly read: (predicate: Json) => Reading;
}

const predicateTypes: readonly PredicateType[] = [
  { uri: /^https:\/\/in-toto\.io\/attestation\/test-result\/v0\.1$/, evidence: undefined, read: testResult },
  {
    uri: /^https:\/\/in-toto\.io\/attestation\/vulns\/v0\.[12]$/,
    evidence: 'VulnerabilityAssessment',
    read: inTotoVulns,
  },
  {
    uri: /^https:\/\/cosign\.sigstore\.dev\/attestation\/vuln\/v1$/,
    evidence: 'VulnerabilityAssessment',
    read: cosignVuln,
  },
  { uri: /^https:\/\/slsa\.dev\/provenance\/v1$/, evidence: 'Provenance', read: provenance },
  { uri: /^https:\/\/countersign\.dev\/source\/v1$/, evidence: 'Source', read: source },
  { uri: /^https:\/\/cyclonedx\.org\/bom(\/v?1\.\d)?$/, evidence: 'SBOM', read: cycloneDx },
  { uri: /^https:\/\/spdx\.dev\/Document(\/v?2\.\d)?$/, evidence: 'SBOM', read: spdx },
];

const ofTheirOwn = new Set<string>(predicateTypes.flatMap(({ evidence }) => evidence ?? []));

/** What it says, as evidence of that type. @returns why it is not read, as the end of a sentence about it */
export const readPredicate = (uri: string, type: string, predicate: Json): Reading => {
  const known = predicateTypes.find((each) => each.uri.test(uri));
  if (known === undefined) return { problem: `is of predicate type ${uri}, which is not read here` };
  const fits = known.evidence === undefined ? !ofTheirOwn.has(type) : known.evidence === type;
  if (!fits) return { problem: `is of predicate type ${uri}, which is no ${type}` };
  if (!isObject(predicate)) return { problem: 'has no predicate' };
  return known.read(predicate);
};
