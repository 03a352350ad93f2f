import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { JsonObject } from '../../../../api/meta.ts';
import { normalForm } from '../../normal-form.ts';
import { asGoWrites } from './template-in-go.ts';

const rollout = (spec: JsonObject, more: JsonObject = {}): JsonObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web' },
  spec: { replicas: 2, ...more, template: { metadata: { labels: { app: 'web' } }, spec } },
});

test.each<[sentence: string, given: JsonObject, written: JsonObject]>([
  ['a container without resources', { containers: [{ name: 'a' }] }, { containers: [{ name: 'a', resources: {} }] }],
  [
    'amounts',
    { containers: [{ name: 'a', resources: { limits: { cpu: '1000m', memory: '1.5Gi' }, requests: { cpu: 1 } } }] },
    { containers: [{ name: 'a', resources: { limits: { cpu: '1', memory: '1536Mi' }, requests: { cpu: '1' } } }] },
  ],
  [
    'what is empty',
    {
      hostNetwork: false,
      imagePullSecrets: [],
      initContainers: [{ name: 'i', args: [], tty: false, resources: { limits: {} } }],
      containers: [{ name: 'a', env: [{ name: 'X', value: '' }], resources: {}, securityContext: {} }],
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1024Mi' } }],
    },
    {
      initContainers: [{ name: 'i', resources: {} }],
      containers: [{ name: 'a', env: [{ name: 'X' }], resources: {}, securityContext: {} }],
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '1Gi' } }],
    },
  ],
  [
    'what means something though it looks empty',
    {
      automountServiceAccountToken: false,
      securityContext: { runAsUser: 0, runAsNonRoot: false },
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'a',
          resources: {},
          env: [{ name: 'N', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }],
          securityContext: { readOnlyRootFilesystem: false },
        },
      ],
    },
    {
      automountServiceAccountToken: false,
      securityContext: { runAsUser: 0, runAsNonRoot: false },
      terminationGracePeriodSeconds: 0,
      containers: [
        {
          name: 'a',
          resources: {},
          env: [{ name: 'N', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '0' } } }],
          securityContext: { readOnlyRootFilesystem: false },
        },
      ],
    },
  ],
])('%s', (_, given, written) => {
  expect(asGoWrites(rollout(given))).toEqual(rollout(written));
});

test('a Rollout is in normal form in the words of its controller, which is the same before and after it has written', () => {
  const ref = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web' };
  const given = rollout({ containers: [{ name: 'a' }] }, { paused: false });
  expect(normalForm(given, ref)).toEqual(rollout({ containers: [{ name: 'a', resources: {} }] }));
  expect(normalForm(normalForm(given, ref), ref)).toEqual(normalForm(given, ref));
});

test('whatever a template holds, it is written without an error, and the second time as the first', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (spec) => {
      const once = asGoWrites(rollout({ containers: [spec], volumes: [spec], overhead: spec } as JsonObject)); // oxlint-disable-line typescript/no-unsafe-type-assertion -- JSON is what it makes
      expect(asGoWrites(once)).toEqual(once);
    }),
  );
});
