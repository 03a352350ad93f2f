/** Candidates: freezes what staging holds, judges it by the gates, and begins promotions. */
import type { Approval } from '../../api/approval.ts';
import type { ReleaseCandidate } from '../../api/candidate.ts';
import type { LedgerEntrySpec } from '../../api/ledger.ts';
import type { PolicyException } from '../../api/exception.ts';
import { installation, kinds } from '../../api/kinds.ts';
import { isHeavy, renderInSteps } from '../../decide/candidate/content.ts';
import { candidateStuck, planCandidate } from '../../decide/candidate/plan.ts';
import type { CandidateSnapshot } from '../../decide/gates/snapshot.ts';
import type { Piece } from '../../decide/evidence/piece.ts';
import { keyOf } from '../../decide/objects.ts';
import { indexKey } from '../../observe/caches.ts';
import { observeCandidate, type CandidateFacts } from '../../observe/candidate.ts';
import { isStatusOnly, type RecordChange } from '../../observe/changes.ts';
import { scaledBy } from '../../observe/dirty-objects-follower.ts';
import type { Facts } from '../../observe/facts.ts';
import { policyIn } from '../../observe/lookup.ts';
import type { Change } from '../../kube/store.ts';
import type { Controller } from '../controller.ts';
import { one, open, openBy, showing, staging, stagingOfJob, written, type Wakes } from './candidate-wakes.ts';
import {
  activeRelease,
  activeReleasesOf,
  explaining,
  isRecordInDoubt,
  productions,
  activeReleasesOn,
} from '../lookup.ts';

/** Candidates that are not staged: a place that has become free may be theirs. */
const unstaged = ({ records, candidates }: Facts, namespace: string): Wakes =>
  (candidates.in()?.byIndex('target', namespace) ?? [])
    .filter(({ metadata }) => (records.get(namespace).candidates.get(metadata.uid)?.stagedDigests.size ?? 0) === 0)
    .map(({ metadata }) => ({ ...one(metadata, 'Resync'), soon: true }));

/** Those of the package that one replaces, or that replace it: of others nothing hangs on it before it is on its way. */
const tiedTo = (facts: Facts, { metadata, spec }: ReleaseCandidate): Wakes =>
  open(
    facts,
    facts.candidates
      .in()
      ?.byIndex('package', indexKey(spec.targetNamespace, spec.package))
      .filter((other) => other.spec.replaces === metadata.name || other.metadata.name === spec.replaces),
  );

/** Entries about one candidate that change nothing for others of its package but those that `spec.replaces` ties to it. */
const ofOneCandidate: ReadonlySet<LedgerEntrySpec['type']> = new Set(['Staged', 'Tested', 'Signed', 'JobDone']);

/** Whose accounts a subject of a binding may be; those of all namespaces are told by none. */
const namespacesBound = (subject: string): readonly string[] => {
  const namespace = /^(?:group system:serviceaccounts|system:serviceaccount):([^:]+)/.exec(subject)?.[1];
  return namespace === undefined ? [] : [namespace];
};

/** More signatures under one candidate than anybody needs: they are counted a few times a second, not one by one. */
const manySignatures = 100;

/** Consent counts until a promotion has begun; a refusal after that, too. */
const signed = ({ metadata, spec }: Approval, facts: Facts): Wakes => {
  const source = policyIn(facts, metadata.namespace)?.spec.sourceNamespace;
  const known = facts.records.get(metadata.namespace).candidates.get(spec.subject.uid);
  const isTooLate = spec.decision === 'Approve' && known?.intent !== undefined;
  if (source === undefined || isTooLate || known?.finished !== undefined) return [];
  const soon = (facts.approvals.in()?.countBy('subject', spec.subject.uid) ?? 0) > manySignatures;
  return [{ ...one({ namespace: source, name: spec.subject.name }, 'Promotion'), soon }];
};

/** Evidence is about one candidate, or about images, which any that waits in its namespace may hold. */
const reportedOn = ({ namespace, about }: Piece, facts: Facts): Wakes => {
  const waiting = (facts.candidates.in()?.byIndex('source', namespace) ?? []).filter(({ metadata, spec }) => {
    const known = facts.records.get(spec.targetNamespace).candidates.get(metadata.uid);
    return known?.intent === undefined && (about === undefined || about.uid === metadata.uid);
  });
  return open(facts, waiting).map((wake) => ({ ...wake, priority: 'Promotion' as const }));
};

