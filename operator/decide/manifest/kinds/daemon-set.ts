import { textAt } from '../../json/json.ts';
import { byReleases } from './shared/guard.ts';
import { asManyAs, count, observed } from './shared/health.ts';
import { fixedSelector } from './shared/immutable.ts';
import type { HealthRule, Kind } from './shared/kind.ts';
import { restartableTemplate, rolling, serviceDefaults } from './shared/pod-template.ts';

const health: HealthRule = ({ manifest, status }) => {
  const needed = count(status, 'desiredNumberScheduled');
  const byHand = textAt(manifest, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  return asManyAs([
    [count(status, 'currentNumberScheduled'), needed, 'scheduled'],
    [count(status, 'updatedNumberScheduled'), byHand ? 0 : needed, 'updated'],
    [count(status, 'numberReady'), needed, 'ready'],
    [count(status, 'numberAvailable'), needed, 'available'],
  ]);
};

export const daemonSet: Kind = {
  kind: 'DaemonSet',
  apiVersion: 'apps/v1',
  plural: 'daemonsets',
  namespaced: true,
  promotable: true,
  wave: 'Workloads',
  prune: 'WithPromotion',
  followed: 'Digest',
  workload: true,
  serverOwned: restartableTemplate,
  immutable: fixedSelector,
  health: observed(health),
  risk: rolling,
  defaults: {
    ...serviceDefaults,
    'spec.revisionHistoryLimit': 10,
    'spec.updateStrategy.type': 'RollingUpdate',
    'spec.updateStrategy.rollingUpdate.maxSurge': 0,
    'spec.updateStrategy.rollingUpdate.maxUnavailable': 1,
  },
  guard: { topic: 'workloads', ...byReleases },
  subresources: { status: { guard: { topic: 'status', update: ['daemon-set-controller'] } } },
  emergency: ['create', 'update', 'delete'],
  operate: ['restart', 'free'],
};
