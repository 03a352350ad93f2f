/** The record: what it says, in which order against what happened, and what happens when somebody tampers with it. */
import { entryName } from '../../operator/api/ledger.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startOperator, type OperatorProcess } from '../../hack/controlplane/operator.ts';
import { verifyChain } from '../../operator/decide/record/chain.ts';
import {
  accepted,
  refused,
  startTimeoutMs,
  waitFor,
  waitForGone,
  type ApiClient,
  type KubeObject,
} from '../support/cluster/cluster.ts';
import {
  condition,
  gate,
  ours,
  startSystem,
  type Entry,
  type Reported,
  type System,
  type World,
} from '../support/cluster/system.ts';
import { audit } from '../support/scenario/findings.ts';
import { end, everybody, patienceMs, release, sign } from '../support/scenario/kit.ts';
import { behaving, dataOf, writesTo } from '../support/scenario/production.ts';

let system: System;
let second: OperatorProcess | undefined;

beforeAll(async () => {
  system = await startSystem();
}, startTimeoutMs * 2);

afterAll(async () => {
  await second?.stop();
  await system?.stop();
});

const components = ['ConfigMap/settings', 'Deployment/api'];

/** Production runs a first release; a second one lacks one signature. */
const almostThere = async (world: World): Promise<Reported> => {
  await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  await world.stage(world.configMap('settings', { level: 'debug' }), world.deployment('api', 'b'));
  await world.propose(world.candidate('second', components));
  return sign(world, 'second', everybody[0], everybody[1]);
};

/** What a writer who is not the operator did to the ledger is seen at once, said where people look, and stops everything; returns what was promoted in spite of it, and before. */
const promotedAfter = async (world: World, ready: Reported, says: RegExp): Promise<readonly string[]> => {
  const policy = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => condition(each, 'Ready')?.reason === 'LedgerBroken',
    patienceMs,
  );
  expect(condition(policy, 'Ready')?.message).toMatch(says);
  const before = await writesTo(system, world);
  // The gate would not let anybody sign any more; under audit it only says so.
  await world.sign(ready, ...everybody[2]);
  // By what is left of the record it may not be staged, or staged on something else.
  const told = await world.when('second', (each) => condition(each, 'Stalled')?.reason === 'LedgerBroken', patienceMs);
  expect([gate(told, 'InFlight')?.reason, condition(told, 'Staged')?.reason]).toContain('LedgerBroken');
  expect(condition(told, 'Stalled')).toMatchObject({ status: 'True', message: expect.stringMatching(says) });
  // A candidate that comes only now learns of it, too.
  await world.propose(world.candidate('third', components));
  const third = await world.when('third', (each) => condition(each, 'Staged')?.reason === 'LedgerBroken', patienceMs);
  expect(condition(third, 'Staged')?.message).toMatch(says);
  expect(condition(third, 'Staged')?.message).toContain('an auditor finds out');
  expect(await writesTo(system, world)).toEqual(before);
  return (await world.ledger()).filter(({ type }) => type === 'PromotionStarted').map(({ subject }) => subject.name);
};

/** Neither the API server nor the gate holds the record any more. */
const lockOff = async (world: World): Promise<void> => {
  const setup = world.as('installer');
  await gateOff(setup);
  await setup.delete({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicyBinding',
    name: 'countersign-ledgerentries',
  });
  const deadline = Date.now() + patienceMs;
  const probe = {
    apiVersion: ours,
    kind: 'LedgerEntry',
    metadata: { name: entryName(99_999), namespace: world.production },
    spec: await forged(world, 99_999, 'probe'),
  };
  const first = { ...world.ref('LedgerEntry', entryName(1)) };
  const isOff = async () =>
    (await setup.create(probe, { dryRun: 'All' })).ok && (await setup.delete(first, { dryRun: ['All'] })).ok;
  while (!(await isOff())) {
    if (Date.now() > deadline) throw new Error('the locks still act');
  }
};

