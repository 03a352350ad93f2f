import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  anAdmittedAct,
  aNamespace,
  anApproval,
  aPolicy,
  digestOf,
  hour,
  now,
  second,
  thing,
} from '../../../test/support/builders/decide.ts';
import type { Approval } from '../../api/approval.ts';
import { recordAfter } from '../../../test/support/builders/record.ts';
import { emptyHead } from '../record/chain.ts';
import { scaleDigest } from '../manifest/content-digest.ts';
import * as drafts from './entries.ts';
import type { EntryData, LedgerDraft } from '../ledger-entry.ts';
import { explainedKinds, type Finding } from '../record/expected-state.ts';
import type { Instant, NamespaceFacts, ObjectKey } from '../objects.ts';
import type { Plan } from '../plan.ts';
import { questionKey, type Answer } from '../api-queries.ts';
import { emptyRecord, type NamespaceRecord } from '../record/record.ts';
import { standing } from './explain.ts';
import type { Scene, Watched } from './view.ts';
import { planWatch } from './plan.ts';
import { changedInstallation, installationDigest } from './installation.ts';
import type { Suspect, WatchSnapshot } from './snapshot.ts';
import { installedKinds, isInstalledKind } from '../manifest/installed-kinds.ts';

const place = 'payments-prod';
const web = 'main app 1';
const old = 'main app 0';

const madeBy = (key: ObjectKey, uid = `uid-${key}`): Pick<Watched, 'controller'> => {
  const [kind = '', name = ''] = key.split('/');
  return { controller: { kind, name, uid } };
};

/** Production, its ledger, and what this process has noticed of it. */
class Model {
  readonly live = new Map<ObjectKey, Watched>();
  record: NamespaceRecord = { ...emptyRecord, head: emptyHead };
  readonly suspects = new Map<ObjectKey, Suspect>();
  readonly unmanaged = new Map<ObjectKey, readonly string[]>();
  readonly former = new Map<ObjectKey, readonly (readonly string[])[]>();
  readonly types: string[] = [];
  kinds: readonly string[] = [...explainedKinds, ...installedKinds.map(({ kind }) => kind)];
  approvals: Approval[] = [];
  upgrader = '';
  target: NamespaceFacts | undefined = aNamespace();
  answer: Answer = { kind: 'Yes' };

  constructor(...live: readonly Watched[]) {
    for (const each of live) this.live.set(each.key, each);
  }

  put(at: Instant, ...things: readonly Watched[]): void {
    for (const each of things) {
      this.live.set(each.key, each);
      this.notice(at, each.key);
    }
  }

  remove(at: Instant, key: ObjectKey): void {
    this.live.delete(key);
    this.notice(at, key);
  }

  notice(at: Instant, key: ObjectKey): void {
    this.suspects.set(key, { key, since: this.suspects.get(key)?.since ?? at, changedAt: at });
  }

  scene(): Scene {
    return {
      explained: this.record.explained,
      get: (key) => this.live.get(key),
      selects: (label) => label === 'app' || label === 'tier',
      watches: (kind) => this.kinds.includes(kind),
      unmanaged: (key) => this.unmanaged.get(key) ?? [],
      former: (key) => this.former.get(key) ?? [],
    };
  }

  snapshot(): WatchSnapshot {
    return {
      namespace: place,
      policy: aPolicy(),
      target: this.target,
      record: this.record,
      scene: this.scene(),
      kinds: this.kinds,
      all: () => [...this.live.values()],
      suspects: [...this.suspects.values()],
      approvals: (finding) => this.approvals.filter(({ spec }) => spec.subject.uid === finding),
      home: 'countersign-system',
      installation: () => installationDigest([...this.live.values()].filter(({ kind }) => isInstalledKind(kind))),
      upgrader: this.upgrader,
      complete: true,
    };
  }

  append(draft: LedgerDraft, at: Instant = now): void {
    this.types.push(draft.data.type);
    this.record = recordAfter(this.record, draft, { at });
  }

  /** Plans and carries out until nothing is left to do; says the data of what was entered. */
  settle(at: Instant): readonly EntryData[] {
    const entered: EntryData[] = [];
    for (let rounds = 0; rounds < 20; rounds += 1) {
      const { effects } = this.plan(at);
      if (effects.length === 0) return entered;
      for (const effect of effects) {
        const drafts = effect.do === 'Append' ? [effect.draft] : effect.do === 'AppendEach' ? effect.drafts : [];
        for (const draft of drafts) {
          this.append(draft, at);
          entered.push(draft.data);
        }
      }
    }
    throw new Error('the plan does not settle');
  }

  plan(at: Instant): Plan {
    const answers = new Map<string, Answer>();
    const plan = planWatch(this.snapshot(), answers, at);
    if (plan.questions.length === 0) return plan;
    for (const question of plan.questions) answers.set(questionKey(question), this.answer);
    return planWatch(this.snapshot(), answers, at);
  }

  findings(): readonly Finding[] {
    return [...this.record.explained.findings.values()];
  }

  is(key: ObjectKey): string {
    return standing(this.scene(), key).is;
  }
}

/** A namespace that was looked at with these in it. */
const adopted = (...live: readonly Watched[]): Model => {
  const model = new Model(...live);
  model.settle(now);
  return model;
};

