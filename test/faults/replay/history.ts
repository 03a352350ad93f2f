/** One history of the model on a real control plane, with what of it is not as the model's invariants demand. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bundle } from '../../../operator/decide/bundle.ts';
import { parseData, type LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import { actsIn } from '../../../operator/decide/record/batch.ts';
import { emptyHead, entryHash } from '../../../operator/decide/record/chain.ts';
import { foldEntries } from '../../../operator/decide/record/follow.ts';
import { emptyRecord, packageRecord, type NamespaceRecord } from '../../../operator/decide/record/record.ts';
import { bundleHead } from '../../../operator/observe/bundles.ts';
import { accepted } from '../../support/cluster/cluster.ts';
import { isTrue, type Reported, type System, type World } from '../../support/cluster/system.ts';
import { everybody, sign, unguarded } from '../../support/scenario/kit.ts';
import { recorded, writesTo } from '../../support/scenario/production.ts';
import type { Letter, PartKey } from '../model/content.ts';
import { releaseNames } from '../model/content.ts';
import { Invariants, type Violation } from '../model/invariants.ts';
import type { Entered } from '../model/ledger.ts';
import type { Script } from '../model/script.ts';
import { leaseNamespace, Process, type OperatorCredentials } from '../process.ts';
import { bringVolumes, manifestsOf, overlayOf, restage } from './content.ts';
import { bringAbout } from './faults.ts';
import { readTruth } from './truth.ts';

const timeoutMs = 25_000;
/** Requests of three control planes' worth of programs on a machine of two cores take their time. */
const busyMs = 45_000;
const restsWithinMs = 150_000;

const policyOf = ({ observeForMs }: Script) => ({
  health: { progressTimeout: `${timeoutMs / 1000}s`, observeFor: observeForMs === 0 ? '0s' : '5s', settle: '0s' },
});

export interface Replayed {
  readonly outcomes: readonly string[];
  readonly violations: readonly Violation[];
}

export class Replay {
  readonly #system: System;
  readonly #credentials: OperatorCredentials;
  readonly #name: string;
  readonly #script: Script;
  readonly #processes: Process[] = [];
  #signed: Reported | undefined;

  constructor(system: System, credentials: OperatorCredentials, name: string, script: Script) {
    this.#system = system;
    this.#credentials = credentials;
    this.#name = name;
    this.#script = script;
  }

  async run(): Promise<Replayed> {
    try {
      await this.#lead();
      const world = await this.#system.world(this.#name, policyOf(this.#script), unguarded);
      await bringVolumes(world);
      const { had, has, third } = this.#script;
      if (had.length > 0) await this.#release(world, 'a', had).then(() => this.#ends(world, 'a'));
      await this.#release(world, 'b', has);
      const faults = bringAbout({
        world,
        script: this.#script,
        leader: () => this.#leader(),
        handOver: (heldMs) => this.#handOver(heldMs),
        signed: () => this.#signed,
      });
      await this.#ends(world, 'b');
      const undo = await faults;
      if (third !== null) await this.#third(world, third.has);
      const seen = await this.#atRest(world);
      for (const off of undo) await off();
      return seen;
    } finally {
      await Promise.all(this.#processes.map((each) => each.end().catch(() => {})));
    }
  }

  #leader(): Process {
    const leader = this.#processes.at(-1);
    if (leader === undefined) throw new Error('nobody leads');
    return leader;
  }

