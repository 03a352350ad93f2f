/** The operator, put together: caches, record, queue, election. Everything it needs from outside is handed in. */
import { randomUUID } from 'node:crypto';
import { createAct } from '../act/effects.ts';
import { createComparer } from '../act/compare.ts';
import { createAsk } from '../act/ask.ts';
import { ledgerStore } from '../act/ledger-store.ts';
import { candidateStuck, planCandidate, planGone } from '../decide/candidate/plan.ts';
import type { Effect, StatusWrite } from '../decide/plan.ts';
import { isHeavy, renderInSteps } from '../decide/candidate/content.ts';
import { planEmergency } from '../decide/emergency/plan.ts';
import type { EmergencySnapshot } from '../decide/emergency/snapshot.ts';
import { countEmergencies } from '../decide/record/emergency.ts';
import { planPolicy } from '../decide/policy/plan.ts';
import { packageRecord, type NamespaceRecord } from '../decide/record/record.ts';
import { planRelease } from '../decide/release/plan.ts';
import { fieldManagers } from '../api/field-managers.ts';
import { emergencyStuck, policyStuck, releaseStuck } from '../decide/policy/stuck.ts';
import { planWatch } from '../decide/findings/plan.ts';
import type { WatchSnapshot } from '../decide/findings/snapshot.ts';
import type { CandidateSnapshot } from '../decide/gates/snapshot.ts';
import { createClient, type Client } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import { listPages } from '../kube/read.ts';
import { Failure, retryPolicy, toFailure, type FailureKind } from '../kube/failures.ts';
import { createElector } from '../kube/lease.ts';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import { createReflectors } from '../kube/reflectors.ts';
import type { Transport } from '../kube/transport.ts';
import { BrokenLedger, createAppend, Overtaken, pauseMs } from '../ledger/append.ts';
import { Records } from '../ledger/records.ts';
import { PackedValues } from '../kube/packed.ts';
import type { KubeObject, ResourceRow } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import { keptCandidate } from '../observe/candidates.ts';
import { candidateOf, clusterWide, createCaches, indexKey } from '../observe/caches.ts';
import { Followed } from '../observe/following.ts';
import { foreignMutators } from '../observe/foreign-mutators.ts';
import { unlistedKinds } from '../observe/unlisted-kinds.ts';
import { createContentLoader, type ContentPlace } from '../observe/bundles.ts';
import { Checks } from '../observe/http-checks.ts';
import { Contents } from '../observe/contents.ts';
import { createObjectLoader, type LargeParts } from '../observe/large.ts';
import { liveObject } from '../observe/parse.ts';
import {
  observeCandidate,
  observeEmergency,
  observeGone,
  observePolicy,
  observeRelease,
  observeWatch,
  type Sources,
} from '../observe/snapshots.ts';
import { Suspects } from '../observe/dirty-objects.ts';
import { apiVersion, policyName } from '../api/kinds.ts';
import { createDomainMetrics } from '../telemetry/domain.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { sleep, type Clock } from '../time/clock.ts';
import { createReconcile, Unanswered, type Kind, type Reconcile, type Shell } from './reconcile.ts';
import { WorkQueue, type Priority } from '../work/queue.ts';
import { createRoutes, type Key } from './routes.ts';
import { urgently } from '../work/slices.ts';
import type { ReleaseSnapshot } from '../decide/release/snapshot.ts';
import { promotableResource } from '../decide/manifest/kinds/index.ts';

export interface OperatorOptions {
  /**
   * One way to the API server for each of the two ServiceAccounts, and as the operator's one for the Lease and one for entries that announce a
   * rollback, each with connections of its own: where an API server is slow all others may be taken for longer than these may wait.
   */
  readonly transports: Readonly<Record<'operator' | 'restorer' | 'lease' | 'restoring', Transport>>;
  /** Namespace of the Lease. */
  readonly namespace: string;
  /** Username under which the record names the program itself. */
  readonly username: string;
  /** The key of this installation, under which Secrets are digested. */
  readonly digestKey: string;
  /** Resources that the chart adds to the guard. */
  readonly guarded: readonly string[];
  /** Unlike that of every other replica. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Leadership was lost: nothing may be written any more; the process should end. */
  readonly onLost: () => void;
}

