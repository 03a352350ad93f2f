/** What has to be looked at again when something changed. The one place that knows which decision depends on what. */
import { isAutoscaler } from '../decide/manifest/kinds/index.ts';
import { installation, policyName } from '../api/kinds.ts';
import type { Approval } from '../api/approval.ts';
import type { ReleaseCandidate } from '../api/candidate.ts';
import type { LedgerEntrySpec } from '../api/ledger.ts';
import type { ReleasePolicy } from '../api/policy.ts';
import { packageRecord } from '../decide/record/record.ts';
import type { EmergencyRecord } from '../decide/record/emergency.ts';
import { keyOf, type ObjectKey, type PodFacts } from '../decide/objects.ts';
import { scaleTarget } from '../decide/manifest/unmanaged-fields.ts';
import { indexKey, type Caches } from '../observe/caches.ts';
import { mayName } from '../observe/candidates.ts';
import { ifHere } from '../observe/large.ts';
import { watchedLive } from '../observe/fingerprint.ts';
import type { Suspects } from '../observe/dirty-objects.ts';
import type { Change } from '../kube/store.ts';
import type { Records } from '../ledger/records.ts';
import type { Priority } from '../work/queue.ts';
import { grantName, grantPrefix } from '../decide/record/grant-names.ts';

/** `candidate/<ns>/<name>`, `release/<ns>/<package>`, `policy/<ns>`, `gone/<production ns>/<uid>`, `watch/<production ns>`, `emergency/<production ns>/<uid>`. */
export type Key = `${'candidate' | 'release' | 'policy' | 'gone' | 'watch' | 'emergency'}/${string}`;

export const candidateKey = (namespace: string, name: string): Key => `candidate/${namespace}/${name}`;
export const releaseKey = (namespace: string, pkg: string): Key => `release/${namespace}/${pkg}`;
export const policyKey = (namespace: string): Key => `policy/${namespace}`;
export const watchKey = (namespace: string): Key => `watch/${namespace}`;
export const emergencyKey = (namespace: string, uid: string): Key => `emergency/${namespace}/${uid}`;
export const goneKey = (namespace: string, uid: string): Key => `gone/${namespace}/${uid}`;

export interface Routes {
  /** Connects the caches: from now on every change adds keys. */
  connect(): void;
  /** Adds everything there is: for a process that begins to lead. */
  all(): void;
  /** Every policy's status is looked at again. */
  policies(): void;
  /** An entry was folded into the record of a namespace. */
  recorded(namespace: string, entry: LedgerEntrySpec): void;
  /** Entries ahead of the record came or went. */
  aheadChanged(namespace: string): void;
  check(namespace: string, pkg: string): void;
  /** Everything that is followed in a namespace has been read: what waited for that can be judged. */
  completed(namespace: string): void;
}

export interface RoutesOptions {
  readonly caches: Caches;
  readonly records: Records;
  readonly suspects: Suspects;
  readonly add: (key: Key, priority: Priority) => void;
  /** Soon, and once for everything that comes until then. */
  readonly addSoon: (key: Key, priority?: Priority) => void;
  /** A policy or the label of a namespace came, went, or says something else. */
  readonly policiesChanged: () => void;
}

/** Entries that explain something, or ask for it. */
const explaining: ReadonlySet<LedgerEntrySpec['type']> = new Set([
  'Adopted',
  'Admitted',
  'AdmittedTogether',
  'Observed',
  'ObservedTogether',
  'FindingOpened',
  'FindingClosed',
  'Promoted',
  'RolledBack',
]);

/** Entries that may move what a package runs, is on its way to, or was ordered to go back to: others say nothing to a release. */
const releasing: ReadonlySet<LedgerEntrySpec['type']> = new Set([
  'PromotionStarted',
  'Promoted',
  'RollbackStarted',
  'RolledBack',
  'Rejected',
  'Refused',
]);

/** Entries about one candidate that change nothing for others of its package but those that `spec.replaces` ties to it. */
const ofOneCandidate: ReadonlySet<LedgerEntrySpec['type']> = new Set(['Staged', 'Tested', 'Signed']);

/** More signatures under one candidate than anybody needs: they are counted a few times a second, not one by one. */
const manySignatures = 100;

/** Emergencies of which stage an entry may concern: their acts are counted, their account waits for what came of acts, a release settles what they left. */
const waiting: ReadonlyMap<LedgerEntrySpec['type'], EmergencyRecord['stage']> = new Map([
  ['Admitted', 'Opened'],
  ['AdmittedTogether', 'Opened'],
  ['Observed', 'Ended'],
  ['ObservedTogether', 'Ended'],
  ['Promoted', 'Accounted'],
  ['RollbackStarted', 'Accounted'],
  ['RolledBack', 'Accounted'],
]);

