import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import {
  aBundle,
  aCandidate,
  aDeployment,
  anAdmittedAct,
  aLiveObject,
  anObject,
  digestOf,
  now,
} from '../../../test/support/builders/decide.ts';
import { emptyHead, entryHash, nextEntry } from './chain.ts';
import { contentDigest, scaleDigest } from '../manifest/content-digest.ts';
import * as findingsEntries from '../findings/entries.ts';
import * as releaseEntries from '../release/entries.ts';
import * as candidateEntries from '../candidate/entries.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { absent, explainedKinds, lifetimesOf, stayingOn, type ExplainedRecord } from './expected-state.ts';
import { emptyRecord, packageRecord, type NamespaceRecord } from './record.ts';
import { foldEntries, type Link } from './follow.ts';

const place = 'payments-prod';
const adopting = (object: string, digest: string, more = false): LedgerDraft =>
  findingsEntries.adopted(place, {
    objects: [{ object, digest, replicas: null, without: [] }],
    kinds: [...explainedKinds],
    more,
    reason: '',
  });

const admitting = (
  decision: string,
  after: string,
  given: { operation?: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'; subresource?: string } = {},
): LedgerDraft => anAdmittedAct(decision, { after, ...given });

const finding = (object: string, after: string): LedgerDraft =>
  findingsEntries.findingOpened(place, {
    object,
    uid: '',
    digest: after,
    reason: 'somebody',
    data: {
      change: 'Changed',
      before: '',
      after,
      scale: '',
      without: [],
      managers: [],
      username: '',
      paths: [],
      parts: [],
    },
  });

/** The record after these; each may depend on what came of those before. */
const told = (...entries: readonly (LedgerDraft | ((record: NamespaceRecord) => LedgerDraft))[]): NamespaceRecord => {
  let record: NamespaceRecord = { ...emptyRecord, head: emptyHead };
  for (const each of entries) {
    const draft = typeof each === 'function' ? each(record) : each;
    const entry = nextEntry(record.head, draft, {
      id: `id-${record.head.seq + 1}`,
      now,
      self: { username: 'operator', uid: '', groups: [] },
    });
    record = foldEntries(record, [{ entry, hash: entryHash(entry), broken: undefined }]);
  }
  return record;
};

const statesOf = ({ explained }: NamespaceRecord, key: string): readonly string[] => {
  const expected = explained.objects.get(key);
  return expected === undefined ? [] : [...expected.settled, ...expected.coming].map(({ digest }) => digest);
};

const settings = anObject('ConfigMap', 'settings', { data: { level: 'debug' } });
const bundle = aBundle({
  name: 'second',
  objects: [settings, aDeployment()],
  removed: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'old' }],
});
const wanted = contentDigest(settings.content);
const started = candidateEntries.promotionStarted(aCandidate(), bundle, {
  from: 'first',
  fromDigest: '',
  quorum: '3/3',
  approvals: [],
  delivery: 'Countersign',
  followsUp: null,
});
const promoted = (record: NamespaceRecord): LedgerDraft => {
  const { open } = packageRecord(record, 'payments');
  if (open === undefined) throw new Error('no intent');
  return releaseEntries.promoted(open, bundle, { observeUntil: now, healthy: true, reason: '' });
};
const wentBack = (record: NamespaceRecord): LedgerDraft => {
  const { open } = packageRecord(record, 'payments');
  if (open === undefined) throw new Error('no intent');
  return releaseEntries.rolledBack(open, { package: 'payments', previous: '', outcome: 'Complete', left: [] });
};
const before = anObject('ConfigMap', 'settings', { data: { level: 'info' } });
const goingBack = releaseEntries.rollbackStarted(
  {
    candidate: bundle.candidate,
    package: 'payments',
    from: 'second',
    fromDigest: bundle.digest,
    to: 'first',
    toDigest: digestOf('b'),
    delivery: 'Countersign' as const,
  },
  {
    cause: '',
    overwrites: [],
    order: undefined,
    restores: aBundle({ name: 'first', objects: [before] }),
    removes: [aDeployment().ref],
  },
);
const set = (replicas: number, whenDeleted: string) =>
  anObject('StatefulSet', 'db', {
    spec: { replicas, persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled: 'Retain' } },
  });
