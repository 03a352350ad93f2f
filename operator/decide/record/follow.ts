/** The record after more entries: folded as they are, or followed, where an entry that does not follow counts for nothing. */
import { whyNotInNameOf } from '../../api/ledger-writers.ts';
import { entryName, type LedgerEntrySpec } from '../../api/ledger.ts';
import { type EntryData, parseData } from '../ledger-entry.ts';
import { actsIn } from './batch.ts';
import { foldCandidate, unseen } from './candidate.ts';
import { foldEmergencies, withoutRefused } from './emergency.ts';
import { foldExplained } from './explained.ts';
import { foldPackage, untouched } from './package.ts';
import { foldPolicyActs } from './policy-acts.ts';
import type { NamespaceRecord, RefusedEntry } from './record.ts';

/** An entry, with what the chain says of it. */
export interface Link {
  readonly entry: LedgerEntrySpec;
  /** Hash of the entry: the `previous` of its successor. */
  readonly hash: string;
  /** How it does not continue the chain; undefined = it does. */
  readonly broken: Break | undefined;
}

/**
 * How an entry does not continue the chain. `Missing`: entries before it are not there. `OtherPrevious`: it stands at the next place, and its
 * `previous` is not the hash of the entry before it.
 */
export interface Break {
  readonly how: 'Missing' | 'OtherPrevious';
  /** For people; names the entry. */
  readonly why: string;
}

/** The same link for each act that its entry tells of. */
const actByAct = (link: Link): Link[] => actsIn(link.entry).map((entry) => ({ ...link, entry }));

/** Folds entries one after the other, in maps of its own. */
const folding = (before: NamespaceRecord) => {
  const packages = new Map(before.packages);
  const candidates = new Map(before.candidates);
  let { explained, emergencies, demanded, policyActs } = before;
  const moveEmergencies = ({ entry, hash }: Link, data: EntryData): void => {
    const { followsUp = null } = packages.get(entry.package)?.open ?? {};
    emergencies = foldEmergencies(emergencies, { entry, hash, data, explained, followsUp });
  };
  return {
    /** As it is now; the maps are the same ones that go on. */
    now: () => ({ packages, candidates, explained, emergencies, demanded, policyActs }),
    fold(link: Link, data: EntryData): void {
      const { entry } = link;
      moveEmergencies(link, data);
      if (entry.package !== '') {
        packages.set(entry.package, foldPackage(packages.get(entry.package) ?? untouched, entry, data));
      }
      if (entry.subject.kind === 'ReleaseCandidate') {
        const { uid } = entry.subject;
        candidates.set(uid, foldCandidate(candidates.get(uid) ?? unseen(entry), entry, data));
      }
      explained = foldExplained(explained, entry, data);
      policyActs = foldPolicyActs(policyActs, entry, data);
      if (data.type === 'Admitted' && data.demanded !== null) {
        demanded = [...demanded, { seq: entry.seq, lines: data.demanded }];
      }
    },
    moveEmergencies,
    /** Remembers what acts may change; the result puts it back as it was. */
    before(acts: readonly Link[]): () => void {
      const were = { explained, emergencies, demanded, policyActs };
      const ofPackages = acts.map(({ entry }) => [entry.package, packages.get(entry.package)] as const);
      const ofCandidates = acts.map(({ entry }) => [entry.subject.uid, candidates.get(entry.subject.uid)] as const);
      return () => {
        ({ explained, emergencies, demanded, policyActs } = were);
        for (const [name, known] of ofPackages) putBack(packages, name, known);
        for (const [uid, known] of ofCandidates) putBack(candidates, uid, known);
      };
    },
    /** Nothing of what came since counts. */
    resume({ emergencies: before }: RefusedEntry, { entry }: Link): void {
      emergencies = withoutRefused(before, emergencies, entry);
    },
  };
};

const putBack = <T>(map: Map<string, T>, key: string, known: T | undefined): void => {
  if (known === undefined) map.delete(key);
  else map.set(key, known);
};

/**
 * The record after more entries, in the order of the chain, whatever they say. Pure, so that a ledger read from the start and one followed by
 * watch give the same record.
 */
export const foldEntries = (before: NamespaceRecord, links: readonly Link[]): NamespaceRecord => {
  const state = folding(before);
  let { head, broken } = before;
  for (const link of links.flatMap(actByAct)) {
    state.fold(link, parseData(link.entry));
    head = { seq: link.entry.seq, hash: link.hash };
    broken ??= link.broken?.why;
  }
  return { ...state.now(), head, broken };
};

/** Why an entry may not stand where it stands; undefined = it may. */
export type WhyNot = (record: NamespaceRecord, entry: LedgerEntrySpec, data: EntryData) => string | undefined;

/**
 * `foldEntries`, but an entry that `whyNot` refuses breaks the record: neither it nor what comes after it counts, but that emergency accesses
 * are known, so that what they are made of is taken away. Of an entry for several acts all follow, or none counts: it is one write of one
 * program. An entry with another `previous` is refused whatever it says. An entry by which somebody signed for going on ends that; about an
 * entry ahead, it has that one passed over. After a gap, or an entry that was written over, what follows is read all the same.
 */
export const followEntries = (before: NamespaceRecord, links: readonly Link[], whyNot: WhyNot): NamespaceRecord => {
  const state = folding(before);
  let { head, broken, damaged, refused, passed } = before;
  const count = (act: Link, data: EntryData): void => {
    if (refused === undefined) {
      state.fold(act, data);
      if (data.type === 'Resumed') passed = new Set([...(passed ?? []), act.entry.digest]);
    } else if (data.type === 'Resumed') {
      state.resume(refused, act);
      broken = undefined;
      refused = undefined;
    } else if (data.type.startsWith('Emergency')) state.moveEmergencies(act, data);
  };
  const whyRefused = (link: Link): string | undefined => {
    if (link.broken?.how === 'OtherPrevious') return link.broken.why;
    const why = whyNotRead(link);
    return why === undefined ? undefined : `entry ${nameOf(link)} (${link.entry.type}) ${why}`;
  };
  const whyNotRead = (link: Link): string | undefined => {
    const acts = orUndefined(() => actByAct(link));
    if (acts === undefined) return unreadable;
    const misnamed = whyNotInNameOf(link.entry.type, link.entry.actor.username);
    if (misnamed !== undefined) return `does not follow: ${misnamed}`;
    const undo = state.before(acts);
    for (const act of acts) {
      const data = orUndefined(() => parseData(act.entry));
      const wrong = data && whyNot({ ...state.now(), head, broken, damaged, refused }, act.entry, data);
      if (data === undefined || wrong !== undefined) {
        undo();
        return data === undefined ? unreadable : `does not follow: ${wrong}`;
      }
      count(act, data);
    }
    return undefined;
  };
  for (const link of links) {
    if (passed?.has(link.hash) === true) {
      if (link.broken?.how !== 'Missing') head = { seq: link.entry.seq, hash: link.hash };
      continue;
    }
    if (link.broken?.how === 'Missing') {
      broken ??= link.broken.why;
      damaged = true;
    }
    const why = whyRefused(link);
    if (why !== undefined) {
      broken ??= why;
      refused ??= { name: nameOf(link), id: link.entry.id, hash: link.hash, emergencies: state.now().emergencies };
    }
    head = { seq: link.entry.seq, hash: link.hash };
  }
  return { ...state.now(), head, broken, damaged, refused, passed };
};

/** Written by somebody who does not know the entries: what it says cannot be told, so nothing after it can be trusted. */
const unreadable = 'cannot be read';

const orUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

const nameOf = ({ entry }: Link): string => entryName(entry.seq);
