/** Evidence as it would be worth, before it is sent: what could not count is refused in the words in which the gate would not count it. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { kinds, virtualResources } from '../../operator/api/kinds.ts';
import type { EvidenceLine } from '../../operator/api/policy-evidence.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { ignoredReporter, imageDigests } from '../../operator/decide/evidence/demands.ts';
import { notCountedBecause } from '../../operator/decide/gates/content/evidence.ts';
import { listed } from '../../operator/decide/messages.ts';
import { keyOf } from '../../operator/decide/objects.ts';
import { peopleAmong } from '../../operator/decide/people/identity.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { bundleContents } from '../candidate/content.ts';
import { objectsOf } from '../candidate/live.ts';
import type { ReleaseBundle } from '../candidate/objects.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ifReadable } from '../cluster/readable.ts';
import { Problem } from '../exit.ts';
import type { Group, Sum } from './evidence.ts';

/** A release that is reported about; what the person may not read is undefined. */
export interface Reported {
  readonly candidate: ReleaseCandidate;
  readonly policy: ReleasePolicy | undefined;
  readonly bundle: ReleaseBundle | undefined;
}

/** The line of the policy that asks for this type; undefined = none does, or it may not be read. */
export const lineFor = ({ policy }: Reported, type: string): EvidenceLine | undefined =>
  policy?.spec.evidence.find((line) => line.type === type);

const somebodyElse = ({ candidate: { metadata } }: Reported, type: string): string =>
  `Somebody who holds report on ${virtualResources.evidenceTypes}/${type} in ${metadata.namespace}, and did not change the content, types the same command`;

/** @throws Problem where the person may not report, or where what they report as passed could not count */
export const reporterOrProblem = async (
  cluster: Cluster,
  of: Reported,
  { type, passed, signed }: { readonly type: string; readonly passed: boolean; readonly signed: boolean },
): Promise<void> => {
  const { namespace } = of.candidate.metadata;
  const who = await cluster.whoAmI();
  const held = await cluster.holds({
    ask: 'Right',
    who,
    namespace,
    resource: virtualResources.evidenceTypes,
    verb: 'report',
    name: type,
  });
  if (held.kind === 'No') {
    throw new Problem(
      `${held.message}: the ${kinds.Evidence.singular} would be refused`,
      `${somebodyElse(of, type)}; or a platform admin binds ClusterRole countersign-report-${type} in ${namespace}`,
    );
  }
  // What failed counts no matter who reported it.
  if (!passed) return;
  const { signedBy } = lineFor(of, type) ?? {};
  if (signedBy !== undefined) {
    // With a signature of somebody else an author decides nothing.
    if (signed) return;
    throw new Problem(
      `It would not count: the policy wants ${type} signed by ${listed(signedBy.map(({ name }) => name))}, and this is not signed`,
      `Read the commands that sign and report: kubectl countersign why ${of.candidate.metadata.name} -n ${namespace}`,
    );
  }
  const changed = [
    of.candidate.spec.author.username,
    ...(of.bundle?.spec.authors ?? []),
    ...(of.candidate.status?.sourceAuthors ?? []).map(({ username }) => username),
  ];
  const personOf = peopleAmong(of.policy?.spec.people ?? [], [...changed, who.username]);
  const authors = new Set(changed.map(personOf));
  const why = ignoredReporter({ username: who.username, namespace }, { authors, personOf });
  if (why !== undefined) {
    throw new Problem(`It would not count: ${visible(who.username)} ${notCountedBecause[why]}`, somebodyElse(of, type));
  }
};

/** Reports about images that the content does not hold help nobody. @throws Problem for such ones; says nothing where the content may not be read */
export const imagesOrProblem = async (cluster: Cluster, of: Reported, groups: readonly Group[]): Promise<void> => {
  const reported = groups.flatMap(({ images }) => images);
  if (reported.length === 0 || of.bundle === undefined) return;
  const { bundle } = of;
  const contents = await ifReadable(bundleContents(cluster, bundle));
  if (contents === undefined) return;
  const objects = (await objectsOf(cluster, bundle)).flatMap((ref) => {
    const content = contents.get(keyOf(ref));
    return content === undefined ? [] : [{ ref, content }];
  });
  const held = imageDigests({ objects });
  const others = reported.filter((digest) => !held.includes(digest));
  if (others.length > 0) {
    throw new Problem(
      `${of.candidate.metadata.name} holds no image ${listed(others)}; it holds ${listed(held) || 'none by digest'}`,
      'Scan the images by the digests that the release names, for all platforms: repository@sha256:<digest>',
    );
  }
};

/** What the gate will make of counts that the policy limits, in a sentence; '' = it passes. */
export const shortOf = (line: EvidenceLine | undefined, { passed, counts }: Sum): string => {
  if (!passed) return 'it is reported as failed, and closes the gate';
  const over = Object.entries(line?.most ?? {}).flatMap(([name, most]) => {
    const count = counts[name];
    if (count === undefined) return [`it does not say how many ${name}, which the policy asks for`];
    return count > most ? [`${count} ${name}, of which the policy allows ${most}`] : [];
  });
  return over.length === 0 ? '' : `it closes the gate: ${listed(over)}`;
};