/** What an emergency leaves is known, or settled: candidates that touch it are judged anew. */
const moving: ReadonlySet<LedgerEntrySpec['type']> = new Set([
  'EmergencyEnded',
  'EmergencyAccounted',
  'EmergencyClosed',
  'EmergencyOverdue',
]);

/** Whether the API server told of a pod what explaining it does not look at. */
const runsOn = (before: PodFacts | undefined, after: PodFacts | undefined): boolean =>
  before !== undefined &&
  after !== undefined &&
  before.uid === after.uid &&
  before.controller?.uid === after.controller?.uid &&
  before.programs.join() === after.programs.join() &&
  before.lifetime.join() === after.lifetime.join();

/** A policy of which nothing but the status changed. */
const saysTheSame = ({ old, new: now }: Change<ReleasePolicy>): boolean =>
  old !== undefined &&
  now !== undefined &&
  old.metadata.uid === now.metadata.uid &&
  old.metadata.generation === now.metadata.generation;

export const createRoutes = (options: RoutesOptions): Routes => {
  const { caches, records, suspects, add, addSoon, policiesChanged } = options;

  const isFinished = (namespace: string, uid: string): boolean =>
    records.get(namespace).candidates.get(uid)?.finished !== undefined;

  const candidate = ({ metadata, spec }: ReleaseCandidate): void => {
    if (!isFinished(spec.targetNamespace, metadata.uid)) add(candidateKey(metadata.namespace, metadata.name), 'Normal');
  };

  const candidates = (
    index: 'target' | 'source' | 'package' | 'staged' | 'selecting' | 'written' | 'writtenBySelector',
    key: string,
  ): void => {
    for (const found of caches.candidates.in()?.byIndex(index, key) ?? []) candidate(found);
  };

  /** Candidates of the package that one replaces, or that replace it: of others nothing hangs on it before it is on its way. */
  const tiedBy = (pkg: string, { metadata, spec }: Pick<ReleaseCandidate, 'metadata' | 'spec'>): void => {
    for (const other of caches.candidates.in()?.byIndex('package', pkg) ?? []) {
      if (other.spec.replaces === metadata.name || other.metadata.name === spec.replaces) candidate(other);
    }
  };

  /** Large ones that name the object: there is no index of what they name. */
  const largeCandidates = (index: 'stagedByLarge' | 'writtenByLarge', namespace: string, key: string): void => {
    for (const found of caches.candidates.in()?.byIndex(index, namespace) ?? []) {
      if (mayName(found, key)) candidate(found);
    }
  };

  /** Candidates that are not staged: a place that has become free may be theirs. */
  const unstaged = (namespace: string): void => {
    const record = records.get(namespace);
    for (const { metadata } of caches.candidates.in()?.byIndex('target', namespace) ?? []) {
      const known = record.candidates.get(metadata.uid);
      if (known === undefined || known.stagedDigests.size === 0)
        addSoon(candidateKey(metadata.namespace, metadata.name));
    }
  };

  /** Releases whose objects these may be, and that are on their way or watched. */
  const release = (namespace: string, pkg: string): void => {
    const { open, production } = packageRecord(records.get(namespace), pkg);
    if (open === undefined && production?.how !== 'Promoted') return;
    add(releaseKey(namespace, pkg), open?.type === 'Rollback' || open === undefined ? 'Rollback' : 'Promotion');
    const uid = open?.candidate.uid ?? production?.candidateUid;
    const shown = uid === undefined ? undefined : records.get(namespace).candidates.get(uid);
    if (shown !== undefined && shown.finished === undefined) add(candidateKey(shown.namespace, shown.name), 'Normal');
  };

  const releasesIn = (namespace: string): void => {
    for (const pkg of records.get(namespace).packages.keys()) release(namespace, pkg);
  };

  const releasesOf = (namespace: string, key: string): void => {
    // A Job has another name for each bundle, and there are few of them.
    if (key.startsWith('Job/')) releasesIn(namespace);
    const bundles = caches.bundles.in();
    for (const found of bundles?.byIndex('object', indexKey(namespace, key)) ?? []) {
      const whole = found.partOf === '' ? found : bundles?.get(indexKey(namespace, found.partOf));
      if (whole === undefined) continue;
      const { name, package: pkg } = whole.bundle;
      const { open, production } = packageRecord(records.get(namespace), pkg);
      if ([open?.to, open?.from, production?.bundle].includes(name)) release(namespace, pkg);
    }
  };

  const production = (namespace: string, key: string): void => {
    releasesOf(namespace, key);
    candidates('written', indexKey(namespace, key));
    largeCandidates('writtenByLarge', namespace, key);
    candidates('writtenBySelector', namespace);
  };

  const staging = (namespace: string, key: string): void => {
    candidates('staged', indexKey(namespace, key));
    largeCandidates('stagedByLarge', namespace, key);
    candidates('selecting', namespace);
  };

  /** In a namespace that is going, the record goes with everything else; anywhere else a missing entry breaks it. */
  const entryGone = (namespace: string, seq: number): void => {
    const facts = caches.namespaces.in()?.get(namespace);
    if (facts === undefined || facts.terminating) records.forget(namespace);
    else records.gone(namespace, seq);
    broken(namespace);
  };

  const entryChanged = (namespace: string, before: LedgerEntrySpec, after: LedgerEntrySpec): void => {
    if (records.changed(namespace, before, after)) broken(namespace);
  };

  /** Everything that is judged from a record says so when it does not verify. */
  const broken = (namespace: string): void => {
    add(policyKey(namespace), 'Normal');
    candidates('target', namespace);
  };

  /** Everything that waited for the record goes on. */
  const resumed = (namespace: string): void => {
    broken(namespace);
    everythingChanged(namespace);
    releasesIn(namespace);
    emergencies(namespace);
  };

  /** Something of production changed: whether that is explained is looked at when there is time. */
  const changed = (namespace: string, key: ObjectKey): void => {
    if (!isProduction(namespace)) return;
    suspects.mark(namespace, key);
    addSoon(watchKey(namespace));
  };

  const everythingChanged = (namespace: string): void => {
    suspects.markAll(namespace);
    addSoon(watchKey(namespace));
  };

  /** Accesses of a namespace that are not over and done with. */
  const emergencies = (namespace: string, concerns: (each: EmergencyRecord) => boolean = () => true): void => {
    for (const each of records.get(namespace).emergencies.all.values()) {
      const isOver = each.stage === 'Closed' || each.stage === 'Refused';
      if (!isOver && concerns(each)) add(emergencyKey(namespace, each.uid), 'Promotion');
    }
  };

  /** Those that are not judged yet: what stood in the way of one may be gone. */
  const unjudged = (namespace: string): void => {
    for (const { metadata } of caches.emergencies.in()?.byIndex('namespace', namespace) ?? []) {
      if (!records.get(namespace).emergencies.all.has(metadata.uid))
        add(emergencyKey(namespace, metadata.uid), 'Promotion');
    }
  };

  /** Consent counts until a promotion has begun; a refusal after that, too. */
  const signed = ({ metadata, spec }: Approval): void => {
    const source = caches.policies.in()?.get(indexKey(metadata.namespace, policyName))?.spec.sourceNamespace;
    const known = records.get(metadata.namespace).candidates.get(spec.subject.uid);
    const isTooLate = spec.decision === 'Approve' && known?.intent !== undefined;
    if (source === undefined || isTooLate || known?.finished !== undefined) return;
    const key = candidateKey(source, spec.subject.name);
    const isOneOfMany = (caches.approvals.in()?.countBy('subject', spec.subject.uid) ?? 0) > manySignatures;
    if (isOneOfMany) addSoon(key, 'Promotion');
    else add(key, 'Promotion');
  };

  const productions = (): readonly string[] =>
    (caches.policies.in()?.list() ?? []).map(({ metadata }) => metadata.namespace);

  const isProduction = (namespace: string): boolean =>
    caches.policies.in()?.get(indexKey(namespace, policyName)) !== undefined;

  return {
    connect() {
      caches.policies.onChange((_, change) => {
        const policy = change.new ?? change.old;
        if (policy === undefined) return;
        const { namespace } = policy.metadata;
        add(policyKey(namespace), 'Normal');
        // What it reports is our own word, and decides nothing: hundreds of candidates need not be judged anew for it.
        if (saysTheSame(change)) return;
        policiesChanged();
        everythingChanged(namespace);
        candidates('target', namespace);
        releasesIn(namespace);
        emergencies(namespace);
        unjudged(namespace);
      });
      caches.emergencies.onChange((_, change) => {
        const access = change.new ?? change.old;
        if (access !== undefined) add(emergencyKey(access.metadata.namespace, access.metadata.uid), 'Promotion');
      });
      caches.clusterRoles.onChange((name, change) => {
        if (change.old?.digest === change.new?.digest) return;
        for (const namespace of productions()) emergencies(namespace, ({ clusterRole }) => clusterRole === name);
      });
      caches.namespaces.onChange((name, change) => {
        if (change.new === undefined) records.forget(name);
        if (change.old?.guarded !== change.new?.guarded) {
          policiesChanged();
          everythingChanged(name);
        }
        add(policyKey(name), 'Normal');
        candidates('target', name);
        candidates('source', name); // of its label hangs whether it is known who changes staging
        releasesIn(name);
      });
      caches.candidates.onChange((_, change) => {
        const candidate = change.new ?? change.old;
        if (candidate === undefined) return;
        const { metadata, spec } = candidate;
        add(candidateKey(metadata.namespace, metadata.name), 'Normal');
        const pkg = indexKey(spec.targetNamespace, spec.package);
        if (change.old === undefined) tiedBy(pkg, candidate);
        if (change.new === undefined) {
          candidates('package', pkg);
          add(goneKey(spec.targetNamespace, metadata.uid), 'Normal');
        }
      });
      caches.bundles.onChange((_, change) => {
        const head = change.new ?? change.old;
        if (head === undefined) return;
        const { bundle } = head;
        if (bundle.candidate.uid !== '') add(candidateKey(bundle.candidate.namespace, bundle.candidate.name), 'Normal');
        if (bundle.package !== '') release(bundle.namespace, bundle.package);
        const whole =
          head.partOf === '' ? undefined : caches.bundles.in()?.get(indexKey(bundle.namespace, head.partOf));
        if (whole !== undefined)
          add(candidateKey(whole.bundle.candidate.namespace, whole.bundle.candidate.name), 'Normal');
      });
      caches.approvals.onChange((_, change) => {
        const approval = change.new ?? change.old;
        if (approval === undefined) return;
        const { metadata, spec } = approval;
        if (spec.subject.kind === 'Finding' || spec.subject.kind === 'LedgerEntry') {
          addSoon(watchKey(metadata.namespace));
          return;
        }
        if (spec.subject.kind === installation.kind) {
          for (const each of productions()) addSoon(watchKey(each));
          return;
        }
        if (spec.subject.kind === 'EmergencyAccess') {
          add(emergencyKey(metadata.namespace, spec.subject.uid), 'Normal');
          return;
        }
        signed(approval);
      });
      caches.rollbacks.onChange((_, change) => {
        const order = change.new ?? change.old;
        if (order !== undefined) add(releaseKey(order.metadata.namespace, order.spec.package), 'Rollback');
      });
      caches.ledger.onChange((_, change) => {
        const { new: now, old } = change;
        if (now === undefined && old !== undefined) entryGone(old.metadata.namespace, old.spec.seq);
        if (now !== undefined && old !== undefined) entryChanged(now.metadata.namespace, old.spec, now.spec);
        if (now !== undefined) records.seen(now.metadata.namespace, now.spec);
      });
      for (const family of caches.objects.values()) {
        family.onChange((_, change) => {
          const object = change.new ?? change.old;
          if (object === undefined) return;
          const key = keyOf(object.ref);
          changed(object.namespace, key);
          if (change.old !== undefined) {
            const { old } = change;
            if (change.new === undefined) suspects.forget(old.uid);
            else if (isProduction(old.namespace))
              suspects.replaced(old.uid, ifHere(() => watchedLive(old).programs) ?? []);
          }
          for (const each of [change.old, change.new]) {
            const isScaler = each !== undefined && isAutoscaler(each.ref.kind);
            const target = isScaler ? ifHere(() => scaleTarget(each.manifest)) : undefined;
            if (target === undefined) continue;
            changed(object.namespace, target);
            staging(object.namespace, target);
          }
          if (isProduction(object.namespace)) production(object.namespace, key);
          staging(object.namespace, key);
        });
      }
      caches.pods.onChange((_, change) => {
        const pod = change.new ?? change.old;
        if (pod === undefined) return;
        if (!runsOn(change.old, change.new)) changed(pod.namespace, `Pod/${pod.name}`);
        if (change.new?.deleting !== change.old?.deleting) {
          emergencies(pod.namespace, ({ sessions }) => sessions.some((session) => session.pod === pod.name));
        }
        if (pod.ownerKind === '') return;
        const key = `${pod.ownerKind}/${pod.ownerName}`;
        if (isProduction(pod.namespace)) releasesOf(pod.namespace, key);
        staging(pod.namespace, key);
      });
      caches.secrets.onChange((key, change) => {
        const secret = change.new ?? change.old;
        if (secret !== undefined) changed(secret.namespace, secret.key);
        candidates('target', key.slice(0, key.indexOf('/')));
      });
      for (const family of caches.watched.values()) {
        family.onChange((_, change) => {
          const object = change.new ?? change.old;
          if (object === undefined) return;
          changed(object.namespace, object.key);
          if (object.name.startsWith(grantPrefix)) {
            emergencies(object.namespace, ({ uid }) => object.name.startsWith(grantName(uid)));
          }
        });
      }
      caches.guarded.onChange((_, change) => {
        const object = change.new ?? change.old;
        if (object !== undefined) changed(object.namespace, object.key);
      });
      caches.definitions.onChange((_, change) => {
        if (change.old !== change.new) for (const namespace of productions()) add(policyKey(namespace), 'Resync');
      });
      for (const family of Object.values(caches.mutators)) {
        family.onChange((_, change) => {
          if (change.old?.version === change.new?.version) return;
          for (const namespace of productions()) add(policyKey(namespace), 'Resync');
        });
      }
      for (const family of caches.guarded.definitions) {
        family.onChange(() => {
          policiesChanged();
          for (const namespace of productions()) everythingChanged(namespace);
        });
      }
      for (const family of caches.installed.values()) {
        family.onChange((_, change) => {
          const object = change.new ?? change.old;
          if (object === undefined || change.old?.digest([]) === change.new?.digest([])) return;
          for (const namespace of productions()) {
            changed(namespace, object.key);
            candidates('target', namespace);
          }
        });
      }
    },
    all() {
      policiesChanged();
      for (const { metadata } of caches.policies.in()?.list() ?? []) {
        add(policyKey(metadata.namespace), 'Resync');
        everythingChanged(metadata.namespace);
      }
      for (const { metadata } of caches.candidates.in()?.list() ?? []) {
        add(candidateKey(metadata.namespace, metadata.name), 'Resync');
      }
      for (const { metadata, spec } of caches.rollbacks.in()?.list() ?? []) {
        add(releaseKey(metadata.namespace, spec.package), 'Rollback');
      }
      for (const { metadata } of caches.emergencies.in()?.list() ?? []) {
        add(emergencyKey(metadata.namespace, metadata.uid), 'Promotion');
      }
      for (const namespace of records.namespaces()) {
        releasesIn(namespace);
        emergencies(namespace);
        for (const { uid, finished } of records.get(namespace).candidates.values()) {
          if (finished === undefined) add(goneKey(namespace, uid), 'Resync');
        }
      }
    },
    policies() {
      for (const namespace of productions()) add(policyKey(namespace), 'Resync');
    },
    aheadChanged(namespace) {
      broken(namespace);
      addSoon(watchKey(namespace));
    },
    recorded(namespace, { package: pkg, subject, type }) {
      if (explaining.has(type)) {
        if (type === 'FindingClosed') suspects.markAll(namespace);
        addSoon(watchKey(namespace));
        addSoon(policyKey(namespace));
        // Whether the installation is as it was: findings about production concern no gate.
        if (type === 'FindingClosed' || subject.kind === 'Installation') candidates('target', namespace);
      }
      if (records.get(namespace).broken !== undefined) broken(namespace);
      else if (type === 'Resumed') resumed(namespace);
      if (subject.kind === 'EmergencyAccess') {
        add(emergencyKey(namespace, subject.uid), 'Promotion');
        add(policyKey(namespace), 'Resync');
        if (moving.has(type)) {
          candidates('target', namespace);
          unjudged(namespace);
        }
      }
      const waits = waiting.get(type);
      if (waits !== undefined) emergencies(namespace, ({ stage }) => stage === waits);
      // Whatever it is about, be it over by this entry: its end has to be reported.
      if (subject.kind === 'ReleaseCandidate') {
        add(candidateKey(subject.namespace, subject.name), 'Normal');
        const known = records.get(namespace).candidates.get(subject.uid);
        if (known?.finished !== undefined || known?.promoted !== undefined) unstaged(namespace);
      }
      if (pkg === '') return;
      addSoon(policyKey(namespace));
      if (releasing.has(type)) add(releaseKey(namespace, pkg), 'Rollback');
      if (!ofOneCandidate.has(type)) {
        candidates('package', indexKey(namespace, pkg));
        return;
      }
      const about = caches.candidates.in()?.get(indexKey(subject.namespace, subject.name));
      if (about?.metadata.uid === subject.uid) tiedBy(indexKey(namespace, pkg), about);
    },
    check: release,
    completed(namespace) {
      addSoon(watchKey(namespace));
      emergencies(namespace);
      unjudged(namespace);
      candidates('target', namespace);
      candidates('source', namespace);
      releasesIn(namespace);
    },
  };
};
