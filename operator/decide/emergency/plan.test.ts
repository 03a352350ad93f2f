import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  anAdmittedAct,
  anApproval,
  aPolicy,
  digestOf,
  hour,
  minute,
  now as noon,
  second,
  thing,
  timestamp,
} from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import { emergencyAccess, type EmergencyAccess, type EmergencyAccessStatus } from '../../api/emergency.ts';
import type { JsonObject } from '../../api/meta.ts';
import { recordAfter, recordAsTold } from '../../../test/support/builders/record.ts';
import { emptyHead } from '../record/chain.ts';
import { contentDigest } from '../manifest/content-digest.ts';
import { lifetimeOf } from '../manifest/lifetime.ts';
import * as drafts from '../findings/entries.ts';
import { planEmergency } from './plan.ts';
import { minutesOf, notAfterOf } from './grant.ts';
import type { EmergencyRecord } from '../record/emergency.ts';
import { grantKeys } from '../record/grant-names.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { listAt, textAt } from '../json/json.ts';
import type { Instant, ObjectKey, PodFacts } from '../objects.ts';
import type { Effect, Plan } from '../plan.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { emptyRecord, movedAt, type NamespaceRecord } from '../record/record.ts';
import type { Watched } from '../findings/view.ts';
import { promotableKinds, watchedKinds } from '../manifest/kinds/index.ts';
import { resourceName } from '../manifest/kinds/shared/kind.ts';

const place = 'payments-prod';

const anAccess = (spec: Record<string, unknown> = {}, createdAt = noon, name = 'inc-4711'): EmergencyAccess =>
  emergencyAccess.parse({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'EmergencyAccess',
    metadata: {
      name,
      namespace: place,
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: timestamp(createdAt),
    },
    spec: {
      grantee: 'developer-a',
      duration: '4h',
      reason: 'payments stuck',
      incident: 'INC-4711',
      grantor: { username: 'sre-a' },
      ...spec,
    },
  });

const thePolicy = (given: Record<string, unknown> = {}) => aPolicy({ emergency: {}, windows: [], ...given });

const role = {
  name: 'countersign-emergency',
  rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'update'] }],
  aggregated: false,
  digest: digestOf('7'),
};

const aPod = (name: string, createdAt: Instant): PodFacts =>
  ({ name, uid: `uid-${name}`, createdAt, deleting: false }) as PodFacts; // what deciding about sessions looks at

interface Made {
  readonly manifest: JsonObject;
  readonly uid: string;
  readonly resourceVersion: string;
}

/** Crashes the process at its next write. */
class Killed extends Error {}

/** One access, what is made of it, and a process that may die between any two writes. */
class Night {
  /** The API server's clock. */
  server = noon;
  /** How far the process's wall clock is from it. */
  skew = 0;
  access: EmergencyAccess | undefined = anAccess();
  policy: ReturnType<typeof aPolicy> | undefined = thePolicy();
  clusterRole: typeof role | undefined = role;
  readonly made = new Map<ObjectKey, Made>();
  readonly live = new Map<ObjectKey, Watched>();
  readonly pods = new Map<string, PodFacts>();
  approvals: Approval[] = [];
  record: NamespaceRecord = { ...emptyRecord, head: emptyHead };
  readonly types: string[] = [];
  status: EmergencyAccessStatus | undefined;
  answer: Answer = { kind: 'Yes' };
  #versions = 0;
  /** Every stretch of the API server's time in which the grantee was bound. */
  readonly bound: { from: Instant; to: Instant | undefined }[] = [];

  /** Objects that a finalizer keeps when they are deleted, and those that are. */
  readonly keeps = new Map<ObjectKey, string>();
  readonly #deleted = new Set<ObjectKey>();

