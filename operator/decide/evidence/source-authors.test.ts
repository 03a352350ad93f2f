import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  aBundle,
  aCandidate,
  aPiece,
  aPolicy,
  digestOf,
  hour,
  known,
  now,
} from '../../../test/support/builders/decide.ts';
import { ed25519Key } from '../../../hack/signing/statements.ts';
import type { Piece } from './piece.ts';
import type { Contributor } from './signed/contributors.ts';
import { sourceAuthorsOf, sourceQuestions, type SourcedRelease } from './source-authors.ts';

const { pem } = ed25519Key();
const signedBy = [{ name: 'forge', key: pem }];
const line = { type: 'Source', maxAge: '24h', signedBy };
const repository = 'https://git.example/payments';
const revision = 'a'.repeat(40);

const wrote = (name: string): Contributor => ({ name, did: 'wrote', repository, revision });
const piece = (name: string, people: readonly string[], given: Partial<Piece> = {}): Piece =>
  aPiece(name, {
    type: 'Source',
    statement: {
      digest: name,
      problem: undefined,
      failed: false,
      counts: {},
      performedAt: now,
      contributors: people.map(wrote),
    },
    ...given,
  });

const found = (
  pieces: readonly Piece[],
  given: Partial<SourcedRelease> & { lines?: object[]; people?: object[] } = {},
) => {
  const { lines = [line], people = [], ...more } = given;
  return sourceAuthorsOf({
    candidate: aCandidate(),
    policy: aPolicy({ evidence: lines, people }),
    bundle: aBundle(),
    evidence: known(...pieces),
    signerOf: () => 'forge',
    ...more,
  });
};
const names = (of: ReturnType<typeof found>) => of.known.map(({ username }) => username);

test('those whom a signed statement about this content names are authors, with what they did', () => {
  expect(found([piece('s', ['ada@example.com'])])).toMatchObject({
    known: [
      {
        username: 'ada@example.com',
        did: 'wrote commit aaaaaaaaaaaa of https://git.example/payments',
        evidence: 'Source s',
      },
    ],
    unanswered: [],
  });
});

describe('nobody is an author', () => {
  test.each<[sentence: string, of: ReturnType<typeof found>]>([
    ['by a statement that nobody of the line signed', found([piece('s', ['ada'])], { signerOf: () => '' })],
    ['by a statement about another content', found([piece('s', ['ada'], { subjects: [digestOf('c')] })])],
    ['where no line names keys', found([piece('s', ['ada'])], { lines: [] })],
    ['by what is only typed', found([aPiece('s', { type: 'Source' })])],
  ])('%s', (_, of) => {
    expect(of).toEqual({ known: [], unknown: [], unanswered: [] });
  });
});

describe('an author stays one', () => {
  const old = { performedAt: now - 1_000 * hour, createdAt: now - 1_000 * hour };
  test.each<[sentence: string, of: ReturnType<typeof found>]>([
    ['though a newer statement leaves them out', found([piece('old', ['ada'], old), piece('new', ['bob'])])],
    ['though the statement is too old', found([piece('s', ['ada'], old)])],
    ['though what is typed beside it differs', found([problematic()])],
    [
      'though the line asks nothing of this release',
      found([piece('s', ['ada'])], { lines: [{ ...line, when: 'ImagesChanged' }] }),
    ],
    [
      'by provenance that says it, too',
      found([piece('p', ['ada'], { type: 'Provenance' })], { lines: [{ ...line, type: 'Provenance' }] }),
    ],
  ])('%s', (_, of) => {
    expect(names(of)).toContain('ada');
  });
});

function problematic(): Piece {
  const made = piece('s', ['ada']);
  const { statement } = made;
  return {
    ...made,
    ...(statement === undefined ? {} : { statement: { ...statement, problem: 'says something else' } }),
  };
}

test('who signed is asked about every statement that names people, and it is said until it is answered', () => {
  const pieces = [piece('a', ['ada']), piece('b', ['bob']), aPiece('c', { type: 'Source' })];
  const signerOf = () => undefined;
  expect(found(pieces, { signerOf }).unanswered).toEqual(['Source a', 'Source b']);
  const release = { candidate: aCandidate(), policy: aPolicy({ evidence: [line] }), bundle: aBundle(), signerOf };
  expect(sourceQuestions({ ...release, evidence: known(...pieces) }, new Map())).toMatchObject([
    { name: 'a' },
    { name: 'b' },
  ]);
});

describe('whose account is known', () => {
  const unknown = (given: Parameters<typeof found>[1]) =>
    found([piece('s', ['ada@example.com', 'developer-a', 'dependabot[bot]'])], given).unknown.map(
      (each) => each.username,
    );
  test.each<[sentence: string, given: Parameters<typeof found>[1], expected: readonly string[]]>([
    ['only that of who created the candidate', {}, ['ada@example.com', 'dependabot[bot]']],
    [
      'those of spec.people, in whatever case',
      { people: [{ name: 'ada', identities: ['Ada@Example.com', 'ada-in-the-cluster'] }] },
      ['dependabot[bot]'],
    ],
    [
      'not those that the candidate is created for: its author typed them',
      { candidate: aCandidate({ onBehalfOf: ['ada@example.com'] }) },
      ['ada@example.com', 'dependabot[bot]'],
    ],
    ['bots have none', { lines: [{ ...line, bots: ['dependabot[bot]'] }] }, ['ada@example.com']],
    ['nobody asks where the line says so', { lines: [{ ...line, unknownAuthors: 'Report' }] }, []],
  ])('%s', (_, given, expected) => {
    expect(unknown(given)).toEqual(expected);
  });
});

const someone = fc.constantFrom('ada', 'bob', 'carol', 'dan');
const somePieces = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    people: fc.array(someone),
    age: fc.integer({ min: 1, max: 90 }),
  }),
  { selector: ({ name }) => name },
);
const made = (all: readonly { name: string; people: readonly string[]; age: number }[]): readonly Piece[] =>
  all.map(({ name, people, age }) =>
    piece(name, people, { performedAt: now - age * hour, createdAt: now - age * hour }),
  );

test('more statements never make fewer authors, and their order changes nothing', () => {
  fc.assert(
    fc.property(somePieces, fc.integer({ min: 0, max: 4 }), (all, left) => {
      const pieces = made(all);
      const whole = found(pieces);
      expect(names(whole)).toEqual(expect.arrayContaining(names(found(pieces.slice(0, left)))));
      expect(found(pieces.toReversed())).toEqual(whole);
      expect(new Set(names(whole))).toEqual(new Set(all.flatMap(({ people }) => people)));
    }),
  );
});
