import { jobFinalizer, waveAnnotation } from '../../../api/kinds.ts';
import type { JsonObject } from '../../../api/meta.ts';
import { at, listAt, textAt } from '../../json/json.ts';
import { condition, failed, healthy, holds, messageOf, progressing } from './shared/health.ts';
import type { HealthRule, Kind } from './shared/kind.ts';
import { below, jobDefaults, podTemplate } from './shared/pod-template.ts';

const selectsItself = (job: JsonObject): boolean => at(job, 'spec', 'manualSelector') !== true;

/** Written by the API server into every Job (registry/batch/job/strategy.go, generateSelector). */
const labels = ['controller-uid', 'batch.kubernetes.io/controller-uid', 'job-name', 'batch.kubernetes.io/job-name'];

/** A Job has no observedGeneration, and no status before its first sync. */
const health: HealthRule = (object) => {
  // FailureTarget comes first: the Job is going to fail, and its pods are being ended.
  const end = ['Failed', 'FailureTarget'].find((type) => holds(object, type));
  if (end !== undefined) {
    const reason = textAt(condition(object, end), 'reason') ?? '';
    const why = reason === '' ? '' : ` (${reason})`;
    return failed('JobFailed', `the Job failed${why}: ${messageOf(object, end, 'no message is given')}`);
  }
  if (holds(object, 'Complete')) return healthy('JobComplete', 'the Job is complete');
  return at(object.manifest, 'spec', 'suspend') === true
    ? progressing('JobSuspended', 'the Job is suspended by spec.suspend')
    : progressing('JobRunning', 'the Job is not complete yet');
};

const finished = new Set(['Complete', 'Failed']);

/** No rule about immutable fields: each bundle runs its Jobs under names of their own. */
export const job: Kind = {
  kind: 'Job',
  apiVersion: 'batch/v1',
  plural: 'jobs',
  namespaced: true,
  promotable: true,
  wave: 'Jobs',
  waveOf: (content) => (at(content, 'metadata', 'annotations', waveAnnotation) === 'After' ? 'JobsAfter' : 'Jobs'),
  prune: 'WithPromotion',
  followed: 'Digest',
  workload: true,
  serverOwned: [
    ...podTemplate('spec', 'template'),
    { path: ['spec', 'selector'], when: selectsItself },
    ...labels.flatMap((label) => [
      { path: ['spec', 'template', 'metadata', 'labels', label], when: selectsItself },
      // A Job without labels is given those of its template, and the generated ones with them.
      { path: ['metadata', 'labels', label], when: selectsItself },
    ]),
  ],
  health,
  // It retries by itself; when it has had enough of that, it says so.
  retries: ['CrashLoopBackOff', 'RunContainerError'],
  risk: { 'spec.parallelism': 'scale', 'spec.completions': 'scale' },
  defaults: below('spec', jobDefaults),
  guard: {
    topic: 'workloads',
    create: ['cronjob-controller'],
    update: ['generic-garbage-collector'],
    delete: ['cronjob-controller', 'ttl-after-finished-controller', 'generic-garbage-collector'],
  },
  subresources: { status: { guard: { topic: 'status', update: ['job-controller'] } } },
  // Ours: it comes off as soon as the record says how the Job ended.
  controllerFinalizers: [jobFinalizer],
  madeBy: ['CronJob'],
  transient: true,
  isIdle: (object) =>
    listAt(object, 'status', 'conditions').some(
      (each) => finished.has(textAt(each, 'type') ?? '') && textAt(each, 'status') === 'True',
    ),
  emergency: ['create', 'update', 'delete'],
  operate: ['run', 'free'],
};
