/** Reports as tools write them, and reports that are no use: what is counted, what is set aside, and what is refused with line and reason. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aCandidate } from '../../test/support/builders/decide.ts';
import { evidenceOf } from './evidence.ts';
import { contentOf } from './format.ts';
import { BadReport, type Outcome } from './outcome.ts';
import { setAsideBy, type Vex } from './vex.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-reports-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const read = async (text: string): Promise<Outcome> => {
  const content = await contentOf(text);
  if (content.is === 'Vex') throw new Error('it judges findings');
  return content.outcome;
};

const vexIn = async (value: unknown): Promise<Vex> => {
  const content = await contentOf(JSON.stringify(value));
  if (content.is === 'Report') throw new Error('it is a report');
  return content.vex;
};

const refused = async (text: string): Promise<{ readonly message: string; readonly line: number | undefined }> => {
  try {
    await contentOf(text);
  } catch (error) {
    if (error instanceof BadReport) return error;
    throw error;
  }
  throw new Error('it was read');
};

describe('tests', () => {
  const file = join(folder, 'shop.test.mjs');
  writeFileSync(
    file,
    `import { describe, test } from 'node:test';
     test('adds', () => {});
     describe('tax', () => { test('zero', () => {}); test('high', () => { throw new Error('<&>"'); }); });
     test('later', { skip: 'not built' }, () => {});`,
  );
  const ofNode = (reporter: string): string =>
    // Under jest node:test would think that it is one of its own children.
    spawnSync(process.execPath, ['--test', `--test-reporter=${reporter}`, file], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] },
    }).stdout;

  test('what the test runner of Node writes as JUnit XML and as TAP is read as it is', async () => {
    const junit = await read(ofNode('junit'));
    expect(junit).toMatchObject({
      sort: 'tests',
      passed: false,
      counts: { tests: 4, passed: 2, failed: 1, errors: 0, skipped: 1 },
      findings: [{ id: 'high', count: 'failed' }],
    });
    // Only the outermost points are tests of their own.
    expect(await read(ofNode('tap'))).toMatchObject({
      passed: false,
      counts: { tests: 3, passed: 1, failed: 1, skipped: 1 },
      findings: [{ id: 'tax' }],
    });
  });

  const suite = (inner: string, head = ''): string =>
    `<testsuites><testsuite name="s" ${head}>${inner}</testsuite></testsuites>`;

  test.each([
    [
      'a failure and an error',
      suite('<testcase name="a"><failure/></testcase><testcase name="b"><error/></testcase>'),
      { tests: 2, failed: 1, errors: 1 },
    ],
    ['a suite that broke before its tests', suite('<error message="no database"/>'), { tests: 0, errors: 1 }],
    [
      'a head that counts more failures than are listed',
      suite('<testcase name="a"/>', 'failures="2"'),
      { tests: 1, passed: 1, errors: 2 },
    ],
    [
      'suites in suites, whose heads repeat the counts',
      `<testsuite failures="1">${suite('<testcase name="a"><failure/></testcase>', 'failures="1"')}</testsuite>`,
      { tests: 1, failed: 1, errors: 0 },
    ],
    [
      'a failure that was also skipped',
      suite('<testcase name="a"><skipped/><failure/></testcase>'),
      { failed: 1, skipped: 0 },
    ],
    [
      'a long message',
      suite(`<testcase name="a"><failure message="${'x'.repeat(200_000)}"/></testcase>`),
      { failed: 1 },
    ],
  ])('JUnit XML: %s', async (_, text, counts) => {
    expect(await read(text)).toMatchObject({ passed: false, counts });
  });

  test('JUnit XML: a time without a zone is no time', async () => {
    expect((await read(suite('<testcase name="a"/>', 'timestamp="2026-11-30T10:00:00"'))).at).toBeUndefined();
    expect((await read(suite('<testcase name="a"/>', 'timestamp="2026-11-30T10:00:00Z"'))).at).toBe(
      Date.UTC(2026, 10, 30, 10),
    );
  });

  const events = (...all: readonly (readonly [action: string, test?: string])[]): string =>
    all
      .map(([Action, Test]) => JSON.stringify({ Time: '2026-11-30T10:00:00Z', Action, Package: 'shop', Test }))
      .join('\n');

  test.each([
    [
      'tests and their subtests',
      events(['start'], ['run', 'A'], ['pass', 'A/x'], ['pass', 'A'], ['skip', 'B'], ['pass']),
      true,
      { tests: 3, passed: 2, skipped: 1 },
    ],
    ['a package that did not build', events(['start'], ['fail']), false, { tests: 0, errors: 1 }],
    ['a test that took the process with it', events(['start'], ['run', 'A'], ['fail']), false, { tests: 1, errors: 1 }],
    ['a package without tests', events(['start'], ['skip']), true, { tests: 0, errors: 0 }],
  ])('go test -json: %s', async (_, text, passed, counts) => {
    expect(await read(text)).toMatchObject({ passed, counts });
  });

  test.each([
    [
      'a directive',
      'TAP version 14\n1..3\nok 1 - a\nnot ok 2 - b # TODO later\nok 3 - c # SKIP no\n',
      true,
      { passed: 1, skipped: 2 },
    ],
    [
      'a failure with diagnostics and a subtest',
      '1..1\n    ok 1 - inner\n    1..1\nnot ok 1 - outer\n  ---\n  at: x\n  ...\n',
      false,
      { tests: 1, failed: 1 },
    ],
    ['Bail out!', '1..9\nok 1\nBail out! no database\n', false, { passed: 1, errors: 1 }],
  ])('TAP: %s', async (_, text, passed, counts) => {
    expect(await read(text)).toMatchObject({ passed, counts });
  });
});

const image = `sha256:${'a'.repeat(64)}`;
const trivy = (result: Readonly<Record<string, unknown>>) => ({
  SchemaVersion: 2,
  CreatedAt: '2026-11-30T10:00:00Z',
  Metadata: { RepoDigests: [`registry.example/shop@${image}`] },
  Results: [{ Target: 'shop', ...result }],
});
const cve = (id: string, severity: string, purl = 'pkg:npm/left-pad@1.3.0') => ({
  VulnerabilityID: id,
  PkgName: 'left-pad',
  InstalledVersion: '1.3.0',
  PkgIdentifier: { PURL: purl },
  Severity: severity,
});
const zeros = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0, ignored: 0 };

describe('findings', () => {
  test.each<[string, unknown, Readonly<Record<string, number>>]>([
    [
      'Trivy',
      trivy({ Vulnerabilities: [cve('CVE-1', 'CRITICAL'), cve('CVE-2', 'UNKNOWN')] }),
      { critical: 1, unknown: 1 },
    ],
    ['Trivy, which found nothing', trivy({}), {}],
    [
      'Trivy: secrets, licenses, and misconfigurations that fail',
      trivy({
        Secrets: [{ RuleID: 'aws', Severity: 'HIGH' }],
        Licenses: [{ Name: 'AGPL', Severity: 'LOW' }],
        Misconfigurations: [
          { ID: 'a', Severity: 'MEDIUM', Status: 'FAIL' },
          { ID: 'b', Severity: 'HIGH', Status: 'PASS' },
        ],
      }),
      { high: 1, low: 1, medium: 1 },
    ],
    [
      'Trivy, with what it suppressed',
      trivy({
        ExperimentalModifiedFindings: [
          {
            Type: 'vulnerability',
            Status: 'ignored',
            Statement: 'accepted',
            Source: '.trivyignore',
            Finding: cve('CVE-1', 'HIGH'),
          },
        ],
      }),
      { ignored: 1 },
    ],
    [
      'Grype',
      {
        matches: [{ vulnerability: { id: 'GHSA-1', severity: 'Negligible' }, artifact: { name: 'a' } }],
        ignoredMatches: [
          {
            vulnerability: { id: 'GHSA-2', severity: 'High' },
            artifact: { name: 'a' },
            appliedIgnoreRules: [{ vulnerability: 'GHSA-2' }],
          },
        ],
        source: { type: 'image', target: { manifestDigest: image } },
        descriptor: { name: 'grype' },
      },
      { negligible: 1, ignored: 1 },
    ],
    [
      'CycloneDX',
      {
        bomFormat: 'CycloneDX',
        specVersion: '1.6',
        components: [{ name: 'a', 'bom-ref': 'r', components: [{ name: 'b' }] }],
        vulnerabilities: [
          { id: 'CVE-1', ratings: [{ severity: 'low' }, { severity: 'high' }], affects: [{ ref: 'r' }, { ref: 'b' }] },
          { id: 'CVE-2', analysis: { state: 'false_positive' }, affects: [{ ref: 'r' }] },
        ],
      },
      { components: 2, high: 2, ignored: 1 },
    ],
    [
      'SARIF, with scores, levels, and what is suppressed or gone',
      {
        version: '2.1.0',
        runs: [
          {
            tool: {
              driver: {
                name: 'scan',
                rules: [
                  { id: 'R1', properties: { 'security-severity': '9.8' } },
                  { id: 'R2', defaultConfiguration: { level: 'note' } },
                ],
              },
            },
            results: [
              { ruleId: 'R1' },
              { ruleIndex: 1 },
              { ruleId: 'R3' },
              { ruleId: 'R1', kind: 'pass' },
              { ruleId: 'R1', baselineState: 'absent' },
              { ruleId: 'R1', suppressions: [{ kind: 'inSource' }] },
              { ruleId: 'R1', suppressions: [{ kind: 'external', status: 'underReview' }] },
            ],
          },
        ],
      },
      { critical: 2, low: 1, medium: 1, ignored: 1 },
    ],
  ])('%s', async (_, value, counts) => {
    const { counts: seen, passed } = await read(JSON.stringify(value));
    expect(seen).toEqual({ ...zeros, ...counts });
    // Its counts are judged by the policy.
    expect(passed).toBe(true);
  });

  test('the image is the one that the report names by digest', async () => {
    expect((await read(JSON.stringify(trivy({})))).images).toEqual([image]);
  });

  test('what is told of findings that were set aside holds nothing that hides or reorders', async () => {
    const hostile = {
      Type: 'vulnerability',
      Status: 'ignored',
      Statement: 'ok\u202e\u3164',
      Finding: cve('CVE-1', 'HIGH'),
    };
    const text = JSON.stringify(trivy({ ExperimentalModifiedFindings: [hostile] }));
    const file = { name: 'scan.json', sha256: image, text, outcome: await read(text) };
    const told = { type: 'VulnerabilityAssessment', comment: '', performedAt: 0, url: undefined, inline: false };
    const { spec } = evidenceOf(aCandidate(), image, { files: [file], images: [] }, told, 0);
    expect(spec.comment).toBe(String.raw`Not counted, 1:
CVE-1 in left-pad@1.3.0: ignored: ok\u{202e}\u{3164}`);
  });

  const statement = (status: string, product: unknown) => ({
    vulnerability: { name: 'CVE-1' },
    products: [product],
    status,
    justification: 'vulnerable_code_not_present',
  });
  const openVex = (...statements: readonly unknown[]) => ({
    '@context': 'https://openvex.dev/ns/v0.2.0',
    author: 'the vendor',
    statements,
  });
  const ofImage = { '@id': `pkg:oci/shop@${image.replace(':', '%3A')}?repository_url=registry.example/shop` };
  const ofAnother = { '@id': `pkg:oci/shop@sha256%3A${'b'.repeat(64)}` };

  test.each<[string, unknown, 'ignored' | 'high']>([
    ['about the package', openVex(statement('not_affected', { '@id': 'pkg:npm/left-pad@1.3.0' })), 'ignored'],
    ['about the package in every version', openVex(statement('fixed', { '@id': 'pkg:npm/left-pad' })), 'ignored'],
    ['about another version', openVex(statement('not_affected', { '@id': 'pkg:npm/left-pad@1.4.0' })), 'high'],
    ['about the image', openVex(statement('not_affected', ofImage)), 'ignored'],
    [
      'about the package in the image',
      openVex(statement('not_affected', { ...ofImage, subcomponents: [{ '@id': 'pkg:npm/left-pad@1.3.0' }] })),
      'ignored',
    ],
    [
      'about another package in the image',
      openVex(statement('not_affected', { ...ofImage, subcomponents: [{ '@id': 'pkg:npm/right-pad@1.3.0' }] })),
      'high',
    ],
    ['about another image', openVex(statement('not_affected', ofAnother)), 'high'],
    ['that it is affected', openVex(statement('affected', ofImage)), 'high'],
    [
      'that is taken back later',
      openVex(statement('not_affected', ofImage), statement('under_investigation', ofImage)),
      'high',
    ],
    [
      'in CycloneDX',
      {
        bomFormat: 'CycloneDX',
        specVersion: '1.6',
        vulnerabilities: [
          {
            id: 'CVE-1',
            analysis: { state: 'not_affected' },
            affects: [{ ref: 'urn:cdx:x/1#pkg%3Anpm%2Fleft-pad%401.3.0' }],
          },
        ],
      },
      'ignored',
    ],
  ])('a statement %s', async (_, document, expected) => {
    const scan = await read(JSON.stringify(trivy({ Vulnerabilities: [cve('CVE-1', 'HIGH')] })));
    const judged = setAsideBy(scan, [await vexIn(document)]);
    expect(judged.counts).toEqual({ ...zeros, [expected]: 1 });
    const told = judged.ignored.map(({ because }) => /^(not_affected|fixed) by /.test(because));
    expect(told).toEqual(expected === 'ignored' ? [true] : []);
  });
});

describe('refused', () => {
  const bomb = `<?xml version="1.0"?>\n<!DOCTYPE laughs [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n<testsuite><testcase name="&b;"/></testsuite>`;
  const deepXml = `${'<testsuite>'.repeat(100)}${'</testsuite>'.repeat(100)}`;

  test.each<[string, string, number | undefined, string]>([
    ['nothing', '  \n', undefined, 'it is empty; one of these was expected: JUnit XML'],
    ['entities of its own', bomb, 2, 'it has a document type'],
    ['a file of the machine', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite/>', 1, 'document type'],
    ['an entity that is not defined', '<testsuite>\n<testcase name="&passwd;"/></testsuite>', 2, 'no well-formed XML'],
    ['XML that is cut off', '<testsuite>\n<testcase name="a">', 2, 'no well-formed XML'],
    ['elements nested deeply', deepXml, 1, 'nested more than 64 deep'],
    ['another root', '<html></html>', 1, 'its root is <html>, where <testsuites> or <testsuite> was expected'],
    ['a count that is none', '<testsuite\nfailures="many"/>', 2, 'failures="many", where a number was expected'],
    ['lists nested deeply', `{"runs":\n${'['.repeat(100_000)}`, 2, 'nested more than 100 deep'],
    ['JSON that is cut off', '{"SchemaVersion": 2,\n"Results": [', 2, 'it is no JSON'],
    ['a comma too many', '{\n"runs": [],\n}', 3, 'it is no JSON'],
    [
      'a field of another type',
      '{"SchemaVersion": 2,\n"Results": [\n{"Vulnerabilities": 3}]}',
      3,
      'Results[0].Vulnerabilities: Invalid input: expected array',
    ],
    ['JSON of another program', '{"a":1}', undefined, 'it has the fields a, which no known report has'],
    [
      'SARIF of a run that did not end',
      '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"invocations":[{"executionSuccessful":false}],"results":[]}]}',
      undefined,
      'did not run to its end',
    ],
    [
      'SARIF without results',
      '{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}}}]}',
      undefined,
      'has no results',
    ],
    ['TAP without a plan', 'TAP version 13\nok 1\n', undefined, 'it has no plan'],
    ['TAP that is cut off', '1..3\nok 1\n', undefined, 'it plans 3 tests and holds 1'],
    ['TAP with something else', '1..1\nhello\nok 1\n', 2, '"hello" is no line of TAP'],
    [
      'go test -json that is cut off',
      '{"Action":"start","Package":"a"}',
      undefined,
      'package a begins and does not end',
    ],
    [
      'go test -json with something else',
      '{"Action":"start","Package":"a"}\nFAIL',
      2,
      '"FAIL" is no event of go test -json',
    ],
    ['text', 'all is well', 1, 'it begins with "all is well"'],
  ])('%s', async (_, text, line, message) => {
    const problem = await refused(text);
    expect(problem.message).toContain(message);
    expect(problem.line).toBe(line);
  });

  test('whatever a file holds, it is read or refused, and nothing else', async () => {
    const whole = JSON.stringify(trivy({ Vulnerabilities: [cve('CVE-1', 'HIGH')] }));
    const seeds = [
      whole,
      '<testsuite><testcase name="a"><failure/></testcase></testsuite>',
      '1..1\nok 1 - a\n',
      '{"Action":"pass","Package":"a","Test":"b"}\n',
    ];
    const damaged = fc
      .tuple(fc.constantFrom(...seeds), fc.nat(), fc.nat(6), fc.string({ unit: 'binary', maxLength: 4 }))
      .map(([seed, at, cut, put]) => seed.slice(0, at % seed.length) + put + seed.slice((at % seed.length) + cut));
    await fc.assert(
      fc.asyncProperty(fc.oneof(damaged, fc.json(), fc.string({ unit: 'binary' })), async (text) => {
        const error: unknown = await contentOf(text).then(
          () => undefined,
          (each: unknown) => each,
        );
        expect(error === undefined || error instanceof BadReport).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
