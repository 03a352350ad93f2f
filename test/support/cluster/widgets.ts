/** Definitions of a group that nobody else has, for what is declared by a row of the chart's value `kinds`; and a controller that reports on their objects. */
import { targetOf, type Answer, type ApiClient, type KubeObject, type Manifest } from './cluster.ts';

const group = 'kinds.example';

/** Names of kinds; each is defined where a test wants it. */
export type DefinedKind = 'Widget' | 'Gadget' | 'Gizmo';

const objectOf = (properties: Readonly<Record<string, unknown>>, more: object = {}) => ({
  type: 'object',
  properties,
  ...more,
});
const text = { type: 'string' };
const whole = { type: 'integer' };

const spec = objectOf({
  size: whole,
  replicas: { ...whole, default: 1 },
  class: { ...text, 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'class is immutable' }] },
  assigned: text,
  secretName: text,
  peer: objectOf({ namespace: text }),
  template: objectOf({}, { 'x-kubernetes-preserve-unknown-fields': true }),
  ports: {
    type: 'array',
    items: objectOf({ name: text, port: whole }, { required: ['name'] }),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['name'],
  },
});

const status = objectOf(
  { phase: text, observedGeneration: whole, replicas: whole, selector: text },
  {
    'x-kubernetes-preserve-unknown-fields': true,
  },
);

const version = (name: string, storage: boolean, served = true) => ({
  name,
  served,
  storage,
  schema: { openAPIV3Schema: objectOf({ spec, status }) },
  subresources: {
    status: {},
    scale: {
      specReplicasPath: '.spec.replicas',
      statusReplicasPath: '.status.replicas',
      labelSelectorPath: '.status.selector',
    },
  },
});

/** `versions`: as they are served, the stored one first. */
export const widgetDefinition = (
  kind: DefinedKind,
  versions: readonly (readonly [name: string, served?: boolean])[] = [['v1']],
): Manifest => {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: versions.map(([name, served], place) => version(name, place === 0, served)),
    },
  };
};

export const widget = (kind: DefinedKind, namespace: string, spec: object, name = 'web') => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name, namespace },
  spec,
});

export interface WidgetSeen extends KubeObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}

/**
 * What a controller does that is named in the chart: whatever is written, it reports a phase, which follows from the spec, and the generation that it
 * saw. It ends by `stop`.
 */
export const reporting = (
  controller: ApiClient,
  target: { readonly kind: DefinedKind; readonly namespace: string; readonly name?: string },
  phaseOf: (spec: WidgetSeen['spec']) => string,
): { readonly stop: () => Promise<void> } => {
  const { kind, namespace, name = 'web' } = target;
  const ref = { apiVersion: `${group}/v1`, kind, namespace, name };
  const ending = new AbortController();
  const look = async (): Promise<void> => {
    const found = await controller.get<WidgetSeen>(ref);
    if (!found.ok) return;
    const { metadata, spec, status: before } = found.body;
    if (before?.['observedGeneration'] === metadata.generation) return;
    const phase = phaseOf(spec);
    const conditions = [
      {
        type: 'Ready',
        status: phase === 'Up' ? 'True' : 'False',
        reason: phase,
        message: `it is ${phase}`,
        lastTransitionTime: new Date().toISOString(),
      },
    ];
    const reported = { phase, observedGeneration: metadata.generation, replicas: spec['replicas'] ?? 1, conditions };
    await controller.patch({ ...ref, subresource: 'status' }, 'merge', { status: reported });
  };
  const over = (async () => {
    while (!ending.signal.aborted) {
      await look().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    stop: async () => {
      ending.abort();
      await over;
    },
  };
};

/** Creates it, or gives it this spec. */
export const put = async (as: ApiClient, object: ReturnType<typeof widget>): Promise<Answer<unknown>> => {
  const created = await as.create(object);
  return created.code === 409 ? as.patch(targetOf(object), 'merge', { spec: object.spec }) : created;
};
