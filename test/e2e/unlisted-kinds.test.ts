/** Kinds that nobody listed come and go while the operator runs, and the policy says so. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accepted, startTimeoutMs, waitFor } from '../support/cluster/cluster.ts';
import { condition, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';
import { patienceMs } from '../support/scenario/kit.ts';

let system: System;
let world: World;

beforeAll(async () => {
  system = await startSystem();
  world = await system.world('kinds');
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

const says = async (status: string): Promise<string> => {
  const policy = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => condition(each, 'EveryKindGuarded')?.status === status,
    patienceMs,
  );
  return condition(policy, 'EveryKindGuarded')?.message ?? '';
};

const definition = (scope: 'Namespaced' | 'Cluster', plural: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.kinds.example` },
  spec: {
    group: 'kinds.example',
    scope,
    names: { kind: plural, plural, singular: plural.slice(0, -1) },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});

test(
  'a definition that comes is named, and is not when it is gone; one of the whole cluster never is',
  async () => {
    const installer = system.as('installer');
    expect(await says('True')).toContain('every defined kind');
    accepted(await installer.create(definition('Cluster', 'wholes')));
    accepted(await installer.create(definition('Namespaced', 'parts')));
    const named = await says('False');
    expect(named).toContain('parts.kinds.example');
    expect(named).not.toContain('wholes.kinds.example');
    const { apiVersion, kind, metadata } = definition('Namespaced', 'parts');
    accepted(await installer.delete({ apiVersion, kind, name: metadata.name }));
    expect(await says('True')).toContain('every defined kind');
  },
  patienceMs * 4,
);