export interface Operator {
  /** Fills the caches and joins the election. Resolves when the caches are complete. */
  start(): Promise<void>;
  /** Finishes what is in hand, releases the Lease, closes the streams. */
  stop(): Promise<void>;
  isLeader(): boolean;
  /** Why requests should not come here yet; undefined = they may. */
  notReady(): string | undefined;
  /** Why the process should be restarted; undefined = it need not be. */
  notAlive(): string | undefined;
}

/** Contents of bundles, packed as they are kept: those of open candidates, of production and of what it goes back to. */
const contentBytes = 20 * 1024 * 1024;
/** What large objects of staging and production hold, packed. */
const largeBytes = 16 * 1024 * 1024;
/** They wait for the API server most of the time; large contents they take one after the other. */
const workers = 24;
const reservedWorkers = 8;
/** A moment that passes while the plan is carried out is not waited for, but never less than this. */
const soonestMs = 10;
/** Changes of production are looked at together: a rollout tells hundreds. */
const lookTogetherMs = 200;
/** Longer than any stream may be silent. */
const deadSilenceMs = 10 * 60_000;
/** A key whose effects never settle is a bug; it is slowed down instead of spinning. */
const mostAgain = 100;

export const createOperator = (options: OperatorOptions): Operator => {
  const { transports, clock, random, logger, metrics } = options;
  let serverVersion = '';
  /** From the first moment of leading to the end of the process, which the end of leading is. */
  let hasLed = false;

  const reflectorMetrics: ReflectorMetrics = {
    ...metrics.reflectors,
    restarted(resource, reason) {
      metrics.reflectors.restarted(resource, reason);
      // A broken stream may be an API server that was upgraded: its defaults may have changed.
      if (reason !== 'Ended') void readServerVersion().catch(() => {});
    },
  };
  const reflectors = createReflectors({
    transport: transports.operator,
    clock,
    random,
    logger,
    metrics: reflectorMetrics,
  });
  // A standby keeps none: it reads what it needs when it begins to lead.
  const place: ContentPlace = { contents: new Contents(contentBytes), keeps: () => elector.isLeader() };
  const large: LargeParts = new PackedValues(largeBytes);
  const caches = createCaches(reflectors, { ...options, place, large });
  const records = new Records(
    (namespace, entry) => {
      metricsOf.recorded(entry);
      routes.recorded(namespace, entry);
    },
    (namespace) => routes.aheadChanged(namespace),
  );
  const followed = new Followed(caches, {
    busy: () => records.namespaces().filter((namespace) => isBusy(records.get(namespace))),
    completed: (namespace) => routes.completed(namespace),
    decides: () => hasLed,
  });
  const suspects = new Suspects(clock, () => hasLed);
  const checks = new Checks({ clock, changed: (namespace, pkg) => routes.check(namespace, pkg) });
  const sources: Sources = {
    namespace: options.namespace,
    caches,
    followed,
    suspects,
    records,
    checks: (namespace, pkg) => checks.facts(namespace, pkg),
    serverVersion: () => serverVersion,
    serverTime: transports.operator.serverTime,
  };
  const client = (transport: Transport, fieldManager: string): Client =>
    createClient({ transport, fieldManager, written: (resource, object) => reflectors.observed(resource, object) });
  const clients = {
    operator: client(transports.operator, fieldManagers.operator),
    restorer: client(transports.restorer, fieldManagers.restorer),
  };
  const restoring = client(transports.restoring, fieldManagers.operator);
  const readServerVersion = async (): Promise<void> => {
    serverVersion = (await clients.operator.serverVersion()).gitVersion;
  };
  const metricsOf = createDomainMetrics(metrics.registry, {
    findings: () =>
      records.namespaces().map((namespace) => ({ namespace, open: records.get(namespace).explained.findings.size })),
    unlistedKinds: () => unlistedKinds(caches)?.length,
    mutators: () =>
      records.namespaces().map((namespace) => ({
        namespace,
        count: foreignMutators(caches, caches.namespaces.in()?.get(namespace)?.labels ?? {})?.length,
      })),
    emergencies: () =>
      records.namespaces().map((namespace) => ({ namespace, ...countEmergencies(records.get(namespace).emergencies) })),
  });

  const append = createAppend({
    store: ledgerStore(clients.operator, records, restoring),
    now: () => clock.now(),
    newId: randomUUID,
    pause: (tookMs) => sleep(clock, pauseMs(tookMs)),
    self: { username: options.username, uid: '', groups: [] },
  });
  const comparer = createComparer();
  const act = createAct({
    clients,
    append,
    compare: (comparison) => comparer.compare(comparison),
    wrote: (effect) => metricsOf.wrote(effect),
  });
  const ask = createAsk({ client: clients.operator, serverVersion: () => serverVersion });
  const events = createEventRecorder({
    transport: transports.operator,
    clock,
    random,
    logger,
    controller: 'countersign.dev/operator',
    instance: options.instance,
  });

  const elector = createElector({
    transport: transports.lease,
    namespace: options.namespace,
    name: 'countersign-operator',
    identity: `${options.instance}_${randomUUID()}`,
    clock,
    random,
    logger,
    onAcquired: () => void lead(),
    onLost: () => {
      metrics.leading('countersign-operator', false);
      void queue.stop();
      options.onLost();
    },
  });

  const readOne = async (resource: ResourceRow, namespace: string, name: string): Promise<KubeObject> => {
    for await (const { items } of listPages(transports.operator, resource, { namespace, name })) {
      if (items[0] !== undefined) return items[0];
    }
    throw new Failure('Gone', `${resource.kind} ${name} of ${namespace} is gone`);
  };

  const shell: Shell = {
    clock,
    ask,
    act: (effect: Effect) => onlyLeading(() => act(effect)),
    report: (write) => onlyLeading(() => report(clients.operator, write)),
    tell: ({ regarding, type, reason, note }) => events.record({ regarding, type, reason, note, action: 'Judge' }),
    // By lists of one: the operator may list these, and needs no other right to read them.
    load: createContentLoader(place, (namespace, name) => readOne(ourResource('ReleaseBundle'), namespace, name)),
    loadObject: createObjectLoader({
      resourceOf: ({ kind }) => (kind === 'ReleaseCandidate' ? ourResource(kind) : promotableResource(kind)),
      read: (resource, { namespace, name }) => readOne(resource, namespace, name),
      observed: (resource, object) => reflectors.observed(resource, object),
      async keep(object) {
        if (object.kind === 'ReleaseCandidate') keptCandidate(candidateOf(object), large);
        else liveObject(object, large);
        await large.settled();
      },
    }),
    settleMs: 100,
  };
  /** Asked at the last moment: what a process that lost the lease still has in hand is not written. */
  const onlyLeading = async (write: () => Promise<void>): Promise<void> => {
    if (!elector.isLeader()) throw new Failure('Unavailable', 'not leading any more');
    await write();
  };

  const reconcilers = createReconcilers(sources, shell, checks);
  const routes = createRoutes({
    caches,
    records,
    suspects,
    // What a standby hears of is among everything that it looks at when it begins to lead.
    addSoon(key, priority = 'Resync') {
      if (hasLed) queue.addAfter(key, lookTogetherMs, priority);
    },
    add(key, priority) {
      if (hasLed) queue.add(key, priority);
    },
    policiesChanged: () => followed.update(),
  });

  const again = new Map<Key, number>();
  const reconcileMetrics = {
    candidate: metrics.reconcile('candidate'),
    release: metrics.reconcile('release'),
    policy: metrics.reconcile('policy'),
    gone: metrics.reconcile('gone'),
    watch: metrics.reconcile('watch'),
    emergency: metrics.reconcile('emergency'),
  };
  const queue: WorkQueue<Key> = new WorkQueue<Key>({
    workers,
    reserved: reservedWorkers,
    clock,
    random,
    metrics: metrics.queue('countersign'),
    work: async (key) => {
      const kind = kindOf(key);
      const began = clock.monotonic();
      const measure = (result: 'success' | 'requeue' | 'requeue_after' | 'error') =>
        reconcileMetrics[kind].reconciled(result, (clock.monotonic() - began) / 1_000);
      try {
        const reconcile = () => reconcilers[kind](key.slice(key.indexOf('/') + 1));
        const outcome = await (priorityOf(key) === 'Rollback' ? urgently(reconcile) : reconcile());
        if (outcome !== 'Again' && outcome.isOver === true) {
          again.delete(key);
          throw new Failure(
            'Bug',
            `the plan asks to be woken at ${new Date(outcome.wakeAt ?? 0).toISOString()}, which is over`,
          );
        }
        queue.forget(key);
        if (outcome === 'Again') {
          measure('requeue');
          const times = (again.get(key) ?? 0) + 1;
          again.set(key, times);
          if (times > mostAgain) throw new Failure('Bug', 'the effects of this plan do not settle');
          queue.add(key, priorityOf(key));
          return;
        }
        again.delete(key);
        if (outcome.wakeAt !== undefined)
          queue.addAfter(key, Math.max(outcome.wakeAt - clock.now(), soonestMs), priorityOf(key));
        measure(outcome.wakeAt === undefined ? 'success' : 'requeue_after');
      } catch (error) {
        measure('error');
        retry(key, error);
      }
    },
    failed: (key, error) => logger.error({ key, err: error }, 'work failed unexpectedly'),
  });

  const retry = (key: Key, error: unknown): void => {
    const failure = failureOf(error);
    const policy = retryPolicy[failure.kind];
    logger[policy.log]({ key, err: failure }, 'reconcile failed');
    if (kindOf(key) === 'release' && isRefusal(failure)) tellStuck(key, failure);
    queue.retry(key, {
      priority: priorityOf(key),
      // A rollback does not wait as long as routine does, whatever stands in its way; nor does a release that only a gate is missing for.
      backoff:
        key.startsWith('release/') || error instanceof Unanswered
          ? { firstMs: policy.firstMs, capMs: Math.min(policy.capMs, 10_000) }
          : policy,
      ...(failure.retryAfterMs === undefined ? {} : { atLeastMs: failure.retryAfterMs }),
    });
  };

  /** A promotion or rollback that the API server refuses is tried again; meanwhile people are told who can help. */
  const tellStuck = (key: Key, { message }: Failure): void => {
    const [namespace, pkg] = split(key.slice(key.indexOf('/') + 1));
    const uid = caches.policies.in()?.get(indexKey(namespace, policyName))?.metadata.uid;
    if (uid === undefined) return;
    events.record({
      regarding: { apiVersion, kind: 'ReleasePolicy', namespace, name: policyName, uid },
      type: 'Warning',
      reason: 'ReleaseStuck',
      action: 'Release',
      note: `package ${pkg}: the API server refuses a write and it is tried again: ${message}. A platform admin fixes what it names`,
    });
  };

  const lead = async (): Promise<void> => {
    logger.info({ instance: options.instance }, 'leading');
    metrics.leading('countersign-operator', true);
    hasLed = true;
    followed.update();
    await reflectors.synced().catch(() => {});
    routes.all();
    queue.start();
  };

  return {
    async start() {
      routes.connect();
      for (const family of Object.values(caches.mutators)) {
        family.onChange((_, change) => {
          if (family.in()?.isSynced() === true && change.old?.version !== change.new?.version)
            metricsOf.mutatorChanged();
        });
      }
      await readServerVersion();
      for (const family of clusterWide(caches)) family.hold();
      const reported = [caches.definitions, ...Object.values(caches.mutators)];
      Promise.all(reported.map((family) => family.hold().reflector.synced)).then(
        () => routes.policies(),
        () => {}, // stopped before
      );
      await reflectors.synced();
      records.complete();
      followed.update();
      await reflectors.synced();
      elector.start();
    },
    async stop() {
      await comparer.stop();
      await queue.stop();
      checks.stop();
      await events.stop(1_000);
      await elector.stop();
      await reflectors.stop();
    },
    isLeader: () => elector.isLeader(),
    notReady: () => (reflectors.isSynced() ? undefined : 'caches are not complete'),
    notAlive: () => (reflectors.silentMs() > deadSilenceMs ? 'the API server has been silent for too long' : undefined),
  };
};

