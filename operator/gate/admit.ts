/** From a review to its answer: judge, ask what only the API server knows, read consent afresh, write it down, and only then allow. */
import type { ClusterReleasePolicy } from '../api/cluster-policy.ts';
import { judgeAdmission } from '../decide/admission/judge.ts';
import { isRecordDeletion } from '../decide/admission/retained-objects.ts';
import { isNamespace, namespaceName } from '../decide/admission/namespaces.ts';
import { refusalText, type AdmissionRequest, type AdmissionVerdict } from '../decide/admission/request.ts';
import { isPolicyWrite } from '../decide/admission/policy-writes.ts';
import type { AdmissionSnapshot, GrantGrounds } from '../decide/admission/snapshot.ts';
import { textAt } from '../decide/json/json.ts';
import { isTemplate, judgeTemplate, templateAskedFor, templateName } from '../decide/admission/templates.ts';
import type { Answer } from '../decide/api-queries.ts';
import type { OpenIntent } from '../decide/record/package.ts';
import type { ServerTime } from '../kube/server-time.ts';
import { ContentAway } from '../observe/contents.ts';
import type { Append } from '../ledger/append.ts';
import { answerAll, type AnsweredConsent, type Ask, type Consents } from './consent-cache.ts';
import type { AdmissionAnswer, Judge } from './http/admission-review.ts';
import type { Sight } from './state.ts';

export interface JudgeTools extends Pick<AdmissionSnapshot, 'operator' | 'restorer' | 'digestOf'> {
  readonly sight: Sight;
  readonly consents: Consents;
  readonly ask: Ask;
  readonly append: Append;
  readonly now: () => number;
  readonly serverTime: ServerTime;
}

/** Rounds of questions, and of reading afresh; more would be a bug. */
const mostRounds = 8;

type Allowed = Extract<AdmissionVerdict, { is: 'Allowed' }>;
type Decided = Exclude<AdmissionVerdict, { is: 'Ask' | 'Read' | 'ReadChange' }>;

/** What was found out for one request. */
interface Known {
  readonly answers: ReadonlyMap<string, Answer>;
  readonly grant: GrantGrounds | undefined;
  readonly change: AdmissionSnapshot['change'];
  readonly template: ClusterReleasePolicy | undefined;
}

