/** What confinement holds of our own two identities: each kind that a release may contain, with each act, where nobody guards. */
import { systemNamespace } from '../../../hack/controlplane/chart.ts';
import type { JsonObject } from '../../../operator/api/meta.ts';
import { jobFinalizer } from '../../../operator/api/kinds.ts';
import { promotableKinds } from '../../../operator/decide/manifest/kinds/index.ts';
import type { PromotableKind } from '../../../operator/decide/manifest/kinds/shared/kind.ts';
import { accepted, type Answer, type ApiClient, type KubeObject } from '../../support/cluster/cluster.ts';
import { bind, eventually, role } from '../../support/attack/world.ts';
import { fresh, production } from '../../support/attack/objects.ts';
import { patched } from '../../support/scenario/patched.ts';
import { dryDelete, dryRun, refusedBy, type WorldCheck } from '../world/check.ts';
import { anObject, customKinds, groupOf, isBuiltIn, serveCustomKinds } from '../world/custom-kinds.ts';
import { one } from '../world/guard-objects.ts';
import { open } from '../world/guard-world.ts';
import type { OwnWorld } from '../world/own-world.ts';

type Check = WorldCheck<OwnWorld>;

const programs = ['operator', 'restorer'] as const;
const usernameOf = (who: string): string => `system:serviceaccount:${systemNamespace}:countersign-${who}`;

const lies = 'confined';

/** Serves every kind that a release may contain, and lays one of each where nobody guards. */
export async function prepareConfinement(world: OwnWorld): Promise<void> {
  const installer = world.as('installer');
  await serveCustomKinds(installer);
  const rights = { apiGroups: [...new Set(customKinds.map(groupOf))], resources: ['*'] };
  await role(world, 'test-released', { ...rights, verbs: ['create', 'update', 'patch', 'delete'] });
  for (const who of programs) await bind(world, { user: usernameOf(who), role: 'test-released' });
  for (const row of promotableKinds)
    await eventually(
      `${row.plural} of ${row.apiVersion} lie there`,
      () => installer.create(anObject(row, lies, open)),
      ({ ok, code }) => ok || code === 409,
    );
  accepted(await installer.create(one('pods', lies, { namespace: open })));
}

const isHeld = (answer: Answer<unknown>, place: 'unguarded' | 'never' = 'unguarded'): boolean =>
  refusedBy(answer, 'ConfinedToProduction') &&
  !answer.ok &&
  (answer.body.message ?? '').includes(place === 'never' ? 'never in a kube- namespace' : 'which is not guarded');

type Act = (who: ApiClient, row: PromotableKind) => Promise<Answer<unknown>>;

const target = ({ apiVersion, kind }: PromotableKind) => ({ apiVersion, kind, namespace: open, name: lies });

const acts: Readonly<Record<string, Act>> = {
  creates: (who, row) => who.create(anObject(row, fresh('new'), open), dryRun),
  updates: (who, row) => who.patch(target(row), 'merge', { metadata: { labels: { other: 'yes' } } }, dryRun),
  deletes: (who, row) => who.delete(target(row), dryDelete),
};

const ofKinds: readonly Check[] = promotableKinds.flatMap((row) =>
  Object.entries(acts).map(([does, act]) => ({
    name: `nothing of ours ${does} ${row.plural} of ${row.apiVersion} where nobody guards`,
    passes: async (world: OwnWorld) => {
      for (const who of programs) if (!isHeld(await act(world[who], row))) return false;
      return true;
    },
  })),
);

/** The status of one in each group: what a release never writes, no confinement asks about. */
const ofOthers: readonly Check[] = ['daemonsets', 'poddisruptionbudgets', 'ingresses', 'services']
  .map((plural) => promotableKinds.find((row) => row.plural === plural && isBuiltIn(row)))
  .concat(promotableKinds.filter((row) => !isBuiltIn(row)))
  .concat(promotableKinds.filter(({ plural }) => plural === 'cronjobs' || plural === 'horizontalpodautoscalers'))
  .flatMap((row) =>
    row === undefined
      ? []
      : [
          {
            name: `the status of ${row.plural} of ${row.apiVersion} is not asked about`,
            passes: async ({ operator }) => {
              const labels = { metadata: { labels: { other: 'yes' } } };
              return (await operator.patch({ ...target(row), subresource: 'status' }, 'merge', labels, dryRun)).ok;
            },
          },
        ],
  );

const ofPlaces: readonly Check[] = [
  ...['kube-public', systemNamespace].map((namespace) => ({
    name: `nothing of ours writes in ${namespace}, guarded or not`,
    passes: async ({ operator }: OwnWorld) =>
      isHeld(await operator.create(one('configmaps', fresh('new'), { namespace }), dryRun), 'never'),
  })),
  {
    name: 'others write where nobody guards',
    passes: async ({ as, controller }) =>
      (await as('attacker').create(one('configmaps', fresh('new'), { namespace: open }), dryRun)).ok &&
      (
        await controller('generic-garbage-collector').delete(
          { apiVersion: 'v1', kind: 'ConfigMap', namespace: open, name: lies },
          dryDelete,
        )
      ).ok,
  },
  {
    name: 'nothing of ours deletes or evicts pods where nobody guards',
    passes: async ({ operator, restorer }) => {
      const pod = { apiVersion: 'v1', kind: 'Pod', namespace: open, name: lies };
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: lies, namespace: open } };
      return (
        isHeld(await restorer.delete(pod, dryDelete)) &&
        isHeld(await operator.createAt({ ...pod, subresource: 'eviction' }, { ...eviction, deleteOptions: dryDelete }))
      );
    },
  },
];

const mine = 'example.com/mine';

/** A Job of production that waits for the record of its end, and for somebody else. */
const held = async ({ operator }: OwnWorld): Promise<KubeObject> =>
  accepted(
    await operator.create(
      one('jobs', fresh('held'), {
        metadata: { finalizers: [jobFinalizer, mine], annotations: { said: 'before' } },
        spec: {
          managedBy: 'example.com/nobody',
          suspend: true,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'registry.example/app' }] } },
        },
      }),
    ),
  );

const lets = (metadata: JsonObject = {}): JsonObject => ({ metadata: { finalizers: [mine], ...metadata } });

const alongWith: readonly (readonly [what: string, patch: JsonObject])[] = [
  ['its content', { ...lets(), spec: { parallelism: 2 } }],
  ['an annotation that was there', lets({ annotations: { said: 'after' } })],
  ['all annotations', lets({ annotations: null })],
  ['an owner', lets({ ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: lies, uid: 'none' }] })],
];

const ofJobs: readonly Check[] = [
  {
    name: 'the operator lets go of a Job, and what else holds it stays',
    passes: async (world) => (await world.operator.replace(patched(await held(world), lets()), dryRun)).ok,
  },
  ...alongWith.map(([what, patch]) => ({
    name: `JobsOnlyLetGo: the operator changes ${what} of a Job along with its finalizer`,
    passes: async (world: OwnWorld) =>
      refusedBy(await world.operator.replace(patched(await held(world), patch), dryRun), 'JobsOnlyLetGo'),
  })),
  {
    name: 'the operator changes what is no Job',
    passes: async ({ operator }) =>
      (
        await operator.patch(
          { apiVersion: 'v1', kind: 'ConfigMap', namespace: production, name: 'settings' },
          'merge',
          { data: { level: 'debug' } },
          dryRun,
        )
      ).ok,
  },
];

export const ofConfinement: readonly Check[] = [...ofKinds, ...ofOthers, ...ofPlaces, ...ofJobs];