  /** Who dies is followed by another. */
  async #lead(): Promise<void> {
    const lease = await leaseNamespace(this.#system, `${this.#name}-lease-${this.#processes.length}`);
    const process = new Process({ world: this.#name, lease, credentials: this.#credentials });
    this.#processes.push(process);
    void process.died.then(async () => {
      await process.end();
      await this.#lead();
    });
    await process.start();
  }

  async #handOver(heldMs: number): Promise<void> {
    const before = this.#leader();
    await this.#lead();
    await sleep(heldMs);
    await before.end();
  }

  /** Proposed and signed for; the promotion has begun. */
  async #release(world: World, letter: Letter, parts: readonly PartKey[]): Promise<void> {
    const name = releaseNames[letter];
    await restage(world, manifestsOf(world, letter, { parts, script: this.#script }));
    const running = await this.#runs(world);
    const dropped = running.filter((key) => !parts.some((part) => part === key));
    const irreversible = dropped
      .filter(
        (key) =>
          key.startsWith('PersistentVolumeClaim/') || (key === 'StatefulSet/db' && this.#script.variant.letsDataGo),
      )
      .map((key) => ({ kind: key.split('/')[0], name: key.split('/')[1], reason: 'it is kept elsewhere' }));
    const { onFailure } = this.#script;
    const spec = {
      overlay: letter === 'b' ? overlayOf(this.#script, parts) : [],
      irreversible,
      onFailure,
      ...(onFailure === 'Page' ? { pageReason: 'going back would be worse' } : {}),
    };
    await world.propose(world.candidate(name, parts, spec));
    this.#signed = await sign(world, name, ...everybody);
    await recorded(world, 'PromotionStarted', name).catch(async (error: unknown) => {
      const { status } = await world.when(name, () => true);
      const open = status?.gates?.filter(({ outcome }) => outcome !== 'Passed') ?? [];
      throw new Error(`${name} is not promoted: ${JSON.stringify(open)}`, { cause: error });
    });
  }

  /** What production runs by the record. */
  async #runs(world: World): Promise<readonly string[]> {
    const { production } = packageRecord((await recordOf(world)).record, 'payments');
    const bundle = production && (await bundlesOf(world)).get(production.bundle);
    return (bundle?.objects ?? []).map(({ ref }) => `${ref.kind}/${ref.name}`);
  }

  async #ends(world: World, letter: Letter): Promise<void> {
    await world.when(
      releaseNames[letter],
      (seen) => isTrue(seen, 'Finished') || isTrue(seen, 'Promoted'),
      restsWithinMs,
    );
  }

  async #third(world: World, parts: readonly PartKey[]): Promise<void> {
    await world.when(releaseNames.b, (seen) => isTrue(seen, 'Finished'), restsWithinMs);
    await this.#release(world, 'c', parts);
    await this.#ends(world, 'c');
  }

  /** Looked at until everything is as it has to be, or nothing more can come. */
  async #atRest(world: World): Promise<Replayed> {
    for (const deadline = Date.now() + restsWithinMs; ;) {
      const seen = await this.#judged(world);
      if (seen.violations.length === 0 || Date.now() > deadline) return seen;
      await sleep(1_000);
    }
  }

  async #judged(world: World): Promise<Replayed> {
    const { entries, record } = await recordOf(world);
    const bundles = await bundlesOf(world);
    const refs = [...bundles.values()].flatMap(({ objects, removed }) => [
      ...objects.map(({ ref }) => ref),
      ...removed,
    ]);
    const truth = await readTruth(world, refs);
    const bounds = { progressTimeout: timeoutMs, rollbackTimeout: timeoutMs };
    const invariants = new Invariants(truth, bundles, bounds);
    invariants.record(entries, Date.now(), busyMs);
    invariants.production(entries, record, { pods: this.#hasQuota() ? 'Current' : 'Ready', refused: new Set() });
    const made = (await writesTo(this.#system, world)).filter(
      ({ resource, verb }) => resource === 'jobs' && verb === 'create',
    );
    for (const [object, times] of Map.groupBy(made, (write) => write.object))
      if (times.length > 1) invariants.broken('JobsRunOnce', `${object} was made ${times.length} times`);
    return { outcomes: entries.map(({ draft }) => draft.data.type), violations: invariants.violations };
  }

  #hasQuota(): boolean {
    return this.#script.faults.some((fault) => fault.is === 'Quota' && fault.forMs === null);
  }
}

/** The record, entry by entry, as the invariants read it. */
const recordOf = async (
  world: World,
): Promise<{ readonly entries: readonly Entered[]; readonly record: NamespaceRecord }> => {
  const ledger = await world.ledger();
  const entries: Entered[] = [];
  let record: NamespaceRecord = { ...emptyRecord, head: emptyHead };
  for (const entry of ledger) {
    const before = record;
    record = foldEntries(record, [{ entry, hash: entryHash(entry), broken: undefined }]);
    for (const act of actsIn(entry)) {
      const { actor, subject, digest, decision, reason } = act;
      const draft: LedgerDraft = {
        actor,
        subject,
        package: act.package,
        digest,
        decision,
        reason,
        data: parseData(act),
      };
      entries.push({ at: Date.parse(entry.time), draft, before });
    }
  }
  return { entries, record };
};

const bundlesOf = async (world: World): Promise<ReadonlyMap<string, Bundle>> => {
  const { items } = accepted(await world.as('installer').list(world.ref('ReleaseBundle')));
  const heads = items.map(
    (raw) => bundleHead(JSON.parse(JSON.stringify(raw)) as Parameters<typeof bundleHead>[0]).bundle,
  );
  return new Map(heads.map((bundle) => [bundle.name, bundle]));
};
