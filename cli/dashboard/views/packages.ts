/** What a production namespace runs: of each package the version, since when, and who signed for it. */
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { candidatesFor, newestFirst, policyIn } from '../../candidate/find.ts';
import { entryOf } from '../../candidate/objects.ts';
import { promotionEntries, runningIn, whyNotBelieved, type RunningPackage } from '../../candidate/running.ts';
import { ifReadable } from '../../cluster/readable.ts';
import type { View } from '../desk.ts';
import type { PackageModel } from '../models.ts';
import { rowOf } from './rows.ts';

const packageModel = ({ authors, signatures, ...each }: RunningPackage): PackageModel => ({
  ...each,
  authors: authors.map(visible),
  signedBy: signatures.map(({ username, role }) => ({ who: visible(username), role })),
});

export const packages: View = (desk, place) => async () => {
  const namespace = place('namespace');
  const cluster = desk.cluster();
  desk.follow(ourResource('ReleasePolicy'), { namespace });
  const policy = await policyIn(cluster, namespace);
  const { sourceNamespace } = policy.spec;
  const fieldSelector = `spec.targetNamespace=${namespace}`;
  desk.follow(ourResource('ReleaseCandidate'), { namespace: sourceNamespace, fieldSelector });
  const [promotions, candidates] = await Promise.all([
    desk.record(ourResource('LedgerEntry'), { namespace, fieldSelector: promotionEntries }),
    ifReadable(candidatesFor(cluster, sourceNamespace, namespace)),
  ]);
  return {
    view: 'packages',
    namespace,
    wrong: whyNotBelieved(policy) ?? '',
    packages: (await runningIn(cluster, policy, promotions.map(entryOf))).map(packageModel),
    candidates: newestFirst(candidates ?? [])
      .map(rowOf)
      .filter(({ isOver }) => !isOver),
  };
};
