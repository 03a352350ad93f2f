import { expect, test } from '@jest/globals';
import { aDeployment, aLiveObject, anObject } from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import { keyOf } from '../objects.ts';
import { heldByStaging } from './held-by-staging.ts';

const held = (object: BundleObject, staged: JsonObject = object.content) =>
  heldByStaging({ staged: new Map([[keyOf(object.ref), aLiveObject(object, { manifest: staged })]]) }, [object]);

const service = (spec: JsonObject) => anObject('Service', 'web', { spec });
const claim = (annotations: JsonObject) =>
  anObject('PersistentVolumeClaim', 'data', { metadata: { name: 'data', annotations }, spec: { volumeName: 'pv-1' } });

test.each<[sentence: string, lines: readonly string[], expected: string]>([
  ['a node port', held(service({ type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })), 'nodePort: 30080 stays'],
  ['an address', held(service({ loadBalancerIP: '192.0.2.1' })), '{kind: Service, name: web, patch: {spec:'],
  ['a volume that people chose', held(claim({})), 'volume pv-1 stays with staging'],
  [
    'a port of the node',
    held(aDeployment('web', { containers: [{ name: 'c', image: 'i', ports: [{ hostPort: 8080 }] }] })),
    'hostPort 8080',
  ],
  [
    'a port of a pod on the network of its node',
    held(
      aDeployment('web', {
        hostNetwork: true,
        containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 8080 }] }],
      }),
    ),
    'hostPort 8080',
  ],
])('%s that staging holds is told', (_, lines, expected) => {
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(expected);
});

test.each<[sentence: string, lines: readonly string[]]>([
  ['the ports of a load balancer', held(service({ type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30080 }] }))],
  ['an address of its own', held(service({ loadBalancerIP: '192.0.2.2' }), { spec: { loadBalancerIP: '192.0.2.1' } })],
  ['a volume that the binder chose', held(claim({ 'pv.kubernetes.io/bound-by-controller': 'yes' }))],
])('%s is not', (_, lines) => {
  expect(lines).toEqual([]);
});
