/** Argo Rollouts (argoproj.io): a workload that its own controller rolls out in steps. */
import type { JsonObject } from '../../../../api/meta.ts';
import { at, numberAt, objectAt, textAt } from '../../../json/json.ts';
import type { LiveObject } from '../../../objects.ts';
import { fixedSelector } from '../shared/immutable.ts';
import { asManyAs, count, desired, failed, progressing } from '../shared/health.ts';
import type { HealthRule, PromotableKind } from '../shared/kind.ts';
import { serviceDefaults } from '../shared/pod-template.ts';
import { custom, forPeople } from './shared.ts';
import { asGoWrites } from './template-in-go.ts';

/** The controller writes the generation that it has seen as text. */
const hasSeen = ({ status, generation }: LiveObject): boolean => Number(at(status, 'observedGeneration')) >= generation;

const health: HealthRule = (object) => {
  const { status, manifest } = object;
  if (!hasSeen(object)) return progressing('NotObserved', 'its controller has not seen the latest change yet');
  const said = textAt(status, 'message') ?? '';
  // Until its controller has answered, the message is that of the step at which it was aborted.
  if (at(status, 'abort') === true) {
    return failed('Aborted', /^(?:RolloutAborted|ProgressDeadline)/.test(said) ? said : 'its rollout was aborted');
  }
  const phase = textAt(status, 'phase') ?? '';
  if (phase === 'Degraded') return failed('Degraded', said || 'its controller says that it is degraded');
  if (phase === 'Paused' || at(manifest, 'spec', 'paused') === true) {
    return progressing(
      'Paused',
      `its rollout is paused${said === '' ? '' : ` (${said})`}: in production none but its controller lets it go on, so give the pause a duration and create a new candidate`,
    );
  }
  const replicas = asManyAs([
    [count(status, 'updatedReplicas'), desired(object), 'updated'],
    [count(status, 'readyReplicas'), desired(object), 'ready'],
    [count(status, 'availableReplicas'), desired(object), 'available'],
  ]);
  return replicas.state === 'Healthy' && phase !== 'Healthy'
    ? progressing('RolloutInProgress', said || `its controller says: ${phase || 'nothing yet'}`)
    : replicas;
};

/** Its controller calls a Rollout degraded whose Services are not there. */
const services = (content: JsonObject): readonly string[] => {
  const strategy = objectAt(content, 'spec', 'strategy');
  const canary = objectAt(strategy, 'canary');
  const names = [
    ...['activeService', 'previewService'].map((field) => textAt(strategy, 'blueGreen', field)),
    ...['stableService', 'canaryService'].map((field) => textAt(canary, field)),
    ...['pingService', 'pongService'].map((field) => textAt(canary, 'pingPong', field)),
  ];
  return names.filter((name) => name !== undefined);
};

const isIdle = (object: JsonObject): boolean => (numberAt(object, 'spec', 'replicas') ?? 1) === 0;

export const rolloutKinds: readonly PromotableKind[] = [
  custom({
    kind: 'AnalysisTemplate',
    apiVersion: 'argoproj.io/v1alpha1',
    plural: 'analysistemplates',
    wave: 'Foundation',
    prune: 'AfterObservation',
  }),
  custom({
    kind: 'Rollout',
    apiVersion: 'argoproj.io/v1alpha1',
    plural: 'rollouts',
    wave: 'Workloads',
    ...forPeople,
    workload: true,
    podHashLabel: 'rollouts-pod-template-hash',
    serverOwned: [
      // When somebody had it restarted: an act of operating, and nothing that a release says.
      { path: ['spec', 'restartAt'] },
      { path: ['metadata', 'annotations', 'rollout.argoproj.io/revision'] },
      { path: ['metadata', 'annotations', 'rollout.argoproj.io/workload-generation'] },
    ],
    immutable: fixedSelector,
    inItsWords: asGoWrites,
    health,
    currentRevision: ({ status }) => textAt(status, 'currentPodHash'),
    risk: { 'spec.strategy': 'scale', 'spec.minReadySeconds': 'scale' },
    defaults: serviceDefaults,
    services,
    scaled: true,
    isIdle,
  }),
];
