import { expect, test } from '@jest/globals';
import {
  aBundle,
  aDeployment,
  aGateSnapshot,
  aLiveObject,
  anObject,
  aPolicy,
  minute,
  now,
  second,
} from '../../../../test/support/builders/decide.ts';
import type { Instant, PodFacts } from '../../objects.ts';
import { soak } from './soak.ts';
import { isTested } from './staging-hold.ts';
import { stagingHealthy } from './staging-healthy.ts';
import { unreadConfig } from './unread-config.ts';

const settings = anObject('ConfigMap', 'settings', { data: { MODE: 'a' } });
const api = aDeployment('api', { containers: [{ name: 'app', envFrom: [{ configMapRef: { name: 'settings' } }] }] });
const bundle = aBundle({ objects: [settings, api] });

const podSince = (createdAt: Instant): PodFacts => ({
  name: 'api-1',
  namespace: 'payments-staging',
  uid: 'uid-api-1',
  createdAt,
  deleting: false,
  phase: 'Running',
  ready: true,
  readySince: createdAt,
  labels: {},
  ownerKind: 'Deployment',
  ownerName: 'api',
  ownerUid: '',
  controller: undefined,
  programs: [],
  lifetime: [],
  manager: '',
  containers: [],
});

const staging = (changedAt: number, startedAt: number, policy: Record<string, unknown> = {}) =>
  aGateSnapshot({
    bundle,
    policy: aPolicy(policy),
    staged: new Map([
      [
        'ConfigMap/settings',
        aLiveObject(settings, { writers: [{ manager: 'kubectl', operation: 'Apply', at: changedAt }] }),
      ],
      ['Deployment/api', aLiveObject(api)],
    ]),
    stagedPods: new Map([['Deployment/api', [podSince(startedAt)]]]),
  });

test.each([
  ['before it', -second, true],
  ['in the same second', 0, false],
  ['after it', second, false],
])('pods that started %s run without the last change of a ConfigMap: %s', (_, after, isUnread) => {
  const s = staging(now - minute, now - minute + after);
  expect(unreadConfig(s, bundle)).toEqual(isUnread ? [{ workload: 'Deployment/api', configMaps: ['settings'] }] : []);
});

test('where changes of configuration restart nothing, nobody has to restart anything', () => {
  expect(unreadConfig(staging(now, now - minute, { restartOnConfigChange: false }), bundle)).toEqual([]);
});

test('staging is not healthy with content that its pods have not read, and nothing is tested', () => {
  const s = { ...staging(now, now - minute), soakingSince: undefined };
  const unread = { ...s, unread: unreadConfig(s, bundle) };

  expect(stagingHealthy.judge(unread, now)).toMatchObject({
    outcome: 'Waiting',
    reason: 'StagingNotRestarted',
    message:
      'Pods of Deployment api in payments-staging have not been restarted since ConfigMap settings changed, so they do not run what is released',
    remedy: 'The developer restarts them: kubectl rollout restart deployment/api -n payments-staging',
  });
  expect(soak.judge(unread, now).reason).toBe('NotSoaking');
  const soaked = { ...unread, soakingSince: now - 600 * minute };
  expect([isTested({ ...soaked, unread: [] }, now), isTested(soaked, now)]).toEqual([true, false]);
});
