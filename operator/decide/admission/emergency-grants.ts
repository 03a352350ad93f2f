/**
 * The emergency access itself: who may ask for one, who may end one, and what our own program may write to let somebody in. The ledger alone lets
 * nobody in: whoever holds the operator's token can append to it. So what a grant rests on is read and judged here once more.
 */
import { parseEmergencyAccess, type EmergencyAccess } from '../../api/emergency.ts';
import { kinds } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import type { Parsed } from '../../api/parse.ts';
import { canonicalJson } from '../json/canonical.ts';
import { grantObjects, type GrantPhase } from '../emergency/grant.ts';
import { isLive, type EmergencyRecord } from '../record/emergency.ts';
import { refusalOfGrant, type GrantRefusal, type GrantVerdict } from '../emergency/grant-checks.ts';
import { at, objectAt, withMember } from '../json/json.ts';
import { isAsGranted } from './emergency-acts.ts';
import { admittedAct } from './admitted-entry.ts';
import { allowed, refuse, refuseYet, type AdmissionRequest, type AdmissionVerdict } from './request.ts';
import type { AdmissionSnapshot, GrantGrounds } from './snapshot.ts';
import { grantPrefix } from '../record/grant-names.ts';

const isAccess = ({ resource, subresource }: AdmissionRequest): boolean =>
  resource.group === 'countersign.dev' && resource.resource === kinds.EmergencyAccess.plural && subresource === '';

/** Somebody ends an emergency access before its time. */
export const isRevocation = (request: AdmissionRequest): boolean =>
  isAccess(request) &&
  request.operation === 'UPDATE' &&
  at(request.object, 'spec', 'revoked') === true &&
  at(request.oldObject, 'spec', 'revoked') !== true &&
  sameOtherwise(request);

/** Whether all of the spec but `revoked` is as it was. */
const sameOtherwise = ({ object, oldObject }: AdmissionRequest): boolean => {
  const [now, before] = [object, oldObject].map((each) =>
    canonicalJson(withMember(objectAt(each, 'spec'), 'revoked', undefined)),
  );
  return now === before;
};

/** Creating one, or changing one. */
export const judgeEmergencyAccess = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const { name, operation } = request;
  if (operation === 'CREATE') return created(request, s);
  if (isRevocation(request)) {
    return allowed({ record: admittedAct(request, s, { grounds: 'Revoke', detail: `end emergency access ${name}` }) });
  }
  const [now, before] = [request.object, request.oldObject].map((each) => at(each, 'spec', 'revoked'));
  const isLabelled = operation === 'UPDATE' && isAccess(request) && now === before && sameOtherwise(request);
  return isLabelled ? allowed() : refuse(request, 'EmergencyNeverChanges', { name });
};

/** Refusals that rest on the ledger, of which the copy at hand may be behind. */
const restOnLedger: ReadonlySet<GrantRefusal> = new Set(['FollowUpOverdue', 'GranteeHasGrant', 'TooManyGrants']);

const created = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const { username } = request.user;
  const parsed = accessIn(request);
  if (!parsed.ok) {
    return refuse(request, 'EmergencyUnreadable', { problems: parsed.problems.join('; ') });
  }
  const access = parsed.value;
  if (access.spec.grantor.username !== username) {
    return refuse(request, 'GrantorForged', { grantor: access.spec.grantor.username });
  }
  if (s.grant === undefined) return { is: 'Read', access: '' };
  const verdict = asked(access, s.grant, s);
  switch (verdict.is) {
    case 'Grantable':
      return allowed({
        record: admittedAct(request, s, {
          grounds: 'Grant',
          detail: `give ${access.spec.grantee} access for ${access.spec.duration}: ${access.spec.incident}`,
        }),
      });
    case 'Refused':
      return {
        is: 'Denied',
        message: `${verdict.decision}: ${verdict.message}`,
        stale: restOnLedger.has(verdict.decision),
      };
    case 'Wait':
    case 'Ask':
      return verdict;
  }
};

