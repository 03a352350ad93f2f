/** Acts that are entered together: one entry of the chain, which tells of each act as an entry of its own would. */
import * as z from 'zod';
import { longestLedgerData, type LedgerEntrySpec } from '../../api/ledger.ts';
import { jsonObject, type Identity, type JsonObject } from '../../api/meta.ts';
import { canonicalJson } from '../json/canonical.ts';
import type { EntryData, LedgerDraft } from '../ledger-entry.ts';

/** Types of which many come at once and none rests on what came before it, each with the type of an entry for several. */
const jointTypes = { Admitted: 'AdmittedTogether', Observed: 'ObservedTogether' } as const;
type Single = keyof typeof jointTypes;
type Joint = (typeof jointTypes)[Single];

/** An entry for several acts, before it has its place in the chain. */
export type JointDraft = Omit<LedgerDraft, 'data'> & {
  readonly data: { readonly type: Joint; readonly acts: readonly JsonObject[] };
};

const singleOf: ReadonlyMap<string, Single> = new Map(
  (['Admitted', 'Observed'] as const).map((single) => [jointTypes[single], single]),
);

const isSingle = (type: EntryData['type']): type is Single => Object.hasOwn(jointTypes, type);

/** Whether nothing rests on the place of an act: others may be let past. */
export const mayWait = ({ data }: LedgerDraft): boolean => isSingle(data.type);

const restoring: ReadonlySet<string> = new Set<EntryData['type']>(['RollbackStarted', 'RolledBack']);

/** Types that production waits for until it is as it was. */
export const isRestoring = (type: string): boolean => restoring.has(type);

/** Whether an entry passes those of its program that wait. It may: each says what it rests on, and one that does not follow is not written. */
export const goesFirst = ({ data }: LedgerDraft): boolean => isRestoring(data.type);

/** Whether two acts may stand in one entry. */
export const mayJoin = (a: LedgerDraft, b: LedgerDraft): boolean => mayWait(a) && a.data.type === b.data.type;

const actOf = ({ actor, data, ...rest }: LedgerDraft, self: Identity): JsonObject => {
  const { type: _, ...fields } = data;
  return jsonObject({ ...rest, actor: actor === 'operator' ? self : actor, data: fields });
};

/** Characters of acts that one entry takes: all of its `data` but the frame. */
export const roomForActs = longestLedgerData - 64;

/** Characters that an act takes of them. What has no exact JSON form fits nowhere: it stands alone, and fails alone. */
export const roomOf = (draft: LedgerDraft, self: Identity): number => {
  try {
    return canonicalJson(actOf(draft, self)).length + 1;
  } catch {
    return Infinity;
  }
};

/** One entry of the ledger of a namespace for several acts that may join. `self`: the program, for acts of its own. */
export const joined = (
  namespace: string,
  drafts: readonly [LedgerDraft, ...LedgerDraft[]],
  self: Identity,
): JointDraft => {
  const [{ data }] = drafts;
  const type = isSingle(data.type) ? jointTypes[data.type] : undefined;
  if (type === undefined) throw new TypeError(`entries of type ${data.type} stand alone`);
  return {
    actor: 'operator',
    subject: { kind: 'Namespace', name: namespace, uid: '', namespace },
    package: '',
    digest: '',
    decision: '',
    reason: toldShortly(drafts),
    data: { type, acts: drafts.map((draft) => actOf(draft, self)) },
  };
};

/** Of `reason`, which takes 4096 characters: beyond it, how many more there are. */
const longestTelling = 4_000;

const toldShortly = (drafts: readonly LedgerDraft[]): string => {
  let said = `${drafts.length} acts: `;
  for (const [i, { actor, decision, subject, reason }] of drafts.entries()) {
    const who = actor === 'operator' ? '' : `${actor.username} `;
    const act = `${who}${decision} ${subject.kind}/${subject.name}${reason === '' ? '' : ` (${reason})`}`;
    if (said.length + act.length > longestTelling) return `${said}and ${drafts.length - i} more`;
    said += i === drafts.length - 1 ? act : `${act}; `;
  }
  return said;
};

const text = z.string();
const acts = z.object({
  acts: z.array(
    z.object({
      actor: z.object({ username: text, uid: text, groups: z.array(text) }),
      subject: z.object({ kind: text, namespace: text, name: text, uid: text }),
      package: text,
      digest: text,
      decision: text,
      reason: text,
      data: z.record(text, z.json()),
    }),
  ),
});

/**
 * What an entry tells, one entry an act: itself, but for entries of several. Their acts have the place and the time of the entry, and its
 * id with their number in it.
 * @throws ZodError when it was not written by this program or a compatible one
 */
export const actsIn = (entry: LedgerEntrySpec): readonly LedgerEntrySpec[] => {
  const single = singleOf.get(entry.type);
  if (single === undefined) return [entry];
  return acts.parse(JSON.parse(entry.data)).acts.map(({ data, ...act }, i) => ({
    ...entry,
    ...act,
    id: `${entry.id}-${i + 1}`,
    type: single,
    data: canonicalJson(data),
  }));
};