const dropping = aBundle({ objects: [settings], removed: [set(1, 'Delete').ref] });
const parkedDigest = contentDigest(set(0, 'Retain').content);
const droppingStarted = candidateEntries.promotionStarted(aCandidate(), dropping, {
  from: 'first',
  fromDigest: '',
  quorum: '3/3',
  approvals: [],
  delivery: 'Countersign',
  followsUp: null,
  parks: releaseEntries.parkedBy(dropping, new Map([['StatefulSet/db', aLiveObject(set(1, 'Delete'))]]), []),
});

const remaking = releaseEntries.rollbackStarted(
  {
    candidate: bundle.candidate,
    package: 'payments',
    from: 'second',
    fromDigest: bundle.digest,
    to: 'first',
    toDigest: digestOf('b'),
    delivery: 'Countersign' as const,
  },
  {
    cause: '',
    overwrites: [],
    order: undefined,
    restores: aBundle({ name: 'first', objects: [before] }),
    removes: [aDeployment().ref],
    way: { left: new Map(), replaced: new Set(['ConfigMap/settings']), parked: new Map() },
  },
);
const migrate = anObject('Job', 'migrate', { spec: { template: {} } });
const jobDigest = contentDigest(migrate.content);
const jobStarted = candidateEntries.promotionStarted(aCandidate(), aBundle({ objects: [migrate] }), {
  from: '',
  fromDigest: '',
  quorum: '',
  approvals: [],
  delivery: 'Countersign',
  followsUp: null,
});
const jobBack = releaseEntries.rollbackStarted(
  {
    candidate: bundle.candidate,
    package: 'payments',
    from: 'x',
    fromDigest: '',
    to: '',
    toDigest: '',
    delivery: 'Countersign',
  },
  { cause: '', overwrites: [], order: undefined, restores: undefined, removes: [] },
);
const a = digestOf('a');
const b = digestOf('b');

test.each<[sentence: string, record: NamespaceRecord, key: string, states: readonly string[]]>([
  ['what was adopted is explained', told(adopting('ConfigMap/settings', a)), 'ConfigMap/settings', [a]],
  [
    'under an intent, the old and the new content are',
    told(adopting('ConfigMap/settings', a), started),
    'ConfigMap/settings',
    [a, wanted],
  ],
  [
    'after a promotion only the new one is',
    told(adopting('ConfigMap/settings', a), started, promoted),
    'ConfigMap/settings',
    [wanted],
  ],
  [
    'what it dropped may be there until it is over',
    told(adopting('ConfigMap/old', a), started),
    'ConfigMap/old',
    [a, ''],
  ],
  ['and not afterwards', told(adopting('ConfigMap/old', a), started, promoted), 'ConfigMap/old', ['']],
  [
    'after a rollback only the content before is',
    told(started, promoted, goingBack, wentBack),
    'ConfigMap/settings',
    [contentDigest(before.content)],
  ],
  [
    'what a rollback makes again may be gone meanwhile',
    told(started, promoted, remaking),
    'ConfigMap/settings',
    [wanted, contentDigest(before.content), ''],
  ],
  [
    'and not afterwards',
    told(started, promoted, remaking, wentBack),
    'ConfigMap/settings',
    [contentDigest(before.content)],
  ],
  [
    'a set that a release drops is parked first',
    told(adopting('StatefulSet/db', a), droppingStarted),
    'StatefulSet/db',
    [a, parkedDigest, ''],
  ],
  [
    'and stays so until it is deleted after observation',
    told(adopting('StatefulSet/db', a), droppingStarted, promoted),
    'StatefulSet/db',
    [parkedDigest, ''],
  ],
  ['and what was added is gone', told(started, promoted, goingBack, wentBack), 'Deployment/api', ['']],
  [
    'a half-written promotion that goes back leaves nothing of itself',
    told(adopting('ConfigMap/settings', a), started, goingBack, wentBack),
    'ConfigMap/settings',
    [contentDigest(before.content)],
  ],
  [
    'a Job that ran for a promotion which went back stays explained',
    told(jobStarted, jobBack, wentBack),
    'Job/migrate-dddddddd',
    ['', jobDigest],
  ],
  [
    'an admitted act is no content yet',
    told(adopting('Deployment/api', a), admitting('Operate', b)),
    'Deployment/api',
    [a],
  ],
  [
    'once seen it is',
    told(adopting('Deployment/api', a), admitting('Operate', b), ({ explained }) =>
      findingsEntries.observed(place, firstOf(explained), { object: 'Deployment/api', uid: '' }),
    ),
    'Deployment/api',
    [b],
  ],
  [
    'not seen, it never happened',
    told(adopting('Deployment/api', a), admitting('Operate', b), ({ explained }) =>
      findingsEntries.observed(place, firstOf(explained), undefined),
    ),
    'Deployment/api',
    [a],
  ],
  [
    'a finding explains nothing',
    told(adopting('ConfigMap/settings', a), finding('ConfigMap/settings', b)),
    'ConfigMap/settings',
    [a],
  ],
  [
    'until production as found is signed for',
    told(adopting('ConfigMap/settings', a), finding('ConfigMap/settings', b), closing(true)),
    'ConfigMap/settings',
    [b],
  ],
  [
    'a signature for what is no longer there changes nothing',
    told(adopting('ConfigMap/settings', a), finding('ConfigMap/settings', b), closing(false)),
    'ConfigMap/settings',
    [a],
  ],
])('%s', (_, record, key, states) => {
  expect(statesOf(record, key)).toEqual(states);
});