/** From now on the gate is asked about deletions of records nowhere. */
const gateOff = async (setup: ApiClient): Promise<void> => {
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    name: 'countersign-gate',
  };
  const { webhooks } = accepted(
    await setup.get<KubeObject & { webhooks: readonly { readonly name: string }[] }>(configuration),
  );
  const index = webhooks.findIndex(({ name }) => name === 'records.gate.countersign.dev');
  const path = `/webhooks/${index}/namespaceSelector`;
  const value = { matchLabels: { 'example.com/nowhere': 'yes' } };
  accepted(await setup.patch(configuration, 'json', [{ op: 'replace', path, value }]));
};

/** An entry that nobody of ours wrote. */
const forged = async (world: World, seq: number, reason: string): Promise<Entry['spec']> => {
  const last = (await world.ledger()).at(-1);
  if (last === undefined) throw new Error('the ledger is empty');
  return { ...last, seq, id: `forged-${seq}`, reason };
};

test(
  'the record tells who did what; an intent is there before its effects, its outcome after them, each once',
  async () => {
    const world = await system.world('order');
    await world.stage(world.configMap('settings', { level: 'info' }), world.deployment('api', 'a'));
    expect(await release(world, world.candidate('first', components))).toBe('Promoted');
    await world.stage(world.configMap('settings', { level: 'debug' }), world.deployment('api', 'b'));
    const overlay = [behaving('Deployment', 'api', 'crash-loop')];
    expect(await release(world, world.candidate('second', components, { overlay }))).toBe('RolledBack');

    const ledger = await world.ledger();
    expect(verifyChain(ledger)).toMatchObject({ entries: ledger.length, broken: undefined });
    expect(ledger.map(({ seq }) => seq)).toEqual(ledger.map((_, i) => i));
    const signed = ledger.filter(({ type }) => type === 'Signed');
    expect(signed.map(({ actor }) => actor.username).toSorted()).toEqual([
      'approver-a',
      'approver-a',
      'approver-b',
      'approver-b',
      'tester-a',
      'tester-a',
    ]);
    expect(ledger.filter(({ type }) => type === 'Staged').map(({ actor }) => actor.username)).toEqual([
      'developer-a',
      'developer-a',
    ]);

    // When each came in, by the API server's own clock. When an answer went out is stamped later than it is heard.
    const created = new Map(
      (await system.controlPlane.auditEvents())
        .filter(
          ({ verb, objectRef, responseStatus }) =>
            verb === 'create' &&
            objectRef?.resource === 'ledgerentries' &&
            objectRef.namespace === world.production &&
            responseStatus?.code === 201,
        )
        .map(({ requestURI, objectRef, requestReceivedTimestamp }) => [
          objectRef?.name ?? new URL(requestURI, 'https://x').pathname,
          requestReceivedTimestamp,
        ]),
    );
    const at = (entry: Entry['spec'] | undefined) => created.get(entryName(entry?.seq ?? -1)) ?? '';
    const writes = await writesTo(system, world);
    const intents = ledger.filter(({ type }) => type === 'PromotionStarted' || type === 'RollbackStarted');
    const acts = intents.map((intent) => ({
      intent,
      outcomes: ledger.filter(({ type, ...entry }) =>
        intent.type === 'RollbackStarted' || intent.subject.name === 'first'
          ? dataOf({ type, ...entry })['intent'] === intent.id
          : type === 'RollbackStarted' && entry.subject.name === 'second',
      ),
    }));
    expect(acts.map(({ intent, outcomes }) => [intent.type, outcomes.map(({ type }) => type)])).toEqual([
      ['PromotionStarted', ['Promoted']],
      ['PromotionStarted', ['RollbackStarted']],
      ['RollbackStarted', ['RolledBack']],
    ]);
    const within = acts.map(({ intent, outcomes }) =>
      writes.filter(({ from }) => from > at(intent) && from < at(outcomes[0])),
    );
    expect(within.map((each) => each.map(({ by }) => by))).toEqual([
      ['operator', 'operator'],
      ['operator', 'operator'],
      ['restorer', 'restorer'],
    ]);
    expect(within.flat()).toHaveLength(writes.length);
    // What an intent announces is what is written.
    const announced = dataOf(intents[1])['writes'] as readonly { object: string }[];
    expect(announced.map(({ object }) => object).toSorted()).toEqual(components.toSorted());
  },
  patienceMs * 3,
);

