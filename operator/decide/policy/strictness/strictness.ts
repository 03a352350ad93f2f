/** What tighter means: one row for each field of a ReleasePolicy. */
import { isDeepStrictEqual } from 'node:util';
import { milliseconds } from '../../../api/duration.ts';
import type { ReleasePolicySpec } from '../../../api/policy.ts';
import {
  allowed,
  allowedByKey,
  allowedNames,
  demanded,
  demandedByKey,
  demands,
  humans,
  limits,
  openings,
} from './lists.ts';
import {
  allowance,
  type Comparison,
  compared,
  fields,
  less,
  more,
  optional,
  type Order,
  type Present,
  ranked,
  same,
} from './order.ts';

interface Ordered<T> {
  readonly order: Order<T>;
  /** For people: which of two values is the tighter one. */
  readonly tighter: string;
  /** The admission policies of the chart read it from the ReleasePolicy, where they do not see a template. */
  readonly isReadByApiServer?: true;
  /** Why a template cannot say it, although it has a direction. */
  readonly notOfTemplates?: string;
}

/** A namespace’s own matter: another value is another value, and no template sets it. */
interface Free {
  readonly free: string;
}

type Spec = ReleasePolicySpec;
export type PolicyField = keyof Spec;
type Row<T> = Ordered<T> | Free;
type Part<F extends PolicyField> = Present<Spec[F]>;
type Item<F extends PolicyField> = Part<F> extends readonly (infer T)[] ? T : never;

const longer = more<string>(milliseconds);
const shorter = less<string>(milliseconds);

type Line = Item<'approvals'>;
const line = fields<Line>({ role: same(), count: more((count) => count), oneFromEach: demanded() });

/** Every signer stands for one group, so a line that names more groups takes more people. */
const lines = demandedByKey<Line>(({ role }) => role, {
  isAsTight: line.isAsTight,
  meet(a, b) {
    const both = line.meet(a, b);
    return both && { value: { ...both.value, count: Math.max(both.value.count, both.value.oneFromEach.length) } };
  },
});

type EvidenceLine = Item<'evidence'>;
const when: Order<EvidenceLine['when']> = {
  isAsTight: (a, b) => a === b || a === 'Always',
  meet: (a, b) => ({ value: a === b ? a : 'Always' }),
};
const evidenceLine = fields<EvidenceLine>({
  type: same(),
  about: same(),
  maxAge: shorter,
  most: limits,
  when,
  signedBy: allowed(),
  builders: allowed(),
  sources: allowed(),
  unknownAuthors: ranked('Report', 'Block'),
  bots: allowed(),
});

type Bounds = Part<'operate'>['scale'][number];
const bounds: Order<Bounds> = {
  isAsTight: (a, b) => a.min >= b.min && a.max <= b.max,
  meet(a, b) {
    const both = { ...a, min: Math.max(a.min, b.min), max: Math.min(a.max, b.max) };
    return both.min <= both.max ? { value: both } : undefined;
  },
};

const number = { more: more<number>((value) => value), less: less<number>((value) => value) };

const ordered = <T>(
  tighter: string,
  order: Order<T>,
  more: Omit<Ordered<T>, 'order' | 'tighter'> = {},
): Ordered<T> => ({
  order,
  tighter,
  ...more,
});

