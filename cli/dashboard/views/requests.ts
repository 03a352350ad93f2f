/** What people ask for and others sign for: exceptions, and changes of the policy. */
import type { Condition } from '../../../operator/api/meta.ts';
import type { PolicyException } from '../../../operator/api/exception.ts';
import type { PolicyChange } from '../../../operator/api/policy-change.ts';
import { endOfChange } from '../../../operator/decide/changes/change.ts';
import { endOfException } from '../../../operator/decide/exceptions/exception.ts';
import { storedSpec, type JudgedPolicy } from '../../../operator/decide/inherited.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { exceptionRequest } from '../../candidate/exceptions.ts';
import { conditionOf, exceptionOf, isTrue, policyChangeOf } from '../../candidate/objects.ts';
import { changeRequest } from '../../candidate/policy-changes.ts';
import {
  askedIn,
  showRequest,
  standingOf,
  whyNot,
  type Asked,
  type Request,
  type Standing,
} from '../../candidate/request.ts';
import { fieldChanges, valueText } from '../../policy/field-changes.ts';
import { problemModel } from '../clean.ts';
import type { View } from '../desk.ts';
import type { FieldModel, RequestModel, SignatureModel, Tone } from '../models.ts';

/** Of those that have ended, as many are shown. */
const mostEnded = 20;

const over = new Set(['Over', 'Refused', 'Rejected', 'Expired', 'Nothing']);
const bad = new Set(['Refused', 'Rejected', 'NotOffered', 'TooLong', 'NotNeeded']);

/** A request with what is told of this kind alone. */
interface Given {
  readonly request: Request;
  readonly status: PolicyException['status'] | PolicyChange['status'];
  readonly reason: string;
  /** True = it was granted or applied. */
  readonly outcome: Condition | undefined;
  /** What was asked for has happened, and is not taken back here. */
  readonly isDone: boolean;
  /** It is done or its time is over, so that no signature changes anything. */
  readonly hasEnded: boolean;
  readonly exception?: RequestModel['exception'];
  readonly difference: () => Promise<readonly FieldModel[]>;
}

/** Only those are marked that are known not to count: whether signers hold their roles is what the operator says. */
const signatureModels = (request: Request, { approvals, state }: Standing): readonly SignatureModel[] => {
  const ignored = state.is === 'Waiting' ? state.ignored : [];
  return approvals.map(({ metadata, spec: { approver, role, decision, comment, digest } }) => {
    const isOther = digest !== request.digest;
    const why = ignored.find(
      (each) => each.username === approver.username && each.role === role && (each.why === 'OtherContent') === isOther,
    )?.why;
    return {
      approval: metadata.name,
      username: visible(approver.username),
      role,
      decision,
      tone: decision === 'Reject' ? 'bad' : 'plain',
      because: why === undefined || decision === 'Reject' ? '' : (request.uncounted[why] ?? why),
      since: metadata.creationTimestamp,
      comment: visible(comment),
    };
  });
};

const toneOf = (state: string, outcome: Condition | undefined): Tone => {
  if (outcome?.status === 'True') return 'good';
  if (bad.has(state)) return 'bad';
  return over.has(state) ? 'plain' : 'open';
};

const requestModel = async (asked: Asked, given: Given): Promise<RequestModel> => {
  const { request, status, outcome } = given;
  const standing = await standingOf(asked, request);
  const { is } = standing.state;
  const isOver = given.isDone || over.has(is);
  const { name, namespace, creationTimestamp } = request.metadata;
  return {
    what: request.what,
    name,
    by: visible(request.author),
    created: creationTimestamp,
    reason: visible(given.reason),
    state: status?.state || 'Pending',
    tone: toneOf(is, outcome),
    message: outcome?.message ?? 'The operator has not looked yet',
    approvals: status?.approvals ?? '',
    signatures: signatureModels(request, standing),
    isOver,
    digest: request.digest,
    roles: isOver ? [] : standing.roles,
    problem:
      !isOver && is === 'Waiting' && standing.roles.length === 0
        ? problemModel(whyNot(asked, request, standing))
        : undefined,
    refuse: isOver ? [] : asked.held,
    command: isOver
      ? showRequest(request)
      : `kubectl countersign sign ${request.what} ${name} -n ${namespace}${standing.roles[0] === undefined ? '' : ` --role ${standing.roles[0]}`}`,
    exception: given.exception,
    difference: isOver ? [] : await given.difference(),
  };
};

const ofException = (asked: Asked, exception: PolicyException): Given => {
  const { spec, status } = exception;
  const { package: name, candidate, gates, risk, until } = spec;
  return {
    request: exceptionRequest(asked, exception),
    status,
    reason: spec.reason,
    outcome: conditionOf(exception, 'Granted'),
    isDone: false,
    hasEnded: asked.now >= endOfException(exception),
    exception: { package: name, candidate: candidate?.name ?? '', gates, risk: visible(risk), until },
    difference: () => Promise.resolve([]),
  };
};

/** As `policy diff --change` shows it. */
const differenceOf = async (policy: JudgedPolicy, { spec }: PolicyChange): Promise<readonly FieldModel[]> =>
  (await fieldChanges(storedSpec(policy), spec.policy)).map(({ field, is, why, differences }) => ({
    field,
    is,
    why,
    values: differences.map(({ field: path, from, to }) => ({
      path: visible(path),
      from: valueText(from),
      to: valueText(to),
    })),
  }));

const ofChange = (asked: Asked & { readonly policy: JudgedPolicy }, change: PolicyChange): Given => ({
  request: changeRequest(asked, change),
  status: change.status,
  reason: change.spec.reason,
  outcome: conditionOf(change, 'Applied'),
  isDone: isTrue(change, 'Applied'),
  hasEnded: isTrue(change, 'Applied') || asked.now >= endOfChange(change, asked.policy),
  difference: () => differenceOf(asked.policy, change),
});

export const requests: View = (desk, place) => async () => {
  const namespace = place('namespace');
  const cluster = desk.cluster();
  for (const kind of ['ReleasePolicy', 'PolicyException', 'PolicyChange', 'Approval'] as const)
    desk.follow(ourResource(kind), { namespace });
  const [asked, exceptions, changes] = await Promise.all([
    askedIn(cluster, namespace, desk.now()),
    cluster.listOur('PolicyException', { namespace }),
    cluster.listOur('PolicyChange', { namespace }),
  ]);
  const given = [
    ...exceptions.map((each) => ofException(asked, exceptionOf(each))),
    ...changes.map((each) => ofChange(asked, policyChangeOf(each))),
  ].toSorted((a, b) => (a.request.metadata.creationTimestamp < b.request.metadata.creationTimestamp ? 1 : -1));
  // All that was ever asked for is kept: of what has ended, no more is read than is shown.
  const [past, current] = [given.filter(({ hasEnded }) => hasEnded), given.filter(({ hasEnded }) => !hasEnded)];
  const read = [...current, ...past.slice(0, mostEnded)];
  const models = await Promise.all(read.map((each) => requestModel(asked, each)));
  const ended = models.filter(({ isOver }) => isOver);
  return {
    view: 'requests',
    namespace,
    requests: [...models.filter(({ isOver }) => !isOver), ...ended.slice(0, mostEnded)],
    more: Math.max(0, ended.length - mostEnded) + Math.max(0, past.length - mostEnded),
  };
};
