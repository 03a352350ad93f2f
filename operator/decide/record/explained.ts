/** What entries explain of production, one after the other. */
import { entryName, type LedgerEntrySpec } from '../../api/ledger.ts';
import type { EntryData } from '../ledger-entry.ts';
import { scaleDigest } from '../manifest/content-digest.ts';
import { asKey, keyOf } from '../objects.ts';
import {
  absent,
  type Attempt,
  boundByNothing,
  explainedKinds,
  type ExplainedRecord,
  explainingDecisions,
  type Finding,
  kindByResource,
  type State,
  unknown,
} from './expected-state.ts';
import { begun, ended, liveKey, passingOf, writesOf } from './explained-releases.ts';
import { grantKeys } from './grant-names.ts';
import { foldBy, unchanged, type Folds } from './fold.ts';

/** What each type of entry explains. */
const folds: Folds<ExplainedRecord> = {
  Adopted: (before, { data }) => ({
    ...before,
    adopted: data.more ? before.adopted : new Set([...before.adopted, ...data.kinds]),
    measuresLifetimes: before.measuresLifetimes || (data.measuresLifetimes === true && !data.more),
    objects: boundAs(
      settledAs(
        before.objects,
        data.objects.map(({ object, digest, replicas, without, lifetime = [] }) => [
          object,
          { digest, scale: replicas === null ? '' : scaleDigest(replicas), without, lifetime },
        ]),
      ),
      data.lifetimes ?? [],
    ),
  }),
  PromotionStarted: (before, { entry, data }) =>
    begun(before, entry, {
      id: entry.id,
      type: 'Promotion',
      bundle: data.to,
      byTool: data.delivery === 'GitOps',
      writes: writesOf(before, data.writes, (object) => liveKey(object, entry.digest)),
      removes: data.removes.map(asKey),
      passing: [],
    }),
  RollbackStarted: (before, { entry, data }) =>
    begun(before, entry, {
      id: entry.id,
      type: 'Rollback',
      bundle: data.to,
      byTool: data.delivery === 'GitOps',
      writes: writesOf(before, data.writes, asKey),
      removes: data.removes.map(asKey),
      passing: passingOf(data.writes),
    }),
  Promoted: (before, { entry, data }) => ended(before, entry, data.left),
  RolledBack: (before, { entry }) => ended(before, entry),
  Admitted: (before, { entry, data }) => admitted(before, entry, data),
  Observed: (before, { data }) => observed(before, data),
  FindingOpened: (before, { entry, data }) => ({
    ...before,
    findings: new Map(before.findings).set(entry.id, findingOf(entry, data)),
  }),
  FindingClosed: (before, { data }) => closed(before, data),
  EmergencyGranted: (before, { data }) => ({ ...before, objects: comingAs(before.objects, data.objects) }),
  EmergencyAccounted: (before, { entry }) => ({ ...before, objects: goneFor(before.objects, entry.subject.uid) }),
  Staged: unchanged,
  Tested: unchanged,
  JobDone: unchanged,
  Signed: unchanged,
  HoldLifted: unchanged,
  Rejected: unchanged,
  Withdrawn: unchanged,
  Refused: unchanged,
  EmergencyRefused: unchanged,
  EmergencyOpened: unchanged,
  EmergencyEnded: unchanged,
  EmergencyReviewed: unchanged,
  EmergencyOverdue: unchanged,
  EmergencyClosed: unchanged,
  Resumed: unchanged,
};

/** The record after one more entry. What an entry does not touch is the same object as before. */
export const foldExplained = (before: ExplainedRecord, entry: LedgerEntrySpec, data: EntryData): ExplainedRecord =>
  foldBy(folds, before, { entry, data });

/** What an emergency access is made of comes and goes: with any of these contents, or not there. */
const comingAs = (
  objects: ExplainedRecord['objects'],
  made: Of<'EmergencyGranted'>['objects'],
): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const { object, digests } of made) {
    const coming = digests.map((digest): State => ({ digest, scale: '', without: undefined }));
    after.set(object, { ...unknown, coming });
  }
  return after;
};

const goneFor = (objects: ExplainedRecord['objects'], uid: string): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const key of grantKeys(uid)) after.delete(key);
  return after;
};

