/** What people and declared programs do that is no release: who may, and what the ledger says of it. */
import { policyName } from '../../api/kinds.ts';
import { listAt, textAt } from '../json/json.ts';
import { isSystemName } from '../people/identity.ts';
import { questionKey, type RightQuestion } from '../api-queries.ts';
import { rightTo } from './operations.ts';
import { admittedAct, type Act } from './admitted-entry.ts';
import { allowed, refuse, type AdmissionRequest, type AdmissionVerdict, asKind } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';
import { kindIdOf } from '../objects.ts';

const recorded = (request: AdmissionRequest, s: AdmissionSnapshot, act: Act): AdmissionVerdict =>
  allowed({ record: admittedAct(request, s, act) });

/** A declared program that writes named objects beside us. @returns undefined when it is not declared for this */
export const judgePlatformWriter = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict | undefined => {
  const { user, kind, name, subresource } = request;
  const declared = s.policy?.spec.platformWriters.some(
    (writer) =>
      writer.identity === user.username && writer.kind === kindIdOf(asKind(kind)) && writer.names.includes(name),
  );
  if (declared !== true || subresource !== '') return undefined;
  return recorded(request, s, { grounds: 'PlatformWriter', detail: `declared in policy ${policyName}` });
};

/**
 * Whoever holds the right to administer. It is asked for by its name alone: wildcards administer too, for somebody must be able to begin,
 * and the record shows it.
 */
export const judgeAdministration = (
  request: AdmissionRequest,
  s: AdmissionSnapshot,
  detail: string,
): AdmissionVerdict => {
  const { username } = request.user;
  if (isSystemName(username)) {
    return refuse(request, 'AdministerNeedsPerson', {});
  }
  const right: RightQuestion = { ...rightTo('administer', request), wildcards: 'Count' };
  const answer = s.answers.get(questionKey(right));
  if (answer === undefined) return { is: 'Ask', questions: [right] };
  if (answer.kind === 'Yes') return recorded(request, s, { grounds: 'Administer', detail });
  return refuse(request, 'AdministerRightMissing', {});
};

/** A signature, an order, a request for an exception or for another policy, or a withdrawal: whether they may is for the API server and for the operator to judge; here it is witnessed. */
export const witnessed = (
  request: AdmissionRequest,
  s: AdmissionSnapshot,
  grounds: 'Sign' | 'Order' | 'Except' | 'Propose' | 'Withdraw',
): AdmissionVerdict => {
  const object = request.object ?? request.oldObject;
  const about = {
    Sign: `${textAt(object, 'spec', 'decision') ?? ''} ${textAt(object, 'spec', 'subject', 'kind') ?? ''} ${textAt(object, 'spec', 'subject', 'name') ?? ''} as ${textAt(object, 'spec', 'role') ?? ''}`,
    Except: `pass ${listAt(object, 'spec', 'gates').map(String).join(', ')} for package ${textAt(object, 'spec', 'package') ?? ''} until ${textAt(object, 'spec', 'until') ?? ''}`,
    Propose: `change the policy: ${textAt(object, 'spec', 'reason') ?? ''}`,
    Order: `roll back package ${textAt(object, 'spec', 'package') ?? ''}`,
    Withdraw: `withdraw ${request.name}`,
  };
  return recorded(request, s, {
    grounds,
    detail: about[grounds],
    ...(grounds === 'Sign' || grounds === 'Propose' ? {} : { package: textAt(object, 'spec', 'package') ?? '' }),
  });
};
