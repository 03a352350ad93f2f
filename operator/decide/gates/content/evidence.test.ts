import { describe, expect, test } from '@jest/globals';
import { ed25519Key } from '../../../../hack/signing/statements.ts';
import {
  aBundle,
  aCandidate,
  aGateSnapshot,
  aPiece,
  aPolicy,
  digestOf,
  hour,
  known,
  now,
  second,
} from '../../../../test/support/builders/decide.ts';
import { evidenceQuestions } from '../../evidence/demands.ts';
import { subjectOfContent, type Piece } from '../../evidence/piece.ts';
import type { Statement } from '../../evidence/signed/statement.ts';
import type { GateSnapshot } from '../gate.ts';
import { evidence } from './evidence.ts';

const line = { type: 'TestReport', maxAge: '24h' };
const scan = { type: 'VulnerabilityAssessment', about: 'Images', maxAge: '24h', most: { critical: 0 } };
const image = digestOf('e');

const judged = (pieces: readonly Piece[], lines: readonly object[] = [line], more: Partial<GateSnapshot> = {}) =>
  evidence.judge(aGateSnapshot({ policy: aPolicy({ evidence: lines }), evidence: known(...pieces), ...more }), now);

const scanned = (name: string, critical: number, given: Partial<Piece> = {}): Piece =>
  aPiece(name, {
    type: 'VulnerabilityAssessment',
    subjects: [image],
    about: undefined,
    counts: { critical },
    ...given,
  });

test('a policy that demands none passes', () => {
  expect(judged([], [])).toMatchObject({ outcome: 'Passed', reason: 'EvidenceNotRequired' });
});

test('what is missing says about what, who may report it and the command', () => {
  const verdict = judged([]);
  expect(verdict).toMatchObject({
    outcome: 'Waiting',
    reason: 'EvidenceMissing',
    message:
      'Waiting for TestReport about the content of payments-2.4.0; the release is Minor: it changes nothing that the policy takes for significant',
  });
  expect(verdict.remedy).toContain(
    'Somebody who holds report on evidencetypes/TestReport in payments-staging by name, and had no hand in the content, reports what came of it: echo \'{"apiVersion":"countersign.dev/v1alpha1","kind":"Evidence"',
  );
  expect(verdict.remedy).toContain(`"subject":{"candidate":{"name":"payments-2.4.0","uid":"uid-payments-2-4-0"`);
});

test('what counted is named, and until when it does', () => {
  expect(judged([aPiece('tests')])).toMatchObject({
    outcome: 'Passed',
    reason: 'EvidenceComplete',
    message: expect.stringContaining('TestReport tests by ci-a; the release is Minor'),
    wakeAt: now + 23 * hour,
  });
});

test('an image without a digest, about which nobody can report, is named where evidence about images is asked for', () => {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment' as const, name: 'gateway' };
  const containers = [{ name: 'istio-proxy', image: 'auto' }];
  const objects = [{ ref, content: { spec: { template: { spec: { containers } } } }, digest: '' }];
  const told = 'nobody can report on istio-proxy of Deployment gateway, whose image (auto) has no digest';
  const bundle = aBundle({ objects });
  expect(judged([], [scan], { bundle }).message).toContain(told);
  expect(judged([aPiece('tests')], [line], { bundle }).message).not.toContain('nobody can report');
});

describe('what passed does not count', () => {
  test.each<[sentence: string, piece: Piece, reason: string, says: string]>([
    [
      'by an author',
      aPiece('t', { reporter: { username: 'Developer-A', uid: '', groups: [] } }),
      'ReporterIsAuthor',
      'changed the content',
    ],
    [
      'by an account of the staging namespace',
      aPiece('t', { reporter: { username: 'system:serviceaccount:payments-staging:ci', uid: '', groups: [] } }),
      'EvidenceMissing',
      'account of the staging namespace',
    ],
    [
      'at the instant at which it is too old',
      aPiece('t', { performedAt: now - 24 * hour }),
      'EvidenceExpired',
      'too long ago',
    ],
    ['with a report of another digest', aPiece('t', { intact: false }), 'EvidenceMissing', 'another digest'],
  ])('%s', (_, piece, reason, says) => {
    const verdict = judged([piece]);
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason });
    expect(verdict.message).toContain(says);
  });

  test('by somebody who does not hold the right any more', () => {
    expect(judged([aPiece('t')], [line], { mayReport: () => false })).toMatchObject({
      outcome: 'Waiting',
      reason: 'ReporterLacksRight',
    });
  });

  test.each<[sentence: string, piece: Piece]>([
    ['about another digest', aPiece('t', { subjects: [subjectOfContent('uid-payments-2-4-0', digestOf('c'))] })],
    [
      'about another candidate with the same content',
      aPiece('t', { subjects: [subjectOfContent('uid-old', digestOf('d'))] }),
    ],
    ['of another type', aPiece('t', { type: 'SBOM' })],
  ])('%s', (_, piece) => {
    expect(judged([piece])).toMatchObject({ outcome: 'Waiting', reason: 'EvidenceMissing' });
  });
});

