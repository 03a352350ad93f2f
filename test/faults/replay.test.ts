/**
 * Histories of the model, replayed on a real control plane: the same generator, the same invariants, and of each fault what brings it about
 * there. An outcome is compared with what the API server holds when the history is over.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { partOf } from '../support/proofs.ts';
import { startTimeoutMs } from '../support/cluster/cluster.ts';
import { startSystem, type System } from '../support/cluster/system.ts';
import { playOperators, type OperatorCredentials } from './process.ts';
import { Replay } from './replay/history.ts';
import { scriptOf } from './replay/scripts.ts';

/** Histories at a time: as many as two cores keep busy. */
const atOnce = 4;
/** Between them, every kind of fault that is replayed, orders aside. `COUNTERSIGN_REPLAY`: others, with commas between them. */
const all = [2, 7, 8, 9, 10, 14, 22, 40, 42, 1, 5];
const asked = process.env['COUNTERSIGN_REPLAY']?.split(',').map(Number);
const seeds = asked ?? partOf(all, 4);

let system: System;
let credentials: OperatorCredentials;

beforeAll(async () => {
  system = await startSystem();
  credentials = await playOperators(system);
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

test('histories of the model end on a real control plane as the model says that they must', async () => {
  const waiting = [...seeds];
  const wrong: unknown[] = [];
  const lines: string[] = [];
  const worker = async (): Promise<void> => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const script = scriptOf(seed);
      const told = `seed ${seed}: ${JSON.stringify(script)}`;
      try {
        const { outcomes, violations } = await new Replay(system, credentials, `replay-${seed}`, script).run();
        const released = outcomes.filter((type) => /Promotion|Promoted|Roll|Refused|Rejected/.test(type));
        lines.push(`seed ${seed}: ${script.faults.map(({ is }) => is).join(', ')}: ${released.join(', ')}`);
        if (violations.length > 0) wrong.push({ told, violations, released });
      } catch (error) {
        wrong.push({ told, error: error instanceof Error ? error.message.slice(0, 3_000) : String(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  process.stdout.write(`replay: ${lines.length} of ${seeds.length} histories\n${lines.toSorted().join('\n')}\n`);
  expect(wrong).toEqual([]);
}, 900_000);
