/**
 * Tells people outside of the cluster what happens: hears the facts that controllers hear, has `decide` say what is due, and hands it to the
 * sinks. Only the process that leads does. Nothing waits for it, and it asks the API server for nothing but the Secret of sinks.
 */
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { dueOfCandidate, dueOfEmergencies, dueOfPolicy, isGateAway, rolesWaitedFor } from '../../decide/notices/due.ts';
import { dueOfRequests } from '../../decide/notices/due-requests.ts';
import { noticeOfEntry, tellsOf, type EntryContext } from '../../decide/notices/from-entry.ts';
import type { OutboundNotice } from '../../decide/notices/notice.ts';
import { sinksFor } from '../../decide/notices/route.ts';
import type { Instant } from '../../decide/objects.ts';
import { indexKey } from '../../observe/caches.ts';
import type { OnChange } from '../../observe/changes.ts';
import type { Facts } from '../../observe/facts.ts';
import { policyIn } from '../../observe/lookup.ts';
import type { Logger } from '../../log.ts';
import type { Cancel, Clock } from '../../time/clock.ts';
import { productions, requestsIn } from '../lookup.ts';
import type { Dispatch, Marks } from './dispatch.ts';
import { horizonMs } from './outbox.ts';

export interface AnnouncerTools {
  readonly facts: Facts;
  readonly on: OnChange;
  readonly dispatch: Dispatch;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Announcer {
  /** Begins to tell: what happened since `marks`, and what happens from now on. */
  begin(marks: Marks): void;
  /** Up to where everything is told; undefined before it began. */
  marks(): Marks | undefined;
  stop(): void;
}

/** Ids that are remembered as told; more happen in no hour. */
const maxTold = 20_000;

/** What was seen of a candidate, under one digest. */
interface Seen {
  readonly digest: string;
  readonly roles: ReadonlySet<string>;
  /** Whether gates had been judged. */
  readonly judged: boolean;
  readonly reopened: Map<string, Instant>;
  gateAwayAt: Instant | undefined;
}

export const createAnnouncer = (tools: AnnouncerTools): Announcer => new Announcing(tools);

class Announcing implements Announcer {
  readonly #tools: AnnouncerTools;
  readonly #told = new Set<string>();
  readonly #seen = new Map<string, Seen>();
  /** By uid of a candidate: which content was frozen last, and when. */
  readonly #staged = new Map<string, { readonly digest: string; readonly at: Instant }>();
  /** By uid of an access that somebody has. */
  readonly #opened = new Map<string, Instant>();
  readonly #brokenSince = new Map<string, Instant>();
  /** By what is looked at again, when. */
  readonly #later = new Map<string, { readonly at: Instant; readonly look: () => void }>();
  #began = false;
  #next: { readonly at: Instant; readonly cancel: Cancel } | undefined;