/** Stages of an emergency access in which something of it is in the cluster. */
const underWay: ReadonlySet<string> = new Set(['Granted', 'Opened', 'Ended']);

const isBusy = ({ packages, emergencies }: NamespaceRecord): boolean =>
  [...packages.values()].some(({ open }) => open !== undefined) ||
  [...emergencies.all.values()].some(({ stage }) => underWay.has(stage));

const refusals: ReadonlySet<FailureKind> = new Set(['Forbidden', 'Invalid', 'TooLarge']);

const isRefusal = ({ kind }: Failure): boolean => refusals.has(kind);

const failureOf = (error: unknown): Failure => {
  if (error instanceof Overtaken) return new Failure('Conflict', error.message);
  if (error instanceof BrokenLedger) return new Failure('Invalid', error.message);
  if (error instanceof Unanswered) return new Failure('Unavailable', error.message);
  return toFailure(error);
};

const kindNames = ['candidate', 'release', 'policy', 'gone', 'watch', 'emergency'] as const;
type KindName = (typeof kindNames)[number];

const kindOf = (key: Key): KindName => {
  const name = key.slice(0, key.indexOf('/'));
  return kindNames.find((each) => each === name) ?? 'candidate';
};

const priorityOf = (key: Key): Priority => (key.startsWith('release/') ? 'Rollback' : 'Normal');

