/** `make demo`: the main job, start to finish, on a real control plane of its own. Ends with 0 only if everything was as it must be. */
import { createSample, installChart } from './controlplane/chart.ts';
import { startControlPlane, type ControlPlane } from './controlplane/controlplane.ts';
import { ensureBinaries } from './controlplane/build.ts';
import { startOperator } from './controlplane/operator.ts';
import { Facts } from './demo/facts.ts';
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
  const before = await steps.promotion(demo);
  await steps.neverReady(demo, before);
  await steps.failsLater(demo, before);
  await steps.record(demo);
};

/** The world of the demonstration: its processes end with this one, however it ends. */
const start = async (): Promise<ControlPlane> => {
  const cluster = await timed('etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok', () =>
    startControlPlane({ nodes: 3 }),
  );
  await timed('the chart, by helm: kinds, admission policies, rights', () => installChart(cluster));
  await timed('the sample application: namespaces and who may do what', () => createSample(cluster));
  await timed('two replicas of the operator, under its ServiceAccount', () =>
    Promise.all(['operator-0', 'operator-1'].map((instance) => startOperator(cluster, { instance }))),
  );
  return cluster;
};

/** For whoever finds out why. */
const showState = async (terminal: Terminal, dir: string): Promise<void> => {
  const lines = [
    ['auditor-a', 'kubectl describe cand -n payments-staging | sed -n "/^Status:/,/^  Gates:/p"'],
    ['auditor-a', 'kubectl get ledger -n payments-prod -o json | node hack/ledger.ts'],
    ['admin', 'kubectl get deployments,jobs,pods -n payments-prod'],
    ['installer', `tail -n 20 ${dir}/operator-*.log`],
  ] as const;
  for (const [who, line] of lines) await terminal.run(who, line).catch(() => {});
};

const main = async (): Promise<number> => {
  await ensureBinaries(print);
  const began = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - began) / 1000)} s`;
  print('Countersign, start to finish. What follows a prompt is really typed, and its output is real.');
  print();
  const cluster = await start();
  const terminal = new Terminal(cluster);
  const interrupted = (): void => {
    terminal.interrupt();
    // The second signal does not wait: what this process owns ends with it.
    process.once('SIGINT', () => process.exit(130));
    void cluster.stop().finally(() => process.exit(130));
  };
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  try {
    await tell({ terminal, facts: new Facts(cluster) });
    print();
    print(`Everything was as it must be, in ${seconds()}.`);
    return 0;
  } catch (error) {
    print();
    print(`NOT AS IT MUST BE, after ${seconds()}: ${error instanceof Error ? error.message : String(error)}`);
    await showState(terminal, cluster.dir);
    return 1;
  } finally {
    await cluster.stop();
  }
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