  #lifeOf(key: ObjectKey) {
    const finalizer = this.keeps.get(key);
    return {
      deleting: this.#deleted.has(key),
      lifetime: finalizer === undefined ? [] : lifetimeOf({ metadata: { finalizers: [finalizer] } }),
    };
  }

  append(draft: LedgerDraft, time = this.server): void {
    this.types.push(draft.data.type);
    this.record = recordAfter(this.record, draft, { at: time });
  }

  /** Whatever came before it. */
  tell(draft: LedgerDraft): void {
    this.types.push(draft.data.type);
    this.record = recordAsTold(this.record, draft, { at: this.server });
  }

  plan(uid = 'uid-inc-4711'): Plan {
    const answers = new Map<string, Answer>();
    for (let round = 0; round < 5; round += 1) {
      const plan = planEmergency(
        {
          namespace: place,
          uid,
          access: this.access?.metadata.uid === uid ? this.access : undefined,
          policy: this.policy,
          record: this.record,
          scene: {
            explained: this.record.explained,
            get: (key) => this.live.get(key),
            watches: () => true,
            selects: () => false,
            unmanaged: () => [],
            former: () => [],
          },
          made: (key) => {
            const found = this.made.get(key);
            return found && { ...found, key, digest: contentDigest(found.manifest), ...this.#lifeOf(key) };
          },
          clusterRole: (name) => (this.clusterRole?.name === name ? this.clusterRole : undefined),
          pod: (name) => this.pods.get(name),
          approvals: this.approvals,
          serverTime: { earliest: this.server, latest: this.server + 1 },
          skewMs: Math.abs(this.skew),
          complete: true,
        },
        answers,
        this.server + this.skew,
      );
      for (const question of plan.questions) answers.set(questionKey(question), this.answer);
      if (plan.questions.length === 0) return plan;
    }
    throw new Error('asks without end');
  }

  /** Plans and acts until nothing is left to do; `writes` = how many it lives for. Says when it wants to be woken, on the API server's clock. */
  settle(writes = Infinity): Instant | undefined {
    let left = writes;
    for (let round = 0; round < 60; round += 1) {
      const plan = this.plan();
      if (plan.effects.length === 0) {
        for (const write of plan.statuses) if (write.kind === 'EmergencyAccess') this.status = write.status;
        return plan.wakeAt === undefined ? undefined : plan.wakeAt - this.skew;
      }
      for (const effect of plan.effects) {
        if (left <= 0) throw new Killed();
        left -= 1;
        this.#act(effect);
      }
    }
    throw new Error('acts without end');
  }

  #act(effect: Effect): void {
    switch (effect.do) {
      case 'Append':
        if (effect.packageSeq !== undefined && movedAt(this.record, effect.draft) !== effect.packageSeq) return;
        return this.append(effect.draft);
      case 'CreateGrant':
      case 'ReplaceGrant': {
        this.#versions += 1;
        const key: ObjectKey = `${textAt(effect.manifest, 'kind') ?? ''}/${textAt(effect.manifest, 'metadata', 'name') ?? ''}`;
        const before = this.made.get(key);
        const uid = before?.uid ?? `uid-${key}`;
        this.made.set(key, { manifest: effect.manifest, uid, resourceVersion: String(this.#versions) });
        return this.#noteBound();
      }
      case 'RemoveGrant': {
        const key: ObjectKey = `${effect.kind}/${effect.name}`;
        if (this.keeps.has(key)) this.#deleted.add(key);
        else if (this.made.get(key)?.uid === effect.uid) this.made.delete(key);
        return this.#noteBound();
      }
      case 'Evict':
        return void this.pods.delete(effect.pod);
      case 'AppendEach':
      case 'ApplyPolicy':
      case 'CreateBundle':
      case 'Together':
      case 'DeletePod':
      case 'SetFinalizers':
      case 'Remove':
        throw new Error(`an emergency does not ${effect.do}`);
    }
  }

  #noteBound(): void {
    const bindings = [...this.made.values()].filter(({ manifest }) => listAt(manifest, 'subjects').length > 0);
    const last = this.bound.at(-1);
    const isOpen = last !== undefined && last.to === undefined;
    if (bindings.length > 0 && !isOpen) this.bound.push({ from: this.server, to: undefined });
    if (bindings.length === 0 && isOpen) last.to = this.server;
  }

  get emergency(): EmergencyRecord | undefined {
    return this.record.emergencies.all.get('uid-inc-4711');
  }

  /** An act under it that the gate let through, and that was seen. */
  acted(key: ObjectKey, after: string): void {
    const [kind = '', name = ''] = key.split('/');
    const row = [...promotableKinds, ...watchedKinds].find((each) => each.kind === kind);
    const resource = row === undefined ? `${kind.toLowerCase()}s` : resourceName(row);
    const draft = anAdmittedAct('Emergency', { emergency: 'uid-inc-4711', resource, after: digestOf(after) });
    this.append({ ...draft, subject: { kind, name, uid: `uid-${key}`, namespace: place } });
    const attempt = [...this.record.explained.attempts.values()].at(-1);
    if (attempt === undefined) throw new Error('no attempt');
    this.tell(drafts.observed(place, attempt, { object: key, uid: `uid-${key}` }));
    this.live.set(key, thing(key, after));
  }

  /** Production as it was adopted. */
  holds(key: ObjectKey, content: string): void {
    this.live.set(key, thing(key, content));
    this.tell(
      drafts.adopted(place, {
        objects: [{ object: key, digest: digestOf(content), replicas: null, without: [] }],
        kinds: ['ConfigMap'],
        more: false,
        reason: '',
      }),
    );
  }

  review(who = 'approver-a', digest = this.emergency?.accounted?.digest ?? ''): void {
    const signed = anApproval(who, { role: 'approver' });
    this.approvals.push({
      ...signed,
      metadata: { ...signed.metadata, creationTimestamp: timestamp(this.server) },
      spec: {
        ...signed.spec,
        subject: { kind: 'EmergencyAccess', name: 'inc-4711', uid: 'uid-inc-4711' },
        digest,
        decision: 'Approve',
      },
    });
  }

  followUp(covers: readonly string[], reverts: readonly string[], bundle = 'fix'): void {
    const candidate = { kind: 'ReleaseCandidate', name: bundle, uid: `uid-${bundle}`, namespace: 'payments-staging' };
    const base = { actor: 'operator' as const, subject: candidate, package: 'payments', digest: '', reason: '' };
    this.tell({
      ...base,
      decision: 'Promote',
      data: {
        type: 'PromotionStarted',
        to: bundle,
        from: '',
        fromDigest: '',
        quorum: '',
        approvals: [],
        writes: [],
        removes: [],
        delivery: 'Countersign',
        followsUp: { emergency: 'uid-inc-4711', covers: [...covers], reverts: [...reverts] },
      },
    });
    this.tell({
      ...base,
      decision: 'Complete',
      data: {
        type: 'Promoted',
        intent: '',
        to: bundle,
        from: '',
        observeUntil: new Date(this.server + 15 * minute).toISOString(),
        healthy: true,
        left: [],
      },
    });
  }
}

const active = (given: (night: Night) => void = () => {}): Night => {
  const night = new Night();
  given(night);
  night.settle();
  return night;
};

const over = (given: (night: Night) => void = () => {}, during: (night: Night) => void = () => {}): Night => {
  const night = active(given);
  during(night);
  night.server = noon + 4 * hour;
  night.settle();
  return night;
};

describe('a grant', () => {
  test('is recorded, made without subjects, recorded again, and only then opened', () => {
    const night = active();
    expect(night.types).toEqual(['EmergencyGranted', 'EmergencyOpened']);
    expect([...night.made.keys()].toSorted()).toEqual([...grantKeys('uid-inc-4711')].toSorted());
    expect(night.bound).toEqual([{ from: noon, to: undefined }]);
    expect(night.status).toMatchObject({ state: 'Active', notAfter: '2026-03-11T19:00:00Z' });
  });

  test('wakes the process when its time is over', () => {
    const night = new Night();
    expect(night.settle()).toBe(noon + 4 * hour - 1);
  });

  test('goes when it is over, and what is left is an account', () => {
    const night = over();
    expect(night.types.slice(2)).toEqual(['EmergencyEnded', 'EmergencyAccounted']);
    expect(night.made.size).toBe(0);
    expect(night.status).toMatchObject({ state: 'ReviewDue', actions: 0, drift: [] });
  });

  test.each<[string, (night: Night) => void, decision: string]>([
    ['it is revoked', (n) => (n.access = anAccess({ revoked: true })), 'AccessRevoked'],
    ['it is deleted', (n) => (n.access = undefined), 'AccessRevoked'],
    ['its role is another one', (n) => (n.clusterRole = { ...role, digest: digestOf('8') }), 'AccessChanged'],
    ['its role is gone', (n) => (n.clusterRole = undefined), 'AccessChanged'],
    ['its Role is gone', (n) => void n.made.delete(`Role/countersign-emergency-uid-inc-4711`), 'AccessChanged'],
    [
      'its binding binds somebody else',
      (n) => {
        const key = 'RoleBinding/countersign-emergency-uid-inc-4711-role' as const;
        const binding = n.made.get(key);
        if (binding === undefined) throw new Error('no binding');
        n.made.set(key, { ...binding, manifest: { ...binding.manifest, subjects: [{ kind: 'User', name: 'x' }] } });
      },
      'AccessChanged',
    ],
    ['the policy offers none any more', (n) => (n.policy = aPolicy()), 'AccessChanged'],
    ['the policy is gone', (n) => (n.policy = undefined), 'AccessChanged'],
    ['it was written over to last longer', (n) => (n.access = anAccess({ duration: '12h' })), 'AccessChanged'],
  ])('ends when %s', (_, change, decision) => {
    const night = active();
    night.server += hour;
    change(night);
    night.settle();
    expect(night.emergency).toMatchObject({ decision });
    expect(night.made.size).toBe(0);
    expect(night.bound).toEqual([{ from: noon, to: noon + hour }]);
  });

  test.each<[string, (night: Night) => void, decision: string]>([
    ['the policy offers none', (n) => (n.policy = aPolicy()), 'EmergencyNotOffered'],
    ['it is too long', (n) => (n.access = anAccess({ duration: '13h' })), 'DurationTooLong'],
    ['nobody else grants', (n) => (n.access = anAccess({ grantee: 'SRE-A' })), 'GranteeIsGrantor'],
    ['the grantor may not', (n) => (n.answer = { kind: 'No', message: '' }), 'GrantorLacksRight'],
    ['the clock of the process is wrong', (n) => (n.skew = 10 * minute), 'ClockSkewed'],
    ['it is over already', (n) => (n.server += 4 * hour), 'AccessAlreadyOver'],
    ['it was revoked at once', (n) => (n.access = anAccess({ revoked: true })), 'AccessAlreadyOver'],
  ])('is refused for good when %s', (_, given, decision) => {
    const night = active(given);
    expect(night.types).toEqual(['EmergencyRefused']);
    expect(night.made.size).toBe(0);
    expect(night.status).toMatchObject({ state: 'Refused' });
    expect(night.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Finished', status: 'True', reason: decision }),
    );
  });

  test('whose binding a finalizer keeps says who takes it off, and is accounted for all the same, naming it', () => {
    const night = new Night();
    const key = grantKeys('uid-inc-4711').find((each) => each.startsWith('RoleBinding/')) ?? 'RoleBinding/none';
    night.keeps.set(key, 'planted.example.com/x');
    night.settle();
    night.server = noon + 4 * hour;
    const wakeAt = night.settle();

    expect(night.emergency?.stage).toBe('Ended');
    expect(wakeAt).toBe(night.server + 10 * minute);
    const stalled = night.status?.conditions.find(({ type }) => type === 'Stalled');
    expect(stalled).toMatchObject({ status: 'True', reason: 'FinalizerHolds' });
    expect(stalled?.message).toContain(`kubectl patch ${key.replace('RoleBinding', 'rolebinding')} -n payments-prod`);

    night.server += 10 * minute;
    expect(night.settle()).toBeUndefined();
    expect(night.emergency?.stage).toBe('Accounted');
    expect(night.status?.conditions.find(({ type }) => type === 'Ended')?.message).toContain('planted.example.com/x');
  });

  test('is not judged on a record that does not verify, and what is over goes all the same', () => {
    const night = active();
    night.record = { ...night.record, broken: 'an entry was changed' };
    night.server = noon + 4 * hour;
    night.settle();
    expect(night.made.size).toBe(0);
    expect(night.types).toHaveLength(2);
  });
});

test('the minutes are whole, never late, and short by less than one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000_000 }), fc.integer({ min: 60, max: 86_400 }), (at, seconds) => {
      const from = noon + at * second;
      const access = anAccess({ duration: `${seconds}s` }, from);
      const minutes = minutesOf(from, notAfterOf(access));
      const last = minutes.at(-1);
      const end = last === undefined ? Math.floor(from / minute) * minute : Date.parse(`${last}:00Z`) + minute;
      expect(end).toBeLessThanOrEqual(from + seconds * second);
      expect(from + seconds * second - end).toBeLessThan(minute);
      expect(minutes.length).toBeLessThanOrEqual(1_441);
    }),
  );
});