/** What is written is the status alone, which decides nothing. */
const isOnlyStatus = ({ old, new: now }: Change<PolicyException>): boolean =>
  old !== undefined && old.metadata.uid === now?.metadata.uid;

/** Candidates that may pass by an exception. */
const exceptedBy = ({ metadata, spec }: PolicyException, facts: Facts): Wakes =>
  openBy(facts, 'package', indexKey(metadata.namespace, spec.package)).map((wake) => ({
    ...wake,
    priority: 'Promotion' as const,
  }));

/** What an emergency leaves is known, or settled: candidates that touch it are judged again. */
const settling: ReadonlySet<LedgerEntrySpec['type']> = new Set([
  'EmergencyEnded',
  'EmergencyAccounted',
  'EmergencyClosed',
  'EmergencyOverdue',
]);

const concernsAll = (facts: Facts, change: RecordChange): boolean => {
  const { entry } = change;
  if (entry === undefined || isRecordInDoubt(facts, change)) return true;
  const { type, subject } = entry;
  // Whether the installation is as it was: findings about production concern no gate.
  if (explaining.has(type) && (type === 'FindingClosed' || subject.kind === installation.kind)) return true;
  return subject.kind === 'EmergencyAccess' && settling.has(type);
};

/** Others of the package for which an entry changes something. */
const ofPackage = (facts: Facts, namespace: string, { type, subject, package: pkg }: LedgerEntrySpec): Wakes => {
  if (pkg === '') return [];
  if (!ofOneCandidate.has(type)) return openBy(facts, 'package', indexKey(namespace, pkg));
  const about = facts.candidates.in()?.get(indexKey(subject.namespace, subject.name));
  return about?.metadata.uid === subject.uid ? tiedTo(facts, about) : [];
};

const recorded = (change: RecordChange, facts: Facts): Wakes => {
  const { namespace, entry } = change;
  const all = concernsAll(facts, change) ? openBy(facts, 'target', namespace) : [];
  if (entry === undefined) return all;
  const { subject } = entry;
  const samePackage = ofPackage(facts, namespace, entry);
  if (subject.kind !== 'ReleaseCandidate') return [...all, ...samePackage];
  const known = facts.records.get(namespace).candidates.get(subject.uid);
  const isOver = known?.finished !== undefined || known?.promoted !== undefined;
  // Be it over by this entry: its end has to be reported.
  return [...all, one(subject), ...(isOver ? unstaged(facts, namespace) : []), ...samePackage];
};

