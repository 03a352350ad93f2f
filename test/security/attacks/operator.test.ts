/** Attacks on consent that the operator decides: the API server admits every step of them, and nothing reaches production. */
import { afterAll, beforeAll } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';

import { accepted, startTimeoutMs, waitForGone, type Manifest } from '../../support/cluster/cluster.ts';
import { unbindRole } from '../../support/cluster/rights.ts';
import {
  image,
  ours,
  startSystem,
  type Reported,
  type System,
  type World as Pair,
} from '../../support/cluster/system.ts';
import { end, gateSays, patienceMs, sign, staged } from '../../support/scenario/kit.ts';
import { recorded } from '../../support/scenario/production.ts';
import { policyLock, type Attempt } from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { digest, fresh } from '../../support/attack/objects.ts';
import { bind, role, type World } from '../../support/attack/world.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A whole system in which each act has a pair of namespaces of its own. */
interface Whole extends World {
  readonly pair: (policy?: Fields) => Promise<Pair>;
}

let system: System;
let whole: Whole;
/** A candidate that was signed for a minute ago when it is needed: the shortest time that a policy can name. */
let aging: { readonly pair: Pair; readonly until: number };

const lines = {
  approvals: [
    { role: 'tester', count: 1 },
    { role: 'approver', count: 1 },
  ],
};
const component = 'ConfigMap/settings';

