import { expect, test } from '@jest/globals';
import { aBundle, aDeployment, anObject } from '../../../test/support/builders/decide.ts';
import { neededByLines } from './needed-by.ts';

const service = anObject('Service', 'api');
const settings = anObject('ConfigMap', 'settings');
const need = (kind: string, name: string, more: { readonly namespace?: string } = {}) => ({
  apiVersion: 'v1',
  kind,
  name,
  namespace: '',
  required: true,
  by: ['Deployment/web' as const],
  byLeftOut: 0,
  ...more,
});
const shop = aBundle({
  package: 'shop',
  version: '3.1.0',
  objects: [aDeployment('web')],
  dependencies: [need('Service', 'api'), need('ConfigMap', 'settings'), need('Service', 'ledger')],
});
const draft = { objects: [service], removed: [settings.ref] };

test('what goes while another package refers to it comes first, then what changes under it; nothing of what is not in the release', () => {
  expect(neededByLines({ neighbors: () => [shop] }, draft)).toEqual([
    'ConfigMap settings (removed by this release): shop 3.1.0, for Deployment web',
    'Service api: shop 3.1.0, for Deployment web',
  ]);
});

test('what is referred to in another namespace is another object', () => {
  const elsewhere = aBundle({ package: 'shop', dependencies: [need('Service', 'api', { namespace: 'billing' })] });
  expect(neededByLines({ neighbors: () => [elsewhere] }, draft)).toEqual([]);
});

test('of very many the first are told, and how many more there are', () => {
  const many = Array.from({ length: 250 }, (_, i) =>
    aBundle({ package: `p${i}`, dependencies: [need('Service', 'api')] }),
  );
  const lines = neededByLines({ neighbors: () => many }, draft);
  expect([lines.length, lines.at(-1)]).toEqual([201, '50 more']);
});
