/** What production runs of each package, and the signatures that its promotion rested on. */
import type { LedgerEntry } from '../../operator/api/ledger.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import type { EntryData } from '../../operator/decide/ledger-entry.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { bundleOf, conditionOf, type ReleaseBundle } from './objects.ts';

type InProduction = NonNullable<ReleasePolicy['status']>['packages'][number];
type Promotion = Extract<EntryData, { type: 'PromotionStarted' }>;

export interface RunningPackage extends InProduction {
  /** Of the bundle; '' = it may not be read. */
  readonly version: string;
  /** It was there before anything was released, and nobody signed for it. */
  readonly baseline: boolean;
  readonly candidate: ReleaseBundle['spec']['candidate'];
  readonly authors: readonly string[];
  /** Those that counted, in the order of the policy's lines, and by name in each. Empty: the record has no promotion of it. */
  readonly signatures: Promotion['approvals'];
}

/** Why nothing that the record says of production is to be believed; undefined = it verifies, as the operator last saw it. */
export const whyNotBelieved = (policy: ReleasePolicy): string | undefined => {
  const ready = conditionOf(policy, 'Ready');
  return ready?.reason === 'LedgerBroken' ? ready.message : undefined;
};

/** Which entries of the record say so, as a field selector. */
export const promotionEntries = 'spec.type=PromotionStarted';

/** @param promotions every entry of `promotionEntries`; one that cannot be read says nothing, for somebody else may have planted it */
export const runningIn = async (
  cluster: Cluster,
  { metadata: { namespace }, spec, status }: ReleasePolicy,
  promotions: readonly LedgerEntry[],
): Promise<readonly RunningPackage[]> => {
  const { parseData } = await import('../../operator/decide/ledger-entry.ts');
  const dataOf = (entry: LedgerEntry['spec']): EntryData | undefined => {
    try {
      return parseData(entry);
    } catch {
      return undefined;
    }
  };
  const newestFirst = promotions.map((entry) => entry.spec).toSorted((a, b) => b.seq - a.seq);
  const lines = spec.approvals.map(({ role }) => role);
  const placeOf = (role: string): number => (lines.includes(role) ? lines.indexOf(role) : lines.length);
  const signaturesOf = ({ package: pkg, bundle, digest }: InProduction): Promotion['approvals'] => {
    for (const entry of newestFirst) {
      if (entry.package !== pkg || entry.digest !== digest) continue;
      const data = dataOf(entry);
      if (data?.type === 'PromotionStarted' && data.to === bundle)
        return data.approvals.toSorted(
          (a, b) => placeOf(a.role) - placeOf(b.role) || (a.username < b.username ? -1 : 1),
        );
    }
    return [];
  };
  return Promise.all(
    (status?.packages ?? []).map(async (each) => {
      const found = await ifReadable(cluster.findOur('ReleaseBundle', { namespace, name: each.bundle }));
      const bundle = found && bundleOf(found).spec;
      return {
        ...each,
        version: bundle?.version ?? '',
        baseline: bundle?.baseline ?? false,
        candidate: bundle?.candidate,
        authors: bundle?.authors ?? [],
        signatures: signaturesOf(each),
      };
    }),
  );
};
