/** What holders of the right to operate may do to running workloads: restart, scale within bounds, run a CronJob by hand, free what is being deleted, replace pods by hand. */
import type { JsonObject } from '../../api/meta.ts';
import { policyName } from '../../api/kinds.ts';
import { canonicalJson } from '../json/canonical.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import { jobSpecDefaults } from '../manifest/kinds/shared/pod-template.ts';
import { controlPlaneFinalizers } from '../manifest/pending-deletion.ts';
import { at, listAt, numberAt, objectAt, textAt, withMember } from '../json/json.ts';
import { deletePath, type Path } from '../json/field-path.ts';
import { argumentFor } from '../messages.ts';
import { keyOf } from '../objects.ts';
import { isSystemName } from '../people/identity.ts';
import { questionKey, type RightQuestion } from '../api-queries.ts';
import { normalForm } from '../manifest/normal-form.ts';
import { isAsDigested, objectIn } from './approved-content.ts';
import { deletedPodsOwner } from './pods.ts';
import { admittedAct, scaledKinds } from './admitted-entry.ts';
import { allowed, refusalText, refuse, type AdmissionRequest, type AdmissionVerdict, asKind } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

/** An act that the right to operate may cover; undefined = it is none. */
interface Operation {
  readonly detail: string;
  /** Why it is refused all the same; undefined = it is not. */
  readonly refusal: string | undefined;
  /** A newer copy of production's bundles could answer otherwise. */
  readonly stale?: boolean;
  /** The object goes with it. */
  readonly leavesNothing?: boolean;
}

const restartedAt: Path = ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'].map(
  (field) => ({ field }),
);

/** What the annotation may hold; the API server's own guard says the same. */
const aTime = /^[0-9TZ:+-]{1,40}$/;

/** @returns undefined when the write is no act of operating at all */
export const judgeOperation = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict | undefined => {
  const operation =
    restart(request) ?? freeing(request) ?? scale(request, s) ?? manualJob(request, s) ?? replacing(request, s);
  if (operation === undefined) return undefined;
  const { username } = request.user;
  if (isSystemName(username)) {
    return refuse(request, 'OperateNeedsPerson', {});
  }
  const right = rightTo('operate', request);
  const answer = s.answers.get(questionKey(right));
  if (answer === undefined) return { is: 'Ask', questions: [right] };
  if (answer.kind !== 'Yes') {
    const missing =
      answer.kind === 'Unavailable'
        ? `whether they hold the right to operate cannot be told now: ${answer.message}`
        : 'they do not hold the right to operate';
    return refuse(request, 'OperateRightMissing', { missing });
  }
  if (operation.refusal !== undefined) {
    return { is: 'Denied', message: operation.refusal, stale: operation.stale === true };
  }
  const { detail, leavesNothing = false } = operation;
  return allowed({ record: admittedAct(request, s, { grounds: 'Operate', detail, leavesNothing }) });
};

/** The question whether the caller holds a right of the policy by its name. */
export const rightTo = (verb: string, { user, namespace }: AdmissionRequest): RightQuestion => ({
  ask: 'Right',
  who: user,
  namespace,
  resource: 'releasepolicies',
  verb,
  name: policyName,
});

const restart = ({ kind, subresource, operation, object, oldObject }: AdmissionRequest): Operation | undefined => {
  if (kindRow(asKind(kind))?.operate?.includes('restart') !== true || subresource !== '' || operation !== 'UPDATE')
    return undefined;
  if (object === undefined || oldObject === undefined) return undefined;
  if (at(object, ...restartedAt.map(nameOf)) === at(oldObject, ...restartedAt.map(nameOf))) return undefined;
  if (!aTime.test(textAt(object, ...restartedAt.map(nameOf)) ?? '')) return undefined;
  const others = [object, oldObject].map((each) => canonicalJson(withoutNotes(each)));
  return others[0] === others[1] ? { detail: 'restart', refusal: undefined } : undefined;
};

const nameOf = (step: Path[number]): string => ('field' in step ? step.field : '');

/** The API server counts the templates of a DaemonSet here, whoever changes one (pkg/registry/apps/daemonset/strategy.go). */
const templatesCounted: Path = ['metadata', 'annotations', 'deprecated.daemonset.template.generation'].map((field) => ({
  field,
}));

/** What a restart leaves alone: everything but the annotation itself and what the API server counts up. */
const withoutNotes = (object: JsonObject): JsonObject => {
  const template = deletePath(deletePath(object, templatesCounted), restartedAt);
  // kubectl makes the map of annotations when the template had none.
  const plain =
    Object.keys(objectAt(template, 'spec', 'template', 'metadata', 'annotations')).length === 0
      ? deletePath(template, restartedAt.slice(0, -1))
      : template;
  const metadata = ['managedFields', 'generation', 'resourceVersion'].reduce<JsonObject>(
    (rest, name) => withMember(rest, name, undefined),
    objectAt(plain, 'metadata'),
  );
  return withMember(plain, 'metadata', metadata);
};

