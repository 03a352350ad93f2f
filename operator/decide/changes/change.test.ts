import { describe, expect, test } from '@jest/globals';
import { aChangeSignature, aPolicy, aPolicyChange, hour, now } from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import { changeDigest, judgeChange } from './change.ts';

const changes = { approvals: [{ role: 'policy', count: 1 }] };
const people = [{ name: 'administrator', identities: ['admin-a', 'admin-a-second'] }];
const policy = aPolicy({ changes, people, soak: '1h' });
const change = aPolicyChange('shorter', { changes, people, soak: '0s' });

const later = (generation: number): ReleasePolicy => ({ ...policy, metadata: { ...policy.metadata, generation } });

const signed = (who: string, given: Parameters<typeof aChangeSignature>[3] = {}): Approval =>
  aChangeSignature(change, policy, who, given);

interface Given {
  readonly approvals?: readonly Approval[];
  readonly policy?: ReleasePolicy;
  readonly held?: boolean | undefined;
  readonly at?: number;
}

const judge = (given: Given = {}) => {
  const { approvals = [], at = now } = given;
  const held = 'held' in given ? given.held : true;
  const rights = new Map(approvals.map(({ metadata }) => [metadata.uid, held]));
  return judgeChange({ change, approvals }, { policy: given.policy ?? policy, rights }, at);
};

describe('a change of the policy', () => {
  test.each<[string, Given, object]>([
    ['waits without signatures', {}, { is: 'Waiting', ignored: [] }],
    ['is signed when others have', { approvals: [signed('b')] }, { is: 'Signed' }],
    [
      'does not count its author',
      { approvals: [signed('admin-a')] },
      { is: 'Waiting', ignored: [{ username: 'admin-a', role: 'policy', why: 'Author' }] },
    ],
    [
      'does not count another account of its author',
      { approvals: [signed('admin-a-second')] },
      { is: 'Waiting', ignored: [{ username: 'admin-a-second', role: 'policy', why: 'Author' }] },
    ],
    [
      'does not count who does not hold the role any more',
      { approvals: [signed('b')], held: false },
      { is: 'Waiting', ignored: [{ username: 'b', role: 'policy', why: 'LacksRight' }] },
    ],
    ['is not signed before rights are answered', { approvals: [signed('b')], held: undefined }, { is: 'Unanswered' }],
    [
      'needs signatures again after the policy changed',
      { approvals: [signed('b')], policy: later(2) },
      { is: 'Waiting', ignored: [{ username: 'b', role: 'policy', why: 'OtherContent' }] },
    ],
    [
      'does not count a signature that is too old',
      { approvals: [signed('b', { createdAt: now - 73 * hour })], at: now },
      { is: 'Waiting', ignored: [{ username: 'b', role: 'policy', why: 'TooOld' }] },
    ],
    ['does not count another role', { approvals: [signed('b', { role: 'approver' })] }, { is: 'Waiting' }],
    [
      'is refused for good, whoever signs besides',
      { approvals: [signed('b'), signed('c', { decision: 'Reject', comment: 'no' })], held: false },
      { is: 'Rejected', username: 'c' },
    ],
    ['ends when nobody signed in time', { approvals: [signed('b')], at: now + 336 * hour }, { is: 'Expired' }],
    ['is not needed where nobody is to sign', { policy: aPolicy({ people }) }, { is: 'NotNeeded' }],
    [
      'has nothing to do where the policy is so already',
      { policy: aPolicy({ changes, people, soak: '0s' }) },
      { is: 'Nothing' },
    ],
    [
      'does not count a signature of another namespace',
      { approvals: [signed('b', { namespace: 'other' })] },
      { is: 'Waiting', ignored: [] },
    ],
    [
      'does not count a signature for an earlier one of the name',
      { approvals: [signed('b', { subject: { uid: 'earlier' } })] },
      { is: 'Waiting', ignored: [] },
    ],
  ])('%s', (_, given, expected) => {
    expect(judge(given)).toMatchObject(expected);
  });

  test('is signed under another digest for each change, spec, policy and generation of that', () => {
    const other = { ...policy, metadata: { ...policy.metadata, uid: 'another' } };
    const digests = [
      changeDigest(change, policy),
      changeDigest(aPolicyChange('other', { changes, people, soak: '0s' }), policy),
      changeDigest(aPolicyChange('shorter', { changes, people, soak: '2h' }), policy),
      changeDigest(change, later(2)),
      changeDigest(change, other),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});