function firstOf({ attempts }: ExplainedRecord) {
  const [attempt] = attempts.values();
  if (attempt === undefined) throw new Error('nothing was admitted');
  return attempt;
}

function closing(accepted: boolean) {
  return ({ explained }: NamespaceRecord): LedgerDraft => {
    const [open] = explained.findings.values();
    if (open === undefined) throw new Error('no finding');
    const draft = findingsEntries.findingClosed(place, open, { by: 'Release', bundle: '' });
    return draft.data.type === 'FindingClosed' ? { ...draft, data: { ...draft.data, accepted } } : draft;
  };
}

test('an act under no explaining decision is known by its actor, and explains nothing', () => {
  const { explained } = told(adopting('Deployment/api', a), admitting('Audit', b));
  expect(explained.attempts.size).toBe(0);
  expect(explained.seen.get('Deployment/api')).toEqual({ after: b, username: 'sre-a' });
});

test.each<[sentence: string, draft: LedgerDraft]>([
  ['a connection', admitting('Operate', b, { operation: 'CONNECT' })],
  ['a status', admitting('Operate', b, { subresource: 'status' })],
  [
    'a policy',
    {
      ...anAdmittedAct('Administer', { after: b, resource: 'releasepolicies.countersign.dev' }),
      subject: { kind: 'ReleasePolicy', name: 'production', uid: 'uid', namespace: place },
    },
  ],
])('what came of an act on %s is not waited for', (_, draft) => {
  expect(told(draft).explained.attempts.size).toBe(0);
});

test('scaling that was admitted and seen changes how many, and nothing else', () => {
  const { explained } = told(
    adopting('Deployment/api', a),
    admitting('Operate', scaleDigest(4), { subresource: 'scale' }),
    ({ explained: so }) => findingsEntries.observed(place, firstOf(so), { object: 'Deployment/api', uid: '' }),
  );
  expect(explained.objects.get('Deployment/api')?.settled).toEqual([{ digest: a, scale: scaleDigest(4), without: [] }]);
});

test('a Job is explained under the name that it has for its bundle', () => {
  const record = told(jobStarted);
  expect([...record.explained.objects.keys()]).toEqual(['Job/migrate-dddddddd']);
  expect(record.explained.objects.get('Job/migrate-dddddddd')?.settled).toEqual([absent]);
});

const steps = fc.array(
  fc.oneof(
    fc
      .record({
        key: fc.constantFrom('ConfigMap/settings', 'Deployment/api', 'ConfigMap/old'),
        digest: fc.constantFrom('a', 'b', 'c'),
      })
      .map(({ key, digest }) => adopting(key, digestOf(digest))),
    fc.constant(started),
    fc.constant(goingBack),
    fc.constant(promoted),
    fc.constant(wentBack),
    fc.constant(admitting('Operate', b)),
    fc.constant(admitting('Operate', '', { operation: 'DELETE' })),
    fc.constant(finding('ConfigMap/settings', b)),
    fc.boolean().map(closing),
  ),
  { maxLength: 25 },
);

