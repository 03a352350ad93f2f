/** Stolen tokens of operator and gate write into the record what only the other one may, or in another name. No program of ours runs. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { serviceAccountToken } from '../../../hack/controlplane/chart.ts';
import { ledgerTypes, type LedgerType } from '../../../operator/api/ledger.ts';
import { ledgerWriters } from '../../../operator/api/ledger-writers.ts';
import type { ApiClient } from '../../support/cluster/cluster.ts';
import { admitted, policyLock, type Attack, type Attempt } from '../../support/attack/attack.ts';
import { attacks } from '../../support/attack/harness.ts';
import { ledgerEntry } from '../../support/attack/objects.ts';
import { said, startWorld, type World } from '../../support/attack/world.ts';

const username = (program: string): string => `system:serviceaccount:countersign-system:countersign-${program}`;

interface Programs extends World {
  readonly gate: ApiClient;
}

let world: Programs;

beforeAll(async () => {
  const plain = await startWorld();
  const token = await serviceAccountToken(plain.cluster.controlPlane, 'countersign-gate');
  const gate = plain.cluster.as('installer').withToken(token);
  world = {
    ...plain,
    gate,
    stop: async () => {
      gate.close();
      await plain.stop();
    },
  };
}, 120_000);

afterAll(() => world.stop());

/** Nothing is stored, so that nothing stands in the way of the next. */
const appends = async (client: ApiClient, type: LedgerType, actor: string): Promise<Attempt> =>
  admitted(await client.create(ledgerEntry({ spec: { type, actor: { username: actor } } }), { dryRun: 'All' }));

/** In whose name the program that may writes an entry of that type. */
const rightful = (type: LedgerType): string => {
  const { writer, actor } = ledgerWriters[type];
  return actor === 'Self' || actor === 'PersonOrSelf' ? username(writer) : 'developer-a';
};

const ledger = policyLock('countersign-ledgerentries');

const inAnotherName: readonly (readonly [type: LedgerType, actor: string, twin: string])[] = [
  ['Promoted', 'developer-a', username('operator')],
  ['RollbackStarted', username('gate'), 'sre-a'],
  ['Signed', username('operator'), 'approver-a'],
  ['FindingClosed', 'system:serviceaccount:payments-staging:robot', 'approver-a'],
  ['EmergencyGranted', username('operator'), 'sre-a'],
  ['Staged', username('operator'), 'system:serviceaccount:payments-staging:robot'],
];

const list: readonly Attack<Programs>[] = [
  ...(['Promoted', 'RollbackStarted', 'FindingClosed'] as const).map((type) => ({
    id: 'C1',
    name: `the gate's token enters ${type}`,
    act: async ({ gate }: Programs) => appends(gate, type, username('gate')),
    denied: 'EntryByItsWriter: ',
    twin: async ({ operator }: Programs) => appends(operator, type, username('operator')),
    locks: [ledger],
  })),
  {
    id: 'C1',
    name: "the operator's token enters an act that no gate admitted",
    act: async ({ operator }) => appends(operator, 'Admitted', 'developer-a'),
    denied: 'EntryByItsWriter: ',
    twin: async ({ gate }) => appends(gate, 'Admitted', 'developer-a'),
    locks: [ledger],
  },
  ...inAnotherName.map(([type, actor, twin]) => ({
    id: 'C1',
    name: `the operator's token enters ${type} in the name of ${actor}`,
    act: async ({ operator }: Programs) => appends(operator, type, actor),
    denied: 'EntryActor: ',
    twin: async ({ operator }: Programs) => appends(operator, type, twin),
    locks: [ledger],
  })),
  {
    id: 'C1',
    name: "the gate's token enters an act in the name of the operator",
    act: async ({ gate }) => appends(gate, 'Admitted', username('operator')),
    denied: 'EntryActor: ',
    twin: async ({ gate }) => appends(gate, 'Admitted', 'sre-a'),
    locks: [ledger],
  },
];

attacks<Programs>(() => world, list);

test('every type is taken from the program that writes it, and refused to the other, which is told who does', async () => {
  for (const type of ledgerTypes) {
    const { writer } = ledgerWriters[type];
    const [own, other] = writer === 'gate' ? [world.gate, world.operator] : [world.operator, world.gate];
    expect([type, await appends(own, type, rightful(type))]).toMatchObject([type, { reached: true }]);
    const answer = await other.create(ledgerEntry({ spec: { type, actor: { username: rightful(type) } } }));
    expect(said(answer)).toContain(`EntryByItsWriter: ${username(writer === 'gate' ? 'operator' : 'gate')} may not`);
    expect(said(answer)).toContain(`that type is written by countersign-${writer} alone`);
    expect(said(answer)).toContain('Next: ');
  }
});