test('while it is not known whether the reporter may report, it is not passed', () => {
  expect(judged([aPiece('t')], [line], { mayReport: () => undefined })).toMatchObject({
    outcome: 'Unknown',
    reason: 'RightsUnknown',
  });
});

describe('the newest decides', () => {
  const older = (name: string, given: Partial<Piece> = {}) => aPiece(name, { performedAt: now - 2 * hour, ...given });

  test.each<[sentence: string, pieces: readonly Piece[], outcome: string]>([
    ['a failure after a pass', [older('old'), aPiece('new', { passed: false })], 'Blocked'],
    ['a pass after a failure', [older('old', { passed: false }), aPiece('new')], 'Passed'],
    ['a failure of one instant with a pass', [aPiece('a'), aPiece('b', { passed: false })], 'Blocked'],
    [
      'a failure before a pass of an author',
      [older('old', { passed: false }), aPiece('new', { reporter: { username: 'developer-a', uid: '', groups: [] } })],
      'Blocked',
    ],
    [
      'a failure by an author',
      [older('old'), aPiece('new', { passed: false, reporter: { username: 'developer-a', uid: '', groups: [] } })],
      'Blocked',
    ],
    ['a pass before a pass that is altered', [older('old'), aPiece('new', { intact: false })], 'Passed'],
  ])('%s', (_, pieces, outcome) => {
    expect(judged(pieces)).toMatchObject({ outcome });
    expect(judged(pieces.toReversed())).toMatchObject({ outcome });
  });

  test('a failure counts though its reporter has lost the right meanwhile', () => {
    const pieces = [
      older('old'),
      aPiece('new', { passed: false, reporter: { username: 'gone', uid: '', groups: [] } }),
    ];
    expect(judged(pieces, [line], { mayReport: ({ reporter }) => reporter.username !== 'gone' })).toMatchObject({
      outcome: 'Blocked',
      reason: 'EvidenceFailed',
    });
  });
});

describe('images', () => {
  test.each<[sentence: string, pieces: readonly Piece[], outcome: string, says: string]>([
    ['within the limits', [scanned('s', 0)], 'Passed', 'VulnerabilityAssessment s by ci-a'],
    ['over a limit', [scanned('s', 3)], 'Blocked', 'counts 3 critical, of which at most 0 may be'],
    ['without the count', [scanned('s', 0, { counts: {} })], 'Blocked', 'does not say how many critical'],
    [
      'about another image',
      [scanned('s', 0, { subjects: [digestOf('1')] })],
      'Waiting',
      'about image sha256:eeeeeeeeeeee',
    ],
    ['for another candidate', [scanned('s', 0, { uid: 'x' })], 'Passed', 'by ci-a'],
    [
      'over a limit, and another of the same instant within it',
      [scanned('a', 0), scanned('b', 3)],
      'Blocked',
      'counts 3',
    ],
  ])('%s', (_, pieces, outcome, says) => {
    const verdict = judged(pieces, [scan]);
    expect(verdict).toMatchObject({ outcome });
    expect(verdict.message).toContain(says);
    expect(verdict.remedy.includes(`"subject":{"images":["${image}"]}`)).toBe(outcome !== 'Passed');
  });
});

test.each<[when: string, changes: GateSnapshot['changes'], candidate: string, outcome: string]>([
  ['Always', { isNew: false, parts: [] }, 'Minor', 'Waiting'],
  ['NewOrSignificant', { isNew: false, parts: [] }, 'Minor', 'Passed'],
  ['NewOrSignificant', { isNew: false, parts: [] }, 'Significant', 'Waiting'],
  ['NewOrSignificant', { isNew: true, parts: [] }, 'Minor', 'Waiting'],
  ['ImagesChanged', { isNew: false, parts: [{ class: 'command', object: 'Deployment/api' }] }, 'Significant', 'Passed'],
  ['ImagesChanged', { isNew: false, parts: [{ class: 'image', object: 'Deployment/api' }] }, 'Minor', 'Waiting'],
  ['ImagesChanged', 'Unknown', 'Minor', 'Waiting'],
])('needed %s, of a release that changes %j and calls itself %s: %s', (when, changes, significance, outcome) => {
  const verdict = judged([], [{ ...line, when }], { changes, candidate: aCandidate({ significance }) });
  expect(verdict).toMatchObject({ outcome });
  expect(verdict.message.includes(`not needed for it: TestReport (${when})`)).toBe(outcome === 'Passed');
});