/** Works on one candidate, as long as it is there. */
export const candidateController: Controller<'candidate', CandidateSnapshot, keyof CandidateFacts> = {
  name: 'candidate',
  priority: 'Normal',
  triggers: {
    candidates: (change, facts) => {
      const candidate = change.new ?? change.old;
      if (candidate === undefined) return [];
      const { metadata, spec } = candidate;
      if (change.old === undefined) return [one(metadata), ...tiedTo(facts, candidate)];
      if (change.new !== undefined) return [one(metadata)];
      return [one(metadata), ...openBy(facts, 'package', indexKey(spec.targetNamespace, spec.package))];
    },
    policies: (change, facts) => {
      const policy = change.new ?? change.old;
      return policy === undefined || isStatusOnly(change) ? [] : openBy(facts, 'target', policy.metadata.namespace);
    },
    // Of the label of staging hangs whether it is known who changes it.
    nodes: (change, facts) => showing(activeReleasesOn(facts, change)),
    namespaces: ({ key }, facts) => [...openBy(facts, 'target', key), ...openBy(facts, 'source', key)],
    records: recorded,
    bundles: (change, facts) => {
      const head = change.new ?? change.old;
      if (head === undefined) return [];
      const { bundle, partOf } = head;
      const whole = partOf === '' ? undefined : facts.bundles.in()?.get(indexKey(bundle.namespace, partOf));
      const owners = [bundle.candidate, whole?.bundle.candidate].filter(
        (each) => each !== undefined && each.uid !== '',
      );
      return [
        ...owners.flatMap((each) => (each === undefined ? [] : [one(each)])),
        ...(bundle.package === '' ? [] : showing(activeRelease(facts, bundle.namespace, bundle.package))),
      ];
    },
    approvals: (change, facts) => {
      const approval = change.new ?? change.old;
      if (approval?.spec.subject.kind === kinds.PolicyException.kind) {
        const { uid } = approval.spec.subject;
        return (facts.exceptions.in()?.byIndex('uid', uid) ?? []).flatMap((each) => exceptedBy(each, facts));
      }
      if (approval?.spec.subject.kind === kinds.ReleasePolicy.kind)
        return openBy(facts, 'target', approval.metadata.namespace);
      return approval?.spec.subject.kind === 'ReleaseCandidate' ? signed(approval, facts) : [];
    },
    evidence: ({ old, new: now }, facts) => {
      const piece = now ?? old;
      return piece === undefined ? [] : reportedOn(piece, facts);
    },
    exceptions: (change, facts) => {
      const exception = change.new ?? change.old;
      return exception === undefined || isOnlyStatus(change) ? [] : exceptedBy(exception, facts);
    },
    objects: (change, facts) => {
      const object = change.new ?? change.old;
      if (object === undefined) return [];
      const { namespace, ref } = object;
      const key = keyOf(ref);
      return [
        ...scaledBy(change).flatMap((target) => staging(facts, namespace, target)),
        ...showing(activeReleasesOf(facts, namespace, key)),
        ...written(facts, namespace, key),
        ...staging(facts, namespace, key),
      ];
    },
    pods: (change, facts) => {
      const pod = change.new ?? change.old;
      if (pod === undefined || pod.ownerKind === '') return [];
      const { namespace, ownerKind, ownerName } = pod;
      const key = `${ownerKind}/${ownerName}` as const;
      return [
        ...showing(activeReleasesOf(facts, namespace, key)),
        ...staging(facts, namespace, key),
        ...stagingOfJob(facts, namespace, key),
      ];
    },
    // The ReplicaSet says whether pods of a Deployment of staging are of what it says now; it may be seen after they are.
    watched: ({ old, new: now }, facts) => {
      const set = now ?? old;
      return set?.kind !== 'ReplicaSet' || set.controller === undefined
        ? []
        : staging(facts, set.namespace, `${set.controller.kind}/${set.controller.name}`);
    },
    secrets: (change, facts) => {
      const secret = change.new ?? change.old;
      return secret === undefined ? [] : openBy(facts, 'target', secret.namespace);
    },
    classes: (_, facts) => productions(facts).flatMap((namespace) => openBy(facts, 'target', namespace)),
    bindings: ({ old, new: now }, facts) =>
      [...new Set([old, now].flatMap((each) => each?.subjects ?? []).flatMap(namespacesBound))].flatMap((namespace) => [
        ...openBy(facts, 'source', namespace),
        ...openBy(facts, 'target', namespace),
      ]),
    clusterRoles: ({ old, new: now }, facts) =>
      old?.digest === now?.digest ? [] : productions(facts).flatMap((namespace) => openBy(facts, 'target', namespace)),
    definitions: {
      none: 'Among which kinds a selector did not look, and by which keys lists merge, is as it was when the content was frozen.',
    },
    guarded: { none: 'What a selector finds of them is asked of the API server when the content is frozen.' },
    installed: ({ old, new: now }, facts) =>
      old?.digest([]) === now?.digest([])
        ? []
        : productions(facts).flatMap((namespace) => openBy(facts, 'target', namespace)),
    checks: ({ namespace, package: pkg }, facts) => showing(activeRelease(facts, namespace, pkg)),
    failing: ({ namespace, package: pkg }, facts) => showing(activeRelease(facts, namespace, pkg)),
    refusedWrites: ({ namespace, package: pkg }, facts) => showing(activeRelease(facts, namespace, pkg)),
    followed: ({ namespace }, facts) =>
      namespace === undefined ? [] : [...openBy(facts, 'target', namespace), ...openBy(facts, 'source', namespace)],
    mutators: { none: 'What they make of a content is asked when it is frozen and when it is promoted.' },
    rollbacks: { none: 'A rollback counts for a candidate once it is in the record, and entries wake.' },
    serverVersion: {
      none: 'What was frozen under another version is judged when a gate is judged; a version alone changes nothing.',
    },
  },
  everything: ({ candidates }) => (candidates.in()?.list() ?? []).map(({ metadata }) => one(metadata, 'Resync')),
  observe(facts, { namespace, name }) {
    const found = facts.candidates.in()?.get(indexKey(namespace, name));
    return found && observeCandidate(facts, found);
  },
  plan: planCandidate,
  ahead: renderInSteps,
  isHeavy,
  stuck: candidateStuck,
};