  constructor(tools: AnnouncerTools) {
    this.#tools = tools;
    const { on } = tools;
    const whenBegun =
      <T>(handle: (change: T) => void) =>
      (change: T): void => {
        if (this.#began) this.#guarded(() => handle(change));
      };
    on.records(whenBegun(({ namespace, entry }) => this.#recorded(namespace, entry)));
    on.candidates(
      whenBegun(({ old, new: now }) => {
        if (now !== undefined) this.#lookAtCandidate(now);
        else if (old !== undefined) this.#forget(old);
      }),
    );
    on.exceptions(whenBegun(({ new: asked }) => asked && this.#lookAgain(asked.metadata.namespace)));
    on.policyChanges(whenBegun(({ new: asked }) => asked && this.#lookAgain(asked.metadata.namespace)));
    on.policies(
      whenBegun(({ new: policy }) => {
        if (policy !== undefined) this.#lookAtNamespace(policy);
      }),
    );
  }

  begin(marks: Marks): void {
    const { dispatch, facts, clock } = this.#tools;
    dispatch.begin(marks);
    this.#began = true;
    this.#guarded(() => {
      const since = clock.now() - horizonMs;
      for (const { metadata, spec } of facts.ledger.in()?.list() ?? []) {
        this.#note(spec);
        if (tellsOf(spec.type) && Date.parse(spec.time) >= since) this.#tellEntry(metadata.namespace, spec);
      }
      for (const namespace of productions(facts)) {
        const policy = policyIn(facts, namespace);
        if (policy !== undefined) this.#lookAtNamespace(policy);
      }
    });
  }

  marks(): Marks | undefined {
    return this.#began ? this.#tools.dispatch.marks() : undefined;
  }

  stop(): void {
    this.#began = false;
    this.#next?.cancel();
    this.#next = undefined;
  }

  /** A fault in what people are told must not reach what the facts are for. */
  #guarded(run: () => void): void {
    try {
      run();
    } catch (err) {
      this.#tools.logger.error({ err }, 'notice not made');
    }
  }

  /** What an entry says that later notices rest on. */
  #note({ type, subject, digest, time }: LedgerEntrySpec): void {
    if (type === 'Staged') this.#staged.set(subject.uid, { digest, at: Date.parse(time) });
    else if (type === 'EmergencyOpened') this.#opened.set(subject.uid, Date.parse(time));
    else if (type === 'EmergencyEnded') this.#opened.delete(subject.uid);
  }

  #recorded(namespace: string, entry: LedgerEntrySpec | undefined): void {
    if (entry !== undefined) {
      this.#note(entry);
      if (tellsOf(entry.type)) this.#tellEntry(namespace, entry);
    }
    if (entry === undefined || entry.subject.kind === 'EmergencyAccess' || this.#isBroken(namespace))
      this.#lookAgain(namespace);
  }

  #lookAgain(namespace: string): void {
    const policy = policyIn(this.#tools.facts, namespace);
    if (policy !== undefined) this.#lookAtPolicy(policy);
  }

  #isBroken(namespace: string): boolean {
    return this.#tools.facts.records.get(namespace).broken !== undefined;
  }

  /** What a record says that does not verify is not passed on. */
  #tellEntry(namespace: string, entry: LedgerEntrySpec): void {
    if (this.#isBroken(namespace) || policyIn(this.#tools.facts, namespace)?.spec.notify === undefined) return;
    const notice = noticeOfEntry(entry, this.#contextOf(namespace));
    if (notice !== undefined) this.#tell(notice);
  }

  #contextOf(namespace: string): EntryContext {
    const { facts } = this.#tools;
    return {
      namespace,
      bundle: (name) => {
        const head = facts.bundles.in()?.get(indexKey(namespace, name));
        return { version: head?.bundle.version ?? '', summary: head?.summary ?? '' };
      },
      versionOf: ({ namespace: from, name, uid }) => {
        const candidate = facts.candidates.in()?.get(indexKey(from, name));
        return candidate?.metadata.uid === uid ? candidate.spec.version : '';
      },
      emergency: (uid) => facts.records.get(namespace).emergencies.all.get(uid),
    };
  }

  #lookAtNamespace(policy: ReleasePolicy): void {
    this.#lookAtPolicy(policy);
    if (policy.spec.notify === undefined) return;
    for (const candidate of this.#tools.facts.candidates.in()?.byIndex('target', policy.metadata.namespace) ?? [])
      this.#lookAtCandidate(candidate);
  }

  #lookAtPolicy(policy: ReleasePolicy): void {
    const { namespace } = policy.metadata;
    const { facts } = this.#tools;
    const key = `policy ${namespace}`;
    if (policy.spec.notify === undefined) {
      this.#later.delete(key);
      return;
    }
    const { broken, emergencies } = facts.records.get(namespace);
    if (broken === undefined) this.#brokenSince.delete(namespace);
    else if (!this.#brokenSince.has(namespace)) this.#brokenSince.set(namespace, this.#tools.clock.now());
    const seenAt = this.#brokenSince.get(namespace);
    this.#consider(
      key,
      [
        ...dueOfPolicy(policy, broken === undefined || seenAt === undefined ? undefined : { why: broken, seenAt }),
        ...dueOfEmergencies(namespace, emergencies.all.values(), (uid) => this.#opened.get(uid)),
        ...dueOfRequests(requestsIn(facts, namespace), policy.spec.notify.remindAfter),
      ],
      () => this.#lookAgain(namespace),
    );
  }

  #forget({ metadata }: ReleaseCandidate): void {
    this.#seen.delete(metadata.uid);
    this.#staged.delete(metadata.uid);
    this.#later.delete(`candidate ${metadata.uid}`);
  }

  #lookAtCandidate(candidate: ReleaseCandidate): void {
    const { metadata, spec, status } = candidate;
    const { facts } = this.#tools;
    const notify = policyIn(facts, spec.targetNamespace)?.spec.notify;
    const staged = this.#staged.get(metadata.uid);
    const key = `candidate ${metadata.uid}`;
    if (notify === undefined || staged === undefined || status?.digest !== staged.digest) {
      this.#later.delete(key);
      return;
    }
    const seen = this.#see(candidate, staged.digest);
    this.#consider(
      key,
      dueOfCandidate({
        candidate,
        staged,
        summary: facts.bundles.in()?.get(indexKey(spec.targetNamespace, status.bundle ?? ''))?.summary ?? '',
        remindAfter: notify.remindAfter,
        reopened: seen.reopened,
        gateAwayAt: seen.gateAwayAt,
      }),
      () => {
        const now = facts.candidates.in()?.get(indexKey(metadata.namespace, metadata.name));
        if (now?.metadata.uid === metadata.uid) this.#lookAtCandidate(now);
      },
    );
  }