describe('a line that names who signs', () => {
  const key = { name: 'ci', key: ed25519Key().pem };
  const signedLine = { ...line, signedBy: [key] };
  const said: Statement = { digest: 'x', problem: undefined, failed: false, counts: {}, performedAt: now - hour };
  const stated = (name: string, given: Partial<Piece> = {}, more: Partial<Statement> = {}) =>
    aPiece(name, { statement: { ...said, ...more }, ...given });
  const built = { ...signedLine, type: 'Provenance', builders: ['https://ci'], sources: ['https://git.example/a'] };
  const source = { repository: 'https://git.example/a', revision: 'abc' };
  const provenance = (more: Partial<Statement> = {}) =>
    stated('p', { type: 'Provenance' }, { builder: 'https://ci', sources: [source], ...more });

  test('counts what one of them signed, and names them', () => {
    expect(judged([stated('t')], [signedLine])).toMatchObject({
      outcome: 'Passed',
      message: expect.stringContaining('TestReport t by ci-a, signed by ci; the release'),
    });
  });

  test('counts what an author brings, since others signed it', () => {
    const reporter = { username: 'developer-a', uid: '', groups: [] };
    expect(judged([stated('t', { reporter })], [signedLine])).toMatchObject({ outcome: 'Passed' });
    expect(judged([stated('t', { reporter })])).toMatchObject({ reason: 'ReporterIsAuthor' });
  });

  test('passes over what is newer and not signed, and says how to sign', () => {
    const newer = aPiece('typed', { performedAt: now - second });
    expect(judged([stated('t'), newer], [signedLine])).toMatchObject({ outcome: 'Passed' });
    const verdict = judged([newer], [signedLine]);
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'EvidenceNotSigned' });
    expect(verdict.message).toContain('TestReport typed by ci-a (brings no signed statement)');
    expect(verdict.remedy).toContain('Who holds the key of ci signs what came of it, and somebody who holds report on');
    expect(verdict.remedy).toContain(`--hash ${'d'.repeat(64)} --bundle statement.json uid-payments-2-4-0 && printf`);
  });

  test('is found below a thousand newer pieces that others signed, in fewer rounds of questions than one review has', () => {
    const others = Array.from({ length: 1000 }, (_, i) => stated(`other-${i}`, { performedAt: now - second }));
    const answered = new Set<string>();
    const s = aGateSnapshot({
      policy: aPolicy({ evidence: [signedLine] }),
      evidence: known(stated('t'), ...others),
      signerOf: ({ name }) => (answered.has(name) ? (name === 't' ? 'ci' : '') : undefined),
    });
    let rounds = 0;
    for (;;) {
      const questions = evidenceQuestions(s, now);
      if (questions.length === 0) break;
      rounds += 1;
      for (const question of questions) if (question.ask === 'Statement') answered.add(question.name);
    }
    expect(evidence.judge(s, now)).toMatchObject({ outcome: 'Passed' });
    expect(rounds).toBeLessThan(8);
  });

  test('waits until it is known who signed', () => {
    expect(judged([stated('t')], [signedLine], { signerOf: () => undefined })).toMatchObject({
      reason: 'RightsUnknown',
    });
  });

  test.each<[sentence: string, piece: Piece, asked: object, more: Partial<GateSnapshot>, reason: string, says: string]>(
    [
      [
        'signed by nobody whom it names',
        stated('t'),
        signedLine,
        { signerOf: () => '' },
        'EvidenceNotSigned',
        'is signed by nobody whom the policy names',
      ],
      [
        'that differs from what is typed',
        stated('t', {}, { problem: 'says 1 where spec.summary.failed says 0' }),
        signedLine,
        {},
        'StatementDiffers',
        'brings a statement that says 1 where spec.summary.failed says 0',
      ],
      [
        'that differs, on a line that asks for no signature',
        stated('t', {}, { problem: 'says 1 where spec.summary.failed says 0' }),
        line,
        {},
        'StatementDiffers',
        'says 1',
      ],
      [
        'without a time',
        stated('t', {}, { performedAt: undefined }),
        signedLine,
        {},
        'StatementDiffers',
        'when it was performed',
      ],
      [
        'whose limited count is only typed',
        stated('t', { counts: { failed: 0 } }),
        { ...signedLine, most: { failed: 0 } },
        {},
        'StatementDiffers',
        'does not say how many failed',
      ],
      [
        'by another builder',
        provenance({ builder: 'https://evil' }),
        built,
        {},
        'OriginNotAllowed',
        'names builder https://evil',
      ],
      [
        'without a builder',
        stated('p', { type: 'Provenance' }, { sources: [source] }),
        built,
        {},
        'OriginNotAllowed',
        'names builder',
      ],
      [
        'from one repository more',
        provenance({ sources: [source, { repository: 'https://git.example/b', revision: '' }] }),
        built,
        {},
        'OriginNotAllowed',
        'names source https://git.example/b',
      ],
      ['from no repository', provenance({ sources: [] }), built, {}, 'OriginNotAllowed', 'names no source repository'],
      [
        'by somebody without the right',
        stated('t'),
        signedLine,
        { mayReport: () => false },
        'ReporterLacksRight',
        'right',
      ],
    ],
  )('does not count a statement %s', (_, piece, asked, more, reason, says) => {
    const verdict = judged([piece], [asked], more);
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason });
    expect(verdict.message).toContain(says);
  });

  test('of provenance it says builder, repository and revision', () => {
    expect(judged([provenance()], [built]).message).toContain(
      'Provenance p by ci-a, signed by ci, built by https://ci, from https://git.example/a at abc',
    );
  });
});

