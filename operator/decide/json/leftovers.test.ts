import { expect, it } from '@jest/globals';
import type { JsonObject } from '../../api/meta.ts';
import { alternatives, discriminated } from '../schema/choices.ts';
import { typesText } from '../schema/api-types.ts';
import { builtInType } from '../schema/field-type.ts';
import { withoutLeftovers } from './leftovers.ts';
import { strategicMerge } from './strategic-merge.ts';

const merged = (apiVersion: string, kind: string, target: JsonObject, patch: JsonObject) => {
  const type = builtInType(apiVersion, kind);
  return withoutLeftovers(target, strategicMerge(target, patch, type), type);
};

const container = (fields: JsonObject): JsonObject => ({
  spec: { template: { spec: { containers: [{ name: 'web', ...fields }] } } },
});

it.each<[string, JsonObject, JsonObject, JsonObject]>([
  [
    'a strategy that becomes Recreate takes rollingUpdate with it',
    { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } } } },
    { spec: { strategy: { type: 'Recreate' } } },
    { spec: { strategy: { type: 'Recreate' } } },
  ],
  [
    'a variable that becomes a reference loses its value',
    container({ env: [{ name: 'A', value: 'test' }] }),
    container({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'p' } } }] }),
    container({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'p' } } }] }),
  ],
  [
    'a probe that becomes a command loses its request, and keeps its times',
    container({ livenessProbe: { httpGet: { path: '/' }, periodSeconds: 3 } }),
    container({ livenessProbe: { exec: { command: ['true'] } } }),
    container({ livenessProbe: { exec: { command: ['true'] }, periodSeconds: 3 } }),
  ],
  [
    'a volume of another source loses the old one',
    { spec: { template: { spec: { volumes: [{ name: 'data', emptyDir: {} }] } } } },
    { spec: { template: { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'd' } }] } } } },
    { spec: { template: { spec: { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'd' } }] } } } },
  ],
  [
    'what keeps its choice keeps everything',
    { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%' } } } },
    { spec: { strategy: { rollingUpdate: { maxSurge: 2 } } } },
    { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2 } } } },
  ],
])('%s', (_, target, patch, result) => {
  expect(merged('apps/v1', 'Deployment', target, patch)).toEqual(result);
});

it('a load balancer that becomes an internal Service loses what only load balancers have', () => {
  const service = {
    spec: {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: true,
      externalTrafficPolicy: 'Cluster',
      internalTrafficPolicy: 'Cluster',
      loadBalancerSourceRanges: ['10.0.0.0/8'],
    },
  };
  expect(merged('v1', 'Service', service, { spec: { type: 'ClusterIP' } })).toEqual({
    spec: { type: 'ClusterIP', internalTrafficPolicy: 'Cluster' },
  });
  // A type that nobody knows is refused by the API server, and nothing is taken away before.
  expect(merged('v1', 'Service', service, { spec: { type: 'Loadbalancer' } })).toEqual({
    spec: { ...service.spec, type: 'Loadbalancer' },
  });
});

it('every field of a choice is a field that the API server knows', () => {
  const types = new Map(
    typesText
      .trim()
      .split('\n')
      .map((line) => [line.split(' ')[0] ?? '', new Set(line.split(' ').map((word) => word.split(':')[0] ?? ''))]),
  );
  const named = [
    ...Object.entries(alternatives).map(
      ([type, { groups, but = [] }]) => [type, groups === 'Others' ? but : groups.flat()] as const,
    ),
    ...Object.entries(discriminated).map(
      ([type, { by, allowed }]) => [type, [by, ...Object.values(allowed).flat()]] as const,
    ),
  ];
  for (const [type, fields] of named)
    expect([type, fields.filter((field) => types.get(type)?.has(field) !== true)]).toEqual([type, []]);
});
