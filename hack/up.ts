/** `make up` and `make down`: the control plane of this checkout with chart, sample and two replicas each of operator and gate, in `.countersign/`. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import {
  createSample,
  defineSample,
  guardSample,
  installChart,
  serviceAccountToken,
  type OwnServiceAccount,
} from './controlplane/chart.ts';
import { componentNames } from './controlplane/components.ts';
import { connectControlPlane, startControlPlane, type As, type ControlPlane } from './controlplane/controlplane.ts';
import { installer } from './controlplane/identities.ts';
import { bundleCommand } from './command/bundle.ts';
import { parseJson } from './controlplane/json.ts';
import { gateUrl, startGate } from './controlplane/gate.ts';
import { startOperator } from './controlplane/operator.ts';
import { reservePort } from './controlplane/ports.ts';
import { endProcess, isRunning, type ProcessMark } from './controlplane/process.ts';
import { readState } from './controlplane/state.ts';
import { waitFor } from './controlplane/wait.ts';
import { writeWrapper } from './controlplane/wrapper.ts';
import type { KubeObject } from './controlplane/objects.ts';

const root = join(import.meta.dirname, '..');
const dir = join(root, '.countersign');
const programsFile = join(dir, 'programs.json');

const say = (line = ''): boolean => process.stdout.write(`${line}\n`);

/** A replica that was started: enough to recognize and end it later. */
interface Replica {
  readonly mark: ProcessMark;
  readonly address: string;
}

/** What was started beside the control plane. */
interface Programs {
  /** Of the webhook; a gate that is started later is asked there, too. */
  readonly gatePort?: number;
  readonly replicas: Readonly<Partial<Record<string, Replica>>>;
}

/** Which replicas there are, and as whom. */
const instances: Readonly<Record<string, OwnServiceAccount>> = {
  'gate-0': 'countersign-gate',
  'gate-1': 'countersign-gate',
  'operator-0': 'countersign-operator',
  'operator-1': 'countersign-operator',
};

const readPrograms = (): Programs =>
  existsSync(programsFile) ? parseJson<Programs>(readFileSync(programsFile, 'utf8')) : { replicas: {} };

const writePrograms = (programs: Programs): void => {
  writeFileSync(`${programsFile}.new`, `${JSON.stringify(programs, undefined, 2)}\n`);
  renameSync(`${programsFile}.new`, programsFile);
};

const isWhole = async (cluster: ControlPlane): Promise<boolean> => {
  const pids = cluster.pids();
  if (componentNames.some((name) => pids[name] === undefined)) return false;
  const answer = await cluster
    .client(installer.name)
    .raw({ method: 'GET', path: '/readyz' })
    .catch(() => undefined);
  return answer?.code === 200;
};

const controlPlane = async (): Promise<ControlPlane> => {
  if (readState(dir) !== undefined) {
    const present = connectControlPlane(dir);
    if (await isWhole(present)) return present;
    say('Replacing a control plane of which parts have ended');
    await down();
  }
  return startControlPlane({ dir, nodes: 3, lifetime: 'Detached', report: say });
};

/** The port under which the gate is asked; the same as long as the control plane is there. */
const gatePort = async (): Promise<number> => {
  const programs = readPrograms();
  const port = programs.gatePort ?? (await reservePort());
  writePrograms({ ...programs, gatePort: port });
  return port;
};

/** Starts the replicas that do not run, and gives those that do a new token. */
const start = async (cluster: ControlPlane, port: number): Promise<void> => {
  for (const [instance, serviceAccount] of Object.entries(instances)) {
    const programs = readPrograms();
    const running = programs.replicas[instance];
    if (running !== undefined && isRunning(running.mark)) {
      const token = await serviceAccountToken(cluster, serviceAccount);
      writeFileSync(join(dir, `${instance}.token`), token, { mode: 0o600 });
      continue;
    }
    const options = { instance, lifetime: 'Detached' } as const;
    const { mark, address } = await (serviceAccount === 'countersign-gate'
      ? startGate(cluster, { ...options, port })
      : startOperator(cluster, options));
    writePrograms({ ...programs, replicas: { ...programs.replicas, [instance]: { mark, address } } });
  }
};

const kubectl = async (cluster: ControlPlane, as: As, ...args: readonly string[]): Promise<void> => {
  const result = await cluster.kubectl(as, args, { cwd: root });
  if (result.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${result.stderr}`);
};

/** The policy and what developer-a stages; only once, so that what people did since then stays. */
const sample = async (cluster: ControlPlane): Promise<void> => {
  const policy = {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ReleasePolicy',
    namespace: 'payments-prod',
    name: 'production',
  };
  if ((await cluster.client(installer.name).get(policy)).ok) return;
  await kubectl(cluster, 'developer-a', 'apply', '-f', 'hack/demo/2.4.0/app.yaml');
  await guardSample(cluster);
  await waitFor<KubeObject & { readonly status?: { readonly conditions?: readonly { readonly type: string }[] } }>(
    cluster.client(installer.name),
    policy,
    ({ status }) => status?.conditions?.some(({ type }) => type === 'Ready') === true,
  );
};

const up = async (): Promise<void> => {
  const cluster = await controlPlane();
  say(`Control plane   ${cluster.server}`);
  const port = await gatePort();
  await installChart(cluster, { gate: { enabled: false, url: gateUrl(port) } });
  await defineSample(cluster.client(installer.name));
  await createSample(cluster);
  say('Chart           installed, and its admission policies act');
  await start(cluster, port);
  await sample(cluster);
  await bundleCommand(join(dir, 'bin'));
  writeWrapper(dir, [dirname(cluster.binaries.kubectl), dirname(cluster.binaries.helm)]);
  const { replicas } = readPrograms();
  for (const instance of Object.keys(instances)) {
    say(`${instance.padEnd(16)}${replicas[instance]?.address ?? ''}/metrics   log: .countersign/${instance}.log`);
  }
  say(
    'Sample          payments 2.4.0 runs in payments-staging; nothing is released to payments-prod yet, which is guarded',
  );
  say();
  say(
    'Everybody has a kubeconfig in .countersign/kubeconfigs: developer-a, tester-a, approver-a, approver-b, sre-a, …',
  );
  say('The built kubectl, as one of them: .countersign/as <identity> <command>; without a command, a shell.');
  say();
  say('  .countersign/as developer-a kubectl create -f hack/demo/2.4.0/candidate.yaml');
  say('  .countersign/as developer-a kubectl countersign get payments-2.4.0 -n payments-staging');
  say('  .countersign/as tester-a    kubectl countersign approve payments-2.4.0 -n payments-staging');
  say();
  say(
    'docs/quickstart.md goes on from here. make down ends it. The tokens of operator and gate last 24 h; make up again renews them.',
  );
};

/** Ends exactly the processes that `up` started, and removes `.countersign/`. */
const down = async (): Promise<void> => {
  await Promise.all(
    Object.values(readPrograms().replicas).map(async (replica) => replica && endProcess(replica.mark, 'SIGTERM')),
  );
  if (readState(dir) !== undefined) await connectControlPlane(dir).stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
};

const commands: Readonly<Record<string, () => Promise<void>>> = {
  up,
  async down() {
    await down();
    say('It is down, and .countersign is gone');
  },
};

const command = commands[process.argv[2] ?? 'up'];
if (command === undefined) {
  process.stderr.write(`Usage: node hack/up.ts ${Object.keys(commands).join('|')}\n`);
  process.exitCode = 2;
} else {
  try {
    await command();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
