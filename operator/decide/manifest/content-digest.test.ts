import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { JsonObject } from '../../api/meta.ts';
import { contentDigest, isPristine, scaleDigest } from './content-digest.ts';
import { canonicalJson } from '../json/canonical.ts';
import { anyObject } from '../json/json-arbitrary.ts';
import { withMember } from '../json/json.ts';

const deployment = (given: { metadata?: JsonObject; spec?: JsonObject; status?: JsonObject } = {}): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api', labels: { app: 'api' }, ...given.metadata },
  spec: { replicas: 2, template: { spec: { containers: [{ name: 'main', image: 'a' }] } }, ...given.spec },
  ...(given.status === undefined ? {} : { status: given.status }),
});

const secret = (data: JsonObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'Opaque',
  metadata: { name: 'db' },
  data,
  ...more,
});

const webhook = (clientConfig: JsonObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: 'countersign-gate' },
  webhooks: [{ name: 'gate', failurePolicy: 'Fail', clientConfig, ...more }],
});

const role = (given: JsonObject): JsonObject => ({
  kind: 'ClusterRole',
  metadata: { name: 'countersign-sre' },
  rules: [],
  ...given,
});
const same = { secretKey: 'key' };
const rootCa = (data: JsonObject): JsonObject => ({ kind: 'ConfigMap', metadata: { name: 'kube-root-ca.crt' }, data });
const claim = (spec: JsonObject): JsonObject => ({ kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec });
const pod = (spec: JsonObject): JsonObject => ({ kind: 'Pod', metadata: { name: 'p' }, spec });
const main = { name: 'main', image: 'a' };

test.each<[sentence: string, a: JsonObject, b: JsonObject]>([
  ['status', deployment(), deployment({ status: { replicas: 2 } })],
  [
    'what the API server writes into metadata',
    deployment(),
    deployment({
      metadata: {
        uid: 'u',
        resourceVersion: '7',
        generation: 3,
        creationTimestamp: 't',
        managedFields: [{ manager: 'm' }],
      },
    }),
  ],
  [
    'the notes of controllers and of kubectl',
    deployment(),
    deployment({
      metadata: {
        annotations: {
          'deployment.kubernetes.io/revision': '4',
          'kubectl.kubernetes.io/last-applied-configuration': '{}',
        },
      },
    }),
  ],
  ['finalizers', deployment(), deployment({ metadata: { finalizers: ['foregroundDeletion'] } })],
  ['the number of replicas, which has a digest of its own', deployment(), deployment({ spec: { replicas: 9 } })],
  [
    'name, namespace and version, which its key says',
    deployment(),
    { ...deployment({ metadata: { name: 'b', namespace: 'n' } }), apiVersion: 'apps/v2' },
  ],
  [
    'the volume that a claim was bound to',
    claim({ accessModes: ['RWO'] }),
    { ...claim({ accessModes: ['RWO'], volumeName: 'v', storageClassName: 'std' }) },
  ],
  ['certificates of the cluster', rootCa({ 'ca.crt': 'a' }), rootCa({ 'ca.crt': 'b' })],
  [
    'the token that a controller writes',
    secret({}, { type: 'kubernetes.io/service-account-token' }),
    secret({ token: 'eA==' }, { type: 'kubernetes.io/service-account-token' }),
  ],
  [
    'certificate and path of a webhook',
    webhook({ url: 'https://gate:9443/v1/abc', caBundle: 'x' }),
    webhook({ url: 'https://gate:9443/v1/def', caBundle: 'y' }),
  ],
  [
    'labels that Helm writes on our own objects',
    role({}),
    role({ metadata: { name: 'countersign-sre', labels: { 'helm.sh/chart': 'countersign-2' } } }),
  ],
  [
    'where a pod runs and what was set around its containers',
    pod({ containers: [main] }),
    pod({ containers: [{ ...main, env: [{ name: 'X', value: 'y' }] }], nodeName: 'n' }),
  ],
])('%s make no other content', (_, a, b) => {
  expect(contentDigest(a, same)).toBe(contentDigest(b, same));
});

