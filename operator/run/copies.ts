/** What this process knows: copies of cluster state, and what it makes of them, kept in line with the cluster. */
import type { NamespaceRecord } from '../decide/record/record.ts';
import { PackedValues } from '../kube/packed.ts';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import { createReflectors, type Reflectors } from '../kube/reflectors.ts';
import type { Transport } from '../kube/transport.ts';
import { Records } from '../ledger/records.ts';
import type { Logger } from '../log.ts';
import type { ContentPlace } from '../observe/bundles.ts';
import { clusterWide, createCaches } from '../observe/caches.ts';
import { changesOf, ownSignals, type OnChange, type OwnSignals } from '../observe/changes.ts';
import { Contents } from '../observe/contents.ts';
import { DirtyObjects } from '../observe/dirty-objects.ts';
import { followDirtyObjects } from '../observe/dirty-objects-follower.ts';
import type { Facts } from '../observe/facts.ts';
import { Followed, keepFollowing } from '../observe/following.ts';
import { Checks } from '../observe/http-checks.ts';
import type { LargeParts } from '../observe/large.ts';
import { FailingWork } from '../observe/failing-work.ts';
import { RefusedWritesOfPackages } from '../observe/refused-writes.ts';
import { SinkStates } from '../observe/sinks.ts';
import { followLedger } from '../observe/ledger-follower.ts';
import type { Clock } from '../time/clock.ts';

/** Contents of bundles, packed as they are kept: those of open candidates, of production and of what it goes back to. */
const contentBytes = 20 * 1024 * 1024;
/** What large objects of staging and production hold, packed. */
const largeBytes = 16 * 1024 * 1024;

export interface CopiesOptions {
  readonly transports: { readonly operator: Transport };
  readonly namespace: string;
  readonly digestKey: string;
  readonly guarded: readonly string[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: { readonly reflectors: ReflectorMetrics };
  /** Whether this process keeps contents of bundles: a standby reads what it needs when it begins to lead. */
  readonly keepsContents: () => boolean;
  /** See `FollowedOptions`. */
  readonly decides: () => boolean;
  readonly readServerVersion: () => Promise<string>;
}

export interface Copies {
  readonly facts: Facts;
  readonly on: OnChange;
  readonly reflectors: Reflectors;
  readonly place: ContentPlace;
  readonly large: LargeParts;
  /** Keeps what is derived in line with the copies. Call it once, before `fill` and before anybody else listens. */
  connect(): void;
  /** Resolves when everything that decisions need has been read once. */
  fill(): Promise<void>;
  stop(): Promise<void>;
}

export const createCopies = (options: CopiesOptions): Copies => {
  const { transports, clock, random, logger, metrics } = options;
  const version = createServerVersion(options.readServerVersion);
  const reflectors = createReflectors({
    transport: transports.operator,
    clock,
    random,
    logger,
    metrics: {
      ...metrics.reflectors,
      restarted(resource, reason) {
        metrics.reflectors.restarted(resource, reason);
        // A broken stream may be an API server that was upgraded: its defaults may have changed.
        if (reason !== 'Ended') void version.read().catch(() => {});
      },
    },
  });
  const place: ContentPlace = { contents: new Contents(contentBytes), keeps: options.keepsContents };
  const large: LargeParts = new PackedValues(largeBytes);
  const caches = createCaches(reflectors, { ...options, place, large });
  const own = ownSignals();
  const facts = createFacts(caches, own, { ...options, serverVersion: version.get });
  const on = changesOf(caches, own);
  return {
    facts,
    on,
    reflectors,
    place,
    large,
    connect() {
      followLedger({ ...facts, damaged: (namespace) => own.records.emit({ namespace, entry: undefined }) });
      keepFollowing(facts.followed, caches, on);
      followDirtyObjects({ facts, dirtyObjects: facts.dirtyObjects, on });
    },
    async fill() {
      await version.read();
      for (const family of clusterWide(caches)) family.hold();
      const reported = Object.values(caches.mutators);
      Promise.all(reported.map((family) => family.hold().reflector.synced)).then(
        () => own.followed.emit({ namespace: undefined }),
        () => {}, // stopped before
      );
      await reflectors.synced();
      facts.records.complete();
      facts.followed.update();
      await reflectors.synced();
    },
    async stop() {
      facts.checks.stop();
      await reflectors.stop();
    },
  };
};

const createFacts = (
  caches: ReturnType<typeof createCaches>,
  own: OwnSignals,
  { transports, namespace, clock, serverVersion, decides }: CopiesOptions & Pick<Facts, 'serverVersion'>,
): Facts => {
  const records = new Records(
    (where, entry) => own.records.emit({ namespace: where, entry }),
    (where) => own.records.emit({ namespace: where, entry: undefined }),
  );
  return {
    ...caches,
    records,
    followed: new Followed(caches, {
      busy: () => records.namespaces().filter((each) => isBusy(records.get(each))),
      completed: (where) => own.followed.emit({ namespace: where }),
      decides,
    }),
    dirtyObjects: new DirtyObjects(clock, {
      looks: decides,
      marked: (where) => own.dirtyObjects.emit({ namespace: where }),
    }),
    checks: new Checks({ clock, changed: (where, pkg) => own.checks.emit({ namespace: where, package: pkg }) }),
    refusedWrites: new RefusedWritesOfPackages((where, pkg) =>
      own.refusedWrites.emit({ namespace: where, package: pkg }),
    ),
    failing: new FailingWork((where, pkg) => own.failing.emit({ namespace: where, package: pkg })),
    sinks: new SinkStates(() => own.sinks.emit({})),
    serverVersion,
    serverTime: transports.operator.serverTime,
    home: namespace,
  };
};

const createServerVersion = (ask: () => Promise<string>) => {
  let known = '';
  return {
    get: () => known,
    async read() {
      known = await ask();
    },
  };
};

/** Stages of an emergency access in which something of it is in the cluster. */
const underWay: ReadonlySet<string> = new Set(['Granted', 'Opened', 'Ended']);

/** Whether something is half way in a production namespace. */
const isBusy = ({ packages, emergencies }: NamespaceRecord): boolean =>
  [...packages.values()].some(({ open }) => open !== undefined) ||
  [...emergencies.all.values()].some(({ stage }) => underWay.has(stage));