beforeAll(async () => {
  system = await startSystem();
  const pair = (policy: Fields = {}) => system.world(fresh('attack'), { ...lines, ...policy });
  const nobody = system.as('auditor-a');
  whole = {
    cluster: system,
    as: (name) => system.as(name),
    operator: nobody,
    restorer: nobody,
    stop: system.stop,
    pair,
  };
  const old = await begun({ approvalValidFor: '1m' });
  await sign(old, 'x', approver);
  aging = { pair: old, until: Date.now() + 62_000 };
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

const tester = ['tester-a', 'tester'] as const;
const approver = ['approver-a', 'approver'] as const;

/** Staging holds something new, and a candidate `x` for it is there. */
const begun = async (policy: Fields = {}, as = 'developer-a'): Promise<Pair> => {
  const pair = await whole.pair(policy);
  await pair.stage(pair.configMap('settings', { level: 'new' }));
  await pair.propose(pair.candidate('x', [component]), as);
  return pair;
};

const hold = (pair: Pair, user: string, name: string): Promise<void> =>
  bind(whole, { user, role: `countersign-${name}`, namespace: pair.production });

/** A verdict to wait for. */
interface Refusal {
  readonly gate: string;
  readonly reason: string;
  /** A part of its message. */
  readonly also?: string;
}

/** The gate says so, and production has nothing of it. */
const refused = async (pair: Pair, candidate: string, { gate, reason, also = '' }: Refusal): Promise<Attempt> => {
  const { message, remedy } = await gateSays(pair, candidate, gate, reason, (seen) => seen.message.includes(also));
  if (remedy === '') throw new Error(`${reason} says nothing about who can mend it`);
  return {
    reached: (await pair.live('ConfigMap', 'settings')) !== undefined,
    said: `${gate} ${reason}: ${message}. ${remedy}`,
  };
};

/** The candidate ends in production. */
const released = async (pair: Pair, candidate = 'x'): Promise<Attempt> => {
  const reason = (await end(pair, candidate)) ?? '';
  return { reached: reason === 'Promoted' && (await pair.live('ConfigMap', 'settings')) !== undefined, said: reason };
};

/** A signature as somebody writes it by hand. */
const signature = (pair: Pair, { metadata, status }: Reported, given: { subject?: Fields } & Fields = {}): Manifest => {
  const { subject, ...spec } = given;
  return {
    apiVersion: ours,
    kind: 'Approval',
    metadata: { generateName: 'by-hand-', namespace: pair.production },
    spec: {
      subject: { kind: 'ReleaseCandidate', name: metadata.name, uid: metadata.uid, ...subject },
      digest: status?.digest,
      role: 'approver',
      decision: 'Approve',
      ...spec,
    },
  };
};

/** The tester signs as shown; the approver by hand, in a way that is given. */
const signedByHand = async (given: (candidate: Reported) => { subject?: Fields } & Fields): Promise<Pair> => {
  const pair = await begun();
  const candidate = await sign(pair, 'x', tester);
  accepted(await pair.as('approver-a').create(signature(pair, candidate, given(candidate))));
  return pair;
};

const plain = async (): Promise<Attempt> => {
  const pair = await begun();
  await sign(pair, 'x', tester, approver);
  return released(pair);
};

/** Somebody with a role signs, and wrote the content or did not. */
const authored = async (author: string, name: 'tester' | 'approver'): Promise<Pair> => {
  const pair = await begun({}, author);
  await hold(pair, 'developer-b', name);
  await sign(pair, 'x', name === 'tester' ? approver : tester, ['developer-b', name]);
  return pair;
};

const signedBy = async (policy: Fields, ...people: readonly (readonly [string, string])[]): Promise<Pair> => {
  const pair = await begun(policy);
  await sign(pair, 'x', ...people);
  return pair;
};

/** approver-a holds both roles and signs in both. */
const inBothRoles = async (): Promise<Pair> => {
  const pair = await begun();
  await hold(pair, 'approver-a', 'tester');
  await sign(pair, 'x', ['approver-a', 'tester'], approver);
  return pair;
};

/** Signed for by the tester, then withdrawn and staged again under its name, and then signed for by the approver. */
const recreated = async (): Promise<Pair> => {
  const pair = await begun();
  const first = await sign(pair, 'x', tester);
  accepted(await pair.as('owner-a').delete(pair.ref('ReleaseCandidate', 'x')));
  await waitForGone(pair.as('developer-a'), pair.ref('ReleaseCandidate', 'x'));
  await pair.propose(pair.candidate('x', [component]));
  const again = await sign(pair, 'x', approver);
  if (again.metadata.uid === first.metadata.uid) throw new Error('it is the same candidate');
  return pair;
};

/** Somebody who signs for another production only, there, for a candidate of this one. */
const fromElsewhere = async (signedWhere: 'Here' | 'There'): Promise<Pair> => {
  const [pair, other] = await Promise.all([begun(), whole.pair()]);
  const place = signedWhere === 'Here' ? pair : other;
  await hold(place, 'releaser-a', 'approver');
  const candidate = await sign(pair, 'x', tester);
  accepted(await place.as('releaser-a').create(signature(place, candidate)));
  return pair;
};

/** Signed for by the tester; then another release of the package gets ahead; then the approver signs for what is left to do. */
const overtaken = async (): Promise<Pair> => {
  const pair = await begun();
  const before = await sign(pair, 'x', tester);
  await pair.stage(pair.configMap('ahead', { level: 'other' }));
  await pair.propose(pair.candidate('y', ['ConfigMap/ahead']));
  await sign(pair, 'y', tester, approver);
  await end(pair, 'y');
  const anew = await pair.when('x', ({ status }) => status?.digest !== before.status?.digest, patienceMs);
  await pair.sign(anew, ...approver);
  return pair;
};

/** The content of a promoted candidate once more, under another name. */
const again = async (): Promise<Pair> => {
  const pair = await begun();
  await sign(pair, 'x', tester, approver);
  await end(pair, 'x');
  await pair.stage(pair.configMap('settings', { level: 'between' }));
  await pair.propose(pair.candidate('y', [component]));
  await sign(pair, 'y', tester, approver);
  await end(pair, 'y');
  await pair.stage(pair.configMap('settings', { level: 'new' }));
  await pair.propose(pair.candidate('x-again', [component]));
  return pair;
};

const level = async (pair: Pair): Promise<unknown> =>
  (await pair.live<Manifest & { data: Fields }>('ConfigMap', 'settings'))?.data['level'];

/** Writes a status that says that all is well, where admission no longer keeps people from it. */
const forged = async (): Promise<Pair> => {
  const pair = await begun();
  const candidate = await staged(pair, 'x');
  await role(whole, 'status-writer', { resources: ['releasecandidates/status'], verbs: ['patch'] });
  await bind(whole, { user: 'developer-a', role: 'status-writer', namespace: pair.staging });
  const shut = await policyLock('countersign-releasecandidates').open(whole);
  const allIsWell = {
    phase: 'Promoted',
    approvals: '2/2',
    gates: (candidate.status?.gates ?? []).map(({ name }) => ({
      name,
      outcome: 'Passed',
      reason: 'GatesPassed',
      message: '',
      remedy: '',
    })),
    conditions: (candidate.status?.conditions ?? []).map((condition) => ({ ...condition, status: 'True' })),
  };
  const target = { ...pair.ref('ReleaseCandidate', 'x'), subresource: 'status' };
  for (let wrote = false; !wrote;) {
    wrote = (await pair.as('developer-a').patch(target, 'merge', { status: allIsWell })).ok;
  }
  await shut();
  return pair;
};

/** A holder of everything signs, where admission no longer keeps wildcards from it. */
const wildcard = async (rule: Readonly<Record<string, readonly string[]>>): Promise<Pair> => {
  const pair = await begun();
  const candidate = await sign(pair, 'x', tester);
  const name = fresh('wild');
  await system.controlPlane.identity({ name });
  await role(whole, name, { resources: ['approvals'], verbs: ['create'] });
  await bind(whole, { user: name, role: name, namespace: pair.production });
  const right = fresh('right');
  await role(whole, right, rule);
  await bind(whole, { user: name, role: right, namespace: pair.production });
  const shut = await policyLock('countersign-approvals').open(whole);
  for (let signed = false; !signed;) signed = (await pair.as(name).create(signature(pair, candidate))).ok;
  await shut();
  return pair;
};

/** Somebody signs and loses the role, or does not, before the last signature is given. */
const bound = async (then: 'Keeps' | 'Loses'): Promise<Pair> => {
  const pair = await begun();
  await hold(pair, 'releaser-a', 'approver');
  await sign(pair, 'x', ['releaser-a', 'approver']);
  if (then === 'Loses') {
    await unbindRole(whole.as('installer'), {
      name: 'countersign-approver-releaser-a',
      namespace: pair.production,
      role: 'countersign-approver',
      subject: { kind: 'User', name: 'releaser-a' },
    });
  }
  await sign(pair, 'x', tester);
  return pair;
};

/** A workload whose image is named like that, signed for by all; its ConfigMap tells whether it went to production. */
const named = async (reference: string): Promise<Pair> => {
  const pair = await whole.pair({ images: 'DigestRequired' });
  const deployment = pair.deployment('api', 'a');
  const text = JSON.stringify(deployment).replaceAll(image('a'), reference);
  await pair.stage(pair.configMap('settings', { level: 'new' }), JSON.parse(text) as Manifest); // the same object with another text
  await pair.propose(pair.candidate('x', [component, 'Deployment/api']));
  await sign(pair, 'x', tester, approver);
  return pair;
};

const sameHuman = (...identities: readonly string[]): Fields => ({ people: [{ name: 'sam', identities }] });
const hex = 'a'.repeat(64);
const twinOf = (make: () => Promise<Pair>) => async (): Promise<Attempt> => released(await make());
const deniedAs =
  (make: () => Promise<Pair>, gate: string, reason: string, also?: string) => async (): Promise<Attempt> =>
    refused(await make(), 'x', { gate, reason, ...(also === undefined ? {} : { also }) });
/** What was not counted is signed for by somebody who may. */
const mended = (make: () => Promise<Pair>, who: readonly [string, string]) => async (): Promise<Attempt> => {
  const pair = await make();
  await sign(pair, 'x', who);
  return released(pair);
};

const duties = 'SegregationOfDuties';
const pinned = `registry.example/app@sha256:${hex}`;

attacks<Whole>(
  () => whole,
  [
    {
      id: 'T25',
      name: 'an author approves their own content',
      act: deniedAs(() => authored('developer-b', 'approver'), duties, 'AuthorCannotSign'),
      denied: `${duties} AuthorCannotSign`,
      twin: mended(() => authored('developer-b', 'approver'), approver),
      locks: [],
      without: twinOf(() => authored('developer-a', 'approver')),
      left: 'having written it',
    },
    {
      id: 'T25',
      name: 'an author tests their own content',
      act: deniedAs(() => authored('developer-b', 'tester'), duties, 'AuthorCannotSign'),
      denied: `${duties} AuthorCannotSign`,
      twin: mended(() => authored('developer-b', 'tester'), tester),
      locks: [],
      without: twinOf(() => authored('developer-a', 'tester')),
      left: 'having written it',
    },
    {
      id: 'T25',
      name: 'one person signs in two roles',
      act: deniedAs(inBothRoles, duties, 'SamePersonTwice'),
      denied: `${duties} SamePersonTwice`,
      twin: mended(inBothRoles, tester),
      locks: [],
      without: twinOf(() => signedBy({ approvals: [{ role: 'approver', count: 1 }] }, approver)),
      left: 'the line of the tester',
    },
    {
      id: 'T25',
      name: 'one person signs under two accounts',
      act: deniedAs(() => signedBy(sameHuman('tester-a', 'approver-a'), tester, approver), duties, 'SamePersonTwice'),
      denied: `${duties} SamePersonTwice`,
      twin: mended(() => signedBy(sameHuman('tester-a', 'approver-a'), tester, approver), ['tester-b', 'tester']),
      locks: [],
      without: twinOf(() => signedBy({}, tester, approver)),
      left: 'people in the policy',
    },
    {
      id: 'T25',
      name: 'an author approves under another account',
      act: deniedAs(
        () => signedBy(sameHuman('developer-a', 'approver-a'), tester, approver),
        duties,
        'AuthorCannotSign',
      ),
      denied: `${duties} AuthorCannotSign`,
      twin: mended(
        () => signedBy(sameHuman('developer-a', 'approver-a'), tester, approver),
        ['approver-b', 'approver'],
      ),
      locks: [],
      without: twinOf(() => signedBy({}, tester, approver)),
      left: 'people in the policy',
    },
    {
      id: 'T26',
      name: 'a holder of everything approves, admission being off',
      act: deniedAs(() => wildcard({ resources: ['*'], verbs: ['*'] }), 'Approvals', 'ApproverLacksRight'),
      denied: 'does not hold the role',
      twin: mended(() => wildcard({ resources: ['*'], verbs: ['*'] }), approver),
      locks: [],
      without: twinOf(() =>
        wildcard({ resources: ['approvalroles'], resourceNames: ['approver'], verbs: ['approve'] }),
      ),
      left: 'the wildcard, the right by name',
    },
    {
      id: 'T28',
      name: 'an approval for a candidate of the same name and another uid',
      act: deniedAs(
        () => signedByHand(() => ({ subject: { uid: 'another' } })),
        'Approvals',
        'ApprovalsMissing',
        '1 of 2',
      ),
      denied: '1 of 2 approvals recorded',
      twin: plain,
      locks: [],
      without: twinOf(() => signedByHand(() => ({}))),
      left: 'the other uid',
    },
    {
      id: 'T30',
      name: 'a candidate is deleted and created again under its name, the old approval kept',
      act: deniedAs(recreated, 'Approvals', 'ApprovalsMissing', '1 of 2'),
      denied: '1 of 2 approvals recorded; waiting for 1 tester',
      twin: mended(recreated, tester),
      locks: [],
      without: plain,
      left: 'the deletion',
    },
    {
      id: 'T31',
      name: 'an approval given in another production',
      act: deniedAs(() => fromElsewhere('There'), 'Approvals', 'ApprovalsMissing', '1 of 2'),
      denied: '1 of 2 approvals recorded; waiting for 1 approver',
      twin: mended(() => fromElsewhere('There'), approver),
      locks: [],
      without: twinOf(() => fromElsewhere('Here')),
      left: 'the other production',
    },
    {
      id: 'T31',
      name: 'approvals of a promoted candidate, for the same content once more',
      async act() {
        const pair = await again();
        const verdict = await refused(pair, 'x-again', { gate: 'Approvals', reason: 'ApprovalsMissing' });
        return { ...verdict, reached: (await level(pair)) === 'new' };
      },
      denied: '0 of 2 approvals recorded',
      async twin() {
        const pair = await again();
        await sign(pair, 'x-again', tester, approver);
        return released(pair, 'x-again');
      },
      locks: [],
      without: plain,
      left: 'the first promotion',
    },
    {
      id: 'T32',
      name: 'a developer forges the status, admission being off',
      act: deniedAs(forged, 'Approvals', 'ApprovalsMissing'),
      denied: '0 of 2 approvals recorded',
      async twin() {
        const pair = await forged();
        await sign(pair, 'x', tester, approver);
        await recorded(pair, 'Promoted', 'x'); // the record, for who forges the status forges its end too
        return { reached: (await level(pair)) === 'new', said: 'promoted' };
      },
      locks: [],
      without: plain,
      left: 'forgery, by signatures',
    },
    {
      id: 'T38',
      name: 'an approval for other content than what is deployed',
      act: deniedAs(
        () => signedByHand(() => ({ digest: digest('b') })),
        'Approvals',
        'ApprovalsMissing',
        'other content',
      ),
      denied: 'approver-a as approver (signed for other content)',
      twin: mended(() => signedByHand(() => ({ digest: digest('b') })), approver),
      locks: [],
      without: twinOf(() => signedByHand(() => ({}))),
      left: 'the other digest',
    },
    {
      id: 'T38',
      name: 'production moves between two signatures',
      act: deniedAs(overtaken, 'Approvals', 'ApprovalsMissing', '1 of 2'),
      denied: 'tester-a as tester (signed for other content)',
      twin: mended(overtaken, tester),
      locks: [],
      without: plain,
      left: 'the move',
    },
    {
      id: 'T39',
      name: 'an approver loses the role before the promotion',
      act: deniedAs(() => bound('Loses'), 'Approvals', 'ApproverLacksRight'),
      denied: 'does not hold the role',
      twin: mended(() => bound('Loses'), approver),
      locks: [],
      without: twinOf(() => bound('Keeps')),
      left: 'the loss',
    },
    {
      id: 'T56',
      name: 'an image by a tag, which can be moved after people have signed',
      act: deniedAs(() => named('registry.example/app:1.0'), 'Images', 'TagWithoutDigest'),
      denied: 'Images TagWithoutDigest',
      twin: twinOf(() => named(pinned)),
      locks: [],
      without: twinOf(() => named(`registry.example/app:1.0@sha256:${hex}`)),
      left: 'the tag deciding: a digest beside it',
    },
    {
      id: 'T59',
      name: 'an image reference that others read differently',
      act: deniedAs(() => named(`registry.example:@sha256:${hex}`), 'Images', 'TagWithoutDigest'),
      denied: 'Images TagWithoutDigest',
      twin: twinOf(() => named(pinned)),
      locks: [],
      without: twinOf(() => named(`registry.example:5000/app@sha256:${hex}`)),
      left: 'the trick: a registry and a repository',
    },
    {
      id: 'T39',
      name: 'an approval ages before the promotion',
      async act() {
        await sleep(Math.max(0, aging.until - Date.now()));
        await sign(aging.pair, 'x', tester);
        return refused(aging.pair, 'x', { gate: 'Approvals', reason: 'ApprovalExpired' });
      },
      denied: 'signed too long ago',
      async twin() {
        await sign(aging.pair, 'x', tester, approver);
        return released(aging.pair);
      },
      locks: [],
      without: plain,
      left: 'the wait',
    },
  ],
);
