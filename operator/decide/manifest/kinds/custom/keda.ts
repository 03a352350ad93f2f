/** KEDA (keda.sh): scales by what happens elsewhere. */
import type { JsonObject } from '../../../../api/meta.ts';
import { textAt } from '../../../json/json.ts';
import { secretsNamed, objectsAt } from '../shared/references.ts';
import type { PromotableKind, ScaleTarget } from '../shared/kind.ts';
import { custom, forPeople } from './shared.ts';

/** A Deployment, where it does not say. */
const scales = (manifest: JsonObject): ScaleTarget | undefined => {
  const [apiVersion, kind = 'Deployment', name] = ['apiVersion', 'kind', 'name'].map((field) =>
    textAt(manifest, 'spec', 'scaleTargetRef', field),
  );
  return name === undefined ? undefined : { apiVersion, kind, name };
};

export const kedaKinds: readonly PromotableKind[] = [
  custom({
    kind: 'TriggerAuthentication',
    apiVersion: 'keda.sh/v1alpha1',
    plural: 'triggerauthentications',
    wave: 'Foundation',
    prune: 'AfterObservation',
    risk: { spec: 'identity' },
    references: (content) => secretsNamed(objectsAt(content, 'spec', 'secretTargetRef'), 'name'),
  }),
  custom({
    kind: 'ScaledObject',
    apiVersion: 'keda.sh/v1alpha1',
    plural: 'scaledobjects',
    wave: 'Scaling',
    ...forPeople,
    risk: { spec: 'scale' },
    scales,
  }),
];