test(
  'nobody but the operator writes the ledger',
  async () => {
    const world = await system.world('custody');
    await almostThere(world);
    const entry = {
      apiVersion: ours,
      kind: 'LedgerEntry',
      metadata: { name: entryName(90), namespace: world.production },
      spec: await forged(world, 90, 'x'),
    };

    expect(refused(await world.as('installer').create(entry)).message).toContain('RecordedByOperator');
    expect(refused(await world.as('admin').delete(world.ref('LedgerEntry', entryName(1)))).code).toBe(403);
    expect(
      refused(
        await world
          .as('installer')
          .patch(world.ref('LedgerEntry', entryName(1)), 'merge', { spec: { reason: 'other' } }),
      ).code,
    ).toBeGreaterThanOrEqual(403);
  },
  patienceMs * 2,
);

test(
  'an entry that is deleted stops promotions, and says which',
  async () => {
    const world = await system.world('gone', {}, audit);
    const ready = await almostThere(world);
    await lockOff(world);

    accepted(await world.as('installer').delete(world.ref('LedgerEntry', entryName(1))));

    expect(await promotedAfter(world, ready, /entry 000000000001 was deleted/)).toEqual(['first']);
  },
  patienceMs * 3,
);

test(
  'an entry that is forged stops promotions',
  async () => {
    const world = await system.world('forged', {}, audit);
    const ready = await almostThere(world);
    await lockOff(world);
    let seq = (await world.ledger()).length;
    const forge = async () =>
      world.as('installer').create({
        apiVersion: ours,
        kind: 'LedgerEntry',
        metadata: { name: entryName(seq), namespace: world.production },
        spec: await forged(world, seq, 'nothing to see'),
      });

    // The operator may be entering something of its own at this very moment: the forger takes the next place then.
    let answer = await forge();
    for (; !answer.ok && answer.code === 409; answer = await forge()) seq += 1;
    accepted(answer);

    const says = new RegExp(`entry ${entryName(seq)} does not follow the one before it`);
    expect(await promotedAfter(world, ready, says)).toEqual(['first']);
  },
  patienceMs * 3,
);

test(
  'entries that are edited or cut out while no operator runs are found when one starts',
  async () => {
    const edited = await system.world('edited', {}, audit);
    const cut = await system.world('cut', {}, audit);
    const [readyEdited, readyCut] = [await almostThere(edited), await almostThere(cut)];
    await lockOff(edited);
    await system.operator.stop();

    const setup = system.as('installer');
    const name = entryName(1);
    const { spec } = accepted(await setup.get<Entry>(edited.ref('LedgerEntry', name)));
    for (const world of [edited, cut]) {
      accepted(await setup.delete(world.ref('LedgerEntry', name)));
      await waitForGone(setup, world.ref('LedgerEntry', name));
    }
    // The specs of entries never change, for the API server; so it is another entry under the name, as a restored backup would have it.
    const metadata = { name, namespace: edited.production };
    accepted(
      await setup.create({ apiVersion: ours, kind: 'LedgerEntry', metadata, spec: { ...spec, reason: 'edited' } }),
    );
    second = await startOperator(system.controlPlane, { instance: 'operator-1' });

    expect(await promotedAfter(edited, readyEdited, /entry 000000000002 does not follow the one before it/)).toEqual([
      'first',
    ]);
    expect(await promotedAfter(cut, readyCut, /entry 000000000001 is missing/)).toEqual(['first']);
    expect(verifyChain(await edited.ledger()).broken).toContain('does not follow');
    // A namespace whose record is whole goes on.
    const order = await system.world('whole');
    await almostThere(order);
    await sign(order, 'second', everybody[2]);
    expect(await end(order, 'second')).toBe('Promoted');
  },
  patienceMs * 4,
);
