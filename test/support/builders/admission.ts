/** Builders of what the gate is asked about emergencies. */
import type { EmergencyAccess } from '../../../operator/api/emergency.ts';
import type { JsonObject } from '../../../operator/api/meta.ts';
import { judgeAdmission } from '../../../operator/decide/admission/judge.ts';
import type { AdmissionRequest, AdmissionVerdict } from '../../../operator/decide/admission/request.ts';
import type { AdmissionSnapshot, GrantGrounds } from '../../../operator/decide/admission/snapshot.ts';
import { digestOf } from '../../../operator/decide/json/canonical.ts';
import { questionKey, type Answer } from '../../../operator/decide/api-queries.ts';
import { anAccess, anEmergency, aNamespace, aPolicy, aRecord, now, someEmergencies } from './decide.ts';

export const operator = 'system:serviceaccount:countersign-system:countersign-operator';
export const restorer = 'system:serviceaccount:countersign-system:countersign-restorer';

const emergency = { maxDuration: '12h', clusterRole: 'countersign-emergency', maxActive: 2 };

/** A namespace in which `anAccess` is open, as it lies before the gate. */
export const anAdmissionSnapshot = (given: Partial<AdmissionSnapshot> = {}): AdmissionSnapshot => ({
  operator,
  restorer,
  place: aNamespace(),
  policy: aPolicy({ emergency, operate: { scale: [{ kind: 'Deployment', name: 'api', min: 2, max: 8 }] } }),
  record: aRecord({ emergencies: someEmergencies(anEmergency()) }),
  bundle: () => undefined,
  accesses: accessesAmong(anAccess()),
  grant: undefined,
  change: undefined,
  answers: new Map(),
  digestOf,
  now,
  serverTime: { earliest: now - 1_000, latest: now },
  skewMs: 0,
  ...given,
});

export const accessesAmong =
  (...all: readonly EmergencyAccess[]): AdmissionSnapshot['accesses'] =>
  (grantee) =>
    all.filter(({ spec }) => spec.grantee === grantee);

/** What the grant of `anAccess` rests on. */
export const someGrounds = (given: Partial<GrantGrounds> = {}): GrantGrounds => ({
  policy: aPolicy({ emergency }),
  access: anAccess(),
  role: { name: 'countersign-emergency', rules: [], aggregated: false },
  ...given,
});

/** `resource`: `<plural>[/<subresource>][.<group>]`, such as `deployments/scale.apps`. */
export const anAdmissionRequest = (
  username: string,
  resource: string,
  given: Partial<AdmissionRequest> & { readonly as?: string } = {},
): AdmissionRequest => {
  const [path = '', ...groups] = resource.split('.');
  const [plural = '', subresource = ''] = path.split('/');
  const { as: kind = 'Thing', ...rest } = given;
  const group = groups.join('.');
  return {
    uid: 'review-1',
    operation: 'UPDATE',
    resource: { group, version: 'v1', resource: plural },
    kind: { group, version: 'v1', kind },
    subresource,
    namespace: 'payments-prod',
    name: 'api',
    dryRun: false,
    user: { username, uid: '', groups: [] },
    object: { kind, metadata: { name: 'api' } },
    oldObject: { kind, metadata: { name: 'api' } },
    ...rest,
  };
};

/** What comes of it when every question is answered like that. */
export const judgedWith = (request: AdmissionRequest, s: AdmissionSnapshot, answer: Answer): AdmissionVerdict => {
  const first = judgeAdmission(request, s);
  if (first.is !== 'Ask') return first;
  const answers = new Map(first.questions.map((each) => [questionKey(each), answer]));
  return judgeAdmission(request, { ...s, answers });
};

/** A verdict in a few words: the rule that denies, or what is recorded. */
export const inShort = (verdict: AdmissionVerdict): string => {
  switch (verdict.is) {
    case 'Allowed':
      return verdict.record === undefined ? 'allowed' : `allowed, ${verdict.record.decision} is recorded`;
    case 'Denied':
      return verdict.message.slice(0, verdict.message.indexOf(':'));
    case 'Ask':
      return 'asks';
    case 'Read':
    case 'ReadChange':
      return 'reads';
    case 'Wait':
      return 'waits';
  }
};

/** What the caller is told; '' when nothing is denied. */
export const messageOf = (verdict: AdmissionVerdict): string => (verdict.is === 'Denied' ? verdict.message : '');

/** An object as it is stored: with what the API server adds. */
export const asStored = (object: JsonObject): JsonObject => ({
  ...object,
  metadata: {
    ...(object['metadata'] as JsonObject),
    uid: 'u',
    resourceVersion: '7',
    creationTimestamp: '2026-03-11T14:00:01Z',
    managedFields: [{ manager: 'countersign-operator' }],
  },
});
