/**
 * Several writers enter acts at once, on the real API server: one unbroken chain, every act in it once, and in the order in which its writer was told of
 * it. COUNTERSIGN_APPENDS says how many acts; `make appends` enters ten thousand.
 */
import { aPlace } from '../support/builders/place.ts';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { installChart, serviceAccountToken } from '../../hack/controlplane/chart.ts';
import { ledgerStore } from '../../operator/act/ledger-store.ts';
import { followLedger } from '../../operator/observe/ledger-follower.ts';
import { actsIn } from '../../operator/decide/record/batch.ts';
import { createClient } from '../../operator/kube/client.ts';
import { connect } from '../../operator/kube/connection.ts';
import { createReflectors, type Reflectors } from '../../operator/kube/reflectors.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { createTransport, type Transport } from '../../operator/kube/transport.ts';
import { createAppend, pauseMs, type Append } from '../../operator/ledger/append.ts';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import { Records } from '../../operator/ledger/records.ts';
import { PackedValues } from '../../operator/kube/packed.ts';
import { createCaches } from '../../operator/observe/caches.ts';
import { sleep, systemClock } from '../../operator/time/clock.ts';
import { silentLogger } from '../../operator/log.ts';
import { anAdmittedAct } from '../support/builders/decide.ts';
import { accepted, startCluster, startTimeoutMs, type Cluster } from '../support/cluster/cluster.ts';
import { ours, type Entry } from '../support/cluster/system.ts';
import { dataOf } from '../support/scenario/production.ts';

const appends = Number(process.env['COUNTERSIGN_APPENDS'] ?? 600);
const writers = 4;
/** Acts that a writer has at once, at most: a burst. */
const burst = 25;
const place = 'payments-prod';

let cluster: Cluster;
const transports: Transport[] = [];
const followed: Reflectors[] = [];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 0, scheduler: false, kwok: false });
  await installChart(cluster.controlPlane, { gate: { enabled: false } });
  accepted(await cluster.as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: place } }));
}, startTimeoutMs * 2);

afterAll(async () => {
  await Promise.all(followed.map((each) => each.stop()));
  await Promise.all(transports.map((each) => each.close()));
  await cluster?.stop();
});

/** A process of the gate, as far as its record is concerned. */
const writer = async (name: string): Promise<Append> => {
  const { controlPlane } = cluster;
  const { server, caCertificate } = controlPlane.client('installer').endpoint;
  const tokenFile = join(controlPlane.dir, `${name}.token`);
  await writeFile(tokenFile, await serviceAccountToken(controlPlane, 'countersign-gate'), { mode: 0o600 });
  const credentials = await loadCredentials({ from: 'Token', server, caPem: caCertificate, tokenFile });
  const connection = connect({ credentials: { ...credentials, identity: name }, version: 'appends' });
  const transport = createTransport({ connection });
  transports.push(transport);
  const records = new Records(() => {});
  const reflectors = createReflectors({ transport, clock: systemClock, random: Math.random, logger: silentLogger });
  followed.push(reflectors);
  const caches = createCaches(reflectors, {
    digestKey: 'none is needed',
    guarded: [],
    place: aPlace(),
    large: new PackedValues(Infinity),
  });
  followLedger({ ...caches, records });
  caches.ledger.hold();
  await reflectors.synced();
  records.complete();
  return createAppend({
    store: ledgerStore(createClient({ transport, fieldManager: name }), records),
    now: () => systemClock.now(),
    newId: randomUUID,
    pause: (tookMs) => sleep(systemClock, pauseMs(tookMs)),
    self: { username: 'system:serviceaccount:countersign-system:countersign-gate', uid: '', groups: [] },
  });
};

test(
  'every act of several writers is in one unbroken chain once, in the order of its writer',
  async () => {
    const each = Math.ceil(appends / writers);
    const names = Array.from({ length: writers }, (_, i) => `writer-${i}`);
    const tookMs: number[] = [];
    const ready = await Promise.all(names.map(async (name) => ({ name, append: await writer(name) })));
    await Promise.all(
      ready.map(async ({ name, append }) => {
        for (let done = 0; done < each;) {
          const size = Math.min(1 + Math.floor(Math.random() * burst), each - done);
          const acts = Array.from({ length: size }, (_, i) => `${name} ${done + i}`);
          await Promise.all(
            acts.map(async (review) => {
              const began = performance.now();
              await append(place, anAdmittedAct('Emergency', { review }));
              tookMs.push(performance.now() - began);
            }),
          );
          done += size;
        }
      }),
    );
    const { items } = accepted(
      await cluster.as('installer').list<Entry>({ apiVersion: ours, kind: 'LedgerEntry', namespace: place }),
    );
    const entries = items.map(({ spec }) => spec).toSorted((a, b) => a.seq - b.seq);
    expect(verifyChain(entries)).toMatchObject({ entries: entries.length, broken: undefined });
    const reviews = entries.flatMap(actsIn).map((entry) => String(dataOf(entry)['review']));
    expect(reviews).toHaveLength(each * writers);
    for (const name of names) {
      const mine = reviews.filter((review) => review.startsWith(`${name} `));
      expect(mine).toEqual(Array.from({ length: each }, (_, i) => `${name} ${i}`));
    }
    const sorted = tookMs.toSorted((a, b) => a - b);
    const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
    process.stdout.write(
      `appends: ${sorted.length} acts by ${writers} writers in ${entries.length} entries; an act waits p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
    );
  },
  Math.max(120_000, appends * 50),
);