const late = now + 30 * second;
const settings = thing('ConfigMap/settings', 'a');
const edited = thing('ConfigMap/settings', 'b');
const api = thing('Deployment/api', 'a', { programs: [web], replicas: 2 });
const set = thing('ReplicaSet/api-1', 'a', { programs: [web], ...madeBy('Deployment/api') });
const nightly = thing('CronJob/nightly', 'a', { programs: [web] });
const state = thing('StatefulSet/state', 'a', { programs: [web], replicas: 1 });

describe('made by controllers', () => {
  const pod = (given: Partial<Watched>): Watched => thing('Pod/p', 'p', { programs: [web], ...given });
  test.each<[sentence: string, is: string, object: Watched, others: readonly Watched[]]>([
    ['a ReplicaSet of its Deployment', 'Explained', set, [api]],
    ['one with other containers', 'Unexplained', { ...set, programs: ['main app 9'] }, [api]],
    ['one that runs nothing any more', 'Explained', { ...set, programs: [old], idle: true }, [api]],
    ['one of a Deployment of another life', 'Unexplained', { ...set, ...madeBy('Deployment/api', 'forged') }, [api]],
    ['one that names no controller', 'Unexplained', { ...set, controller: undefined }, [api]],
    ['a pod of its ReplicaSet', 'Explained', pod(madeBy('ReplicaSet/api-1')), [api, set]],
    [
      'one with an injected sidecar',
      'Explained',
      pod({ programs: ['init proxy 1', web, 'main proxy 1'], ...madeBy('ReplicaSet/api-1') }),
      [api, set],
    ],
    [
      'one with another image',
      'Unexplained',
      pod({ programs: ['main app 9'], ...madeBy('ReplicaSet/api-1') }),
      [api, set],
    ],
    [
      'one with an ephemeral container',
      'Unexplained',
      pod({ programs: ['ephemeral debug 1', web], ...madeBy('ReplicaSet/api-1') }),
      [api, set],
    ],
    ...(
      [
        ['an injected label', 'Explained', ['label mesh=on', 'label tier=web']],
        ['a label by which a Service would pick it', 'Unexplained', ['label app=other', 'label tier=web']],
        ['its own label changed', 'Unexplained', ['label tier=db']],
        ['its own label gone', 'Unexplained', []],
      ] as const
    ).map(([what, is, labels]) => {
      const labelled = { ...set, programs: ['label tier=web', web] };
      const one = pod({ programs: [...labels, web], ...madeBy('ReplicaSet/api-1') });
      return [`one with ${what}`, is, one, [api, labelled]] as [string, string, Watched, readonly Watched[]];
    }),
    ['one that nobody controls', 'Unexplained', pod({}), [api, set]],
    ['one whose owner is a ConfigMap', 'Unexplained', pod(madeBy('ConfigMap/settings')), [settings]],
    [
      'one that is over',
      'Explained',
      pod({ programs: ['main app 9'], idle: true, ...madeBy('ReplicaSet/api-1') }),
      [api, set],
    ],
    ['one that is on its way out', 'Explained', pod({ deleting: true }), []],
    ['a pod of a StatefulSet', 'Explained', pod(madeBy('StatefulSet/state')), [state]],
    [
      'a revision of a StatefulSet',
      'Explained',
      thing('ControllerRevision/state-1', 'a', madeBy('StatefulSet/state')),
      [state],
    ],
    ['a revision that nobody owns', 'Unexplained', thing('ControllerRevision/state-1', 'a'), [state]],
    [
      'a Job of a CronJob',
      'Explained',
      thing('Job/nightly-1', 'a', { programs: [web], ...madeBy('CronJob/nightly') }),
      [nightly],
    ],
    [
      'a Job that runs something else',
      'Unexplained',
      thing('Job/nightly-1', 'a', { programs: [old], ...madeBy('CronJob/nightly') }),
      [nightly],
    ],
    ['a claim of a StatefulSet', 'Explained', thing('PersistentVolumeClaim/data-state-0', 'a'), [state]],
    ['a claim of nobody', 'Unexplained', thing('PersistentVolumeClaim/data-other-0', 'a'), [state]],
    [
      'endpoints of a Service that selects pods',
      'Explained',
      thing('Endpoints/api', 'a'),
      [thing('Service/api', 'a', { selects: true })],
    ],
    [
      'endpoints of a Service that selects none',
      'Unexplained',
      thing('Endpoints/api', 'a'),
      [thing('Service/api', 'a')],
    ],
    [
      'a slice of a Service',
      'Explained',
      thing('EndpointSlice/api-x', 'a', madeBy('Service/api')),
      [thing('Service/api', 'a')],
    ],
  ])('%s: %s', (_, is, object, others) => {
    const model = adopted(...others);
    model.put(now, object);
    expect(model.is(object.key)).toBe(is);
  });

  test('a pod or set of a template that the workload had before is explained', () => {
    const model = adopted(api, state);
    model.put(
      now,
      { ...set, programs: [old] },
      thing('Pod/state-0', 'p', { programs: [old], ...madeBy('StatefulSet/state') }),
    );
    expect([model.is('ReplicaSet/api-1'), model.is('Pod/state-0')]).toEqual(['Unexplained', 'Unexplained']);
    model.former.set('Deployment/api', [[old]]);
    model.former.set('StatefulSet/state', [[old]]);
    expect([model.is('ReplicaSet/api-1'), model.is('Pod/state-0')]).toEqual(['Explained', 'Explained']);
  });

  test('claims outlive their StatefulSet, and pods and Jobs may go', () => {
    const model = adopted(
      state,
      thing('PersistentVolumeClaim/data-state-0', 'a'),
      thing('Job/once', 'a'),
      thing('Pod/bare', 'a'),
    );
    model.remove(now, 'StatefulSet/state');
    model.remove(now, 'Job/once');
    model.remove(now, 'Pod/bare');
    expect(model.is('PersistentVolumeClaim/data-state-0')).toBe('Explained');
    expect(model.settle(late)).toMatchObject([
      { type: 'FindingOpened', object: 'StatefulSet/state', change: 'Deleted' },
    ]);
  });

  test('what lost its owner is given time for the garbage collector, and no more', () => {
    const model = adopted(api, set);
    model.remove(now, 'Deployment/api');
    model.notice(now, 'ReplicaSet/api-1');
    expect(model.settle(now + 10 * second)).toMatchObject([{ object: 'Deployment/api', change: 'Deleted' }]);
    expect(model.settle(late)).toMatchObject([{ object: 'ReplicaSet/api-1', change: 'Created' }]);
  });
});

