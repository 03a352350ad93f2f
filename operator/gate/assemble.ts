/** What the gate knows and how it judges by it: copies that follow the API server, and a judge that stands on them. */
import { randomUUID } from 'node:crypto';
import { createAsk } from '../act/ask.ts';
import { ledgerStore } from '../act/ledger-store.ts';
import { contentDigest } from '../decide/manifest/content-digest.ts';
import { packageRecord } from '../decide/record/record.ts';
import { createClient } from '../kube/client.ts';
import type { ReflectorMetrics } from '../kube/reflector.ts';
import { PackedValues } from '../kube/packed.ts';
import { createReflectors } from '../kube/reflectors.ts';
import type { Transport } from '../kube/transport.ts';
import { createAppend, pauseMs } from '../ledger/append.ts';
import { Records } from '../ledger/records.ts';
import type { ContentPlace } from '../observe/bundles.ts';
import { Contents } from '../observe/contents.ts';
import { createCaches } from '../observe/caches.ts';
import { followLedger } from '../observe/ledger-follower.ts';
import { sleep, type Clock } from '../time/clock.ts';
import type { Logger } from '../log.ts';
import { createConsents } from './consent-cache.ts';
import { createJudge } from './admit.ts';
import type { Judge } from './http/admission-review.ts';
import { createSight } from './state.ts';

export interface KnowledgeOptions {
  /** As ServiceAccount `countersign-gate`. */
  readonly transport: Transport;
  /** Usernames under which the programs are known: the gate's own, and those of the two that it judges. */
  readonly usernames: { readonly gate: string; readonly operator: string; readonly restorer: string };
  /** The key of the installation, under which Secrets are digested. */
  readonly digestKey: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics?: ReflectorMetrics | undefined;
}

export interface Knowledge {
  readonly judge: Judge;
  /** Resolves when everything has been read once. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Why nothing can be judged yet; undefined = it can. */
  notReady(): string | undefined;
  /** The longest silence of any stream, in milliseconds. */
  silentMs(): number;
}

/** Contents of bundles that writes are judged by now, packed as they are kept. */
const contentBytes = 16 * 1024 * 1024;

/** Field manager of what the gate writes: ledger entries. */
const fieldManager = 'countersign-gate';

// oxlint-disable-next-line max-lines-per-function -- wiring: every part is named where it is made
export const createKnowledge = (options: KnowledgeOptions): Knowledge => {
  const { transport, clock, random, logger, metrics, usernames, digestKey } = options;
  let isComplete = false;
  const reflectors = createReflectors({ transport, clock, random, logger, metrics });
  const place: ContentPlace = { contents: new Contents(contentBytes), keeps: () => false };
  const caches = createCaches(reflectors, { digestKey, guarded: [], place, large: new PackedValues(0) });
  const records = new Records((namespace, { package: pkg, type, id }) => {
    if (!isComplete || type !== 'PromotionStarted') return;
    const { open } = packageRecord(records.get(namespace), pkg);
    if (open?.id === id) consents.expect(namespace, open);
  });
  const client = createClient({
    transport,
    fieldManager,
    written: (resource, object) => reflectors.observed(resource, object),
  });
  const store = ledgerStore(client, records);
  const sight = createSight({ place, caches, records, client, transport, store, clock });
  // Rights alone are asked for here; what content becomes is the API server's answer to the operator.
  const ask = createAsk({ clients: { operator: client, restorer: client }, serverVersion: () => '' });
  const consents = createConsents({ sight, ask, now: () => clock.now() });
  const judge = createJudge({
    operator: usernames.operator,
    restorer: usernames.restorer,
    digestOf: (object) => contentDigest(object, { secretKey: digestKey }),
    sight,
    consents,
    ask,
    append: createAppend({
      store,
      now: () => clock.now(),
      newId: randomUUID,
      pause: (tookMs) => sleep(clock, pauseMs(tookMs)),
      self: { username: usernames.gate, uid: '', groups: [] },
    }),
    now: () => clock.now(),
    serverTime: transport.serverTime,
  });

  return {
    judge,
    async start() {
      followLedger({ ...caches, records });
      const followed = [
        caches.namespaces,
        caches.policies,
        caches.bundles,
        caches.emergencies,
        caches.evidence,
        caches.ledger,
        ...caches.installed.values(),
      ];
      for (const family of followed) family.hold();
      await reflectors.synced();
      records.complete();
      isComplete = true;
    },
    stop: () => reflectors.stop(),
    notReady: () => (isComplete && reflectors.isSynced() ? undefined : 'the copies are not complete'),
    silentMs: () => reflectors.silentMs(),
  };
};
