/** What a signed statement says, and where what was typed beside it says something else. Who signed it is another question. */
import { createHash } from 'node:crypto';
import type { Evidence } from '../../../api/evidence.ts';
import type { Json } from '../../../api/meta.ts';
import { at, listAt, textAt } from '../../json/json.ts';
import { strictObject } from '../../json/strict.ts';
import { readEnvelope } from './envelope.ts';
import { readPredicate, type Said } from './predicates.ts';
import { mostContributors, type Contributor } from './contributors.ts';
import type { Source } from './source.ts';

/** What is kept of a statement: the envelope is not. */
export interface Statement {
  /** SHA-256 of the envelope as it is stored: what a verification is about. */
  readonly digest: string;
  /** Why it is not read, as the end of a sentence about it, or where it and what was typed differ; undefined = neither. */
  readonly problem: string | undefined;
  /** It says itself that it failed. */
  readonly failed: boolean;
  /** Only these are signed. */
  readonly counts: Readonly<Record<string, number>>;
  /** undefined = it does not say, and no signature makes a typed time true. */
  readonly performedAt: number | undefined;
  readonly builder?: string;
  readonly sources?: readonly Source[];
  /** Who made the source. They count as authors also where the statement itself does not count. */
  readonly contributors?: readonly Contributor[];
}

export const statementDigest = (text: string): string => createHash('sha256').update(text).digest('hex');

const statementTypes = new Set(['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1']);
const payloadTypes = /^application\/vnd\.in-toto(\.[a-z0-9-]+)?\+json$/;

/** Kept of each are the beginning, and of the sources the first ones: one statement must not fill the memory. */
const longestKept = 512;
const mostSources = 20;

type Read = { readonly payload: Json; readonly said: Said } | { readonly problem: string };

const payloadText = (payload: Buffer): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
};

const read = (text: string, type: string): Read => {
  const envelope = readEnvelope(text);
  if ('problem' in envelope) return envelope;
  if (!payloadTypes.test(envelope.payloadType)) {
    return {
      problem: `has payload type ${envelope.payloadType.slice(0, 100)}: application/vnd.in-toto+json is needed`,
    };
  }
  const parsed = strictObject(payloadText(envelope.payload) ?? '');
  if ('problem' in parsed) return { problem: `has a payload that ${parsed.problem}` };
  const payload = parsed.value;
  if (!statementTypes.has(textAt(payload, '_type') ?? '')) return { problem: 'is no in-toto Statement of version 1' };
  const predicateType = (textAt(payload, 'predicateType') ?? '').slice(0, longestKept);
  const said = readPredicate(predicateType, type, at(payload, 'predicate') ?? null);
  return 'problem' in said ? said : { payload, said };
};

/** Digests of the subjects, and the names beside them. */
const subjectsOf = (payload: Json): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>();
  for (const subject of listAt(payload, 'subject')) {
    const digest = textAt(subject, 'digest', 'sha256');
    if (digest === undefined) continue;
    const names = found.get(`sha256:${digest}`) ?? new Set();
    found.set(`sha256:${digest}`, names.add(textAt(subject, 'name') ?? ''));
  }
  return found;
};

/** What a statement says as evidence of that type, and the digests that it is about. @returns why it is not read, as the end of a sentence about it */
export const saidBy = (
  text: string,
  type: string,
): { readonly said: Said; readonly digests: readonly string[] } | { readonly problem: string } => {
  const found = read(text, type);
  return 'problem' in found ? found : { said: found.said, digests: [...subjectsOf(found.payload).keys()] };
};

const differs = (field: string, typed: string | number, signed: string | number): string =>
  `says ${signed} where spec.${field} says ${typed}`;

const atMost = (names: Iterable<string>): string => [...names].slice(0, 3).join(', ').slice(0, 200) || 'nothing';

/** A statement about a content names the candidate by its uid: of another one with the same content nobody tested it. */
const subjectProblem = (payload: Json, { candidate, images = [] }: Evidence['spec']['subject']): string | undefined => {
  const signed = subjectsOf(payload);
  const missing = (candidate === undefined ? images : [candidate.digest]).find((each) => !signed.has(each));
  if (missing !== undefined) {
    return differs(
      candidate === undefined ? 'subject.images' : 'subject.candidate.digest',
      missing,
      atMost(signed.keys()),
    );
  }
  const names = candidate && signed.get(candidate.digest);
  return candidate === undefined || names?.has(candidate.uid) === true
    ? undefined
    : differs('subject.candidate.uid', candidate.uid, atMost(names ?? []));
};

const secondsOf = (instant: number): number => Math.floor(instant / 1_000);

const typedProblem = (spec: Evidence['spec'], said: Said, performedAt: number | undefined): string | undefined => {
  if ((spec.result === 'Passed') !== said.passed) {
    return differs('result', spec.result, said.passed ? 'Passed' : 'Failed');
  }
  for (const [name, typed] of Object.entries(spec.summary)) {
    const signed = Object.hasOwn(said.counts, name) ? said.counts[name] : undefined;
    if (signed !== undefined && signed !== typed) return differs(`summary.${name}`, typed, signed);
  }
  return performedAt !== undefined && secondsOf(performedAt) !== secondsOf(Date.parse(spec.performedAt))
    ? differs('performedAt', spec.performedAt, (said.performedAt ?? '').slice(0, 40))
    : undefined;
};

const sourcesProblem = ({ sources = [] }: Said): string | undefined =>
  sources.length > mostSources ? `names more than ${mostSources} source repositories` : undefined;

const contributorsProblem = ({ overflows }: Said): string | undefined =>
  overflows === true ? `names more than ${mostContributors} people` : undefined;

const unread = (digest: string, problem: string): Statement => ({
  digest,
  problem,
  failed: false,
  counts: {},
  performedAt: undefined,
});

/** RFC 3339, as predicates have it: what else `Date.parse` takes depends on where it runs. */
export const instantOf = (text: string | undefined): number | undefined => {
  const isInstant = text !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(text);
  const found = isInstant ? Date.parse(text) : Number.NaN;
  return Number.isNaN(found) ? undefined : found;
};

/** What is kept of the statement that evidence brings; undefined = it brings none. */
export const statementOf = (spec: Evidence['spec']): Statement | undefined => {
  if (spec.statement === undefined) return undefined;
  const digest = statementDigest(spec.statement);
  const found = read(spec.statement, spec.type);
  if ('problem' in found) return unread(digest, found.problem);
  const { payload, said } = found;
  const elsewhere = subjectProblem(payload, spec.subject);
  // Of something else it may say what it will.
  if (elsewhere !== undefined) return unread(digest, elsewhere);
  const performedAt = instantOf(said.performedAt);
  const { builder, sources, contributors } = said;
  return {
    digest,
    problem: typedProblem(spec, said, performedAt) ?? sourcesProblem(said) ?? contributorsProblem(said),
    failed: !said.passed,
    counts: said.counts,
    performedAt,
    ...(builder === undefined ? {} : { builder: builder.slice(0, longestKept) }),
    ...(sources === undefined ? {} : { sources: sources.slice(0, mostSources) }),
    ...(contributors === undefined ? {} : { contributors }),
  };
};
