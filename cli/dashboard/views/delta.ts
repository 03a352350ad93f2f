/** The delta of a bundle, which never changes, and its objects whole. */
import { stringify } from 'yaml';
import { visible } from '../../../operator/decide/safe-text.ts';
import { bundleContents, bundleNamed, type Contents } from '../../candidate/content.ts';
import { deltaView } from '../../candidate/delta-view.ts';
import { hunksBetween } from '../../candidate/lines.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { Problem } from '../../exit.ts';
import type { Place } from '../desk.ts';
import type { DeltaModel, WholeModel } from '../models.ts';

export const deltaOf = async (cluster: Cluster, place: Place): Promise<DeltaModel> => {
  const { metadata, spec } = await bundleNamed(cluster, place('namespace'), place('bundle'));
  return { bundle: metadata.name, digest: spec.digest, text: spec.deltaText, ...deltaView(spec.deltaText) };
};

const none: Contents = new Map();

const textOf = (content: unknown): string =>
  content === undefined ? '' : stringify(content, { lineWidth: 0, sortMapEntries: true });

/** Every line of one object, against what production ran when the bundle was made; contents are checked against their digests. */
export const wholeOf = async (cluster: Cluster, place: Place): Promise<WholeModel> => {
  const namespace = place('namespace');
  const bundle = await bundleNamed(cluster, namespace, place('bundle'));
  const { previous } = bundle.spec;
  const [before, after] = await Promise.all([
    previous === '' ? none : bundleContents(cluster, await bundleNamed(cluster, namespace, previous)),
    bundleContents(cluster, bundle),
  ]);
  const asked = place('object');
  const key = [...after.keys(), ...before.keys()].find((each) => visible(each) === asked);
  if (key === undefined) throw new Problem(`Bundle ${bundle.metadata.name} holds no ${asked}`);
  const [only] = hunksBetween(textOf(before.get(key)), textOf(after.get(key)), Infinity);
  return {
    against: previous === '' ? 'nothing: production ran nothing of this package' : previous,
    object: asked,
    lines:
      only?.lines ??
      textOf(after.get(key))
        .split('\n')
        .map((line) => ` ${line}`),
  };
};
