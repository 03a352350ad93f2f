import { describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../../kube/resource.ts';
import type { Issued, State } from './rotation-plan.ts';
import { pathOf } from './secret-path.ts';
import { configurationWith, publishedIn, secretWith, storedIn } from './rotation-state.ts';

const issued: Issued = {
  authority: 'CA',
  certificate: 'C',
  key: 'K',
  hosts: ['h'],
  issuedAt: 1,
  notAfter: 2,
};
const seed = 's'.repeat(43);
const index = 5;
const secret = (data?: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'countersign-gate', namespace: 'ns', uid: 'u', resourceVersion: '7' },
  ...(data && { data }),
});
const asObject = (manifest: object): KubeObject => manifest as KubeObject;

describe('the Secret', () => {
  test.each<[string, State]>([
    ['a seed', { seed, chain: undefined }],
    ['a certificate', { seed, chain: { current: issued, next: undefined, retired: [] } }],
    [
      'a rotation',
      {
        seed,
        chain: {
          current: issued,
          next: { ...issued, publishedAt: 3 },
          retired: [{ authority: 'old', until: 4 }],
        },
      },
    ],
  ])('gives back %s', (_, state) => {
    expect(storedIn(asObject(secretWith(secret({ other: 'eA==' }), state)))).toEqual({ resourceVersion: '7', state });
  });

  test('keeps what others put there', () => {
    expect(secretWith(secret({ other: 'eA==' }), { seed, chain: undefined })).toMatchObject({
      metadata: { resourceVersion: '7' },
      data: { other: 'eA==' },
    });
  });

  test.each([
    ['nothing', undefined],
    ['no JSON', 'nonsense'],
    ['another JSON', '[]'],
    ['a seed that can be guessed', JSON.stringify({ seed: 'short' })],
    ['half a certificate', JSON.stringify({ seed, chain: { current: { ...issued, key: undefined }, retired: [] } })],
  ])('with %s holds nothing', (_, text) => {
    const data = text === undefined ? undefined : { 'state.json': Buffer.from(text).toString('base64') };
    expect(storedIn(secret(data)).state).toBeUndefined();
  });
});

const configuration = (...clientConfigs: readonly object[]): KubeObject =>
  asObject({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'countersign-gate', uid: 'u', resourceVersion: '9', annotations: { of: 'others' } },
    webhooks: [
      ...clientConfigs.map((clientConfig) => ({
        name: 'writes.gate.countersign.dev',
        timeoutSeconds: 5,
        clientConfig,
      })),
      { name: 'theirs.example', clientConfig: { url: 'https://theirs.example/x', caBundle: 'eA==' } },
    ],
  });

describe('the webhook configuration', () => {
  test.each([
    ['a Service', { service: { name: 's', namespace: 'ns', port: 443 } }],
    ['an address', { url: 'https://127.0.0.1:8443/' }],
    ['an address with another path', { url: 'https://127.0.0.1:8443/admit/old/writes' }],
  ])('of %s says what was written into it', (_, clientConfig) => {
    const written = asObject(
      configurationWith(configuration(clientConfig), { from: '7', seed, index, trusted: 'CA\n' }),
    );
    expect(publishedIn(written)).toEqual({
      from: '7',
      webhooks: [{ entry: 'writes', trusted: 'CA\n', path: pathOf(seed, index, 'writes') }],
    });
    expect(written).toMatchObject({ metadata: { resourceVersion: '9', annotations: { of: 'others' } } });
  });

  test('keeps what is not ours to say: other webhooks, timeouts, and whom to trust when others make certificates', () => {
    const before = configuration({ url: 'https://127.0.0.1:8443/', caBundle: 'eA==' });
    expect(configurationWith(before, { from: '7', seed, index, trusted: undefined })).toMatchObject({
      webhooks: [
        {
          timeoutSeconds: 5,
          clientConfig: { url: `https://127.0.0.1:8443${pathOf(seed, index, 'writes')}`, caBundle: 'eA==' },
        },
        { name: 'theirs.example', clientConfig: { url: 'https://theirs.example/x', caBundle: 'eA==' } },
      ],
    });
  });

  test('without anything written trusts nobody', () => {
    expect(publishedIn(configuration({ service: { name: 's', namespace: 'ns' } }))).toEqual({
      from: '',
      webhooks: [{ entry: 'writes', trusted: '', path: '' }],
    });
  });
});
