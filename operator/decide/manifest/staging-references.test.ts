import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '../../api/meta.ts';
import { formatPath } from '../json/field-path.ts';
import { stagingNamesIn, type StagingNames } from './staging-references.ts';

const names: StagingNames = {
  namespace: 'pay-staging',
  target: 'pay-prod',
  services: new Set(['db', 'web']),
  hosts: ['shop.test.example'],
};
/** A namespace whose name is a word, and a domain of the top besides. */
const word: StagingNames = { ...names, namespace: 'dev' };

const container = (fields: JsonObject): JsonObject => ({
  kind: 'Deployment',
  spec: { template: { spec: { containers: [{ name: 'c', image: 'registry.example/pay-staging/c', ...fields }] } } },
});
const env = (name: string, value: string) => container({ env: [{ name, value }] });
const args = (...all: string[]) => container({ args: all });
const data = (key: string, value: string): JsonObject => ({ kind: 'ConfigMap', data: { [key]: value } });

const found = (content: JsonObject, by = names) =>
  stagingNamesIn(content, by).map(({ path, found: text, fixed }) => [formatPath(path), text, fixed]);

const dataA = 'data.a';
const envValue = 'spec.template.spec.containers[0].env[0].value';
const arg = (index: number) => `spec.template.spec.containers[0].args[${index}]`;

describe('refers to staging:', () => {
  test.each<[sentence: string, content: JsonObject, expected: unknown[], by?: StagingNames]>([
    [
      'a host in a URL',
      data('a', 'postgres://db.pay-staging.svc.cluster.local:5432/shop'),
      [dataA, 'db.pay-staging.svc.cluster.local', 'postgres://db.pay-prod.svc.cluster.local:5432/shop'],
    ],
    [
      'the host of a pod',
      args('--peers=web-0.web.pay-staging.svc,web-1.web.pay-staging.svc'),
      [arg(0), 'web-0.web.pay-staging.svc', '--peers=web-0.web.pay-prod.svc,web-1.web.pay-prod.svc'],
    ],
    ['a short host', env('DB', 'db.pay-staging:5432'), [envValue, 'db.pay-staging', 'db.pay-prod:5432']],
    [
      'every host of the namespace',
      env('NO_PROXY', '.pay-staging.svc'),
      [envValue, '.pay-staging.svc', '.pay-prod.svc'],
    ],
    [
      'an external name',
      { kind: 'Service', spec: { externalName: 'api.pay-staging.svc.cluster.local' } },
      ['spec.externalName', 'api.pay-staging.svc.cluster.local', 'api.pay-prod.svc.cluster.local'],
    ],
    [
      'a selector of namespaces',
      {
        kind: 'NetworkPolicy',
        spec: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'pay-staging' } } },
      },
      ["spec.namespaceSelector.matchLabels['kubernetes.io/metadata.name']", 'pay-staging', 'pay-prod'],
    ],
    [
      'an expression over the names of namespaces',
      {
        kind: 'X',
        spec: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['dev'] }] },
      },
      ['spec.matchExpressions[0].values[0]', 'dev', 'pay-prod'],
      word,
    ],
    [
      'a field called namespace',
      { kind: 'X', spec: { ref: { namespace: 'dev' } } },
      ['spec.ref.namespace', 'dev', 'pay-prod'],
      word,
    ],
    [
      'a list of namespaces',
      { kind: 'X', spec: { matchNames: ['dev'] } },
      ['spec.matchNames[0]', 'dev', 'pay-prod'],
      word,
    ],
    ['an argument', args('--watch-namespace=dev'), [arg(0), 'namespace=dev', '--watch-namespace=pay-prod'], word],
    ['the argument after a flag', args('-n', 'dev'), [arg(1), 'dev', 'pay-prod'], word],
    ['a name that is no common word, in an argument', args('--of', 'pay-staging'), [arg(1), 'pay-staging', 'pay-prod']],
    ['a variable that is called so', env('POD_NAMESPACE', 'dev'), [envValue, 'dev', 'pay-prod'], word],
    [
      'a line of YAML',
      data('a', 'x: 1\nnamespace: dev\n'),
      [dataA, 'namespace: dev', 'x: 1\nnamespace: pay-prod\n'],
      word,
    ],
    [
      'a member of JSON',
      data('a', '{"namespace": "dev"}'),
      [dataA, 'namespace": "dev', '{"namespace": "pay-prod"}'],
      word,
    ],
    [
      'a path of the API',
      env('U', '/api/v1/namespaces/dev/pods'),
      [envValue, 'namespaces/dev', '/api/v1/namespaces/pay-prod/pods'],
      word,
    ],
    [
      'an account',
      data('a', 'system:serviceaccount:dev:web'),
      [dataA, 'system:serviceaccount:dev', 'system:serviceaccount:pay-prod:web'],
      word,
    ],
    [
      'an identity of a mesh',
      data('a', 'cluster.local/ns/dev/sa/web'),
      [dataA, '/ns/dev', 'cluster.local/ns/pay-prod/sa/web'],
      word,
    ],
    [
      'a Service of staging, though the namespace is a word',
      env('U', 'http://db.dev/x'),
      [envValue, 'db.dev', 'http://db.pay-prod/x'],
      word,
    ],
    [
      'an annotation',
      { kind: 'Ingress', metadata: { annotations: { 'auth-url': 'http://auth.pay-staging.svc/x' } } },
      [
        "metadata.annotations['auth-url']".replace("['auth-url']", '.auth-url'),
        'auth.pay-staging.svc',
        'http://auth.pay-prod.svc/x',
      ],
    ],
    [
      'a label of the domain of an Ingress',
      { kind: 'Ingress', spec: { rules: [{ host: 'shop.pay-staging.example.com' }] } },
      ['spec.rules[0].host', 'pay-staging', 'shop.pay-prod.example.com'],
    ],
    [
      'a host that only staging serves',
      env('U', 'https://shop.test.example/x'),
      [envValue, 'shop.test.example', undefined],
    ],
  ])('%s', (...[, content, expected, by]) => {
    expect(found(content, by)).toEqual([expected]);
  });

  test('in a large text, among other lines', () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `key-${i}: value`);
    expect(found(data('a', [...lines, 'host: db.pay-staging.svc', ...lines].join('\n')))).toHaveLength(1);
  });
});

describe('is no reference:', () => {
  test.each<[sentence: string, content: JsonObject, by?: StagingNames]>([
    ['a longer name', env('U', 'http://db.pay-staging-2.svc and db.my-pay-staging.svc and db.pay-staging2.svc')],
    ['the path of an image', container({})],
    ['the name of an object', { kind: 'ConfigMap', metadata: { name: 'pay-staging' } }],
    [
      'a label',
      {
        kind: 'X',
        metadata: { labels: { env: 'pay-staging' } },
        spec: { podSelector: { matchLabels: { env: 'dev' } } },
      },
    ],
    ['a domain of the world', env('U', 'https://shop.pay-staging.example.com')],
    ['a word of a comment', data('a', '# differs from pay-staging\nx: 1\n')],
    ['the environment that a program runs in', env('APP_ENV', 'dev'), word],
    ['a profile', args('--profile=dev', '--env', 'dev'), word],
    ['a domain of the top', env('U', 'https://pkg.go.dev/x and web2.dev'), word],
    ['a file', data('a', 'include settings.dev.yaml and app/dev/x'), word],
    ['a host that production serves, too', env('U', 'https://shop.example')],
    ['a host that begins like one of staging', env('U', 'https://shop.test.example.org and my-shop.test.example')],
  ])('%s', (...[, content, by]) => {
    expect(found(content, by)).toEqual([]);
  });
});