// oxlint-disable-next-line max-lines-per-function -- one closure: asking, answering and judging again share what is known
export const createJudge = (tools: JudgeTools): Judge => {
  const { sight } = tools;

  const snapshot = (namespace: string, known: Known): AdmissionSnapshot => ({
    operator: tools.operator,
    restorer: tools.restorer,
    digestOf: tools.digestOf,
    place: sight.namespace(namespace),
    policy: sight.policy(namespace),
    record: sight.record(namespace),
    bundle: (name: string) => sight.bundle(namespace, name),
    accesses: (grantee: string) => sight.accesses(namespace, grantee),
    ...known,
    now: tools.now(),
    serverTime: tools.serverTime.bounds(),
    skewMs: tools.serverTime.skewMs(),
  });

  /** Contents are read when they are needed first; what was read a moment ago is still there. */
  const withContents = async <T>(judge: () => T): Promise<T> => {
    for (let loads = 0; loads < mostRounds; loads += 1) {
      try {
        return judge();
      } catch (error) {
        if (!(error instanceof ContentAway)) throw error;
        await sight.load(error.home);
      }
    }
    throw new Error('the contents of a bundle do not stay');
  };

  const judged = async (request: AdmissionRequest, namespace: string): Promise<Known & { verdict: Decided }> => {
    const answers = new Map<string, Answer>();
    let grant: GrantGrounds | undefined;
    let change: AdmissionSnapshot['change'];
    let isFresh = false;
    const asked = templateAskedFor(request);
    const template = asked === undefined ? undefined : await sight.policies.template(asked);
    for (let round = 0; round < mostRounds; round += 1) {
      const verdict = await withContents(() =>
        judgeAdmission(request, snapshot(namespace, { answers, grant, change, template })),
      );
      if (verdict.is === 'Ask') {
        await answerAll(tools.ask, verdict.questions, answers);
      } else if (verdict.is === 'Read') {
        grant = await sight.grant(namespace, verdict.access);
      } else if (verdict.is === 'ReadChange') {
        change = { known: await sight.change(namespace, verdict.name) };
      } else if (verdict.is === 'Denied' && verdict.stale && !isFresh) {
        await sight.refresh(namespace);
        isFresh = true;
      } else {
        return { verdict, answers, grant, change, template };
      }
    }
    throw new Error('the questions of an admission do not end');
  };

  const consentTo = (
    { operation }: AdmissionRequest,
    namespace: string,
    under: OpenIntent,
  ): Promise<AnsweredConsent> =>
    under.type === 'Promotion'
      ? tools.consents.to(namespace, under)
      : tools.consents.toReturn(namespace, under, operation === 'DELETE' ? 'Delete' : 'Write');

  const carriedOut = async (
    request: AdmissionRequest,
    namespace: string,
    allowed: Allowed,
  ): Promise<AdmissionAnswer> => {
    const { under, record, warnings } = allowed;
    if (request.dryRun) return { allowed: true, warnings };
    const obstacle = under && notYet(request, under, await consentTo(request, namespace, under));
    if (obstacle !== undefined) return obstacle;
    if (record === undefined) return { allowed: true, warnings };
    try {
      await tools.append(namespace, record);
      return { allowed: true, warnings };
    } catch (error) {
      // A rollback is never held up, nor is the end of an emergency: the operator records both when it carries them out.
      if (record.decision === 'Order' || record.decision === 'Revoke') {
        return { allowed: true, warnings: [...warnings, 'the order is not recorded yet'] };
      }
      return unavailable(request, `it cannot be recorded (${error instanceof Error ? error.message : String(error)})`);
    }
  };

  const answerTo = (request: AdmissionRequest, namespace: string, verdict: Decided): AdmissionAnswer => {
    switch (verdict.is) {
      case 'Allowed':
        return { allowed: true, warnings: verdict.warnings };
      case 'Denied':
        // Under audit nothing is refused but what would end it or its record: what would be, is said.
        return sight.namespace(namespace)?.guarded === 'audit' && !isHeldUnderAudit(request)
          ? { allowed: true, warnings: [`would be refused: ${verdict.message}`] }
          : refusal(verdict.message);
      case 'Wait':
        return unavailable(request, verdict.message);
    }
  };

  /** It is in no namespace, and in no namespace's record: what it says is compared with what it said. */
  const ofTemplate = async (request: AdmissionRequest): Promise<AdmissionAnswer> => {
    const isDeleted = request.operation === 'DELETE';
    const inheriting = isDeleted ? await sight.policies.inheriting(templateName(request)) : [];
    const verdict = judgeTemplate(request, inheriting, tools.now());
    return verdict.is === 'Denied' ? refusal(verdict.message) : { allowed: true };
  };

  return async (request) => {
    if (isTemplate(request)) return ofTemplate(request);
    const namespace = recordOf(request);
    if (isWithdrawal(request) && sight.policy(namespace)?.spec.sourceNamespace !== request.namespace) {
      // No production namespace takes releases from there: nobody's record tells of it.
      return { allowed: true };
    }
    const { verdict, ...known } = await judged(request, namespace);
    if (verdict.is !== 'Allowed') return answerTo(request, namespace, verdict);
    const answer = await carriedOut(request, namespace, verdict);
    if (!answer.allowed || !isTimed(verdict)) return answer;
    // The emergency may have ended while the act was written down: by the record, which is now known beyond the act, or by the clock.
    const again = await withContents(() => judgeAdmission(request, snapshot(namespace, known)));
    return again.is === 'Ask' || again.is === 'Read' || again.is === 'ReadChange'
      ? unavailable(request, 'it is judged otherwise than a moment ago')
      : answerTo(request, namespace, again);
  };
};

/** What is refused under audit, too: what would end it, its record, and who says what is demanded. */
const isHeldUnderAudit = (request: AdmissionRequest): boolean =>
  isNamespace(request) || isRecordDeletion(request) || isPolicyWrite(request);

/** An act of an emergency. */
const isTimed = ({ record }: Allowed): boolean => record?.data.type === 'Admitted' && record.data.emergency !== '';

const refusal = (message: string): AdmissionAnswer => ({ allowed: false, reason: 'Forbidden', message });

const unavailable = (request: AdmissionRequest, why: string): AdmissionAnswer => ({
  allowed: false,
  reason: 'Unavailable',
  message: refusalText(request, 'GateUnavailable', { obstacle: why }),
});

/** What stands in the way of a promotion or rollback; undefined = consent is there. */
const notYet = (
  request: AdmissionRequest,
  { candidate, type, to, from }: OpenIntent,
  consent: AnsweredConsent,
): AdmissionAnswer | undefined => {
  switch (consent.is) {
    case 'Given':
      return undefined;
    case 'Held':
      return unavailable(request, consent.message);
    case 'Missing':
      if (type === 'Rollback') {
        const whereTo = to === from ? `as ${to} has it` : `to go back to ${to === '' ? 'nothing' : to}`;
        return refusal(refusalText(request, 'ReturnNotSigned', { whereTo, missing: consent.message }));
      }
      return refusal(refusalText(request, 'ConsentMissing', { candidate: candidate.name, missing: consent.message }));
  }
};

const isWithdrawal = ({ resource }: AdmissionRequest): boolean =>
  resource.group === 'countersign.dev' && resource.resource === 'releasecandidates';

/** The production namespace whose record tells of it. */
const recordOf = (request: AdmissionRequest): string => {
  if (isWithdrawal(request)) return textAt(request.oldObject, 'spec', 'targetNamespace') ?? '';
  return isNamespace(request) ? namespaceName(request) : request.namespace;
};
