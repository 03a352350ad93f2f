/** What a restart of the gate costs those who write. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startGate } from '../hack/controlplane/gate.ts';
import { accepted, type KubeObject } from '../test/support/cluster/cluster.ts';
import { startLoad } from '../test/api-server/gate/load.ts';
import type { System } from '../test/support/cluster/system.ts';
import { fedWorld, feeder, put } from './locks.ts';
import type { Figure } from './table.ts';

/** A hundred writes a second. */
const everyMs = 10;

/** One of two replicas ends and comes back, first politely, then not. */
export const restarts = async (system: System, program: string): Promise<readonly Figure[]> => {
  const { production } = await fedWorld(system);
  const write = put(system.as(feeder), { dryRun: 'All' });
  const port = await gatePort(system);
  const start = () => startGate(system.controlPlane, { instance: 'gate-1', port, program });
  const figures: Figure[] = [];
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const second = await start();
    let turn = 0;
    const load = startLoad(() => write(production, (turn += 1)), everyMs);
    await sleep(2_000);
    await second.stop(signal);
    const again = await start();
    await sleep(2_000);
    const { sent, failed } = await load.stop();
    await again.stop();
    figures.push({
      name: `one of two gates restarted by ${signal}, of ${sent} writes failed`,
      value: failed.length,
      unit: '',
      ...(signal === 'SIGTERM' ? { target: 0 } : {}),
    });
  }
  return figures;
};

interface WebhookConfiguration extends KubeObject {
  readonly webhooks: readonly { readonly clientConfig: { readonly url: string } }[];
}

const gatePort = async (system: System): Promise<number> => {
  const { webhooks } = accepted(
    await system.as('installer').get<WebhookConfiguration>({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      name: 'countersign-gate',
    }),
  );
  return Number(new URL(webhooks[0]?.clientConfig.url ?? '').port);
};