test.each<[sentence: string, a: JsonObject, b: JsonObject]>([
  [
    'an image',
    deployment(),
    deployment({ spec: { template: { spec: { containers: [{ name: 'main', image: 'b' }] } } } }),
  ],
  ['a label', deployment(), deployment({ metadata: { labels: { app: 'other' } } })],
  [
    'an annotation of the template',
    deployment(),
    deployment({ spec: { template: { metadata: { annotations: { at: 'now' } }, spec: { containers: [main] } } } }),
  ],
  [
    'an owner',
    deployment(),
    deployment({ metadata: { ownerReferences: [{ kind: 'ConfigMap', name: 'c', uid: 'u' }] } }),
  ],
  ['a value of a Secret', secret({ a: 'eA==' }), secret({ a: 'eQ==' })],
  ['other keys beside the certificate of the cluster', rootCa({ 'ca.crt': 'a' }), rootCa({ 'ca.crt': 'a', b: 'c' })],
  ['who answers for a webhook', webhook({ url: 'https://gate:9443/x' }), webhook({ url: 'https://evil:9443/x' })],
  [
    'its failure policy',
    webhook({ url: 'https://gate/x' }),
    webhook({ url: 'https://gate/x' }, { failurePolicy: 'Ignore' }),
  ],
  ['a rule of a role', role({}), role({ rules: [{ verbs: ['*'] }] })],
  ['a command of a pod', pod({ containers: [main] }), pod({ containers: [{ ...main, command: ['sh'] }] })],
  [
    'an ephemeral container',
    pod({ containers: [main] }),
    pod({ containers: [main], ephemeralContainers: [{ name: 'd', image: 'a' }] }),
  ],
])('%s makes another content', (_, a, b) => {
  expect(contentDigest(a, same)).not.toBe(contentDigest(b, same));
});

test('what is left to others is not looked at, and only that', () => {
  const unmanaged = ['metadata.labels.app'];
  expect(contentDigest(deployment({ metadata: { labels: { app: 'x' } } }), { unmanaged })).toBe(
    contentDigest(deployment({ metadata: { labels: { app: 'y' } } }), { unmanaged }),
  );
  expect(contentDigest(deployment({ metadata: { labels: { app: 'x' } } }), { unmanaged })).not.toBe(
    contentDigest(deployment({ metadata: { labels: { app: 'y', z: '' } } }), { unmanaged }),
  );
});

test('a Scale is digested as the replicas that it asks for, so that a gate which sees no more can say what it let through', () => {
  expect(contentDigest({ kind: 'Scale', metadata: { name: 'api' }, spec: { replicas: 4 } })).toBe(scaleDigest(4));
});

test('the digest of a Secret tells nothing without the key: none is made, and under another key it is another', () => {
  expect(() => contentDigest(secret({ a: 'eA==' }))).toThrow(TypeError);
  expect(contentDigest(secret({ a: 'eA==' }), { secretKey: 'a' })).not.toBe(
    contentDigest(secret({ a: 'eA==' }), { secretKey: 'b' }),
  );
});

test('objects that controllers make in every namespace are known as they are made, and not otherwise', () => {
  const digest = (object: JsonObject) => contentDigest({ metadata: { name: 'default' }, ...object });
  expect(isPristine('ServiceAccount/default', digest({ kind: 'ServiceAccount' }))).toBe(true);
  expect(isPristine('ServiceAccount/other', digest({ kind: 'ServiceAccount' }))).toBe(false);
  expect(
    isPristine('ServiceAccount/default', digest({ kind: 'ServiceAccount', imagePullSecrets: [{ name: 'x' }] })),
  ).toBe(false);
  expect(isPristine('ConfigMap/kube-root-ca.crt', contentDigest(rootCa({ 'ca.crt': 'a' })))).toBe(true);
});

test('any two contents of a ConfigMap share a digest only if they are the same, whatever the keys are called', () => {
  const configMap = (data: JsonObject): JsonObject => ({ kind: 'ConfigMap', metadata: { name: 'c' }, data });
  fc.assert(
    fc.property(anyObject, fc.string(), fc.string(), (data, key, value) => {
      const other = withMember(data, key, value);
      const isSame = canonicalJson(data) === canonicalJson(other);
      expect(contentDigest(configMap(data)) === contentDigest(configMap(other))).toBe(isSame);
    }),
  );
});
