/** What may be forgotten: finished candidates and bundles beyond what the policy keeps, never what production or a rollback may need. */
import type { ReleasePolicy } from '../../api/policy.ts';
import type { Instant } from '../objects.ts';
import type { Effect } from '../plan.ts';
import { packageRecord, type NamespaceRecord } from '../record/record.ts';

export interface KeptCandidate {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly package: string;
}

export interface KeptBundle {
  readonly name: string;
  readonly uid: string;
  readonly package: string;
  readonly candidateUid: string;
  readonly baseline: boolean;
  readonly createdAt: Instant;
  readonly parts: readonly string[];
}

export interface Kept {
  readonly candidates: readonly KeptCandidate[];
  readonly bundles: readonly KeptBundle[];
  /** Uid of a part by its name. */
  readonly partUid: (name: string) => string | undefined;
}

const groupBy = <T>(all: readonly T[], key: (one: T) => string): T[][] => [...Map.groupBy(all, key).values()];

export const forgettable = (policy: ReleasePolicy, record: NamespaceRecord, kept: Kept): Effect[] =>
  // Nothing goes because a record that does not verify says that it is over.
  record.broken !== undefined
    ? []
    : [
        ...groupBy(kept.candidates, (candidate) => candidate.package).flatMap((all) =>
          oldCandidates(policy, record, all),
        ),
        ...groupBy(kept.bundles, (bundle) => bundle.package).flatMap((all) =>
          oldBundles(policy, record, { ...kept, bundles: all }),
        ),
      ];

const oldCandidates = (policy: ReleasePolicy, record: NamespaceRecord, all: readonly KeptCandidate[]): Effect[] =>
  all
    .flatMap((candidate) => {
      const known = record.candidates.get(candidate.uid);
      const { open, production } = packageRecord(record, candidate.package);
      const current = open?.candidate.uid === candidate.uid || production?.candidateUid === candidate.uid;
      const endedAt = known?.finished?.at ?? known?.promoted?.at;
      return endedAt === undefined || current ? [] : [{ candidate, endedAt }];
    })
    .toSorted((a, b) => b.endedAt - a.endedAt)
    .slice(policy.spec.retain.candidates)
    .map(({ candidate: { namespace, name, uid } }) => ({
      do: 'Remove',
      kind: 'ReleaseCandidate',
      namespace,
      name,
      uid,
    }));

const oldBundles = (policy: ReleasePolicy, record: NamespaceRecord, { bundles, partUid }: Kept): Effect[] => {
  const { namespace } = policy.metadata;
  const pkg = bundles[0]?.package ?? '';
  const { open, production, history, ran } = packageRecord(record, pkg);
  const baselines = new Set(bundles.filter(({ baseline }) => baseline).map(({ name }) => name));
  const needed = new Set([
    open?.to,
    open?.from,
    production?.bundle,
    production?.previous,
    ...history.slice(0, policy.spec.retain.bundles),
    // Who signed for a release over a baseline signed for going back to it.
    ...[...ran].filter(([, { previous }]) => baselines.has(previous)).map(([name]) => name),
  ]);
  const spare = bundles
    .filter(({ name, candidateUid, baseline }) => {
      const isOver =
        record.candidates.get(candidateUid)?.finished !== undefined ||
        record.candidates.get(candidateUid)?.promoted !== undefined;
      return !baseline && isOver && !needed.has(name);
    })
    .toSorted((a, b) => b.createdAt - a.createdAt)
    .slice(policy.spec.retain.bundles);
  return spare.flatMap(({ name, uid, parts }) =>
    // The head first: a head without its parts is no bundle, parts without a head are only in the way.
    [{ name, uid }, ...parts.map((part) => ({ name: part, uid: partUid(part) ?? '' }))]
      .filter((each) => each.uid !== '')
      .map((each): Effect => ({ do: 'Remove', kind: 'ReleaseBundle', namespace, ...each })),
  );
};