test('the record does not depend on how many entries are folded at a time', () => {
  fc.assert(
    fc.property(steps, fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 25 }), (drawn, sizes) => {
      const links: Link[] = [];
      let one: NamespaceRecord = { ...emptyRecord, head: emptyHead };
      for (const each of drawn) {
        let draft: LedgerDraft;
        try {
          draft = typeof each === 'function' ? each(one) : each;
        } catch {
          continue;
        }
        const entry = nextEntry(one.head, draft, {
          id: `id-${one.head.seq + 1}`,
          now,
          self: { username: 'operator', uid: '', groups: [] },
        });
        const link = { entry, hash: entryHash(entry), broken: undefined };
        links.push(link);
        one = foldEntries(one, [link]);
      }
      let many: NamespaceRecord = { ...emptyRecord, head: emptyHead };
      for (let i = 0, chunk = 0; i < links.length; chunk += 1) {
        const size = sizes[chunk] ?? 3;
        many = foldEntries(many, links.slice(i, i + size));
        i += size;
      }
      expect(many).toEqual(one);
      // Bounded: an object has the contents it may have now, and no history.
      for (const { settled } of one.explained.objects.values()) expect(settled.length).toBeLessThanOrEqual(3);
      expect(one.explained.intents.size).toBeLessThanOrEqual(1);
    }),
  );
});

// --- finalizers ------------------------------------------------------------------------------------------------------

const held = (...finalizers: readonly string[]) =>
  anObject('ConfigMap', 'settings', {
    metadata: { name: 'settings', finalizers: [...finalizers] },
    data: { level: 'debug' },
  });
const releaseOf = (delivery: 'Countersign' | 'GitOps', from: readonly string[], to: readonly string[]) =>
  candidateEntries.promotionStarted(aCandidate(), aBundle({ name: 'second', objects: [held(...to)], removed: [] }), {
    from: 'first',
    fromDigest: '',
    fromObjects: [held(...from)],
    quorum: '3/3',
    approvals: [],
    delivery,
    followsUp: null,
  });
const adoptedWith = (...finalizers: readonly string[]) =>
  findingsEntries.adopted('payments-prod', {
    objects: [
      {
        object: 'ConfigMap/settings',
        digest: a,
        replicas: null,
        without: [],
        lifetime: finalizers.map((each) => `finalizer ${each}`),
      },
    ],
    kinds: ['ConfigMap'],
    more: false,
    measuresLifetimes: true,
    reason: '',
  });
const finalizersOf = ({ explained }: NamespaceRecord): readonly string[] =>
  lifetimesOf(explained.objects.get('ConfigMap/settings')).map((each) => each.join().replaceAll('finalizer ', ''));

test.each<
  [sentence: string, record: NamespaceRecord, explained: readonly string[], stays: readonly string[] | undefined]
>([
  ['what is adopted', told(adoptedWith('a/x')), ['a/x'], ['a/x']],
  ['what was there while nobody compared it', told(adopting('ConfigMap/settings', a)), [''], undefined],
  [
    'under a release, as before and as it brings',
    told(adoptedWith('a/x', 'b/x'), releaseOf('Countersign', ['b/x'], ['c/x'])),
    ['a/x,b/x', 'a/x,c/x'],
    ['a/x', 'c/x'],
  ],
  [
    'after it',
    told(adoptedWith('a/x', 'b/x'), releaseOf('Countersign', ['b/x'], ['c/x']), promoted),
    ['a/x,c/x'],
    ['a/x', 'c/x'],
  ],
  [
    'taken back',
    told(adoptedWith('a/x'), releaseOf('Countersign', [], ['c/x']), goingBack, wentBack),
    ['a/x'],
    ['a/x'],
  ],
  [
    'after a tool, which brings them or leaves them to their controllers',
    told(adoptedWith('a/x'), releaseOf('GitOps', [], ['c/x']), promoted),
    ['a/x,c/x', 'a/x'],
    ['a/x'],
  ],
])('finalizers are explained: %s', (_, record, explained, stays) => {
  expect(finalizersOf(record)).toEqual(explained);
  expect(stayingOn(record.explained, 'ConfigMap/settings')).toEqual(stays);
});
