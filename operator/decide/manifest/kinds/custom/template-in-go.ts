/**
 * A pod template in a custom resource, as a controller writes it back that has read it into the types of Kubernetes (k8s.io/api/core/v1): amounts
 * in their shortest form, resources on every container, and nothing that is empty. The API server does that to kinds of its own; to those of
 * definitions nobody does before their controller.
 */
import type { Json, JsonObject } from '../../../../api/meta.ts';
import { isEmptyObject, isList, isObject, member } from '../../../json/json.ts';
import { canonicalQuantity } from '../shared/quantity.ts';

type Change = (value: Json) => Json | undefined;

/** Members changed by name; what becomes undefined is left out. */
const changed = (value: Json, changes: Readonly<Record<string, Change>>): Json => {
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, Json][] => {
      const change = Object.hasOwn(changes, name) ? changes[name] : undefined;
      const next = change === undefined ? inner : change(inner);
      return next === undefined ? [] : [[name, next]];
    }),
  );
};

const some = (value: Json | undefined): readonly Json[] => (value === undefined ? [] : [value]);

const each =
  (change: Change): Change =>
  (value) =>
    isList(value) ? value.flatMap((item) => some(change(item))) : value;

/** Where a member is missing, this is what it says. */
const filled =
  (name: string, fallback: Json, change: Change): Change =>
  (value) =>
    isObject(value) && member(value, name) === undefined ? change({ ...value, [name]: fallback }) : change(value);

const withoutFalse: Change = (value) => (value === false ? undefined : value);
const withoutEmptyText: Change = (value) => (value === '' ? undefined : value);
/** Lists that hold nothing say nothing, wherever they are. */
const withoutEmptyLists: Change = (value) => {
  if (isList(value)) {
    const items = value.flatMap((item) => some(withoutEmptyLists(item)));
    return items.length === 0 ? undefined : items;
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]): [string, Json][] => {
      const next = withoutEmptyLists(inner);
      return next === undefined ? [] : [[name, next]];
    }),
  );
};

const quantity: Change = (value) =>
  typeof value === 'string' || typeof value === 'number' ? canonicalQuantity(String(value)) : value;

const quantities: Change = (value) =>
  isEmptyObject(value)
    ? undefined
    : isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, quantity(inner) ?? inner]))
      : value;

const resources: Change = (value) => changed(value, { limits: quantities, requests: quantities });

const fieldReference: Change = filled('divisor', '0', (value) => changed(value, { divisor: quantity }));

const items = each((item) => changed(item, { resourceFieldRef: fieldReference }));

const container: Change = filled('resources', {}, (value) =>
  changed(value, {
    resources,
    env: each((variable) =>
      changed(variable, {
        value: withoutEmptyText,
        valueFrom: (from) => changed(from, { resourceFieldRef: fieldReference }),
      }),
    ),
    volumeMounts: each((mount) => changed(mount, { readOnly: withoutFalse })),
    stdin: withoutFalse,
    stdinOnce: withoutFalse,
    tty: withoutFalse,
  }),
);

const volume: Change = (value) =>
  changed(value, {
    emptyDir: (dir) => changed(dir, { sizeLimit: quantity, medium: withoutEmptyText }),
    downwardAPI: (api) => changed(api, { items }),
    projected: (projection) =>
      changed(projection, {
        sources: each((source) => changed(source, { downwardAPI: (api) => changed(api, { items }) })),
      }),
    ephemeral: (given) =>
      changed(given, {
        volumeClaimTemplate: (template) =>
          changed(template, { spec: filled('resources', {}, (spec) => changed(spec, { resources })) }),
      }),
  });

const podSpec: Change = (spec) =>
  changed(withoutEmptyLists(spec) ?? {}, {
    containers: each(container),
    initContainers: each(container),
    volumes: each(volume),
    overhead: quantities,
    hostNetwork: withoutFalse,
    hostPID: withoutFalse,
    hostIPC: withoutFalse,
  });

/** The content of a workload with `spec.template`, in those words. */
export const asGoWrites = (content: JsonObject): JsonObject => {
  const next = changed(content, {
    spec: (spec) =>
      changed(spec, { template: (template) => changed(template, { spec: podSpec }), paused: withoutFalse }),
  });
  return isObject(next) ? next : content;
};
