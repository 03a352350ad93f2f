import { describe, expect, test } from '@jest/globals';
import {
  aBundle,
  aDeployment,
  aGateSnapshot,
  anObject,
  aPolicy,
  now,
} from '../../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../../api/meta.ts';
import type { BundleObject } from '../../bundle.ts';
import { references } from '../../manifest/config-references.ts';
import type { GateSnapshot } from '../gate.ts';
import { secretsPresent } from './secrets-present.ts';

const withEnv = (valueFrom: JsonObject) =>
  aDeployment('api', { containers: [{ name: 'app', env: [{ name: 'X', valueFrom }] }] });
const withVolume = (volume: JsonObject) => aDeployment('api', { volumes: [{ name: 'v', ...volume }] });
const judged = (objects: BundleObject[], given: Partial<GateSnapshot> = {}) =>
  secretsPresent.judge(aGateSnapshot({ bundle: aBundle({ objects }), ...given }), now);

const password = withEnv({ secretKeyRef: { name: 'db', key: 'password' } });
const level = withEnv({ configMapKeyRef: { name: 'settings', key: 'level' } });

const db = (key?: string) => [{ kind: 'Secret', name: 'db', key }];
const settings = (key?: string) => [{ kind: 'ConfigMap', name: 'settings', key }];
const container = (fields: JsonObject) => ({ name: 'app', ...fields });

describe('refers to', () => {
  test.each<[sentence: string, object: BundleObject, expected: object[]]>([
    ['a key in the environment', password, db('password')],
    ['a key of a ConfigMap in the environment', level, settings('level')],
    [
      'a whole Secret in the environment',
      aDeployment('a', { containers: [container({ envFrom: [{ secretRef: { name: 'db' } }] })] }),
      db(),
    ],
    [
      'a whole ConfigMap in the environment',
      aDeployment('a', {
        containers: [container({ envFrom: [{ prefix: 'P_', configMapRef: { name: 'settings' } }] })],
      }),
      settings(),
    ],
    [
      'an init container',
      aDeployment('a', { initContainers: [container({ envFrom: [{ secretRef: { name: 'db' } }] })] }),
      db(),
    ],
    ['a volume', withVolume({ secret: { secretName: 'db' } }), db()],
    [
      'keys in a volume',
      withVolume({ secret: { secretName: 'db', items: [{ key: 'password', path: 'p' }] } }),
      db('password'),
    ],
    ['a ConfigMap in a volume', withVolume({ configMap: { name: 'settings' } }), settings()],
    [
      'a projected Secret',
      withVolume({ projected: { sources: [{ secret: { name: 'db', items: [{ key: 'tls.key', path: 'k' }] } }] } }),
      db('tls.key'),
    ],
    [
      'a projected ConfigMap',
      withVolume({ projected: { sources: [{ serviceAccountToken: {} }, { configMap: { name: 'settings' } }] } }),
      settings(),
    ],
    ['the login of a CSI driver', withVolume({ csi: { driver: 'd', nodePublishSecretRef: { name: 'db' } } }), db()],
    ['the login of an older driver', withVolume({ cephfs: { secretRef: { name: 'db' } } }), db()],
    ['the login of an Azure share', withVolume({ azureFile: { secretName: 'db', shareName: 's' } }), db()],
    ['the login of a registry', aDeployment('a', { imagePullSecrets: [{ name: 'db' }] }), db()],
    [
      'the pods of a CronJob',
      anObject('CronJob', 'a', {
        spec: {
          jobTemplate: {
            spec: {
              template: {
                spec: { containers: [], initContainers: [container({ envFrom: [{ secretRef: { name: 'db' } }] })] },
              },
            },
          },
        },
      }),
      db(),
    ],
    [
      'the certificate of an Ingress',
      anObject('Ingress', 'a', { spec: { tls: [{ hosts: ['x'], secretName: 'db' }] } }),
      db(),
    ],
    [
      'the registry login of a ServiceAccount',
      anObject('ServiceAccount', 'a', { imagePullSecrets: [{ name: 'db' }] }),
      db(),
    ],
    ['the Secrets of a ServiceAccount', anObject('ServiceAccount', 'a', { secrets: [{ name: 'db' }] }), db()],
  ])('%s', (_, { content }, expected) => {
    expect(references(content)).toEqual(expected);
  });

  test.each<[sentence: string, object: BundleObject]>([
    ['an optional key', withEnv({ secretKeyRef: { name: 'db', key: 'password', optional: true } })],
    ['an optional volume', withVolume({ secret: { secretName: 'db', optional: true } })],
    [
      'an optional projection',
      withVolume({ projected: { sources: [{ configMap: { name: 'settings', optional: true } }] } }),
    ],
    ['an Ingress that takes the default certificate', anObject('Ingress', 'a', { spec: { tls: [{ hosts: ['x'] }] } })],
    ['a field that only looks like one', anObject('ConfigMap', 'a', { data: { secretName: 'db' } })],
    ['a kind called like a method of objects', anObject('constructor', 'a', {})],
  ])('nothing by %s', (_, { content }) => {
    expect(references(content)).toEqual([]);
  });
});

test('a Secret that production has, with its key, passes', () => {
  const secrets = new Map([['db', new Set(['password'])]]);
  expect(judged([password], { secrets })).toMatchObject({ outcome: 'Passed', reason: 'SecretsPresent' });
});

test('a Secret that production lacks is named, and how to create it', () => {
  const verdict = judged([password]);
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'SecretMissing' });
  expect(verdict.message).toBe('payments-prod lacks Secret db for Deployment api');
  expect(verdict.remedy).toContain('kubectl create secret generic db -n payments-prod --from-file=password=<file>');
});

