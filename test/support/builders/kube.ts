/** The operator's own way to a real API server, for tests: as any identity, with a hand on every request. */
import { connect } from '../../../operator/kube/connection.ts';
import { createClient, type Client } from '../../../operator/kube/client.ts';
import { loadCredentials } from '../../../operator/kube/credentials.ts';
import type { Copy } from '../../../operator/kube/copy.ts';
import type { Manifest, ResourceRow } from '../../../operator/kube/resource.ts';
import { createTransport, type Interceptor, type Transport } from '../../../operator/kube/transport.ts';

export const configMaps: ResourceRow = { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true };

export interface Access {
  readonly transport: Transport;
  readonly client: Client;
  /** TCP connections opened so far. */
  readonly opened: () => number;
}

/** Reaches the API server as the identity of a kubeconfig. Close the transport in the end. */
export async function accessAs(kubeconfig: string, interceptor?: Interceptor): Promise<Access> {
  const credentials = await loadCredentials({ from: 'File', path: kubeconfig });
  const connection = connect({ credentials, version: '0.0.0-test' });
  const transport = createTransport({ connection, interceptor });
  return { transport, client: createClient({ transport, fieldManager: 'test' }), opened: () => connection.opened() };
}

export function configMap(name: string, data: Readonly<Record<string, string>> = {}, namespace = 'default'): Manifest {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
}

/** Resolves when the copy satisfies the predicate, now or after a change. Fails after `withinMs`. */
export function reflects<T>(reflector: Copy<T>, predicate: () => boolean, withinMs = 60_000): Promise<void> {
  if (predicate()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const done = (end: () => void) => {
      clearTimeout(timer);
      stop();
      end();
    };
    const stop = reflector.onChange(() => {
      if (predicate()) done(resolve);
    });
    const timer = setTimeout(() => done(() => reject(new Error(`not reflected within ${withinMs} ms`))), withinMs);
  });
}
