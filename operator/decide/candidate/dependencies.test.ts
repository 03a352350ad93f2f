import { describe, expect, test } from '@jest/globals';
import {
  aBundle,
  aDeployment,
  aGateSnapshot,
  aLiveObject,
  anObject,
  now,
} from '../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject, Dependency } from '../bundle.ts';
import { dependenciesOf, dependencyLines, withoutSelector } from './dependencies.ts';
import { keyOf } from '../objects.ts';
import type { GateSnapshot } from '../gates/gate.ts';
import { dependenciesPresent } from '../gates/content/dependencies-present.ts';

const account = anObject('ServiceAccount', 'runner');
const web = aDeployment('web', { serviceAccountName: 'runner' });
const classes = (kind: string, name: string) => (kind === 'StorageClass' ? name === 'fast' : undefined);

const found = (objects: readonly BundleObject[], given: Partial<GateSnapshot> = {}): readonly Dependency[] =>
  dependenciesOf(aGateSnapshot({ classes, ...given }), objects).dependencies;

const judged = (objects: BundleObject[], given: Partial<GateSnapshot> = {}) => {
  const bundle = aBundle({ objects, dependencies: found(objects, given), ...given.bundle });
  return dependenciesPresent.judge(aGateSnapshot({ classes, ...given, bundle }), now);
};

const withPod = (spec: JsonObject) => aDeployment('web', spec);
const claim = (storageClassName: string) => anObject('PersistentVolumeClaim', 'data', { spec: { storageClassName } });
const ingress = (spec: JsonObject) => anObject('Ingress', 'shop', { spec });
const toDb = { service: { name: 'db', port: { number: 80 } } };

describe('required:', () => {
  test.each<[sentence: string, object: BundleObject, expected: string]>([
    ['a ServiceAccount', web, 'ServiceAccount/runner'],
    [
      'a claim',
      withPod({ volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] }),
      'PersistentVolumeClaim/data',
    ],
    ['a priority class', withPod({ priorityClassName: 'high' }), 'PriorityClass.scheduling.k8s.io/high'],
    ['a runtime class', withPod({ runtimeClassName: 'sandboxed' }), 'RuntimeClass.node.k8s.io/sandboxed'],
    ['the class of a claim', claim('slow'), 'StorageClass/slow'],
    [
      'the class of a template of claims',
      anObject('StatefulSet', 's', { spec: { volumeClaimTemplates: [{ spec: { storageClassName: 'slow' } }] } }),
      'StorageClass/slow',
    ],
    ['the class of an Ingress', ingress({ ingressClassName: 'nginx' }), 'IngressClass/nginx'],
    ['the default backend of an Ingress', ingress({ defaultBackend: toDb }), 'Service/db'],
    [
      'a backend of an Ingress',
      ingress({ rules: [{ http: { paths: [{ path: '/', backend: toDb }] } }] }),
      'Service/db',
    ],
  ])('%s', (_, object, expected) => {
    expect(found([object]).map((each) => [keyOf(each), each.required])).toEqual([[expected, true]]);
  });
});

describe('told:', () => {
  const env = (value: string) => withPod({ containers: [{ name: 'c', image: 'i', env: [{ name: 'A', value }] }] });
  const hosts = () => ({
    services: new Set(['db']),
    productionServices: new Set(['ledger']),
    stagingHosts: [],
    productionHosts: [],
  });
  test.each<[sentence: string, value: string, expected: string[]]>([
    ['a host in a URL', 'postgres://user@cache:5432/x', ['Service/cache ']],
    ['a host of the namespace', 'http://api.payments-prod.svc/x', ['Service/api ']],
    ['a host of another namespace', 'http://api.billing.svc.cluster.local', ['Service/api billing']],
    ['a Service of production', 'ledger:8080', ['Service/ledger ']],
    ['a Service of staging alone', 'db', ['Service/db ']],
    ['nothing by a host of the world', 'https://api.example.com:443/x', []],
    ['nothing by this machine', 'http://localhost:8080 and 127.0.0.1:80', []],
    ['nothing by words', 'some:thing and a/path', []],
  ])('%s', (_, value, expected) => {
    const all = found([env(value)], { hosts });
    expect(all.map((each) => `${keyOf(each)} ${each.namespace}`)).toEqual(expected);
    expect(all.every(({ required }) => !required)).toBe(true);
  });
});