const split = (key: string): readonly [string, string] => {
  const slash = key.indexOf('/');
  return slash < 0 ? [key, ''] : [key.slice(0, slash), key.slice(slash + 1)];
};

const createReconcilers = (sources: Sources, shell: Shell, checks: Checks): Readonly<Record<KindName, Reconcile>> => {
  const candidate: Kind<CandidateSnapshot> = {
    name: 'candidate',
    observe: (key) => {
      const found = sources.caches.candidates.in()?.get(indexKey(...split(key)));
      return found && observeCandidate(sources, found);
    },
    plan: planCandidate,
    ahead: renderInSteps,
    isHeavy,
    stuck: candidateStuck,
  };
  const release: Kind<ReleaseSnapshot> = {
    name: 'release',
    observe: (key) => {
      const snapshot = observeRelease(sources, ...split(key));
      followChecks(checks, snapshot, shell.clock.now());
      return snapshot;
    },
    plan: planRelease,
    isUrgent: true,
    stuck: releaseStuck,
  };
  const emergency: Kind<EmergencySnapshot> = {
    name: 'emergency',
    observe: (key) => observeEmergency(sources, ...split(key)),
    plan: planEmergency,
    stuck: emergencyStuck,
  };
  const watch: Kind<WatchSnapshot> = {
    name: 'watch',
    observe: (key) => observeWatch(sources, key),
    plan: planWatch,
  };
  return {
    emergency: createReconcile(emergency, shell),
    watch: createReconcile(watch, shell),
    candidate: createReconcile(candidate, shell),
    release: createReconcile(release, shell),
    policy: createReconcile(
      {
        name: 'policy',
        observe: (key) => observePolicy(sources, key),
        plan: (s, _, now) => planPolicy(s, now),
        stuck: policyStuck,
      },
      shell,
    ),
    gone: createReconcile(
      {
        name: 'gone',
        observe: (key) => observeGone(sources, ...split(key)),
        plan: ({ namespace, candidate, inFlight }) => planGone(namespace, candidate, inFlight),
      },
      shell,
    ),
  };
};

/** Checks run while there is something to judge by them. */
const followChecks = (checks: Checks, s: ReleaseSnapshot, now: number): void => {
  const { open, production } = packageRecord(s.record, s.package);
  const promoting = open?.type === 'Promotion';
  const observing = open === undefined && production?.how === 'Promoted' && now < production.observeUntil;
  const since = open?.toDigest ?? production?.digest ?? '';
  checks.follow(s.namespace, s.package, {
    since,
    checks: promoting || observing ? (s.policy?.spec.health.checks ?? []) : [],
  });
};

const report = async (
  client: Client,
  { kind, namespace, name, uid, resourceVersion, status }: StatusWrite,
): Promise<void> => {
  await client.replaceStatus(ourResource(kind), {
    apiVersion,
    kind,
    metadata: { namespace, name, uid, resourceVersion },
    status,
  });
};
