/** `make demo`: the main job, start to finish, on a real control plane of its own. Ends with 0 only if everything was as it must be. */
import { createSample, defineSample, installChart } from './controlplane/chart.ts';
import { startControlPlane, type ControlPlane } from './controlplane/controlplane.ts';
import { ensureBinaries } from './controlplane/build.ts';
import { gateUrl, startGate } from './controlplane/gate.ts';
import { installer } from './controlplane/identities.ts';
import { startOperator } from './controlplane/operator.ts';
import { releasePort, reservePort } from './controlplane/ports.ts';
import { foundOut } from './demo/evidence.ts';
import { Facts } from './demo/facts.ts';
import * as night from './demo/night.ts';
import { changedByTwo } from './demo/policy-change.ts';
import * as sight from './demo/sight.ts';
import * as steps from './demo/steps.ts';
import { Terminal } from './demo/terminal.ts';

const print = (line = ''): boolean => process.stdout.write(`${line}\n`);

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const began = performance.now();
  const result = await work();
  print(`  ${what} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  return result;
};

const tell = async (demo: steps.Demo): Promise<void> => {
  await steps.policy(demo);
  await steps.stage(demo);
  await steps.whatIsMissing(demo);
  await steps.whoMayNotSign(demo);
  await steps.sign(demo);
  const evening = await steps.promotion(demo);
  await steps.aroundIt(demo, evening);
  await steps.allowedAct(demo);
  await sight.nothingIsHidden(demo);
  await foundOut(demo);
  await night.letIn(demo);
  await night.fix(demo);
  await night.end(demo);
  await night.ordinaryRelease(demo);
  const before = await night.followUp(demo);
  await night.review(demo);
  await changedByTwo(demo);
  await steps.lockTakenAway(demo);
  await steps.neverReady(demo, before);
  await night.endedByItself(demo);
  await steps.failsLater(demo, before);
  await steps.nothingRuns(demo, before);
  await steps.record(demo);
};

/** What the demonstration runs on. */
interface World {
  readonly cluster: ControlPlane;
  readonly programs: steps.Programs;
  readonly stop: () => Promise<void>;
}

/** Starts it. Its processes end with this one, however it ends. */
const start = async (): Promise<World> => {
  const cluster = await timed('etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok', () =>
    startControlPlane({ nodes: 3 }),
  );
  try {
    const port = await reservePort();
    await timed('the chart, by helm: kinds, admission policies, webhooks, rights', () =>
      installChart(cluster, { gate: { enabled: false, url: gateUrl(port) } }),
    );
    await timed('the sample application: namespaces, who may do what, and the Gateway API', async () => {
      await defineSample(cluster.client(installer.name));
      await createSample(cluster);
    });
    const [gates, operators] = await timed('two replicas each of gate and operator, under their ServiceAccounts', () =>
      Promise.all([
        Promise.all(['gate-0', 'gate-1'].map((instance) => startGate(cluster, { instance, port }))),
        Promise.all(['operator-0', 'operator-1'].map((instance) => startOperator(cluster, { instance }))),
      ]),
    );
    const programs: steps.Programs = {
      async stopGate() {
        await Promise.all(gates.map((gate) => gate.stop()));
      },
      async stopOperator() {
        await Promise.all(operators.map((operator) => operator.stop()));
      },
    };
    const stop = async (): Promise<void> => {
      await Promise.all([programs.stopGate(), programs.stopOperator()]);
      releasePort(port);
      await cluster.stop();
    };
    return { cluster, programs, stop };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
};

/** For whoever finds out why. */
const showState = async (terminal: Terminal, dir: string): Promise<void> => {
  const lines = [
    ['auditor-a', 'kubectl describe cand -n payments-staging | sed -n "/^Status:/,/^  Gates:/p"'],
    ['auditor-a', 'kubectl get ledger -n payments-prod -o json | node hack/ledger.ts'],
    ['admin', 'kubectl get deployments,jobs,pods -n payments-prod'],
    ['installer', `tail -n 20 ${dir}/operator-*.log ${dir}/gate-*.log`],
  ] as const;
  for (const [who, line] of lines) await terminal.run(who, line).catch(() => {});
};

const main = async (): Promise<number> => {
  await ensureBinaries(print);
  const began = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - began) / 1000)} s`;
  print('Countersign, start to finish. What follows a prompt is really typed, and its output is real.');
  print();
  const { cluster, programs, stop } = await start();
  const terminal = new Terminal(cluster);
  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted) process.exit(130); // who asks twice does not want to wait; what this process owns ends with it
    interrupted = true;
    terminal.interrupt();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    await tell({ terminal, facts: new Facts(cluster), programs });
    print();
    print(`Everything was as it must be, in ${seconds()}.`);
    return 0;
  } catch (error) {
    print();
    if (interrupted) return 130;
    print(`NOT AS IT MUST BE, after ${seconds()}: ${error instanceof Error ? error.message : String(error)}`);
    await showState(terminal, cluster.dir);
    return 1;
  } finally {
    await stop();
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