  /** Compares what a candidate waits for with what it waited for before: a role that is asked for again is news. */
  #see(candidate: ReleaseCandidate, digest: string): Seen {
    const { uid } = candidate.metadata;
    const before = this.#seen.get(uid);
    const known = before?.digest === digest ? before : undefined;
    const now = this.#tools.clock.now();
    const roles = new Set(rolesWaitedFor(candidate));
    const reopened = known?.reopened ?? new Map<string, Instant>();
    if (known?.judged === true) for (const role of roles) if (!known.roles.has(role)) reopened.set(role, now);
    const seen: Seen = {
      digest,
      roles,
      judged: (candidate.status?.gates.length ?? 0) > 0,
      reopened,
      gateAwayAt: isGateAway(candidate) ? (known?.gateAwayAt ?? now) : undefined,
    };
    this.#seen.set(uid, seen);
    return seen;
  }

  /** Tells what is due, and looks again when more is. */
  #consider(key: string, notices: readonly OutboundNotice[], look: () => void): void {
    const now = this.#tools.clock.now();
    let at = Infinity;
    for (const notice of notices) {
      if (notice.at <= now) this.#tell(notice);
      else at = Math.min(at, notice.at);
    }
    if (at === Infinity) this.#later.delete(key);
    else {
      this.#later.set(key, { at, look });
      this.#wakeAt(at);
    }
  }

  #wakeAt(at: Instant): void {
    if (this.#next !== undefined && this.#next.at <= at) return;
    this.#next?.cancel();
    const { clock } = this.#tools;
    this.#next = { at, cancel: clock.after(at - clock.now(), () => this.#guarded(() => this.#woken())) };
  }

  #woken(): void {
    this.#next = undefined;
    if (!this.#began) return;
    const due = [...this.#later].filter(([, { at }]) => at <= this.#tools.clock.now());
    for (const [key] of due) this.#later.delete(key);
    for (const [, { look }] of due) look();
    const rest = Math.min(...[...this.#later.values()].map(({ at }) => at));
    if (rest !== Infinity) this.#wakeAt(rest);
  }

  #tell(notice: OutboundNotice): void {
    if (this.#told.has(notice.id)) return;
    this.#told.add(notice.id);
    if (this.#told.size > maxTold) for (const oldest of this.#told) if (this.#told.delete(oldest)) break;
    const { dispatch, facts } = this.#tools;
    dispatch.send(notice, sinksFor(policyIn(facts, notice.namespace)?.spec.notify, notice));
  }
}