test('a key that production lacks is named', () => {
  const verdict = judged([password], { secrets: new Map([['db', new Set(['user'])]]) });
  expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'SecretKeyMissing' });
  expect(verdict.message).toBe('payments-prod lacks key password of Secret db for Deployment api');
});

describe('a Secret that will be made is not required:', () => {
  const declared = aPolicy({
    platformWriters: [{ identity: 'system:serviceaccount:es:es', kind: 'Secret', names: ['db'] }],
  });
  const made = (apiVersion: string, kind: string, content: JsonObject): BundleObject => {
    const ref = { apiVersion, kind, name: 'db' };
    return { ref, digest: '', content: { apiVersion, kind, metadata: { name: 'db' }, ...content } };
  };
  const shop = (annotations: JsonObject) =>
    made('networking.k8s.io/v1', 'Ingress', {
      metadata: { name: 'db', annotations },
      spec: { tls: [{ secretName: 'db' }] },
    });

  test.each<[sentence: string, objects: BundleObject[], given: Partial<GateSnapshot>, by: string]>([
    ['by a declared writer', [], { policy: declared }, 'system:serviceaccount:es:es'],
    ['with its key, by a declared writer', [], { policy: declared, secrets: new Map([['db', new Set()]]) }, ':es:es'],
    [
      'by a Certificate',
      [made('cert-manager.io/v1', 'Certificate', { spec: { secretName: 'db' } })],
      {},
      'Certificate',
    ],
    [
      'by an ExternalSecret under a name of its own',
      [made('external-secrets.io/v1', 'ExternalSecret', { metadata: { name: 'x' }, spec: { target: { name: 'db' } } })],
      {},
      'ExternalSecret',
    ],
    ['by an ExternalSecret of the name', [made('external-secrets.io/v1beta1', 'ExternalSecret', {})], {}, 'External'],
    ['by a SealedSecret', [made('bitnami.com/v1alpha1', 'SealedSecret', {})], {}, 'SealedSecret'],
    ['by an Ingress that names an issuer', [shop({ 'cert-manager.io/cluster-issuer': 'ca' })], {}, 'Ingress'],
    [
      'by a Job that says so',
      [
        made('batch/v1', 'Job', {
          metadata: { name: 'db', annotations: { 'countersign.dev/makes-secrets': 'a, db' } },
        }),
      ],
      {},
      'Job',
    ],
  ])('%s', (_, objects, given, by) => {
    const verdict = judged([password, ...objects], given);
    expect(verdict).toMatchObject({ outcome: 'Passed', reason: 'SecretsComing' });
    expect(verdict.message).toContain('Secret db, which ');
    expect(verdict.message).toContain(by);
  });

  test.each<[sentence: string, objects: BundleObject[], given: Partial<GateSnapshot>]>([
    ['an Ingress without an issuer', [shop({})], {}],
    ['a Certificate of another group', [made('example.org/v1', 'Certificate', { spec: { secretName: 'db' } })], {}],
    [
      'a writer of another Secret',
      [],
      { policy: aPolicy({ platformWriters: [{ identity: 'x', kind: 'Secret', names: ['other'] }] }) },
    ],
    [
      'a writer of a ConfigMap of the name',
      [],
      { policy: aPolicy({ platformWriters: [{ identity: 'x', kind: 'ConfigMap', names: ['db'] }] }) },
    ],
    [
      'a Deployment with the annotation of Jobs',
      [
        anObject('Deployment', 'a', {
          metadata: { name: 'a', annotations: { 'countersign.dev/makes-secrets': 'db' } },
        }),
      ],
      {},
    ],
  ])('but not by %s', (_, objects, given) => {
    expect(judged([password, ...objects], given).reason).toBe('SecretMissing');
  });
});

test('everything that is missing is named', () => {
  expect(judged([password, level]).message).toBe(
    'payments-prod lacks Secret db for Deployment api and ConfigMap settings for Deployment api',
  );
});

describe('a ConfigMap', () => {
  const shippedSettings = anObject('ConfigMap', 'settings', { data: { level: 'info' }, binaryData: { logo: 'AA==' } });
  const inProduction = { configMaps: new Map([['settings', new Set(['level'])]]) };

  test.each<[sentence: string, objects: BundleObject[], given: Partial<GateSnapshot>]>([
    ['of the release', [level, shippedSettings], {}],
    [
      'of the release, in binary',
      [withVolume({ configMap: { name: 'settings', items: [{ key: 'logo', path: 'l' }] } }), shippedSettings],
      {},
    ],
    ['of production', [level], inProduction],
  ])('%s passes', (_, objects, given) => {
    expect(judged(objects, given).outcome).toBe('Passed');
  });

  test('that is nowhere is named', () => {
    expect(judged([level])).toMatchObject({ outcome: 'Blocked', reason: 'ConfigMapMissing' });
  });

  test('of the release without the key is named, though that of today has it', () => {
    const shipped = anObject('ConfigMap', 'settings', { data: {} });
    expect(judged([level, shipped], inProduction)).toMatchObject({ outcome: 'Blocked', reason: 'ConfigMapKeyMissing' });
  });

  test('that the release drops is as good as gone', () => {
    const bundle = aBundle({ objects: [level], removed: [shippedSettings.ref] });
    expect(secretsPresent.judge(aGateSnapshot({ bundle, ...inProduction }), now).reason).toBe('ConfigMapMissing');
  });
});
