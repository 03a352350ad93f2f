import { Failure } from './failures.ts';
import { isRecord, type ResourceRow } from './resource.ts';
import type { Transport } from './transport.ts';

/** The resources that the API server serves under one group and version, subresources left out. `NotFound` when it serves none. */
export async function listApiResources(transport: Transport, apiVersion: string): Promise<ResourceRow[]> {
  const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { body } = await transport.request({ method: 'GET', path });
  const resources: unknown = isRecord(body) ? body['resources'] : undefined;
  if (!Array.isArray(resources)) throw new Failure('Bug', 'the answer is no list of resources');
  return resources.filter(isRecord).flatMap(({ name, kind, namespaced }) => {
    if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) return [];
    return [{ apiVersion, kind, plural: name, namespaced: namespaced === true }];
  });
}

/** One resource by its plural. `NotFound` when the API server does not serve it. */
export async function discoverResource(transport: Transport, apiVersion: string, plural: string): Promise<ResourceRow> {
  const found = (await listApiResources(transport, apiVersion)).find((resource) => resource.plural === plural);
  if (found) return found;
  throw new Failure('NotFound', `the server serves no ${plural} in ${apiVersion}`);
}