const settledAs = (
  objects: ExplainedRecord['objects'],
  states: readonly (readonly [string, State])[],
): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const [key, { lifetime, ...state }] of states) {
    const was = after.get(key) ?? unknown;
    const isGone = state.digest === '';
    const lifetimes = isGone ? boundByNothing : lifetime === undefined ? was.lifetimes : [lifetime];
    after.set(key, { ...was, settled: [state], lifetimes });
  }
  return after;
};

/** What was not said to have finalizers or owners, has these. Of its content nothing is said. */
const boundAs = (
  objects: ExplainedRecord['objects'],
  lifetimes: readonly { readonly object: string; readonly lifetime: readonly string[] }[],
): ExplainedRecord['objects'] => {
  const after = new Map(objects);
  for (const { object, lifetime } of lifetimes) {
    const was = after.get(object) ?? { ...unknown, settled: [] };
    after.set(object, { ...was, lifetimes: [lifetime] });
  }
  return after;
};

type Of<T extends EntryData['type']> = Extract<EntryData, { type: T }>;

const admitted = (
  before: ExplainedRecord,
  { id, time, actor, subject, decision }: LedgerEntrySpec,
  { operation, resource, subresource, before: from, after, lifetime, emergency }: Of<'Admitted'>,
): ExplainedRecord => {
  const isScale = subresource === 'scale';
  const kind = kindByResource.get(resource) ?? resource;
  // Of other kinds, and of connections, nobody could say what came of them.
  const isMeasured = explainedKinds.has(kind) || before.adopted.has(kind);
  if (operation === 'CONNECT' || !isMeasured || (subresource !== '' && !isScale)) return before;
  const object = keyOf({ kind, name: subject.name });
  if (!explainingDecisions.has(decision)) {
    return { ...before, seen: new Map(before.seen).set(object, { after, username: actor.username }) };
  }
  const attempt: Attempt = {
    id,
    at: Date.parse(time),
    username: actor.username,
    object,
    uid: subject.uid,
    operation,
    isScale,
    before: from,
    after: operation === 'DELETE' ? '' : after,
    lifetime,
    emergency,
  };
  return { ...before, attempts: new Map(before.attempts).set(id, attempt) };
};

const observed = (before: ExplainedRecord, data: Of<'Observed'>): ExplainedRecord => {
  const attempt = before.attempts.get(data.admitted);
  if (attempt === undefined) return before;
  const attempts = new Map(before.attempts);
  attempts.delete(attempt.id);
  if (!data.happened) return { ...before, attempts };
  const key = data.object === '' ? attempt.object : data.object;
  const { settled } = before.objects.get(key) ?? unknown;
  const last = settled[0] ?? absent;
  const state: State = attempt.isScale
    ? { ...last, scale: attempt.after }
    : {
        digest: attempt.after,
        scale: attempt.after === '' ? '' : last.scale,
        without: undefined,
        lifetime: attempt.lifetime ?? (attempt.operation === 'CREATE' ? [] : undefined),
      };
  return { ...before, attempts, objects: settledAs(before.objects, [[key, state]]) };
};

const findingOf = (entry: LedgerEntrySpec, data: Of<'FindingOpened'>): Finding => ({
  id: entry.id,
  seq: entry.seq,
  name: entryName(entry.seq),
  at: Date.parse(entry.time),
  object: data.object,
  home: entry.subject.namespace,
  change: data.change,
  digest: entry.digest,
  before: data.before,
  after: { digest: data.after, scale: data.scale, without: data.without, lifetime: data.lifetime?.after },
  managers: data.managers,
  username: data.username,
  reason: entry.reason,
  parts: data.parts,
});

const closed = (before: ExplainedRecord, data: Of<'FindingClosed'>): ExplainedRecord => {
  const finding = before.findings.get(data.finding);
  if (finding === undefined) return before;
  const findings = new Map(before.findings);
  findings.delete(finding.id);
  if (!data.accepted) return { ...before, findings };
  const states: readonly (readonly [string, State])[] =
    finding.change === 'Integrity'
      ? finding.parts.map(({ object, after }) => [object, { ...absent, digest: after }])
      : [[finding.object, finding.after]];
  return { ...before, findings, objects: settledAs(before.objects, states) };
};
