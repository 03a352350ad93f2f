import { describe, expect, test } from '@jest/globals';
import {
  anAdmissionSnapshot,
  inShort,
  judgedWith,
  messageOf,
  operator,
} from '../../../test/support/builders/admission.ts';
import { aChangeSignature, aPolicy, aPolicyChange, now } from '../../../test/support/builders/decide.ts';
import { appliedChangeAnnotation, changedAloneAnnotation } from '../../api/kinds.ts';
import { jsonObject, type JsonObject } from '../../api/meta.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { KnownChange } from '../changes/change.ts';
import { judgeAdmission } from './judge.ts';
import type { AdmissionRequest } from './request.ts';

const changes = { approvals: [{ role: 'policy', count: 1 }] };
const stored = aPolicy({ changes, soak: '1h' });
const change = aPolicyChange('shorter', { changes, soak: '0s' });
const known: KnownChange = { change, approvals: [aChangeSignature(change, stored, 'b')] };

const json = (policy: ReleasePolicy, annotations: Record<string, string> = {}): JsonObject =>
  jsonObject(JSON.parse(JSON.stringify({ ...policy, metadata: { ...policy.metadata, annotations } })));

const named = { [appliedChangeAnnotation]: 'shorter' };
const after = json(aPolicy({ changes, soak: '0s' }), named);

const request = (username: string, given: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  uid: 'r',
  operation: 'UPDATE',
  resource: { group: 'countersign.dev', version: 'v1alpha1', resource: 'releasepolicies' },
  kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'ReleasePolicy' },
  subresource: '',
  namespace: 'payments-prod',
  name: 'production',
  dryRun: false,
  user: { username, uid: '', groups: [] },
  object: after,
  oldObject: json(stored),
  ...given,
});

const judged = (given: AdmissionRequest, found: KnownChange | undefined = known, answer: 'Yes' | 'No' = 'Yes') =>
  judgedWith(
    given,
    anAdmissionSnapshot({ change: { known: found }, now }),
    answer === 'Yes' ? { kind: 'Yes' } : { kind: 'No', message: '' },
  );

const of = (spec: Record<string, unknown>, annotations = named): JsonObject => json(aPolicy(spec), annotations);

describe('the operator writes a policy', () => {
  test('after it was read past every copy what others signed for', () => {
    expect(judgeAdmission(request(operator), anAdmissionSnapshot())).toEqual({ is: 'ReadChange', name: 'shorter' });
  });

  test('with what others signed for, which names change, author and signers in the record', () => {
    const verdict = judged(request(operator));
    expect(inShort(verdict)).toBe('allowed, Change is recorded');
    expect(verdict).toMatchObject({
      record: {
        actor: { username: 'admin-a' },
        reason: 'change policy to PolicyChange shorter of admin-a, signed by b as policy: the soak is too short',
        data: { change: { name: 'shorter', uid: change.metadata.uid, by: ['b as policy'] } },
      },
    });
  });

  test.each<[string, Partial<AdmissionRequest>, KnownChange | undefined, 'Yes' | 'No', string]>([
    [
      'that names no change',
      { object: of({ changes, soak: '0s' }, {} as never) },
      known,
      'Yes',
      'it names no PolicyChange',
    ],
    ['other than was signed for', { object: of({ changes, soak: '2h' }) }, known, 'Yes', 'its spec is not that of'],
    ['for which nobody signed', {}, { change, approvals: [] }, 'Yes', 'lacks signatures'],
    ['whose signers hold no role', {}, known, 'No', 'lacks signatures'],
    ['by a change that is not there', {}, undefined, 'Yes', 'there is no PolicyChange shorter'],
    [
      'at a later generation',
      { oldObject: json({ ...stored, metadata: { ...stored.metadata, generation: 2 } }) },
      known,
      'Yes',
      'lacks signatures',
    ],
    ['that asks nobody', { oldObject: json(aPolicy({ soak: '1h' })) }, known, 'Yes', 'asks nobody to sign'],
    ['that it deletes', { operation: 'DELETE', object: undefined }, known, 'Yes', 'another spec of a policy'],
    ['that it creates', { operation: 'CREATE', oldObject: undefined }, known, 'Yes', 'another spec of a policy'],
  ])('%s, and is refused', (_, given, found, answer, why) => {
    const verdict =
      found === undefined
        ? judgedWith(request(operator, given), anAdmissionSnapshot({ change: { known: undefined }, now }), {
            kind: 'Yes',
          })
        : judged(request(operator, given), found, answer);
    expect(messageOf(verdict)).toContain('PolicyChangeMissing: ');
    expect(messageOf(verdict)).toContain(why);
  });
});

describe('a person writes a policy whose changes take others', () => {
  const alone = { [changedAloneAnnotation]: 'nobody is left' };
  test.each<[string, Partial<AdmissionRequest>, 'Yes' | 'No', string]>([
    ['with a new spec', { object: of({ changes, soak: '0s' }, {} as never) }, 'Yes', 'ChangeNeedsSigners'],
    ['by deleting it', { operation: 'DELETE', object: undefined }, 'Yes', 'ChangeNeedsSigners'],
    [
      'with a reason, holding no right in the cluster',
      { object: of({ changes, soak: '0s' }, alone as never) },
      'No',
      'ChangeNeedsSigners',
    ],
    [
      'with a reason, as a cluster admin',
      { object: of({ changes, soak: '0s' }, alone as never) },
      'Yes',
      'allowed, AdministerAlone is recorded',
    ],
    [
      'with the reason of another time',
      { object: of({ changes, soak: '0s' }, alone as never), oldObject: json(stored, alone) },
      'Yes',
      'ChangeNeedsSigners',
    ],
    ['with a label', { object: json(stored, { note: 'new' }) }, 'Yes', 'allowed, Administer is recorded'],
  ])('%s', (_, given, answer, expected) => {
    expect(inShort(judged(request('admin-b', given), known, answer))).toBe(expected);
  });

  test('asks about the whole cluster', () => {
    const verdict = judgeAdmission(
      request('admin-b', { object: of({ changes, soak: '0s' }, alone as never) }),
      anAdmissionSnapshot(),
    );
    expect(verdict).toMatchObject({
      is: 'Ask',
      questions: [{ verb: 'administer', namespace: '', wildcards: 'Count' }],
    });
  });

  test('is a program, and may not', () => {
    const robot = request('system:serviceaccount:a:b', { object: of({ changes, soak: '0s' }, alone as never) });
    expect(inShort(judged(robot))).toBe('AdministerNeedsPerson');
  });
});