describe('the gate', () => {
  test.each<[sentence: string, objects: BundleObject[], given: Partial<GateSnapshot>]>([
    ['what the package holds', [web, account], {}],
    ['what production holds', [web], { live: new Map([[keyOf(account.ref), aLiveObject(account)]]) }],
    ['what another package holds', [web], { claims: new Map([[keyOf(account.ref), 'accounts']]) }],
    ['a class that there is', [claim('fast')], {}],
    ['the account that is in every namespace', [withPod({ serviceAccountName: 'default' })], {}],
  ])('passes with %s', (_, objects, given) => {
    expect(judged(objects, given)).toMatchObject({ outcome: 'Passed', reason: 'DependenciesPresent' });
  });

  test('blocks without an account, and says where to look', () => {
    const { outcome, reason, message, remedy } = judged([web]);
    expect([outcome, reason]).toEqual(['Blocked', 'DependencyMissing']);
    expect(message).toBe('payments-prod lacks ServiceAccount runner for Deployment web');
    expect(remedy).toContain('kubectl get serviceaccount/runner -n payments-prod');
  });

  test('blocks without a class, and names a platform admin', () => {
    expect(judged([claim('slow')]).remedy).toContain('A platform admin creates StorageClass slow');
  });

  test('blocks when the release itself drops what it needs', () => {
    const live = new Map([[keyOf(account.ref), aLiveObject(account)]]);
    const bundle = aBundle({ objects: [web], dependencies: found([web], { live }), removed: [account.ref] });
    expect(dependenciesPresent.judge(aGateSnapshot({ bundle, live, classes }), now).outcome).toBe('Blocked');
  });

  test('only tells of a Service that is not there', () => {
    const state = anObject('StatefulSet', 's', { spec: { serviceName: 'peers' } });
    expect(judged([state])).toMatchObject({
      outcome: 'Passed',
      reason: 'DependenciesTold',
      message: expect.stringContaining('Service peers for StatefulSet s'),
    });
  });
});

test('signers read whose each of them is', () => {
  const s = aGateSnapshot({ classes, claims: new Map([[keyOf(account.ref), 'accounts']]) });
  expect(dependencyLines(s, dependenciesOf(s, [web, claim('slow')]))).toEqual([
    'ServiceAccount runner: of package accounts; for Deployment web',
    'StorageClass slow: missing; for PersistentVolumeClaim data',
  ]);
});

test('signers read which Service has nothing that it leads to', () => {
  const services = [
    anObject('Service', 'bare', { spec: { ports: [{ port: 1 }] } }),
    anObject('Service', 'web', { spec: { selector: { app: 'web' } } }),
    anObject('Service', 'away', { spec: { type: 'ExternalName', externalName: 'db.example' } }),
  ];
  expect(withoutSelector(services)).toEqual([expect.stringContaining('endpoints of Service bare')]);
});

test('more than a bundle has room for is counted, and what is required is named before what is only told', () => {
  const env = Array.from({ length: 600 }, (_, i) => ({ name: `A${i}`, value: `http://a${i}.payments-prod.svc` }));
  const many = withPod({ serviceAccountName: 'zz', containers: [{ name: 'c', image: 'i', env }] });
  const s = aGateSnapshot({ classes });
  const needs = dependenciesOf(s, [many]);
  expect(needs.dependencies).toHaveLength(500);
  expect(needs.dependenciesLeftOut).toBe(101);
  expect(needs.dependencies.map(keyOf)).toContain('ServiceAccount/zz');
  expect(dependencyLines(s, needs).at(-1)).toMatch(/^101 more/);
});

test('of what many objects refer to ten are named, and the rest are counted', () => {
  const all = Array.from({ length: 12 }, (_, i) => aDeployment(`web-${i}`, { serviceAccountName: 'runner' }));
  const s = aGateSnapshot({ classes });
  const needs = dependenciesOf(s, all);
  expect(needs.dependencies).toMatchObject([{ name: 'runner', byLeftOut: 2 }]);
  expect(dependencyLines(s, needs)).toEqual([expect.stringMatching(/Deployment web-9 and 2 more$/)]);
});
