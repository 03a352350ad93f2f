import { describe, expect, it } from '@jest/globals';
import { aBundle, aGateSnapshot, anObject, now } from '../../../../test/support/builders/decide.ts';
import type { JsonObject } from '../../../api/meta.ts';
import { rights } from './rights.ts';

const account = { kind: 'ServiceAccount', name: 'web', namespace: 'payments-prod' };
const role = (rule: JsonObject, name = 'web') => anObject('Role', name, { rules: [rule] });
const binding = (of: JsonObject = {}, subjects: readonly JsonObject[] = [account]) =>
  anObject('RoleBinding', 'web', {
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'web', ...of },
    subjects: [...subjects],
  });
const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] };

const judged = (...objects: ReturnType<typeof anObject>[]) =>
  rights.judge(aGateSnapshot({ bundle: aBundle({ objects }) }), now);

describe('the gate Rights', () => {
  it('passes what a package needs for itself', () => {
    expect(judged(role(leases), binding())).toMatchObject({ outcome: 'Passed', reason: 'RightsGrantable' });
  });

  it.each([
    ['a wildcard', [role({ ...leases, verbs: ['*'] })], 'grants * leases.coordination.k8s.io'],
    [
      'impersonation',
      [role({ apiGroups: [''], resources: ['users'], verbs: ['impersonate'] })],
      'grants impersonate users',
    ],
    [
      'signatures',
      [role({ apiGroups: ['countersign.dev'], resources: ['approvals'], verbs: ['create'] })],
      'grants create approvals.countersign.dev',
    ],
    [
      'a binding of a person',
      [role(leases), binding({}, [{ kind: 'User', name: 'developer-a' }])],
      'binds User developer-a',
    ],
    [
      'the name of an emergency',
      [role(leases, 'countersign-emergency-1')],
      'has a name that only emergency accesses have',
    ],
    // Somebody else's Role may grant what no release may, and may grow after people have signed.
    [
      'a binding to a Role that is not part of it',
      [binding({ name: 'ops' })],
      'binds to Role ops, which is not part of the release',
    ],
  ])('blocks %s, and names it', (_, objects, said) => {
    const verdict = judged(...objects);
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'RightNotGrantable' });
    expect(verdict.message).toContain(said);
  });
});
