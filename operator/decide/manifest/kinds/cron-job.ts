import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import type { Kind } from './shared/kind.ts';
import { below, jobDefaults, podTemplate } from './shared/pod-template.ts';

export const cronJob: Kind = {
  kind: 'CronJob',
  apiVersion: 'batch/v1',
  plural: 'cronjobs',
  namespaced: true,
  promotable: true,
  wave: 'Workloads',
  prune: 'WithPromotion',
  followed: 'Digest',
  workload: true,
  serverOwned: [
    ...podTemplate('spec', 'jobTemplate', 'spec', 'template'),
    { path: ['spec', 'jobTemplate', 'metadata', 'creationTimestamp'], derived: true },
  ],
  health: present,
  risk: {
    'spec.jobTemplate.spec.parallelism': 'scale',
    'spec.jobTemplate.spec.completions': 'scale',
    'spec.schedule': 'command',
    'spec.timeZone': 'command',
    'spec.suspend': 'command',
    'spec.concurrencyPolicy': 'command',
  },
  defaults: {
    ...below('spec.jobTemplate.spec', jobDefaults),
    'spec.failedJobsHistoryLimit': 1,
    'spec.successfulJobsHistoryLimit': 3,
  },
  guard: { topic: 'workloads', ...byReleases },
  subresources: { status: { guard: { topic: 'status', update: ['cronjob-controller'] } } },
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
