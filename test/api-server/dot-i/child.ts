/**
 * A whole process around @dot-i/k8s-operator, to see how it lives and ends: `node child.ts <Original|Host> <kubeconfig> <Quick|Real>` watches ConfigMaps in
 * `default`, sets a finalizer on the one named `written`, and prints a JSON line for each thing that happens. When Quick,
 * timeouts of 30 s take 0.3 s, so that 31 quiet seconds pass in one.
 */
import { createRequire } from 'node:module';
import type DotI from '@dot-i/k8s-operator';
import { connect } from '../../../operator/kube/connection.ts';
import { loadCredentials } from '../../../operator/kube/credentials.ts';
import { Host, ResourceEventType, type ResourceEvent, type ResourceMeta } from '../../../operator/kube/host.ts';
import { createReflectors } from '../../../operator/kube/reflectors.ts';
import { createTransport } from '../../../operator/kube/transport.ts';
import { systemClock } from '../../../operator/time/clock.ts';
import { silentLogger } from '../../../operator/log.ts';

const [mode, kubeconfig = '', time] = process.argv.slice(2);
process.env['KUBECONFIG'] = kubeconfig;

const timeout = globalThis.setTimeout;
const quicker = (run: () => void, ms?: number) => timeout(run, ms === 30_000 ? 300 : ms);
if (time === 'Quick') globalThis.setTimeout = Object.assign(quicker, timeout);

const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);

/** Reports each event, and tries to set a finalizer on one object. */
const onEvent =
  (setFinalizers: (meta: ResourceMeta, finalizers: string[]) => Promise<void>) => async (event: ResourceEvent) => {
    say({ event: event.type, name: event.meta.name });
    if (event.meta.name !== 'written' || event.type !== ResourceEventType.Added) return;
    await setFinalizers(event.meta, ['countersign.dev/test']);
    say({ finalizers: 'reported as set' });
  };

await (mode === 'Host' ? runHost() : runOriginal());

async function runHost(): Promise<void> {
  const credentials = await loadCredentials({ from: 'File', path: kubeconfig });
  const transport = createTransport({ connection: connect({ credentials, version: '0' }) });
  const reflectors = createReflectors({ transport, clock: systemClock, random: Math.random, logger: silentLogger });
  const host = new Host({
    transport,
    reflectors,
    logger: silentLogger,
    async init(host) {
      await host.watchResource(
        '',
        'v1',
        'configmaps',
        onEvent((meta, finalizers) => host.setResourceFinalizers(meta, finalizers)),
        'default',
      );
    },
  });
  process.once('SIGTERM', () => {
    host.stop();
    // Nothing else keeps the process alive: it ends by itself, with 0.
    void host.stopped().then(() => transport.close());
  });
  await host.start();
  say({ started: true });
}

async function runOriginal(): Promise<void> {
  const require = createRequire(import.meta.url);
  const { default: Operator } = require('@dot-i/k8s-operator') as typeof DotI; // oxlint-disable-line typescript/no-unsafe-type-assertion -- require has no types
  class Original extends Operator {
    protected override async init(): Promise<void> {
      await this.watchResource(
        '',
        'v1',
        'configmaps',
        onEvent((meta, finalizers) => this.setResourceFinalizers(meta, finalizers)),
        'default',
      );
    }
  }
  const original = new Original();
  process.once('SIGTERM', () => original.stop());
  await original.start();
  say({ started: true });
}
