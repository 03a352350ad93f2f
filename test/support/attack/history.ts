/** A record as whoever holds a stolen token of ours tells it. */
import { randomUUID } from 'node:crypto';
import { entryName } from '../../../operator/api/ledger.ts';
import type { LedgerWriter } from '../../../operator/api/ledger-writers.ts';
import type { LedgerDraft } from '../../../operator/decide/ledger-entry.ts';
import { emptyHead, entryHash, nextEntry } from '../../../operator/decide/record/chain.ts';
import { foldEntries } from '../../../operator/decide/record/follow.ts';
import type { OpenIntent, PackageRecord } from '../../../operator/decide/record/package.ts';
import { emptyRecord, packageRecord } from '../../../operator/decide/record/record.ts';
import { program } from '../builders/record.ts';
import type { Answer, ApiClient, KubeObject } from '../cluster/cluster.ts';
import { ours, type System, type World } from '../cluster/system.ts';

/** Appends with a stolen token, as its program would, but for what is `given`; where the program itself takes the place, after it. */
export const appendAs = async (
  world: World,
  { client, as }: { readonly client: ApiClient; readonly as: LedgerWriter | 'restorer' },
  draft: LedgerDraft,
  given: { readonly previous?: string; readonly time?: string } = {},
): Promise<Answer<KubeObject>> => {
  for (;;) {
    const last = (await world.ledger()).at(-1);
    const head = last === undefined ? emptyHead : { seq: last.seq, hash: entryHash(last) };
    const spec = { ...nextEntry(head, draft, { id: randomUUID(), now: Date.now(), self: program(as) }), ...given };
    const metadata = { name: entryName(spec.seq), namespace: world.production };
    const answer = await client.create<KubeObject>({ apiVersion: ours, kind: 'LedgerEntry', metadata, spec });
    if (answer.ok || answer.code !== 409) return answer;
  }
};

/** What the record says of the package, as whoever reads it is told. */
export const packageIn = async (world: World): Promise<PackageRecord> => {
  const links = (await world.ledger()).map((entry) => ({ entry, hash: entryHash(entry), broken: undefined }));
  return packageRecord(foldEntries({ ...emptyRecord, head: emptyHead }, links), 'payments');
};

export const openIn = async (world: World): Promise<OpenIntent> => {
  const { open } = await packageIn(world);
  if (open === undefined) throw new Error('nothing is open');
  return open;
};

/** Waits until a write of a program was refused, and says with which words. */
export const refusedTo = async (
  system: System,
  world: World,
  {
    who,
    resource,
    withinMs,
  }: { readonly who: 'operator' | 'restorer'; readonly resource: string; readonly withinMs: number },
): Promise<string> => {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const event = (await system.controlPlane.auditEvents()).find(
      ({ objectRef, user, responseStatus }) =>
        objectRef?.namespace === world.production &&
        objectRef.resource === resource &&
        user.username === program(who).username &&
        responseStatus?.code === 403,
    );
    if (event !== undefined) return String(event.responseStatus?.message);
    if (Date.now() > deadline) throw new Error(`the ${who} has tried nothing`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
};
