/** The page over a long record: from its address to the verified ledger of twenty thousand entries, and what the command then holds. */
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { serviceAccountToken } from '../hack/controlplane/chart.ts';
import { entryName } from '../operator/api/ledger.ts';
import { entryHash, nextEntry } from '../operator/decide/record/chain.ts';
import { anAdmittedAct } from '../test/support/builders/decide.ts';
import { accepted } from '../test/support/cluster/cluster.ts';
import { ours, type System, type World } from '../test/support/cluster/system.ts';
import { rssMb } from './process.ts';
import type { Figure } from './table.ts';

const root = join(import.meta.dirname, '..');
const file = join(root, 'dist', 'kubectl-countersign.mjs');
const entries = 20_000;
const batch = 50;

/** Acts that the gate has admitted, chained as it chains them. */
const fill = async (system: System, world: World): Promise<void> => {
  const token = await serviceAccountToken(system.controlPlane, 'countersign-gate');
  const gate = system.as('installer').withToken(token);
  const last = (await world.ledger()).at(-1);
  if (last === undefined) throw new Error('the record has not begun');
  let head = { seq: last.seq, hash: entryHash(last) };
  const self = { username: 'system:serviceaccount:countersign-system:countersign-gate', uid: '', groups: [] };
  for (let made = head.seq + 1; made < entries; made += batch) {
    const chained = Array.from({ length: Math.min(batch, entries - made) }, () => {
      const spec = nextEntry(head, anAdmittedAct('Operated', {}), { id: randomUUID(), now: Date.now(), self });
      head = { seq: spec.seq, hash: entryHash(spec) };
      return spec;
    });
    await Promise.all(
      chained.map(async (spec) => {
        const metadata = { name: entryName(spec.seq), namespace: world.production };
        accepted(await gate.create({ apiVersion: ours, kind: 'LedgerEntry', metadata, spec }));
      }),
    );
  }
  gate.close();
};

/** The first model of a view. */
const firstModel = async (address: string, query: string): Promise<string> => {
  const stop = new AbortController();
  const response = await fetch(`${address}live?${query}`, { signal: stop.signal });
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString('utf8');
    const [, data] = /^data: (.*)\n\n/m.exec(text) ?? [];
    if (data === undefined) continue;
    stop.abort();
    return data;
  }
  throw new Error(`no model: ${text}`);
};

export const record = async (system: System): Promise<readonly Figure[]> => {
  execFileSync(process.execPath, [join(root, 'hack', 'command.ts')], { stdio: 'ignore' });
  const world = await system.world('record');
  await system.operator.stop();
  await fill(system, world);
  const KUBECONFIG = system.controlPlane.kubeconfig('auditor-a');
  const began = performance.now();
  const child = spawn(process.execPath, [file, 'dashboard', '-n', world.production], {
    env: { ...process.env, KUBECONFIG },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [address] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const started = performance.now();
    const model = await firstModel(address, `view=ledger&namespace=${world.production}`);
    const shown = performance.now();
    if (!model.includes(`"count":${entries}`) || !model.includes('"wrong":""')) throw new Error(model.slice(-2_000));
    return [
      { name: 'dashboard: start to its address', value: started - began, unit: 'ms', target: 1_000 },
      { name: `ledger of ${entries} entries: read, verified, shown`, value: shown - started, unit: 'ms' },
      { name: '  what the page is told of it', value: model.length / 1_000_000, unit: 'MB', target: 1 },
      { name: '  memory of the command', value: rssMb(child.pid ?? 0), unit: 'MB', target: 400 },
    ];
  } finally {
    child.kill('SIGINT');
  }
};
