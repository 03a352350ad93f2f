/** What an emergency access is made of in the cluster, and until when: functions of the object alone, so that everybody computes the same. */
import { milliseconds } from '../../api/duration.ts';
import type { EmergencyAccess } from '../../api/emergency.ts';
import { group, unclockedAct, virtualResources } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { contentDigest } from '../manifest/content-digest.ts';
import type { Instant, ObjectKey } from '../objects.ts';
import { grantKeys, grantName } from '../record/grant-names.ts';

const minuteMs = 60_000;
const rbac = 'rbac.authorization.k8s.io';

/** When it ends at the latest. Both inputs are the API server's, and never change. */
export const notAfterOf = ({ metadata, spec }: Pick<EmergencyAccess, 'metadata' | 'spec'>): Instant =>
  Date.parse(metadata.creationTimestamp) + milliseconds(spec.duration);

/**
 * The whole UTC minutes that lie before `notAfter`, from the one in which it began, as CEL writes an instant: `2026-11-22T10:12`. What is left of the
 * last minute is cut off: never late, up to 59 s early.
 */
export const minutesOf = (from: Instant, notAfter: Instant): readonly string[] => {
  const first = Math.floor(from / minuteMs);
  const end = Math.floor(notAfter / minuteMs);
  return Array.from({ length: Math.max(0, end - first) }, (_, i) =>
    new Date((first + i) * minuteMs).toISOString().slice(0, 16),
  );
};

/** `Closed`: nobody is bound yet. */
export type GrantPhase = 'Closed' | 'Open';

export interface Grant {
  readonly access: Pick<EmergencyAccess, 'metadata' | 'spec'>;
  readonly clusterRole: string;
}

/** The Role of the minutes and both bindings, as they are sent. */
export const grantObjects = ({ access, clusterRole }: Grant, phase: GrantPhase): readonly JsonObject[] => {
  const { name: accessName, namespace, uid } = access.metadata;
  const name = grantName(uid);
  const metadata = (of: string): JsonObject => ({
    name: of,
    namespace,
    labels: { 'app.kubernetes.io/managed-by': 'countersign' },
    annotations: { 'countersign.dev/emergency': accessName },
  });
  const subjects = phase === 'Open' ? [{ apiGroup: rbac, kind: 'User', name: access.spec.grantee }] : [];
  const binding = (of: string, kind: 'Role' | 'ClusterRole', role: string): JsonObject => ({
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: metadata(of),
    roleRef: { apiGroup: rbac, kind, name: role },
    ...(subjects.length === 0 ? {} : { subjects }),
  });
  const minutes = minutesOf(Date.parse(access.metadata.creationTimestamp), notAfterOf(access));
  return [
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: metadata(name),
      rules: [
        {
          apiGroups: [group],
          resources: [virtualResources.emergencyMinutes],
          resourceNames: [...minutes, unclockedAct],
          verbs: ['use'],
        },
      ],
    },
    binding(name, 'Role', name),
    binding(`${name}-role`, 'ClusterRole', clusterRole),
  ];
};

export interface GrantDigests {
  readonly object: ObjectKey;
  readonly Closed: string;
  readonly Open: string;
}

const computed = new WeakMap<object, Map<string, readonly GrantDigests[]>>();

/** What each of the three may hold on the way: the digests that explain it. Computed once for an object: a day has 1,440 minutes. */
export const grantDigests = (grant: Grant): readonly GrantDigests[] => {
  const known = computed.get(grant.access) ?? new Map<string, readonly GrantDigests[]>();
  computed.set(grant.access, known);
  const digests = known.get(grant.clusterRole) ?? digestsOf(grant);
  known.set(grant.clusterRole, digests);
  return digests;
};

const digestsOf = (grant: Grant): readonly GrantDigests[] => {
  const [closed, open] = (['Closed', 'Open'] as const).map((phase) =>
    grantObjects(grant, phase).map((object) => contentDigest(object)),
  );
  return grantKeys(grant.access.metadata.uid).map((object, i) => ({
    object,
    Closed: closed?.[i] ?? '',
    Open: open?.[i] ?? '',
  }));
};