/** Takes finalizers off an object that is being deleted, and does nothing else to it. */
const freeing = (request: AdmissionRequest): Operation | undefined => {
  const { subresource, operation, object, oldObject } = request;
  if (subresource !== '' || operation !== 'UPDATE' || object === undefined) return undefined;
  if (at(oldObject, 'metadata', 'deletionTimestamp') === undefined) return undefined;
  const [before, after] = [oldObject, object].map((each) => listAt(each, 'metadata', 'finalizers').map(String));
  if (before === undefined || after === undefined) return undefined;
  if (after.length >= before.length || !after.every((name) => before.includes(name))) return undefined;
  const others = [object, oldObject].map((each) => canonicalJson(withoutFinalizers(each ?? {})));
  if (others[0] !== others[1]) return undefined;
  const taken = before.filter((name) => !after.includes(name));
  const kept = taken.filter((name) => controlPlaneFinalizers.includes(name));
  return {
    detail: `take off ${taken.length === 1 ? 'finalizer' : 'finalizers'} ${taken.join(', ')}`,
    leavesNothing: after.length === 0,
    refusal:
      kept.length === 0 ? undefined : refusalText(request, 'FinalizerOfControlPlane', { finalizers: kept.join(', ') }),
  };
};

const withoutFinalizers = (object: JsonObject): JsonObject => {
  const {
    finalizers: _,
    managedFields: _m,
    generation: _g,
    resourceVersion: _r,
    ...metadata
  } = objectAt(object, 'metadata');
  return withMember(object, 'metadata', metadata);
};

const scale = (request: AdmissionRequest, { policy }: AdmissionSnapshot): Operation | undefined => {
  const { resource, subresource, operation, object, oldObject, name } = request;
  if (subresource !== 'scale' || operation !== 'UPDATE') return undefined;
  const kind = scaledKinds[resource.resource];
  const to = numberAt(object, 'spec', 'replicas') ?? 0;
  const from = numberAt(oldObject, 'spec', 'replicas') ?? 0;
  const bounds = policy?.spec.operate.scale.find((each) => each.kind === kind && each.name === name);
  const detail = `replicas ${from} to ${to}`;
  if (bounds === undefined) {
    return {
      detail,
      refusal: refusalText(request, 'ScaleNotDeclared', {}),
    };
  }
  return {
    detail,
    refusal:
      to >= bounds.min && to <= bounds.max
        ? undefined
        : refusalText(request, 'ScaleOutOfBounds', { to: `${to}`, min: `${bounds.min}`, max: `${bounds.max}` }),
  };
};

const byHand = 'cronjob.kubernetes.io/instantiate';

const manualJob = (request: AdmissionRequest, s: AdmissionSnapshot): Operation | undefined => {
  const { kind, subresource, operation, object } = request;
  if (kind.kind !== 'Job' || subresource !== '' || operation !== 'CREATE' || object === undefined) return undefined;
  const owner = listAt(object, 'metadata', 'ownerReferences').find((each) => textAt(each, 'kind') === 'CronJob');
  if (textAt(object, 'metadata', 'annotations', byHand) !== 'manual' || owner === undefined) return undefined;
  const cronJob = textAt(owner, 'name') ?? '';
  const refusal = (why: string): Operation => ({
    detail: `run CronJob ${cronJob}`,
    stale: true,
    refusal: refusalText(request, 'JobOfApprovedCronJob', { difference: why, cronJob }),
  });
  const approved = [...s.record.packages.values()]
    .map(({ production, open }) => s.bundle((open?.type === 'Rollback' ? open.to : production?.bundle) ?? ''))
    .map((bundle) => objectIn(bundle, { kind: 'CronJob', name: cronJob }))
    .find((found) => found !== undefined && isAsDigested(found));
  if (approved === undefined) return refusal(`no release that is in production holds a CronJob ${cronJob}`);
  return canonicalJson(jobSpec(object)) ===
    canonicalJson(jobSpec({ ...objectAt(approved.content, 'spec', 'jobTemplate'), kind: 'Job' }))
    ? { detail: `run CronJob ${cronJob}`, refusal: undefined }
    : refusal(`it is not what CronJob ${cronJob} runs`);
};

/** Deletes a pod of a StatefulSet or DaemonSet whose controller replaces none before somebody has done that. */
const replacing = (request: AdmissionRequest, s: AdmissionSnapshot): Operation | undefined => {
  const owner = deletedPodsOwner(request);
  if (owner === undefined || !['StatefulSet', 'DaemonSet'].includes(owner.kind)) return undefined;
  const held = [...s.record.packages.values()]
    .map(({ production, open }) => objectIn(s.bundle(open?.to ?? production?.bundle ?? ''), owner))
    .find((object) => object !== undefined);
  return {
    detail: `have ${argumentFor(keyOf(owner))} replace it`,
    leavesNothing: true,
    stale: true,
    refusal:
      held !== undefined && kindRow(owner.kind)?.replacedByHand?.(held.content) === true
        ? undefined
        : refusalText(request, 'PodNotOnDelete', { owner: argumentFor(keyOf(owner)) }),
  };
};

/** Of a Job, or of the template of one, what runs. */
const jobSpec = (job: JsonObject): JsonObject => ({
  ...jobSpecDefaults,
  ...objectAt(normalForm({ ...job, metadata: {} }, { apiVersion: 'batch/v1', kind: 'Job', name: '' }), 'spec'),
});
