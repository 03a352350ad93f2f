/**
 * May this write happen in production? The gate asks here about every write that the API server would let through. Whoever is not known to
 * have grounds has none.
 */
import { group, kinds } from '../../api/kinds.ts';
import { judgeEmergency } from './emergency-acts.ts';
import { isGrantRemoval, isRevocation, judgeEmergencyAccess, judgeGrantObject } from './emergency-grants.ts';
import { isNamespace, judgeNamespace } from './namespaces.ts';
import { judgeOperation } from './operations.ts';
import { judgeAdministration, judgePlatformWriter, witnessed } from './administration.ts';
import { judgePolicyWrite } from './policy-writes.ts';
import { isRecordDeletion, recordKept } from './retained-objects.ts';
import { judgeSecretKeeper } from './secret-keepers.ts';
import { judgeGitOps, judgePromoter, judgeRestorer } from './release-writers.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import {
  allowed,
  asKind,
  refuse,
  refuseYet,
  subjectText,
  verbText,
  type AdmissionRequest,
  type AdmissionVerdict,
} from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';
import { refusedByTemplate, templateAskedFor } from './templates.ts';
import { textAt } from '../json/json.ts';
import type { NamespaceRecord } from '../record/record.ts';
import { resumable } from '../record/resume.ts';

/** What is refused here is refused; under audit whoever answers says so and lets it through. */
export const judgeAdmission = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  if (neverWaits(request, s)) return allowed();
  if (isRecordDeletion(request)) return recordKept(request);
  const isExempt = request.user.username === s.restorer || isOrder(request) || isRevocation(request);
  if (s.record.broken !== undefined && !isExempt) return recordBroken(request, s.record.broken);
  if (request.resource.group === group) return ofOurKinds(request, s);
  if (isNamespace(request)) return judgeNamespace(request, s);
  if (s.policy === undefined) return withoutPolicy(request);
  return inProduction(request, s, s.policy.spec.gitOpsWriters);
};

/**
 * The end of an emergency: what lets somebody in is taken away, and whatever they left open is cut. And what a broken record waits for, which
 * could not be entered before.
 */
const neverWaits = (request: AdmissionRequest, s: AdmissionSnapshot): boolean =>
  isGrantRemoval(request, s) ||
  (request.user.username === s.restorer && isEviction(request)) ||
  isForGoingOn(request, s.record);

const isOrder = ({ resource }: AdmissionRequest): boolean =>
  resource.group === group && resource.resource === 'rollbacks';

/** A signature for going on without the very entry that broke the record. The entry that it leads to records it. */
const isForGoingOn = ({ resource, operation, object }: AdmissionRequest, record: NamespaceRecord): boolean => {
  const entry = resumable(record);
  return (
    entry !== undefined &&
    operation === 'CREATE' &&
    resource.group === group &&
    resource.resource === 'approvals' &&
    textAt(object, 'spec', 'subject', 'kind') === kinds.LedgerEntry.kind &&
    textAt(object, 'spec', 'subject', 'uid') === entry.id &&
    textAt(object, 'spec', 'digest') === entry.hash
  );
};

const isEviction = ({ resource, subresource }: AdmissionRequest): boolean =>
  resource.group === '' && resource.resource === 'pods' && subresource === 'eviction';

const inProduction = (
  request: AdmissionRequest,
  s: AdmissionSnapshot,
  gitOpsWriters: readonly string[],
): AdmissionVerdict => {
  const { user, resource, subresource } = request;
  if (user.username === s.operator) return judgeGrantObject(request, s) ?? judgePromoter(request, s);
  if (user.username === s.restorer) return judgeRestorer(request, s);
  if (gitOpsWriters.includes(user.username)) return judgeGitOps(request, s);
  if (isEviction(request)) return allowed();
  if (subresource === '' && administered.has(`${resource.group}/${resource.resource}`)) {
    return judgeAdministration(request, s, `${verbText(request)} ${subjectText(request)}`);
  }
  return byPeople(request, s);
};

/** What somebody may do every day needs no emergency, and is no act of one. */
const byPeople = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  const ordinary = judgePlatformWriter(request, s) ?? judgeSecretKeeper(request, s) ?? judgeOperation(request, s);
  if (ordinary !== undefined && ordinary.is !== 'Denied') return ordinary;
  return judgeEmergency(request, s) ?? ordinary ?? refused(request, s);
};

/** Who may do what in the namespace, and how much it may use. */
const administered: ReadonlySet<string> = new Set([
  'rbac.authorization.k8s.io/roles',
  'rbac.authorization.k8s.io/rolebindings',
  '/resourcequotas',
  '/limitranges',
]);

const ofOurKinds = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  switch (request.resource.resource) {
    case 'approvals':
      return witnessed(request, s, 'Sign');
    case 'policyexceptions':
      return witnessed(request, s, 'Except');
    case 'policychanges':
      return witnessed(request, s, 'Propose');
    case 'rollbacks':
      return witnessed(request, s, 'Order');
    case 'releasecandidates':
      return witnessed(request, s, 'Withdraw');
    case 'emergencyaccesses':
      return judgeEmergencyAccess(request, s);
    case 'releasepolicies':
      return (
        (templateAskedFor(request) === undefined ? undefined : refusedByTemplate(request, s.template)) ??
        judgePolicyWrite(request, s)
      );
    default:
      return refuse(request, 'NotJudgedHere', {});
  }
};

const recordBroken = (request: AdmissionRequest, why: string): AdmissionVerdict =>
  refuse(request, 'RecordBroken', { broken: why });

const withoutPolicy = (request: AdmissionRequest): AdmissionVerdict => refuseYet(request, 'PolicyMissing', {});

/** Kinds that others define: no release holds them. */
const isCustom = ({ resource }: AdmissionRequest): boolean =>
  resource.group.includes('.') && !resource.group.endsWith('.k8s.io');

const refused = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict => {
  if (isCustom(request) && kindRow(asKind(request.kind))?.promotable !== true)
    return refuse(request, 'KindNotReleased', {});
  return request.operation === 'CONNECT'
    ? refuse(request, 'NoSessions', { name: request.name })
    : refuse(request, 'OnlyByRelease', { source: s.policy?.spec.sourceNamespace ?? '' });
};
