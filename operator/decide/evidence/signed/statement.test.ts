import { describe, expect, test } from '@jest/globals';
import { digestOf } from '../../../../test/support/builders/decide.ts';
import {
  ed25519Key,
  envelopeOf,
  provenance,
  signatureOf,
  signed,
  sourceHistory,
  statement,
  testResult,
} from '../../../../hack/signing/statements.ts';
import { evidence, type Evidence } from '../../../api/evidence.ts';
import { jsonObject } from '../../../api/meta.ts';
import { pieceOf } from '../piece.ts';

const key = ed25519Key();
const at = '2026-05-04T09:00:00Z';
const created = '2026-05-04T10:00:00Z';
const about = { digest: digestOf('d'), name: 'uid-1' };

const reported = (text: string, spec: object = {}): Evidence =>
  evidence.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Evidence',
    metadata: {
      name: 'e',
      namespace: 'payments-staging',
      uid: 'e',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: created,
    },
    spec: {
      type: 'TestReport',
      subject: { candidate: { name: 'payments-2.4.0', uid: about.name, digest: about.digest } },
      result: 'Passed',
      performedAt: at,
      reporter: { username: 'ci' },
      statement: text,
      ...spec,
    },
  });

const read = (predicate: object, spec: object = {}) => pieceOf(reported(signed(predicate, key), spec));

describe('what is signed is what counts', () => {
  test('of a test: its result, its counts and its time', () => {
    const piece = read(testResult(about, '2026-05-04T09:00:00.25Z', { passedTests: ['a', 'b'], failedTests: [] }));
    expect(piece).toMatchObject({ passed: true, counts: { passed: 2, failed: 0 }, performedAt: Date.parse(at) });
    expect(piece.statement).toMatchObject({ problem: undefined, failed: false, counts: { passed: 2, failed: 0 } });
  });

  test('of a build: builder, repository and revision', () => {
    const built = { builder: 'https://ci/builder', source: 'https://git.example/payments' };
    const { statement: said } = read(provenance(about, at, built), { type: 'Provenance' });
    expect(said).toMatchObject({
      problem: undefined,
      builder: built.builder,
      sources: [{ repository: built.source, revision: 'abc'.padEnd(40, '0') }],
    });
  });

  test('of a source: who made it, its commits and how many people', () => {
    const revision = 'a'.repeat(40);
    const said = { repository: 'https://git.example/a', revision, commits: [{ revision, authors: ['ada'] }] };
    const { statement: found, counts } = read(sourceHistory(about, at, said), { type: 'Source' });
    const contributors = [{ name: 'ada', did: 'wrote', repository: 'https://git.example/a', revision }];
    expect(found).toMatchObject({
      problem: undefined,
      contributors,
      sources: [{ repository: 'https://git.example/a' }],
    });
    expect(counts).toEqual({ commits: 1, people: 1 });
  });

  test('of more people than are kept: that it does, and the first of them', () => {
    const revision = 'a'.repeat(40);
    const authors = Array.from({ length: 300 }, (_, i) => `p${i}`);
    const said = { repository: 'https://git.example/a', revision, commits: [{ revision, authors }] };
    const { statement: found } = read(sourceHistory(about, at, said), { type: 'Source' });
    expect(found).toMatchObject({ problem: 'names more than 250 people', contributors: { length: 250 } });
  });

  test('of a build whose builder knows it: who made the source', () => {
    const built = { builder: 'https://ci/builder', source: 'https://git.example/a' };
    const revision = 'abc'.padEnd(40, '0');
    const sources = [{ repository: 'https://git.example/a', revision, commits: [{ revision, authors: ['ada'] }] }];
    const text = JSON.stringify(provenance(about, at, built)).replace(
      '"predicate":{',
      `"predicate":{"https://countersign.dev/source/v1":${JSON.stringify(sources)},`,
    );
    const { statement: found } = read(jsonObject(JSON.parse(text)), { type: 'Provenance' });
    expect(found).toMatchObject({ problem: undefined, builder: built.builder, contributors: [{ name: 'ada' }] });
  });

  const vulns = (result: unknown, type = 'https://in-toto.io/attestation/vulns/v0.1') =>
    statement(about, type, { scanner: { result }, metadata: { scanFinishedOn: at } });
  const cosign = 'https://cosign.sigstore.dev/attestation/vuln/v1';
  const bom = { bomFormat: 'CycloneDX', metadata: { timestamp: at }, components: [{ components: [{}] }, {}] };
  const spdx = { spdxVersion: 'SPDX-2.3', creationInfo: { created: at }, packages: [{}, {}] };
  test.each<[sentence: string, type: string, said: object, counts: Record<string, number>]>([
    [
      'of in-toto vulnerabilities: the worst score of each',
      'VulnerabilityAssessment',
      vulns([
        {
          id: 'a',
          severity: [
            { method: 'nvd', score: 'medium' },
            { method: 'cvss_score', score: '9.8' },
          ],
        },
        { id: 'b', severity: [{ method: 'nvd', score: 'High' }] },
        { id: 'c', severity: [{ method: 'own', score: 'purple' }] },
        { id: 'd' },
      ]),
      { critical: 1, high: 1, medium: 0, low: 0, negligible: 0, unknown: 2 },
    ],
    [
      'of a scan by Trivy',
      'VulnerabilityAssessment',
      vulns({ Results: [{ Vulnerabilities: [{ Severity: 'CRITICAL' }, { Severity: 'LOW' }] }, {}] }, cosign),
      { critical: 1, low: 1, unknown: 0 },
    ],
    [
      'of a scan by Grype',
      'VulnerabilityAssessment',
      vulns({ matches: [{ vulnerability: { severity: 'High' } }] }, cosign),
      { high: 1, critical: 0 },
    ],
    ['of a CycloneDX document', 'SBOM', statement(about, 'https://cyclonedx.org/bom', bom), { components: 3 }],
    ['of an SPDX document', 'SBOM', statement(about, 'https://spdx.dev/Document', spdx), { components: 2 }],
  ])('%s', (_, type, said, counts) => {
    const { statement: found } = read(said, { type });
    expect(found?.problem).toBeUndefined();
    expect(found?.counts).toMatchObject(counts);
    expect(found?.performedAt).toBe(Date.parse(at));
  });
});

