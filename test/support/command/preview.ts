/** What `stage` would show of a candidate before there is one, and what the operator then froze, so that both can be compared. */
import { candidateOf, policyOf } from '../../../cli/candidate/objects.ts';
import { openCluster } from '../../../cli/cluster/cluster.ts';
import { chooseByLabels, chooseByName } from '../../../cli/stage/choose.ts';
import { previewOf } from '../../../cli/stage/preview.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { manifestOf } from '../../../operator/kube/resource.ts';
import type { ControlPlane } from '../../../hack/controlplane/controlplane.ts';
import { accepted, type KubeObject, type Manifest } from '../cluster/cluster.ts';
import type { Reported, World } from '../cluster/system.ts';

/** What is chosen: by labels, or by `kind/name`. */
type By = Readonly<Record<string, string>> | readonly string[];

const isNames = (by: By): by is readonly string[] => Array.isArray(by);

/** By the code of the command, as somebody who may read both namespaces. @throws when it says that nothing would be staged */
export const previewed = async (
  { controlPlane, world }: { readonly controlPlane: ControlPlane; readonly world: World },
  candidate: Manifest,
  by: By,
): Promise<string> => {
  const wanted = { file: controlPlane.kubeconfig('admin'), context: undefined, env: {} };
  const cluster = await openCluster(wanted, 'test', false);
  try {
    const choice = isNames(by)
      ? await chooseByName(cluster, world.staging, by)
      : await chooseByLabels(cluster, world.staging, by);
    const stored = await cluster.client.dryRunCreate(ourResource('ReleaseCandidate'), manifestOf({ ...candidate }));
    const policy = await cluster.findOur('ReleasePolicy', { namespace: world.production, name: 'production' });
    if (policy === undefined) throw new Error('there is no policy');
    const proposal = { candidate: candidateOf(stored), policy: policyOf(policy), choice };
    const preview = await previewOf(cluster, proposal);
    if (preview.is === 'Refused') throw new Error(preview.message);
    return sameFor(preview.text);
  } finally {
    await cluster.close();
  }
};

/** What signers read of it. */
export const frozen = async (world: World, { status }: Reported): Promise<string> => {
  const name = status?.bundle ?? '';
  const bundle = accepted(await world.as('admin').get<Bundle>(world.ref('ReleaseBundle', name)));
  return sameFor(bundle.spec.deltaText);
};

interface Bundle extends KubeObject {
  readonly spec: { readonly deltaText: string };
}

/** Without what is known only once it is frozen: its digest; and needs, which the command prints beside it. */
const sameFor = (text: string): string =>
  text.replace(/^digest .*$/m, 'digest').replace(/\n\nNeeds of production:(?:\n {2}.*)+/, '');