test.each<[sentence: string, change: string, act: (model: Model) => void]>([
  ['an edit', 'Changed ConfigMap/settings', (model) => model.put(now, edited)],
  ['a deletion', 'Deleted ConfigMap/settings', (model) => model.remove(now, 'ConfigMap/settings')],
  ['a new object', 'Created Secret/s', (model) => model.put(now, thing('Secret/s', 'a'))],
  ['scaling', 'Changed Deployment/api', (model) => model.put(now, { ...api, replicas: 9 })],
  ['a relabelled role', 'Created RoleBinding/r', (model) => model.put(now, thing('RoleBinding/r', 'a'))],
])('%s that nothing explains is one finding, after a moment, however often it is looked at', (_, change, act) => {
  const model = adopted(settings, api);
  act(model);
  expect(model.settle(now)).toEqual([]);
  expect(model.plan(now).wakeAt).toBeLessThanOrEqual(now + 30 * second);
  const [first] = model.settle(late);
  expect(first?.type === 'FindingOpened' && `${first.change} ${first.object}`).toBe(change);
  expect(model.settle(late)).toEqual([]);
  expect(model.settle(late + hour)).toEqual([]);
  expect(model.findings()).toHaveLength(1);
  expect(model.findings()[0]?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test('what goes back by itself in time is no finding; what changes on, is another', () => {
  const model = adopted(settings);
  model.put(now, edited);
  model.put(now + second, settings);
  expect(model.settle(late)).toEqual([]);
  model.put(late, edited);
  model.settle(late);
  model.put(late + second, thing('ConfigMap/settings', 'c'));
  model.settle(late + hour);
  expect(model.findings().map(({ after }) => after.digest)).toEqual([digestOf('b'), digestOf('c')]);
});

test.each<[sentence: string, given: Partial<{ replicas: number }>, unmanaged: readonly string[]]>([
  ['an autoscaler', { replicas: 9 }, ['spec.replicas']],
])('how many is left to %s, and is measured again once it is not', (_, given, unmanaged) => {
  const model = adopted(api);
  model.unmanaged.set('Deployment/api', unmanaged);
  model.notice(now, 'Deployment/api');
  expect(model.settle(now)).toMatchObject([
    { type: 'Adopted', objects: [{ object: 'Deployment/api', replicas: null }] },
  ]);
  model.put(now, { ...api, ...given });
  expect(model.settle(late)).toEqual([]);
  model.unmanaged.clear();
  model.notice(late, 'Deployment/api');
  expect(model.settle(late)).toMatchObject([{ type: 'Adopted', objects: [{ object: 'Deployment/api', replicas: 9 }] }]);
  model.put(late, { ...api, replicas: 0 });
  expect(model.settle(late + hour)).toMatchObject([{ type: 'FindingOpened', object: 'Deployment/api' }]);
});

describe('acts that the gate admitted', () => {
  const admitted = (data: Partial<Extract<EntryData, { type: 'Admitted' }>>, decision = 'Operate'): LedgerDraft =>
    anAdmittedAct(decision, { after: digestOf('b'), ...data }, 'uid-Deployment/api');
  const restarted: Watched = { ...api, digest: () => digestOf('b') };

  test('one that is seen is explained, and entered as seen, once', () => {
    const model = adopted(api);
    model.append(admitted({}));
    model.put(now, restarted);
    expect(model.settle(now)).toMatchObject([{ type: 'Observed', happened: true, object: 'Deployment/api' }]);
    expect(model.settle(late)).toEqual([]);
    expect(model.is('Deployment/api')).toBe('Explained');
  });

  test('one that never comes is entered as never seen, and explains nothing later', () => {
    const model = adopted(api);
    model.append(admitted({}));
    expect(model.settle(late)).toMatchObject([{ type: 'Observed', happened: false }]);
    model.put(late, restarted);
    expect(model.settle(late + hour)).toMatchObject([{ type: 'FindingOpened' }]);
  });

  test('two in one moment both happened, and what the second left is the measure', () => {
    const model = adopted(api);
    model.append(admitted({ before: digestOf('a'), after: digestOf('b') }));
    model.append(admitted({ before: digestOf('b'), after: digestOf('c') }));
    model.put(now, { ...api, digest: () => digestOf('c') });
    expect(model.settle(now)).toMatchObject([{ happened: true }, { happened: true }]);
    expect(model.settle(late)).toEqual([]);
    model.put(late, restarted);
    expect(model.settle(late + hour)).toMatchObject([{ type: 'FindingOpened' }]);
  });

  test('one whose content was there before it was admitted is not taken for it', () => {
    const model = adopted(api);
    model.append(admitted({ before: digestOf('b'), after: digestOf('c') }));
    model.append(admitted({ before: digestOf('a'), after: digestOf('b') }));
    expect(model.settle(late)).toMatchObject([{ happened: false }, { happened: false }]);
  });

  test('scaling within its right is explained, and no other number', () => {
    const model = adopted(api);
    model.append(admitted({ subresource: 'scale', after: scaleDigest(4) }));
    model.put(now, { ...api, replicas: 4 });
    model.settle(now);
    expect(model.settle(late)).toEqual([]);
    model.put(late, { ...api, replicas: 5 });
    expect(model.settle(late + hour)).toMatchObject([{ type: 'FindingOpened' }]);
  });

  test('a deletion is', () => {
    const model = adopted(api);
    model.append(admitted({ operation: 'DELETE', after: '' }, 'GitOps'));
    model.remove(now, 'Deployment/api');
    expect(model.settle(late)).toMatchObject([{ type: 'Observed', happened: true }]);
  });

  test('one that was only watched explains nothing, but tells who it was', () => {
    const model = adopted(api);
    model.append(admitted({}, 'Audit'));
    model.put(now, restarted);
    expect(model.settle(late)).toMatchObject([{ type: 'FindingOpened', username: 'sre-a' }]);
  });
});

describe('a finding', () => {
  const open = (): { model: Model; finding: Finding } => {
    const model = adopted(settings, api);
    model.put(now, edited);
    model.settle(late);
    const [finding] = model.findings();
    if (finding === undefined) throw new Error('no finding');
    return { model, finding };
  };
  const signature = ({ name, id, digest }: Finding, given: Parameters<typeof anApproval>[1] = {}, who = 'approver-a') =>
    anApproval(who, {
      digest,
      createdAt: late,
      ...given,
      subject: { kind: 'Finding', name, uid: id, ...given?.subject },
    });

  test('closes by a signature, and what was found is the measure from then on', () => {
    const { model, finding } = open();
    model.approvals = [signature(finding)];
    expect(model.settle(late)).toMatchObject([{ type: 'FindingClosed', by: 'Signature', accepted: true }]);
    expect(model.settle(late + hour)).toEqual([]);
    expect(model.is('ConfigMap/settings')).toBe('Explained');
    model.put(late, settings);
    expect(model.settle(late + hour)).toMatchObject([{ type: 'FindingOpened' }]);
  });

  test('whose object went back meanwhile closes without becoming the measure', () => {
    const { model, finding } = open();
    model.put(late, settings);
    model.approvals = [signature(finding)];
    expect(model.settle(late)).toMatchObject([{ type: 'FindingClosed', accepted: false }]);
    expect(model.settle(late + hour)).toEqual([]);
  });

  test.each<[sentence: string, approval: (finding: Finding) => Approval, answer?: Answer]>([
    ['under another digest', (finding) => signature({ ...finding, digest: digestOf('c') })],
    ['for another finding', (finding) => signature({ ...finding, name: '000000000099' })],
    ['for a candidate of that name', (finding) => signature(finding, { subject: { kind: 'ReleaseCandidate' } })],
    ['that refuses', (finding) => signature(finding, { decision: 'Reject' })],
    ['in a role that the policy does not ask for', (finding) => signature(finding, { role: 'auditor' })],
    ['by a system identity', (finding) => signature(finding, {}, 'system:admin')],
    ['that is too old', (finding) => signature(finding, { createdAt: late - 73 * hour })],
    ['in another namespace', (finding) => signature(finding, { namespace: 'other' })],
    ['without the right', (finding) => signature(finding), { kind: 'No', message: 'no' }],
    ['whose right is not known', (finding) => signature(finding), { kind: 'Unavailable', message: 'away' }],
  ])('does not close by a signature %s', (_, approval, answer = { kind: 'Yes' }) => {
    const { model, finding } = open();
    model.approvals = [approval(finding)];
    model.answer = answer;
    expect(model.settle(late)).toEqual([]);
    expect(model.findings()).toHaveLength(1);
  });

  test('is not signed for by who did it', () => {
    const { model, finding } = open();
    const [entry] = model.findings();
    const { explained } = model.record;
    model.record = {
      ...model.record,
      explained: { ...explained, findings: new Map([[finding.id, { ...finding, ...entry, username: 'Approver-A' }]]) },
    };
    model.approvals = [signature(finding)];
    expect(model.settle(late)).toEqual([]);
    model.approvals = [signature(finding, {}, 'approver-b')];
    expect(model.settle(late)).toMatchObject([{ by: 'Signature' }]);
  });
});

const planted = 'finalizer a.b/c';
const owning = (key: string, more = ''): string => `owner v1 ${key} uid-${key}${more}`;

describe('finalizers and owners', () => {
  const claim = thing('PersistentVolumeClaim/data-state-0', 'a');
  const ofSet = `owner apps/v1 StatefulSet/state uid-StatefulSet/state`;
  const ofReplicaSet = 'owner apps/v1 ReplicaSet/api-1 uid-ReplicaSet/api-1 controller';
  const owned = thing('Pod/p', 'p', { programs: [web], ...madeBy('ReplicaSet/api-1'), lifetime: [ofReplicaSet] });
  const among = [api, set, owned, settings, state, claim];
  const found: readonly [sentence: string, object: Watched, says: string | undefined][] = [
    ['a planted finalizer', { ...settings, lifetime: [planted] }, 'metadata.finalizers gained a.b/c'],
    [
      'a planted owner',
      { ...settings, lifetime: [owning('Deployment/api')] },
      'metadata.ownerReferences gained Deployment/api (v1, uid uid-Deployment/api)',
    ],
    ['a finalizer of a pod', { ...owned, lifetime: [planted, ofReplicaSet] }, 'metadata.finalizers gained a.b/c'],
    [
      'a second owner of a pod',
      { ...owned, lifetime: [ofReplicaSet, owning('ConfigMap/settings')] },
      'metadata.ownerReferences gained ConfigMap/settings (v1, uid uid-ConfigMap/settings)',
    ],
    ['the set that a claim is of', { ...claim, lifetime: [ofSet] }, undefined],
    [
      'a set of which a claim is not',
      { ...thing('PersistentVolumeClaim/other', 'a'), lifetime: [ofSet] },
      'metadata.ownerReferences gained StatefulSet/state (apps/v1, uid uid-StatefulSet/state)',
    ],
    [
      'a set of another group',
      { ...claim, lifetime: ['owner evil/v1 StatefulSet/state uid-StatefulSet/state'] },
      'metadata.ownerReferences gained StatefulSet.evil/state (evil/v1, uid uid-StatefulSet/state)',
    ],
    [
      'a set that is not there',
      { ...claim, lifetime: ['owner apps/v1 StatefulSet/state uid-forged'] },
      'metadata.ownerReferences gained StatefulSet/state (apps/v1, uid uid-forged)',
    ],
  ];
  test.each(found)('%s', (_, object, says) => {
    const model = adopted(...among, thing('PersistentVolumeClaim/other', 'a'));
    model.put(now, object);
    const opened = model.settle(late);
    expect(opened).toHaveLength(says === undefined ? 0 : 1);
    expect(model.findings().map(({ object: key, change }) => `${change} ${key}`)).toEqual(
      says === undefined ? [] : [`Changed ${object.key}`],
    );
    expect(model.findings().map(({ reason }) => /\((.*)\), and no release/.exec(reason)?.[1])).toEqual(
      says === undefined ? [] : [says],
    );
    expect(model.settle(late + hour)).toEqual([]);
  });

  test('a deletion that nothing explains is found when it begins, however long a finalizer keeps the object', () => {
    const model = adopted(settings);
    model.put(now, { ...settings, deleting: true, lifetime: ['finalizer foregroundDeletion'] });
    expect(model.settle(late)).toMatchObject([{ type: 'FindingOpened', change: 'Deleted' }]);
    expect(model.settle(late + hour)).toEqual([]);
    model.remove(late + hour, 'ConfigMap/settings');
    expect(model.settle(late + 2 * hour)).toEqual([]);
  });

  test('an object that is made, deleted and kept by a finalizer of its own is found, and one on its way is not', () => {
    const model = adopted(settings);
    const stray = { ...thing('Service/stray', 'a'), deleting: true };
    model.put(now, { ...stray, lifetime: ['finalizer foregroundDeletion'] });
    expect(model.settle(late)).toEqual([]);
    model.put(late, { ...stray, lifetime: [planted] });
    expect(model.settle(late + hour)).toMatchObject([{ type: 'FindingOpened', change: 'Created' }]);
    expect(model.findings()[0]?.reason).toContain('metadata.finalizers gained a.b/c');
  });

  test('one that was on its way out before anybody looked is none', () => {
    const model = adopted(settings, { ...thing('Service/stuck', 'a'), deleting: true, lifetime: [planted] });
    model.notice(now, 'Service/stuck');
    expect(model.settle(late)).toEqual([]);
  });

  test('what is made again by an act that the gate admitted has the finalizers of that act alone', () => {
    const model = adopted({ ...settings, lifetime: [planted] });
    model.remove(now, 'ConfigMap/settings');
    model.settle(late);
    const data = { operation: 'CREATE', resource: 'configmaps', before: '', after: digestOf('a') } as const;
    const act = anAdmittedAct('PlatformWriter', data, '');
    model.append({ ...act, subject: { ...act.subject, kind: 'ConfigMap', name: 'settings' } }, late);
    model.put(late, settings);
    model.settle(late);
    expect(model.is('ConfigMap/settings')).toBe('Explained');
  });

  test('a finalizer that its template gives to a pod is explained, and so are those that the policy leaves to others', () => {
    const model = adopted(...among);
    const held = { ...owned, lifetime: [planted, ofReplicaSet] };
    model.put(now, held);
    expect(model.is('Pod/p')).toBe('Unexplained');
    model.put(now, { ...set, gives: ['a.b/c'] });
    expect(model.is('Pod/p')).toBe('Explained');
    model.put(now, set);
    model.unmanaged.set('Deployment/api', ['spec.template.metadata.finalizers']);
    model.live.set('ReplicaSet/api-1', { ...set, lifetime: [] });
    expect(model.is('Pod/p')).toBe('Explained');
    model.put(now, { ...settings, lifetime: [planted] });
    expect(model.is('ConfigMap/settings')).toBe('Unexplained');
    model.unmanaged.set('ConfigMap/settings', ['metadata.finalizers']);
    expect(model.settle(late).map(({ type }) => type)).toEqual(['Adopted']);
    expect(model.findings()).toEqual([]);
  });

  test('what was there at first is the measure: taken off it is found, and so is an older record without it', () => {
    const model = adopted({ ...settings, lifetime: [planted] });
    expect(model.findings()).toEqual([]);
    model.put(now, settings);
    model.settle(late);
    expect(model.findings()[0]?.reason).toContain('metadata.finalizers lost a.b/c');
  });

  test('a record that does not tell of them takes what is there, of every object, before it measures', () => {
    const many = Array.from({ length: 30 }, (_, i) => thing(`ConfigMap/c-${i}`, 'a'));
    const older = new Model(settings, set, api, owned, ...many);
    const { kinds } = older;
    older.append(
      drafts.adopted(place, {
        objects: [settings, api, ...many].map(({ key }) => ({
          object: key,
          digest: digestOf('a'),
          replicas: null,
          without: [],
        })),
        kinds: [...kinds],
        more: false,
        reason: '',
      }),
    );
    const bound = [settings, ...many].map((each) => ({ ...each, lifetime: [planted] }));
    older.put(now, ...bound, { ...owned, lifetime: [planted, ofReplicaSet] });
    const entries = older.settle(late);
    expect(new Set(entries.map(({ type }) => type))).toEqual(new Set(['Adopted']));
    expect(older.findings()).toEqual([]);
    expect(older.is('Pod/p')).toBe('Explained');
    older.put(late, settings);
    older.settle(late + hour);
    expect(older.findings()).toHaveLength(1);
  });

  test('more than one entry takes loses none, of its content nor of its finalizers', () => {
    const many = Array.from({ length: 450 }, (_, i) => thing(`ConfigMap/c-${i}`, 'a', { lifetime: [planted] }));
    const model = adopted(...many);
    for (const { key } of many) model.notice(now, key);
    expect(model.settle(late)).toEqual([]);
    expect(model.record.broken).toBeUndefined();
  });

  test('an open finding about the content hides no finalizer that comes later', () => {
    const model = adopted(settings);
    model.put(now, edited);
    model.settle(late);
    model.put(late, { ...edited, lifetime: [planted] });
    model.settle(late + hour);
    expect(model.findings()).toHaveLength(2);
  });

  test('an act that the gate admitted says which finalizers there are, and is none without', () => {
    const model = adopted(settings);
    const data = { resource: 'configmaps', before: digestOf('a'), after: digestOf('a'), lifetime: [planted] };
    const act = anAdmittedAct('PlatformWriter', data, 'uid-ConfigMap/settings');
    const subject = { ...act.subject, kind: 'ConfigMap', name: 'settings' };
    model.append({ ...act, subject });
    // Not yet: the content alone does not show it.
    expect(model.settle(now)).toEqual([]);
    model.put(now, { ...settings, lifetime: [planted] });
    expect(model.is('ConfigMap/settings')).toBe('Explained');
    expect(model.settle(now)).toMatchObject([{ type: 'Observed', happened: true }]);
    expect(model.is('ConfigMap/settings')).toBe('Explained');
    model.put(late, settings);
    model.settle(late + hour);
    expect(model.findings()).toHaveLength(1);
  });

  test('a signature for what was found makes it the measure, under a digest that says which finalizers', () => {
    const model = adopted(settings);
    model.put(now, { ...settings, lifetime: [planted] });
    model.settle(late);
    const [finding] = model.findings();
    expect(finding?.digest).not.toBe(digestOf('a'));
    model.approvals = [
      anApproval('approver-a', {
        subject: { kind: 'Finding', name: finding?.name ?? '', uid: finding?.id ?? '' },
        digest: finding?.digest ?? '',
      }),
    ];
    expect(model.settle(late)).toMatchObject([{ type: 'FindingClosed', accepted: true }]);
    expect(model.is('ConfigMap/settings')).toBe('Explained');
  });

  test('a release that wrote the object and left a planted finalizer does not close the finding', () => {
    const model = adopted(settings);
    const held = { ...settings, lifetime: [planted] };
    model.put(now, held);
    model.settle(late);
    const { explained } = model.record;
    const expected = explained.objects.get('ConfigMap/settings');
    if (expected === undefined) throw new Error('it was adopted');
    const release = { seq: model.record.head.seq + 5, bundle: 'second' };
    model.record = {
      ...model.record,
      explained: { ...explained, objects: new Map([['ConfigMap/settings', { ...expected, release }]]) },
    };
    expect(model.settle(late)).toEqual([]);
    model.put(late, settings);
    expect(model.settle(late)).toMatchObject([{ type: 'FindingClosed', by: 'Release' }]);
  });
});

describe('our own installation', () => {
  const policy = thing('ValidatingAdmissionPolicy/countersign-guard-pods', 'a', { managers: ['helm'] });
  const crd = thing('CustomResourceDefinition/approvals.countersign.dev', 'a');
  const role = thing('ClusterRole/countersign-sre', 'a');

  test('an upgrade is one finding that names every object, once it is quiet, and one signature closes it', () => {
    const model = adopted(policy, crd, role, settings);
    model.put(now, { ...policy, digest: () => digestOf('b') });
    model.put(now + 4 * second, { ...crd, digest: () => digestOf('b') });
    expect(model.settle(now + 7 * second)).toEqual([]);
    expect(
      changedInstallation(
        model.scene(),
        [...model.live.values()].filter((each) => each !== settings),
      ),
    ).toEqual([
      'CustomResourceDefinition/approvals.countersign.dev',
      'ValidatingAdmissionPolicy/countersign-guard-pods',
    ]);
    const [entry] = model.settle(late);
    expect(entry).toMatchObject({
      change: 'Integrity',
      object: 'Installation/countersign',
      parts: [{ object: crd.key }, { object: policy.key }],
    });
    expect(model.settle(late + hour)).toEqual([]);
    const [finding] = model.findings();
    if (finding === undefined) throw new Error('no finding');
    model.approvals = [
      anApproval('approver-a', {
        digest: finding.digest,
        createdAt: late,
        subject: { kind: 'Finding', name: finding.name, uid: finding.id },
      }),
    ];
    expect(model.settle(late)).toMatchObject([{ type: 'FindingClosed', accepted: true }]);
    expect(changedInstallation(model.scene(), [...model.live.values()])).toEqual([]);
    expect(model.settle(late + hour)).toEqual([]);
  });

  const forAll = (who: string, digest: string, more: Partial<Approval['metadata']> = {}): Approval => {
    const subject = { kind: 'Installation', name: 'countersign', uid: 'countersign' } as const;
    const approval = anApproval(who, { digest, createdAt: late, role: 'installation', subject });
    return { ...approval, metadata: { ...approval.metadata, namespace: 'countersign-system', ...more } };
  };
  const upgraded = (model: Model): string => {
    model.put(now, { ...policy, digest: () => digestOf('b') });
    model.settle(late);
    return model.findings().at(-1)?.digest ?? '';
  };

  test('one signature in the namespace of Countersign counts in namespaces that began at different times', () => {
    const [early, later] = [adopted(policy, crd), adopted(policy, crd)];
    later.record = adopted({ ...policy, digest: () => digestOf('c') }, crd).record;
    const digests = [early, later].map(upgraded);
    expect(new Set(digests).size).toBe(1);
    for (const model of [early, later]) {
      model.approvals = [forAll('approver-a', digests[0] ?? '')];
      expect(model.settle(late)).toMatchObject([
        { type: 'FindingClosed', accepted: true, approval: expect.anything() },
      ]);
      expect(changedInstallation(model.scene(), [...model.live.values()])).toEqual([]);
    }
  });

  test('a signature for a later state closes what was found on the way there, and not the other way round', () => {
    const model = adopted(policy, crd);
    const first = upgraded(model);
    model.put(late, { ...policy, digest: () => digestOf('c') });
    model.settle(late + 30 * second);
    const last = model.findings().at(-1)?.digest ?? '';
    expect(model.findings()).toHaveLength(2);
    model.approvals = [forAll('approver-a', first)];
    model.settle(late + 40 * second);
    expect(model.findings().map(({ digest }) => digest)).toEqual([last]);
    expect(changedInstallation(model.scene(), [...model.live.values()])).toEqual([policy.key]);
    model.approvals = [forAll('approver-a', first), forAll('approver-b', last)];
    model.settle(late + 50 * second);
    expect(model.findings()).toEqual([]);
    expect(changedInstallation(model.scene(), [...model.live.values()])).toEqual([]);
  });

  test.each<[string, (digest: string) => Approval]>([
    ['another digest', () => forAll('approver-a', digestOf('f'))],
    ['another namespace', (digest) => forAll('approver-a', digest, { namespace: place })],
    [
      'another role',
      (digest) => {
        const approval = forAll('approver-a', digest);
        return { ...approval, spec: { ...approval.spec, role: 'approver' } };
      },
    ],
    ['whoever upgraded', (digest) => forAll('upgrader', digest)],
    ['a system identity', (digest) => forAll('system:serviceaccount:ci:helm', digest)],
    [
      'a signature that has expired',
      (digest) => forAll('approver-a', digest, { creationTimestamp: '2020-01-01T00:00:00Z' }),
    ],
  ])('a signature for the installation does not count under %s', (_, approval) => {
    const model = adopted(policy, crd);
    model.upgrader = 'upgrader';
    model.approvals = [approval(upgraded(model))];
    model.settle(late);
    expect(model.findings()).toHaveLength(1);
  });

  test('a policy that was deleted is named, and one that was added', () => {
    const model = adopted(policy);
    model.remove(now, policy.key);
    model.put(now, crd);
    expect(changedInstallation(model.scene(), [crd])).toEqual([crd.key, policy.key]);
    expect(model.settle(late)).toHaveLength(1);
  });
});

test('nothing is found, and nothing entered, where the namespace is not guarded or the record is broken', () => {
  const model = adopted(settings);
  model.put(now, edited);
  model.target = aNamespace({ guarded: undefined });
  expect(model.settle(late)).toEqual([]);
  model.target = aNamespace();
  model.record = { ...model.record, broken: 'gone' };
  expect(model.settle(late)).toEqual([]);
});

describe('what the chart adds to the guard', () => {
  const rollout = thing('rollouts.argoproj.io/api', 'a');
  const changed = thing('rollouts.argoproj.io/api', 'b');

  test('is measured from the moment it is added, and what is there then is no finding', () => {
    const model = adopted(settings);
    model.live.set(rollout.key, rollout);
    model.kinds = [...model.kinds, 'rollouts.argoproj.io'];
    const before = model.types.length;
    model.settle(late);
    expect(model.types.slice(before)).toEqual(['Adopted']);
    model.put(late, changed);
    model.settle(late + 30 * second);
    expect(model.types.slice(before)).toEqual(['Adopted', 'FindingOpened']);
  });

  test('is not missed when the chart no longer names it, and is when it is deleted', () => {
    const model = adopted(settings);
    const all = [...model.kinds, 'rollouts.argoproj.io'];
    model.kinds = all;
    model.live.set(rollout.key, rollout);
    model.settle(late);
    model.kinds = all.slice(0, -1);
    model.remove(late, rollout.key);
    expect(model.is(rollout.key)).toBe('Explained');
    model.kinds = all;
    expect(model.is(rollout.key)).toBe('Unexplained');
  });
});

test('how many a ReplicaSet has that no Deployment owns is looked at', () => {
  const alone = thing('ReplicaSet/alone', 'a', { programs: [web], replicas: 2 });
  const model = adopted(alone);
  model.put(late, { ...alone, replicas: 3 });
  expect(model.is(alone.key)).toBe('Unexplained');
});

test('a namespace of any size is adopted whole, and only from then on measured', () => {
  const many = Array.from({ length: 1_000 }, (_, i) => thing(`ConfigMap/c${i}`, 'a'));
  const model = new Model(...many, api, set);
  const entries = model.settle(now);
  expect(entries.map((each) => each.type === 'Adopted' && each.more)).toEqual([true, true, false]);
  expect(entries.every((each) => JSON.stringify(each).length < 262_144)).toBe(true);
  expect(model.record.explained.objects.size).toBe(1_001);
  for (const { key } of many) model.notice(now, key);
  expect(model.settle(late)).toEqual([]);
});

// --- any history ---

const keys = ['ConfigMap/a', 'ConfigMap/b', 'Secret/c', 'Service/d'] as const;
type Step = {
  readonly key: (typeof keys)[number];
  readonly content: 'a' | 'b' | 'c' | undefined;
  readonly waits: number;
  readonly restart: boolean;
};
const history: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    key: fc.constantFrom(...keys),
    content: fc.constantFrom('a' as const, 'b' as const, 'c' as const, undefined),
    waits: fc.integer({ min: 0, max: 20 }),
    restart: fc.boolean(),
  }),
  { maxLength: 20 },
);

