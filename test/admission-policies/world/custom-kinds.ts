/** The kinds that a release may contain and that definitions of others give: served here without their schema, which no policy asks for. */
import { promotableKinds } from '../../../operator/decide/manifest/kinds/index.ts';
import type { PromotableKind } from '../../../operator/decide/manifest/kinds/shared/kind.ts';
import { eventually } from '../../support/attack/world.ts';
import { accepted, type ApiClient, type Manifest } from '../../support/cluster/cluster.ts';
import { dryRun } from './check.ts';
import { kinds, one } from './guard-objects.ts';

/** A kind that the API server serves without a definition. */
export const isBuiltIn = ({ apiVersion, plural }: PromotableKind): boolean => kinds[plural]?.apiVersion === apiVersion;

export const groupOf = ({ apiVersion }: PromotableKind): string => apiVersion.split('/')[0] ?? '';

/** Those of which this world knows nothing else. */
export const customKinds: readonly PromotableKind[] = promotableKinds.filter((row) => !isBuiltIn(row));

export const anObject = (row: PromotableKind, name: string, namespace: string): Manifest =>
  isBuiltIn(row)
    ? one(row.plural, name, { namespace })
    : { apiVersion: row.apiVersion, kind: row.kind, metadata: { name, namespace }, spec: {} };

const definition = (row: PromotableKind): Manifest => {
  const { apiVersion, plural, kind } = row;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${groupOf(row)}`,
      // Of groups that Kubernetes owns.
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/891' },
    },
    spec: {
      group: groupOf(row),
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [
        {
          name: apiVersion.split('/')[1],
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          subresources: { status: {} },
        },
      ],
    },
  };
};

/** Waits until each is served. */
export async function serveCustomKinds(installer: ApiClient): Promise<void> {
  for (const row of customKinds) {
    const answer = await installer.create(definition(row));
    if (answer.code !== 409) accepted(answer);
  }
  for (const row of customKinds)
    await eventually(
      `${row.plural} of ${row.apiVersion} are served`,
      () => installer.create(anObject(row, 'any', 'default'), dryRun),
      ({ ok }) => ok,
    );
}
