import { expect, test } from '@jest/globals';
import type { JsonObject } from '../api/meta.ts';
import { selectedLabels } from './parse.ts';

test.each<[kind: string, spec: JsonObject, keys: readonly string[]]>([
  ['Service', { selector: { app: 'api', tier: 'web' } }, ['app', 'tier']],
  ['Service', { type: 'ExternalName' }, []],
  [
    'PodDisruptionBudget',
    { selector: { matchLabels: { app: 'api' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] } },
    ['app', 'tier'],
  ],
  [
    'NetworkPolicy',
    {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { role: 'client' } } }, { ipBlock: { cidr: '10.0.0.0/8' } }] }],
      egress: [{ to: [{ podSelector: { matchExpressions: [{ key: 'dns', operator: 'Exists' }] } }] }],
    },
    ['app', 'role', 'dns'],
  ],
  ['Deployment', { selector: { matchLabels: { app: 'api' } } }, []],
])('the labels by which a %s picks pods: %#', (kind, spec, keys) => {
  expect(selectedLabels(kind, { kind, spec })).toEqual(keys);
});
