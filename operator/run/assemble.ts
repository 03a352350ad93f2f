/** The operator, put together: what it knows, how it reaches the world, what works on what, and who leads. */
import { randomUUID } from 'node:crypto';
import { createComparer } from '../act/compare.ts';
import { ledgerStore } from '../act/ledger-store.ts';
import type { NoticeSettings } from '../decide/notices/sinks.ts';
import { fieldManagers } from '../api/field-managers.ts';
import { createClient, type Client } from '../kube/client.ts';
import { createEventRecorder, type EventRecorder } from '../kube/events.ts';
import type { Transport } from '../kube/transport.ts';
import { createAppend, pauseMs } from '../ledger/append.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { sleep, type Clock } from '../time/clock.ts';
import { catchUpAll } from './catch-up.ts';
import type { Wake } from './controller.ts';
import { createCopies, type Copies } from './copies.ts';
import { countFacts } from './domain-metrics.ts';
import { createLeading, type Leading } from './leading.ts';
import { createNotices, type Notices } from './notices/notices.ts';
import { runControllers, type RunningControllers } from './running.ts';
import { countReleases } from './release-metrics.ts';
import { createShell } from './shell.ts';
import { createWorker, type Worker } from './worker.ts';

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
  /** Where notices may go. */
  readonly notices: NoticeSettings;
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

/** Longer than any stream may be silent. */
const deadSilenceMs = 10 * 60_000;

export const createOperator = (options: OperatorOptions): Operator => {
  const { clock, random, logger, metrics, transports } = options;
  const copies = createCopies({
    ...options,
    keepsContents: () => leading.isLeader(),
    decides: () => leading.hasLed(),
    readServerVersion: async () => (await clients.operator.serverVersion()).gitVersion,
  });
  const clients = createClients(transports, copies);
  const events = createEvents(options);
  const leading = createLeading({
    ...options,
    note: () => notices.note(),
    onAcquired: () => void lead(copies, { controllers, worker, catchUp, notices, noted: () => leading.noted() }),
    onLost: () => {
      void worker.stop();
      options.onLost();
    },
  });
  const comparer = createComparer();
  const notices = createNotices({ ...options, ...copies, settings: options.notices });
  const counted = countFacts(copies.facts, copies.on, metrics.registry);
  countReleases({ ...options, ...copies, leads: () => leading.hasLed() });
  const { append, catchUp } = createLedger(options, clients, { copies, leading });
  const shell = createShell({
    copies,
    clients,
    transport: transports.operator,
    append,
    comparer,
    events,
    leading,
    clock,
    wrote: (effect) => counted.wrote(effect),
  });
  const controllers = runControllers({ facts: copies.facts, shell });
  const worker = createWorker({ controllers, clock, random, logger, metrics });

  return {
    async start() {
      copies.connect();
      // What a standby hears of is among everything that it looks at when it begins to lead.
      const wake = (each: Wake): void => void (leading.hasLed() && worker.wake(each));
      for (const controller of Object.values(controllers)) controller.connect(copies.on, wake);
      await copies.fill();
      leading.start();
    },
    async stop() {
      await comparer.stop();
      await worker.stop();
      await Promise.all([events.stop(1_000), notices.stop(1_000)]);
      await leading.stop();
      await copies.stop();
    },
    isLeader: () => leading.isLeader(),
    ...healthOf(copies),
  };
};

const healthOf = ({ reflectors }: Copies): Pick<Operator, 'notReady' | 'notAlive'> => ({
  notReady: () => (reflectors.isSynced() ? undefined : 'caches are not complete'),
  notAlive: () => (reflectors.silentMs() > deadSilenceMs ? 'the API server has been silent for too long' : undefined),
});

interface Leads {
  readonly controllers: RunningControllers;
  readonly worker: Worker;
  readonly catchUp: () => Promise<void>;
  readonly notices: Notices;
  readonly noted: () => string | undefined;
}

/** Looks at everything there is, and works on whatever changes from now on. */
const lead = async (
  { facts, reflectors }: Copies,
  { controllers, worker, catchUp, notices, noted }: Leads,
): Promise<void> => {
  facts.followed.update();
  await reflectors.synced().catch(() => {});
  await catchUp();
  notices.begin(noted());
  for (const controller of Object.values(controllers)) {
    for (const each of controller.everything()) worker.wake(each);
  }
  worker.start();
};

/** What people who look at an object are told. */
const createEvents = (options: OperatorOptions): EventRecorder =>
  createEventRecorder({
    ...options,
    transport: options.transports.operator,
    controller: 'countersign.dev/operator',
  });

/** What they write is in the copies before the call resolves. */
const createClients = (transports: OperatorOptions['transports'], { reflectors }: Copies) => {
  const client = (transport: Transport, fieldManager: string): Client =>
    createClient({ transport, fieldManager, written: (resource, object) => reflectors.observed(resource, object) });
  return {
    operator: client(transports.operator, fieldManagers.operator),
    restorer: client(transports.restorer, fieldManagers.restorer),
    restoring: client(transports.restoring, fieldManagers.operator),
  };
};

interface LedgerOf {
  readonly copies: Copies;
  readonly leading: Pick<Leading, 'isLeader'>;
}

/** How this process appends, in its own name, and reads what others appended. */
const createLedger = (
  { clock, username }: OperatorOptions,
  { operator, restoring }: ReturnType<typeof createClients>,
  { copies: { facts }, leading }: LedgerOf,
) => {
  const store = ledgerStore(operator, facts.records, restoring);
  return {
    append: createAppend({
      store,
      now: () => clock.now(),
      newId: randomUUID,
      pause: (tookMs) => sleep(clock, pauseMs(tookMs)),
      self: { username, uid: '', groups: [] },
    }),
    catchUp: (): Promise<void> =>
      catchUpAll({
        store,
        namespaces: () => facts.records.namespaces(),
        clock,
        isLeader: () => leading.isLeader(),
      }),
  };
};
