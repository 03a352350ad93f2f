/** `node hack/controlplane/cli.ts up|down|status|build`: the control plane of this checkout, in `.countersign/`. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ensureBinaries } from './build.ts';
import { componentNames } from './components.ts';
import { connectControlPlane, startControlPlane, type ControlPlane } from './controlplane.ts';
import { installer } from './identities.ts';
import { readState } from './state.ts';

const dir = join(import.meta.dirname, '..', '..', '.countersign');
const nodes = 3;

const say = (line: string): boolean => process.stderr.write(`${line}\n`);

const commands: Readonly<Record<string, () => Promise<number>>> = {
  /** Brings it up; does nothing when it is up; replaces one that is half dead. */
  async up() {
    const present = existing();
    if (present !== undefined && (await isUp(present))) {
      say(`The control plane is up: ${present.server}`);
      return 0;
    }
    if (present !== undefined) say('Replacing a control plane of which parts have ended');
    await present?.stop({ dir: 'Remove' });
    const begun = Date.now();
    const started = await startControlPlane({ dir, nodes, lifetime: 'Detached', report: say });
    say(`The control plane is up after ${((Date.now() - begun) / 1000).toFixed(1)} s: ${started.server}`);
    say(`Try: KUBECONFIG=${started.kubeconfig('admin')} ${started.binaries.kubectl} get nodes`);
    return 0;
  },

  /** Ends exactly the processes that `up` started, and removes `.countersign/`. */
  async down() {
    await existing()?.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    say('The control plane is down');
    return 0;
  },

  /** Exits with 0 when all of it is up, with 3 otherwise. */
  async status() {
    const present = existing();
    if (present === undefined) {
      say('The control plane is down');
      return 3;
    }
    const pids = present.pids();
    for (const name of componentNames)
      say(`${name.padEnd(24)} ${pids[name] === undefined ? 'ended' : `pid ${pids[name]}`}`);
    const up = await isUp(present);
    say(up ? `The control plane is up: ${present.server}` : 'The control plane is not whole; `up` replaces it');
    return up ? 0 : 3;
  },

  /** Builds what the cache lacks. */
  async build() {
    const binaries = await ensureBinaries(say);
    for (const path of Object.values(binaries)) process.stdout.write(`${path}\n`);
    return 0;
  },
};

function existing(): ControlPlane | undefined {
  return readState(dir) === undefined ? undefined : connectControlPlane(dir);
}

async function isUp(present: ControlPlane): Promise<boolean> {
  const pids = present.pids();
  if (componentNames.some((name) => pids[name] === undefined) || !existsSync(present.kubeconfig(installer.name)))
    return false;
  const client = present.client(installer.name);
  const answer = await client.raw({ method: 'GET', path: '/readyz' }).catch(() => undefined);
  client.close();
  return answer?.code === 200;
}

const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  say(`Usage: node hack/controlplane/cli.ts ${Object.keys(commands).join('|')}`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = await command();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