describe('where what is typed differs, field and both values are named', () => {
  test.each<[field: string, said: object, spec: object, says: string]>([
    ['result', testResult(about, at, { result: 'FAILED' }), {}, 'says Failed where spec.result says Passed'],
    [
      'counts',
      testResult(about, at, { failedTests: ['x'] }),
      { summary: { failed: 0 } },
      'says 1 where spec.summary.failed says 0',
    ],
    [
      'time',
      testResult(about, '2026-05-01T09:00:00Z'),
      {},
      `says 2026-05-01T09:00:00Z where spec.performedAt says ${at}`,
    ],
    [
      'digest',
      testResult({ ...about, digest: digestOf('c') }, at),
      {},
      `says ${digestOf('c')} where spec.subject.candidate.digest says ${digestOf('d')}`,
    ],
    [
      'candidate',
      testResult({ ...about, name: 'uid-0' }, at),
      {},
      'says uid-0 where spec.subject.candidate.uid says uid-1',
    ],
    [
      'images',
      testResult(about, at),
      { subject: { images: [digestOf('d'), digestOf('e')] } },
      `says ${digestOf('d')} where spec.subject.images says ${digestOf('e')}`,
    ],
    [
      'type',
      testResult(about, at),
      { type: 'SBOM' },
      'is of predicate type https://in-toto.io/attestation/test-result/v0.1, which is no SBOM',
    ],
  ])('%s', (_, said, spec, says) => {
    expect(read(said, spec).statement?.problem).toBe(says);
  });
});

test('a Failed that is signed is a failure, whatever is typed over it, and as new as it may be', () => {
  const piece = read(testResult(about, at, { result: 'FAILED' }), { performedAt: '2026-05-01T09:00:00Z' });
  expect(piece).toMatchObject({ passed: false, performedAt: Date.parse(at) });
});

test('a pass is as old as the older of two times', () => {
  expect(read(testResult(about, '2026-05-01T09:00:00Z')).performedAt).toBe(Date.parse('2026-05-01T09:00:00Z'));
});

describe('a statement that is not read counts for nothing', () => {
  const payload = (text: string) => {
    const bytes = Buffer.from(text);
    return envelopeOf(bytes, [signatureOf(key, bytes)]);
  };
  const good = JSON.stringify(testResult(about, at));
  const deep = `${'{"a":'.repeat(80)}1${'}'.repeat(80)}`;
  test.each<[sentence: string, text: string, says: string]>([
    ['no envelope', '{}', 'is no DSSE envelope'],
    ['a payload of no JSON', payload('hello'), 'has a payload that is no JSON object'],
    [
      'a payload that gives its result twice',
      payload(good.replace('"result":', '"result":"FAILED","result":')),
      'gives a field twice',
    ],
    ['a payload that is a bomb', payload(deep), 'nested more than 64 levels'],
    ['a payload that is no UTF-8', envelopeOf(Buffer.from([0x22, 0xff, 0x22]), ['aaaa']), 'no JSON object'],
    [
      'another payload type',
      envelopeOf(Buffer.from(good), ['aaaa'], 'application/json'),
      'has payload type application/json',
    ],
    ['no Statement', payload(good.replace('Statement/v1', 'Statement/v9')), 'is no in-toto Statement'],
    ['a predicate of another type', payload(good.replace('test-result/v0.1', 'link/v0.3')), 'which is not read here'],
    ['a result of another word', payload(good.replace('PASSED', 'OK')), 'PASSED, WARNED or FAILED'],
  ])('%s', (_, text, says) => {
    expect(pieceOf(reported(text)).statement?.problem).toContain(says);
  });

  test('more source repositories than are kept', () => {
    const many = provenance(about, at, { builder: 'b', source: 'https://git.example/a' });
    const dependencies = Array.from({ length: 21 }, (_, i) => ({ uri: `git+https://git.example/${i}` }));
    const text = JSON.stringify(many).replace(
      /"resolvedDependencies":\[.*?\]/,
      `"resolvedDependencies":${JSON.stringify(dependencies)}`,
    );
    expect(pieceOf(reported(payload(text), { type: 'Provenance' })).statement?.problem).toContain('more than 20');
  });
});

test('of a large statement little is kept', () => {
  const piece = read(
    testResult(about, at, { passedTests: Array.from({ length: 5_000 }, (_, i) => `a test named ${i}`) }),
  );
  expect(JSON.stringify(piece.statement).length).toBeLessThan(300);
});