/** Every field of the spec. A field of the policy that has no row does not compile. */
export const strictness: { readonly [F in PolicyField]-?: Row<Part<F>> } = {
  inherits: ordered('one where there was none; another one is another one', same(), {
    notOfTemplates: 'a template inherits from none, so that what counts is found in two places at most',
  }),
  sourceNamespace: { free: 'every production namespace has a staging namespace of its own' },
  deliveredBy: { free: 'who writes production is how a team works; what is written is signed for either way' },
  gitOpsWriters: ordered('fewer writers', allowed(), { isReadByApiServer: true }),
  trustedAutomation: ordered('fewer ServiceAccounts', allowed()),
  approvals: ordered('more roles, higher counts, more groups', lines),
  approvalValidFor: ordered('shorter', shorter),
  candidateValidFor: ordered('shorter', shorter),
  people: ordered('more accounts that are one human', humans),
  notes: ordered('Required', ranked('Optional', 'Required')),
  changeTicket: ordered(
    'mode Required; a pattern where there was none',
    fields<Part<'changeTicket'>>({ mode: ranked('Optional', 'Required'), pattern: same() }),
  ),
  soak: ordered('longer', longer),
  stagingHold: ordered('UntilPromoted', ranked('UntilTested', 'UntilPromoted')),
  restartOnConfigChange: ordered('true', ranked(false, true)),
  images: ordered('DigestRequired', ranked('PinFromStaging', 'DigestRequired')),
  injected: ordered('fewer containers', allowed()),
  overlay: { free: 'what production keeps different belongs to the objects of one namespace, and is signed for' },
  overlayMay: ordered('fewer words', allowed()),
  evidence: ordered(
    'more lines; in a line: a shorter maxAge, lower most, when Always, fewer signers, builders and sources',
    demands(evidenceLine),
  ),
  // A root alone lets nobody sign: a line of evidence does, and must mean the authorities that it meant where it was written.
  trustedRoots: ordered(
    'more roots, and the same under each name',
    demandedByKey(({ name }) => name, same()),
  ),
  minor: ordered('fewer classes', allowed()),
  exceptions: ordered(
    'none at all; fewer gates, a shorter maxDuration, more approvals',
    allowance(fields<Part<'exceptions'>>({ gates: allowed(), maxDuration: shorter, approvals: lines })),
  ),
  changes: ordered('any where there were none; more approvals', fields<Part<'changes'>>({ approvals: lines }), {
    isReadByApiServer: true,
  }),
  windows: ordered('fewer of the same windows; any windows where there were none', openings()),
  freezes: ordered('more freezes', demanded()),
  expedited: ordered(
    'none at all; a longer soak, fewer gates passed, more approvals',
    allowance(fields<Part<'expedited'>>({ soak: longer, passes: allowed(), approvals: lines })),
  ),
  unmanagedFields: ordered('fewer fields', allowedNames('fields')),
  platformWriters: ordered('fewer writers and names', allowedNames('names'), { isReadByApiServer: true }),
  stagingReferences: ordered('Block', ranked('Report', 'Block')),
  unlistedKinds: ordered('Deny', ranked('Report', 'Deny'), { isReadByApiServer: true }),
  operate: ordered(
    'fewer workloads, narrower bounds',
    fields<Part<'operate'>>({ scale: allowedByKey(({ kind, name }) => `${kind}/${name}`, bounds) }),
    { isReadByApiServer: true },
  ),
  health: ordered(
    'longer observeFor and settle; shorter timeouts and nodeGrace; fewer restarts; more checks',
    fields<Part<'health'>>({
      progressTimeout: shorter,
      rollbackTimeout: shorter,
      observeFor: longer,
      settle: longer,
      nodeGrace: shorter,
      restarts: fields<Part<'health'>['restarts']>({ most: number.less, within: shorter }),
      checks: demandedByKey(({ name }) => name, same()),
    }),
  ),
  emergency: ordered(
    'none at all; a shorter maxDuration and followUpWithin, a lower maxActive, endSessions Evict',
    allowance(
      fields<Part<'emergency'>>({
        maxDuration: shorter,
        clusterRole: same(),
        followUpWithin: shorter,
        maxActive: number.less,
        endSessions: ranked('Report', 'Evict'),
      }),
    ),
  ),
  notify: { free: 'who is told holds up nothing' },
  retain: { free: 'how much history is kept is a matter of space; the record keeps all of it' },
  reviewOverdue: ordered('Block', ranked('Report', 'Block')),
  reviewBy: ordered(
    'earlier',
    less((day) => Date.parse(day)),
    {
      notOfTemplates: 'a day passes, and a template is never loosened: it would block every namespace in the end',
    },
  ),
};

/** Every field, in the order of the table. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of the table
export const policyFields = Object.keys(strictness) as readonly PolicyField[];

/** What a field of one policy is, seen from the same field of another. Absent is what absence means in a policy. */
export const comparedField = <F extends PolicyField>(field: F, before: Spec[F], after: Spec[F]): Comparison => {
  const row = strictness[field] as Row<unknown>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- the row of this field judges values of this field
  if ('free' in row) return isDeepStrictEqual(before, after) ? 'equal' : 'other';
  return compared(optional(row.order), before, after);
};