describe('where provenance names a commit, who made the source is said of that very one', () => {
  const [key, revision] = [{ name: 'forge', key: ed25519Key().pem }, 'a'.repeat(40)];
  const of = { repository: 'https://git.example/a', revision };
  const lines = ['Source', 'Provenance'].map((type) => ({ type, maxAge: '24h', signedBy: [key] }));
  const stated = (type: string, sources: NonNullable<Statement['sources']>): Piece =>
    aPiece(type.toLowerCase(), {
      type,
      statement: { digest: type, problem: undefined, failed: false, counts: {}, performedAt: now, sources },
    });
  const built = stated('Provenance', [of]);

  test.each<[sentence: string, sources: NonNullable<Statement['sources']>, says: string]>([
    ['another commit', [{ ...of, revision: 'b'.repeat(40) }], `https://git.example/a at ${'b'.repeat(40)}`],
    ['another repository', [{ ...of, repository: 'https://git.example/b' }], 'https://git.example/b at'],
    ['no source', [], 'no source'],
  ])('%s does not count, and both are named', (_, sources, says) => {
    const verdict = judged([stated('Source', sources), built], lines);
    expect(verdict).toMatchObject({ outcome: 'Waiting', reason: 'OriginNotAllowed' });
    expect(verdict.message).toContain(`brings a statement about ${says}`);
    expect(verdict.message).toContain(`Provenance provenance says that https://git.example/a at ${revision} was built`);
  });

  test('the same counts, with others beside it, and where provenance names no commit there is nothing to compare', () => {
    const other = { repository: 'https://git.example/b', revision };
    expect(judged([stated('Source', [other, of]), built], lines)).toMatchObject({ outcome: 'Passed' });
    const vague = stated('Provenance', [{ ...of, revision: '' }]);
    expect(judged([stated('Source', [other]), vague], lines)).toMatchObject({ outcome: 'Passed' });
  });
});

test('who made the source reports no test of it', () => {
  const known = [{ username: 'CI-A', did: 'wrote commit a of b', evidence: 'Source s' }];
  const sourceAuthors = { known, unknown: [], unanswered: [] };
  expect(judged([aPiece('t')], [line], { sourceAuthors })).toMatchObject({ reason: 'ReporterIsAuthor' });
});

test('what failed does not hide what is missing', () => {
  const verdict = judged([aPiece('bad', { passed: false })], [line, { ...line, type: 'SBOM' }]);
  expect(verdict).toMatchObject({
    outcome: 'Blocked',
    message: expect.stringContaining(
      'TestReport bad by ci-a failed; besides, waiting for SBOM about the content of payments-2.4.0',
    ),
  });
  expect(verdict.remedy).toContain('evidencetypes/SBOM in payments-staging');
});

test('of a thousand pieces in the namespace those about what is released are looked at, and no other', () => {
  const others = Array.from({ length: 1_000 }, (_, i) =>
    aPiece(`other-${i}`, { subjects: [subjectOfContent(`uid-${i}`, digestOf('d'))] }),
  );
  const index = Map.groupBy(
    [...others, aPiece('tests'), scanned('scan', 0)],
    ({ type, subjects }) => `${type} ${subjects[0]}`,
  );
  let looked = 0;
  const of = (type: string, subject: string) => {
    const found = index.get(`${type} ${subject}`) ?? [];
    looked += found.length;
    return found;
  };
  expect(judged([], [line, scan], { evidence: { of } })).toMatchObject({ outcome: 'Passed' });
  expect(looked).toBe(2);
});

test('a report that is performed again a second before the intent decides', () => {
  const pieces = [aPiece('first'), aPiece('again', { passed: false, performedAt: now - second })];
  expect(judged(pieces, [line], { bundle: aBundle() })).toMatchObject({ reason: 'EvidenceFailed' });
});
