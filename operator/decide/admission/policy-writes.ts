/** Who may write a ReleasePolicy: whoever administers it, or, where it says that changes take others, the operator with what they signed for. */
import { appliedChangeAnnotation, changedAloneAnnotation, group, kinds, policyName } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { parseReleasePolicy, type ReleasePolicy } from '../../api/policy.ts';
import { questionKey, type RightQuestion } from '../api-queries.ts';
import { consentsTo, isSameSpec, judgeChange, type ChangeState, type KnownChange } from '../changes/change.ts';
import { at, textAt } from '../json/json.ts';
import { canonicalJson } from '../json/canonical.ts';
import { listed } from '../messages.ts';
import { heldRight, rightToSign } from '../people/approval-right.ts';
import { isSystemName } from '../people/identity.ts';
import { administerAlone } from '../record/policy-acts.ts';
import { visible } from '../safe-text.ts';
import { judgeAdministration } from './administration.ts';
import { admittedAct, type Act } from './admitted-entry.ts';
import { rightTo } from './operations.ts';
import { allowed, refuse, verbText, type AdmissionRequest, type AdmissionVerdict } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

export const isPolicyWrite = ({ resource }: AdmissionRequest): boolean =>
  resource.group === group && resource.resource === kinds.ReleasePolicy.plural;

export const judgePolicyWrite = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  if (request.user.username === s.operator) return judgeApplied(request, s);
  const takesOthers = at(request.oldObject, 'spec', 'changes') !== undefined;
  return takesOthers && changesIt(request)
    ? judgeAlone(request, s)
    : judgeAdministration(request, s, detailOf(request));
};

const detailOf = (request: AdmissionRequest): string => `${verbText(request)} policy`;

const specOf = (object: JsonObject | undefined): string => canonicalJson(at(object, 'spec') ?? null);

const changesIt = ({ operation, object, oldObject }: AdmissionRequest): boolean =>
  operation === 'DELETE' || specOf(object) !== specOf(oldObject);

/** Nobody is left who could sign: who administers the whole cluster changes it, says why, and that stays to be seen. */
const judgeAlone = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const why = aloneOf(request.object);
  if (isSystemName(request.user.username)) return refuse(request, 'AdministerNeedsPerson', {});
  if (request.operation !== 'UPDATE' || why === '' || why === aloneOf(request.oldObject))
    return refuse(request, 'ChangeNeedsSigners', {});
  const right: RightQuestion = { ...rightTo('administer', request), namespace: '', wildcards: 'Count' };
  const answer = s.answers.get(questionKey(right));
  if (answer === undefined) return { is: 'Ask', questions: [right] };
  if (answer.kind !== 'Yes') return refuse(request, 'ChangeNeedsSigners', {});
  const act: Act = { grounds: administerAlone, detail: `${detailOf(request)} alone, as a cluster admin: ${why}` };
  return allowed({ record: admittedAct(request, s, act) });
};

const annotation = (object: JsonObject | undefined, name: string): string =>
  textAt(object, 'metadata', 'annotations', name) ?? '';

const aloneOf = (object: JsonObject | undefined): string => annotation(object, changedAloneAnnotation);

/** By the policy as the API server holds it at this moment, and signatures that are read past every copy. */
const judgeApplied = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const missing = (why: string): AdmissionVerdict => refuse(request, 'PolicyChangeMissing', { missing: why });
  const { object, oldObject } = request;
  if (request.operation !== 'UPDATE' || request.name !== policyName || object === undefined || oldObject === undefined)
    return missing('nobody signs for anything but another spec of a policy that is there');
  const [before, after] = [parseReleasePolicy(oldObject), parseReleasePolicy(object)];
  if (!before.ok || !after.ok) return missing('the policy cannot be read');
  const name = annotation(object, appliedChangeAnnotation);
  if (name === '') return missing('it names no PolicyChange');
  if (s.change === undefined) return { is: 'ReadChange', name };
  const { known } = s.change;
  if (known === undefined) return missing(`there is no PolicyChange ${visible(name)}`);
  if (!isSameSpec(known.change.spec.policy, after.value.spec))
    return missing(`its spec is not that of PolicyChange ${name}`);
  return judgeSigned(request, s, { known, policy: before.value, missing });
};

interface Signed {
  readonly known: KnownChange;
  readonly policy: ReleasePolicy;
  readonly missing: (why: string) => AdmissionVerdict;
}

const judgeSigned = (
  request: AdmissionRequest,
  s: AdmissionSnapshot,
  { known, policy, missing }: Signed,
): AdmissionVerdict => {
  const { name, uid, namespace } = known.change.metadata;
  const asked = consentsTo(known).map((approval) => ({ approval, question: rightToSign(namespace, approval) }));
  const open = asked.filter(({ question }) => !s.answers.has(questionKey(question)));
  if (open.length > 0) return { is: 'Ask', questions: open.map(({ question }) => question) };
  const rights = new Map(
    asked.map(({ approval, question }) => [approval.metadata.uid, heldRight(s.answers.get(questionKey(question)))]),
  );
  const state = judgeChange(known, { policy, rights }, s.now);
  if (state.is === 'Unanswered') return { is: 'Wait', message: 'whether signers hold their roles is not answered' };
  if (state.is !== 'Signed') return missing(`PolicyChange ${name} ${unsigned[state.is]}`);
  const by = state.by.map(({ username, role }) => `${username} as ${role}`);
  const { author, reason } = known.change.spec;
  const record = admittedAct(request, s, {
    grounds: 'Change',
    detail: `change policy to PolicyChange ${name} of ${author.username}, signed by ${listed(by)}: ${reason}`,
    change: { name, uid, by },
  });
  // It is the act of who asked for it; a program of ours acts in nobody's record.
  return allowed({ record: { ...record, actor: author } });
};

const unsigned: Readonly<Record<Exclude<ChangeState['is'], 'Signed' | 'Unanswered'>, string>> = {
  Waiting: 'lacks signatures for this difference',
  Expired: 'has expired',
  Rejected: 'was refused',
  NotNeeded: 'is for a policy that asks nobody to sign, which people change',
  Nothing: 'changes nothing',
};
