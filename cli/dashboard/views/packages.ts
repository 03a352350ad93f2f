/** What a production namespace runs: of each package the version, since when, and who signed for it. */
import type { LedgerEntry } from '../../../operator/api/ledger.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { candidatesFor, newestFirst, policyIn } from '../../candidate/find.ts';
import { bundleOf, entryOf, type ReleaseBundle } from '../../candidate/objects.ts';
import { ifReadable } from '../../cluster/readable.ts';
import type { View } from '../desk.ts';
import type { PackageModel } from '../models.ts';
import { rowOf } from './rows.ts';

const signers = (entries: readonly LedgerEntry[], digest: string): PackageModel['signedBy'] =>
  entries
    .filter(({ spec }) => spec.digest === digest)
    .toSorted((a, b) => a.spec.seq - b.spec.seq)
    .map(({ spec }) => ({ who: visible(spec.actor.username), time: spec.time }));

const packageModel = (
  { package: name, bundle, digest, since }: { package: string; bundle: string; digest: string; since: string },
  found: ReleaseBundle | undefined,
  signed: readonly LedgerEntry[],
): PackageModel => ({
  package: name,
  version: found?.spec.version ?? '',
  bundle,
  digest,
  since,
  baseline: found?.spec.baseline ?? false,
  candidate: found?.spec.candidate,
  authors: (found?.spec.authors ?? []).map(visible),
  signedBy: signers(signed, digest),
});

export const packages: View = (desk, place) => async () => {
  const namespace = place('namespace');
  const cluster = desk.cluster();
  desk.follow(ourResource('ReleasePolicy'), { namespace });
  const policy = await policyIn(cluster, namespace);
  const { sourceNamespace } = policy.spec;
  const fieldSelector = `spec.targetNamespace=${namespace}`;
  desk.follow(ourResource('ReleaseCandidate'), { namespace: sourceNamespace, fieldSelector });
  const [entries, candidates] = await Promise.all([
    desk.record(ourResource('LedgerEntry'), { namespace, fieldSelector: 'spec.type=Signed' }),
    ifReadable(candidatesFor(cluster, sourceNamespace, namespace)),
  ]);
  const signed = entries.map(entryOf);
  const running = policy.status?.packages ?? [];
  return {
    view: 'packages',
    namespace,
    packages: await Promise.all(
      running.map(async (each) => {
        const found = await ifReadable(cluster.findOur('ReleaseBundle', { namespace, name: each.bundle }));
        return packageModel(each, found && bundleOf(found), signed);
      }),
    ),
    candidates: newestFirst(candidates ?? [])
      .map(rowOf)
      .filter(({ isOver }) => !isOver),
  };
};
