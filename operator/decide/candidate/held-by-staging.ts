/** What staging holds and production cannot have twice in one cluster: told to signers, each with what becomes of it. */
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { numberAt, objectAt, textAt } from '../json/json.ts';
import { objectsAt } from '../manifest/kinds/shared/references.ts';
import { containersOf, podSpecsOf, runsNothing } from '../manifest/pod-spec.ts';
import { objectNamed } from '../messages.ts';
import { keyOf, type LiveObject } from '../objects.ts';

/** In the order of the objects. */
export const heldByStaging = (
  { staged }: Pick<CandidateSnapshot, 'staged'>,
  objects: readonly BundleObject[],
): readonly string[] =>
  objects.flatMap((object) => {
    const live = staged.get(keyOf(object.ref));
    const held = [...(live === undefined ? [] : leftBehind(live)), ...shipped(object, live)];
    return held.map((what) => `${objectNamed(keyOf(object.ref))} ${what}`);
  });

/** No part of a release. */
const leftBehind = ({ ref, manifest }: LiveObject): readonly string[] => {
  if (ref.kind === 'Service' && textAt(manifest, 'spec', 'type') === 'NodePort') {
    return objectsAt(manifest, 'spec', 'ports').flatMap((port, index) => {
      const held = numberAt(port, 'nodePort');
      return held === undefined
        ? []
        : [`spec.ports[${index}].nodePort: ${held} stays with staging, and production keeps or gets a port of its own`];
    });
  }
  const volume = ref.kind === 'PersistentVolumeClaim' ? textAt(manifest, 'spec', 'volumeName') : undefined;
  // The binder says which volumes it has chosen itself.
  return volume === undefined || binder in objectAt(manifest, 'metadata', 'annotations')
    ? []
    : [
        `spec.volumeName: volume ${volume} stays with staging, and production gets a volume that its class or its binder gives`,
      ];
};

const binder = 'pv.kubernetes.io/bound-by-controller';

/** Part of the release as staging has it, unless an overlay says otherwise. */
const shipped = ({ ref, content }: BundleObject, live: LiveObject | undefined): readonly string[] => {
  const address = ref.kind === 'Service' ? textAt(content, 'spec', 'loadBalancerIP') : undefined;
  const isStagings = address !== undefined && textAt(live?.manifest, 'spec', 'loadBalancerIP') === address;
  const ports = runsNothing(ref) ? [] : podSpecsOf(content).flatMap(hostPorts);
  return [
    ...(isStagings
      ? [
          `spec.loadBalancerIP: ${address} is the address of staging. In the overlay: {kind: Service, name: ${ref.name}, patch: {spec: {loadBalancerIP: <address of production>}}}`,
        ]
      : []),
    ...[...new Set(ports)].map(
      (port) => `hostPort ${port}: no node runs a pod of staging and one of production at the same time`,
    ),
  ];
};

/** A pod on the network of its node holds every port that it lists, and the API server writes that into pods, not into templates. */
const hostPorts = (podSpec: JsonObject): readonly number[] => {
  const field = podSpec['hostNetwork'] === true ? 'containerPort' : 'hostPort';
  return containersOf(podSpec).flatMap((container) =>
    objectsAt(container, 'ports').flatMap((port) => numberAt(port, field) ?? []),
  );
};