test('whatever happens, and whoever restarts: in the end each difference from what was adopted has its finding, and nothing else is open twice', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const model = adopted(thing('ConfigMap/a', 'a'), thing('ConfigMap/b', 'a'));
      let at = now;
      for (const { key, content, waits, restart } of steps) {
        if (content === undefined) model.remove(at, key);
        else model.put(at, thing(key, content));
        at += waits * second;
        model.settle(at);
        // Another process notices everything anew, and knows nothing of since when.
        if (restart) {
          model.suspects.clear();
          for (const each of keys) model.notice(at, each);
        }
      }
      for (const each of keys) model.notice(at, each);
      model.settle(at + hour);
      for (const key of keys) {
        const digest = model.live.get(key)?.digest([]) ?? '';
        const expected = key.startsWith('ConfigMap') ? digestOf('a') : '';
        const about = model.findings().filter(({ object, after }) => object === key && after.digest === digest);
        expect(about).toHaveLength(digest === expected ? 0 : 1);
      }
      expect(model.plan(at + 2 * hour)).toMatchObject({ effects: [], wakeAt: undefined });
    }),
  );
});

test.each<[sentence: string, later: number, entries: readonly object[]]>([
  [
    'a release after it closes a finding that it covers',
    1,
    [{ type: 'FindingClosed', by: 'Release', bundle: 'second' }],
  ],
  ['the release before it does not', -5, []],
])('%s', (_, later, entries) => {
  const model = adopted(settings);
  model.put(now, edited);
  model.settle(late);
  const { explained } = model.record;
  const release = { seq: model.record.head.seq + later, bundle: 'second' };
  const settled = [{ digest: digestOf('c'), scale: '', without: [] }];
  model.record = {
    ...model.record,
    explained: {
      ...explained,
      objects: new Map([['ConfigMap/settings', { settled, coming: [], lifetimes: [[]], release }]]),
    },
  };
  model.put(late, thing('ConfigMap/settings', 'c'));
  expect(model.settle(late + hour)).toMatchObject(entries);
  expect(model.findings()).toHaveLength(1 - entries.length);
});

test('no draft of these holds more than an entry takes', () => {
  const draft = drafts.findingOpened(place, {
    object: `ConfigMap/${'x'.repeat(253)}`,
    uid: '',
    digest: digestOf('a'),
    reason: 'y'.repeat(9_000),
    data: {
      change: 'Created',
      before: '',
      after: digestOf('a'),
      scale: '',
      without: [],
      managers: [],
      username: '',
      paths: [],
      parts: [],
    },
  });
  expect(draft.reason).toHaveLength(4096);
});