/** What may happen in a night. */
type Turn =
  | { readonly is: 'Pass'; readonly seconds: number }
  | { readonly is: 'Live'; readonly writes: number }
  | { readonly is: 'Revoke' }
  | { readonly is: 'Delete' }
  | { readonly is: 'Jump'; readonly by: number };

const turn: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ is: fc.constant('Pass' as const), seconds: fc.integer({ min: 1, max: 7_200 }) }),
  },
  { weight: 5, arbitrary: fc.record({ is: fc.constant('Live' as const), writes: fc.integer({ min: 0, max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ is: 'Revoke' as const }) },
  { weight: 1, arbitrary: fc.constant({ is: 'Delete' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({ is: fc.constant('Jump' as const), by: fc.integer({ min: -600_000, max: 600_000 }) }),
  },
);

test('whatever happens in a night, it ends to the second, and nothing of it is left', () => {
  let grants = 0;
  fc.assert(
    fc.property(fc.integer({ min: 60, max: 12 * 3_600 }), fc.array(turn, { maxLength: 14 }), (seconds, turns) => {
      const night = new Night();
      night.access = anAccess({ duration: `${seconds}s` });
      // Independently of the code: what the API server wrote, and what people typed.
      const deadline = Date.parse(night.access.metadata.creationTimestamp) + seconds * 1_000;
      let until = deadline;
      let isGone = false;
      const live = (writes?: number): void => {
        try {
          night.settle(writes);
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
        }
      };
      for (const each of turns) {
        if (each.is === 'Pass') night.server += each.seconds * second;
        if (each.is === 'Live') live(each.writes);
        if (each.is === 'Jump') night.skew = each.by;
        if (each.is === 'Revoke' && night.access !== undefined) {
          night.access = { ...night.access, spec: { ...night.access.spec, revoked: true } };
          until = Math.min(until, night.server);
        }
        if (each.is === 'Delete' && !isGone) {
          night.access = undefined;
          isGone = true;
          until = Math.min(until, night.server);
        }
      }
      const beforeTheEnd = night.record.emergencies.all.get('uid-inc-4711');
      // A process that lives from now on, and is woken when it asks to be.
      for (let round = 0; round < 5; round += 1) {
        const wakeAt = night.settle();
        if (wakeAt === undefined || night.emergency?.stage === 'Accounted') break;
        night.server = Math.max(night.server, wakeAt);
      }
      const { emergency } = night;
      const isGranted = emergency !== undefined && emergency.stage !== 'Refused';
      if (isGranted) grants += 1;
      const times = (type: string): number => night.types.filter((each) => each === type).length;
      expect({
        notAfter: isGranted ? emergency.notAfter : deadline,
        stage: isGranted ? emergency.stage : 'Accounted',
        ends: times('EmergencyEnded'),
        accounts: times('EmergencyAccounted'),
        left: [...night.made.keys()],
      }).toEqual({
        notAfter: deadline,
        stage: 'Accounted',
        ends: isGranted ? 1 : 0,
        accounts: isGranted ? 1 : 0,
        left: [],
      });
      expect(times('EmergencyOpened')).toBeLessThanOrEqual(1);
      // Alive, it takes the bindings away in the second in which the time is over, and not before; dead, when it is back.
      const isExpired = beforeTheEnd?.stage === 'Opened' && emergency?.decision === 'AccessExpired';
      for (const { from, to } of night.bound) {
        expect(from).toBeLessThanOrEqual(until);
        expect(from).toBeLessThan(deadline);
        expect(to).toBeGreaterThanOrEqual(isExpired ? deadline - second : from);
      }
    }),
    { numRuns: 1_000 },
  );
  expect(grants).toBeGreaterThan(300);
});

describe('the day after', () => {
  const deployment = 'Deployment/api';
  const broken = (): Night =>
    over(
      (night) => night.holds(deployment, 'a'),
      (night) => night.acted(deployment, 'b'),
    );

  test('what was left changed is listed, and due when the policy says', () => {
    const night = broken();
    expect(night.emergency?.accounted).toMatchObject({
      drift: [{ object: deployment, change: 'Changed', before: digestOf('a'), after: digestOf('b') }],
      dueAt: noon + 28 * hour,
    });
    expect(night.status).toMatchObject({ state: 'FollowUpDue', actions: 1 });
  });

  test('what was put back is not', () => {
    const night = over(
      (each) => each.holds(deployment, 'a'),
      (each) => {
        each.acted(deployment, 'b');
        each.acted(deployment, 'a');
      },
    );
    expect(night.status).toMatchObject({ state: 'ReviewDue', actions: 2, drift: [] });
  });

  test('it is due when the next window closes', () => {
    const night = over(
      (each) => {
        each.policy = thePolicy({
          windows: [{ schedule: '0 9 * * 5', duration: '8h', timeZone: 'America/New_York' }],
        });
        each.holds(deployment, 'a');
      },
      (each) => each.acted(deployment, 'b'),
    );
    expect(night.emergency?.accounted?.dueAt).toBe(Date.parse('2026-03-13T21:00:00Z'));
  });

  test('a review closes what left nothing changed', () => {
    const night = over();
    night.review();
    night.settle();
    expect(night.types.slice(-2)).toEqual(['EmergencyReviewed', 'EmergencyClosed']);
    expect(night.status).toMatchObject({ state: 'Closed', approvalManifests: {} });
  });

  test.each<[string, (night: Night) => void]>([
    ['the grantee signs', (n) => n.review('developer-a')],
    ['the grantor signs', (n) => n.review('sre-a')],
    [
      'the grantor signs under another account',
      (n) => {
        n.policy = thePolicy({ people: [{ name: 'sam', identities: ['sre-a', 'sam-adm'] }] });
        n.review('sam-adm');
      },
    ],
    ['a machine signs', (n) => n.review('system:serviceaccount:ci:bot')],
    ['it is for another account', (n) => n.review('approver-a', digestOf('9'))],
    [
      'the signer holds no such right',
      (n) => {
        n.answer = { kind: 'No', message: '' };
        n.review();
      },
    ],
  ])('no review counts when %s', (_, sign) => {
    const night = over();
    sign(night);
    night.settle();
    expect(night.emergency).toMatchObject({ stage: 'Accounted', reviewed: undefined });
  });

  test('a follow-up and a review close it, when the release is observed', () => {
    const night = broken();
    night.review();
    night.settle();
    night.followUp([deployment], []);
    expect(night.settle()).toBe(night.server + 15 * minute);
    expect(night.status).toMatchObject({ state: 'FollowUpDue', drift: [{ settled: 'Covered', bundle: 'fix' }] });
    night.server += 15 * minute;
    night.settle();
    expect(night.status).toMatchObject({ state: 'Closed' });
  });

  test('overdue within a second of the due time, and no longer when the release is there', () => {
    const night = broken();
    const wakeAt = night.settle();
    expect(wakeAt).toBe(noon + 28 * hour - 1);
    night.server = noon + 28 * hour - 1;
    night.settle();
    expect(night.emergency?.overdue).toBe(true);
    expect(night.status).toMatchObject({ state: 'Overdue' });
    night.followUp([], [deployment]);
    night.settle();
    expect(night.emergency?.overdue).toBe(false);
  });

  test('n changed objects: never closed while one of them or the review is missing', () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 50 })
          .chain((n) =>
            fc.tuple(fc.constant(n), fc.array(fc.integer({ min: 0, max: n - 1 }), { maxLength: 2 * n }), fc.boolean()),
          ),
        ([n, covered, isReviewed]) => {
          const keys = Array.from({ length: n }, (_, i): ObjectKey => `ConfigMap/c-${i}`);
          const night = over(
            (each) => keys.forEach((key) => each.holds(key, 'a')),
            (each) => keys.forEach((key) => each.acted(key, 'b')),
          );
          expect(night.emergency?.accounted?.drift).toHaveLength(n);
          if (isReviewed) night.review();
          const done = new Set(covered);
          night.followUp(
            [...done].filter((i) => i % 2 === 0).map((i) => `ConfigMap/c-${i}`),
            [...done].filter((i) => i % 2 === 1).map((i) => `ConfigMap/c-${i}`),
          );
          night.server += hour;
          night.settle();
          expect(night.emergency?.stage === 'Closed').toBe(done.size === n && isReviewed);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('a follow-up that goes back has settled nothing', () => {
    const night = broken();
    night.followUp([deployment], []);
    night.tell({
      actor: 'operator',
      subject: { kind: 'ReleaseCandidate', name: 'fix', uid: 'uid-fix', namespace: 'payments-staging' },
      package: 'payments',
      digest: '',
      decision: '',
      reason: '',
      data: {
        type: 'RolledBack',
        intent: '',
        startedAt: timestamp(night.server),
        to: 'old',
        toDigest: '',
        from: 'fix',
        fromDigest: '',
        previous: '',
        rollback: '',
        rejected: false,
        outcome: 'Complete',
        left: [],
      },
    });
    expect(night.emergency?.settled.size).toBe(0);
  });

  test('pods that somebody went into are replaced; those that came later stay', () => {
    const night = active();
    const went = (pod: string): void =>
      night.append({
        ...anAdmittedAct('Emergency', {
          emergency: 'uid-inc-4711',
          operation: 'CONNECT',
          resource: 'pods',
          subresource: 'exec',
        }),
        subject: { kind: 'PodExecOptions', name: pod, uid: '', namespace: place },
      });
    night.pods.set('api-1', aPod('api-1', noon - hour));
    night.pods.set('api-2', aPod('api-2', noon + 2 * hour));
    night.server = noon + hour;
    went('api-1');
    went('api-2');
    night.server = noon + 4 * hour;
    night.settle();
    expect([...night.pods.keys()]).toEqual(['api-2']);
    expect(night.status?.sessions).toEqual([
      { pod: 'api-1', outcome: 'Gone' },
      { pod: 'api-2', outcome: 'Gone' },
    ]);
  });
});