/** The object before it is stored: what storing adds is not looked at. */
const accessIn = ({ object }: AdmissionRequest): Parsed<EmergencyAccess> =>
  parseEmergencyAccess({
    ...object,
    metadata: { resourceVersion: '', generation: 1, ...objectAt(object, 'metadata') },
  });

const asked = (access: EmergencyAccess, { policy, role }: GrantGrounds, s: AdmissionSnapshot): GrantVerdict =>
  refusalOfGrant({
    access,
    policy,
    role,
    emergencies: s.record.emergencies,
    serverTime: s.serverTime,
    skewMs: s.skewMs,
    answers: s.answers,
  });

const rbac = 'rbac.authorization.k8s.io';

/** A Role or binding under a name that only grants have. */
const isGrantObject = ({ resource, subresource, name }: AdmissionRequest): boolean =>
  resource.group === rbac &&
  ['roles', 'rolebindings'].includes(resource.resource) &&
  subresource === '' &&
  name.startsWith(grantPrefix);

/** Our own programs take away what let somebody in: whatever the state of things, that is never wrong. */
export const isGrantRemoval = (request: AdmissionRequest, s: AdmissionSnapshot): boolean =>
  request.operation === 'DELETE' && isGrantObject(request) && [s.operator, s.restorer].includes(request.user.username);

/**
 * The promoting identity writes what lets somebody in: under a grant that the ledger says is live and that is judged afresh, exactly that.
 * @returns undefined when the write is none of that
 */
export const judgeGrantObject = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict | undefined => {
  if (!isGrantObject(request) || request.operation === 'DELETE') return undefined;
  const emergency = s.record.emergencies.all.get(uidIn(request.name));
  if (emergency === undefined || !isLive(emergency)) {
    return noGrantYet(request, 'the record knows of no live emergency access that it belongs to');
  }
  if (s.grant === undefined) return { is: 'Read', access: emergency.name };
  const { access, policy } = s.grant;
  const clusterRole = policy?.spec.emergency?.clusterRole;
  if (access === undefined || access.metadata.deletionTimestamp !== undefined || clusterRole === undefined) {
    return noGrant(request, `emergency access ${emergency.name} or the policy that offers it is gone`);
  }
  if (!isAsGranted(access, emergency)) {
    return noGrant(request, `emergency access ${emergency.name} is not what the record says`);
  }
  if (access.spec.revoked) return noGrant(request, `emergency access ${emergency.name} was revoked`);
  const expected = phases(request, emergency)
    .flatMap((phase) => grantObjects({ access, clusterRole }, phase))
    .map(canonicalJson);
  if (!expected.includes(canonicalJson(asSent(request.object)))) {
    return noGrantYet(request, `it is not what emergency access ${emergency.name} is made of now`);
  }
  const verdict = asked(access, s.grant, s);
  switch (verdict.is) {
    case 'Grantable':
      return allowed();
    case 'Refused':
      return noGrant(request, `${verdict.decision}: ${verdict.message}`);
    case 'Wait':
    case 'Ask':
      return verdict;
  }
};

const uidIn = (name: string): string => name.slice(grantPrefix.length).replace(/-role$/, '');

/** Everything is there before anybody is bound, and nobody is bound before the ledger says so. */
const phases = ({ operation }: AdmissionRequest, { stage }: EmergencyRecord): readonly GrantPhase[] =>
  operation === 'UPDATE' && stage === 'Opened' ? ['Closed', 'Open'] : ['Closed'];

/** What the API server adds to the metadata of every object. */
const served = ['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'];

/** An object without what the API server adds: everything else counts, for a finalizer alone would keep a binding alive. */
const asSent = (object: JsonObject = {}): JsonObject => ({
  ...object,
  metadata: served.reduce<JsonObject>(
    (rest, field) => withMember(rest, field, undefined),
    objectAt(object, 'metadata'),
  ),
});

const noGrant = (request: AdmissionRequest, difference: string): AdmissionVerdict =>
  refuse(request, 'GrantNotVerified', { difference });

/** As far as the record at hand tells. */
const noGrantYet = (request: AdmissionRequest, difference: string): AdmissionVerdict =>
  refuseYet(request, 'GrantNotVerified', { difference });
