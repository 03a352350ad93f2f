/** What becomes of a namespace that is guarded, or would be. */
import { accepted, type Manifest } from '../../support/cluster/cluster.ts';
import { asItIs, dryRun, namespaceOf, refusedBy, type Check } from '../world/check.ts';
import type { GuardWorld } from '../world/guard-world.ts';
import { fresh, production } from '../../support/attack/objects.ts';

const guarded = (mode: string | null) => ({ metadata: { labels: { 'countersign.dev/guarded': mode } } });
const noted = { metadata: { annotations: { more: 'more' } } };

/** The namespace controller is asked who it is, and nothing else: whatever comes with its report. */
const reports = (what: string, name: string, body: object): Check => ({
  name: `the namespace controller reports, and ${what}`,
  passes: async ({ controller }) =>
    (await controller('namespace-controller').patch(namespaceOf(name, 'status'), 'merge', body, dryRun)).ok,
});

const written = async ({ as }: GuardWorld, metadata: object = {}) => {
  const found = asItIs(accepted(await as('installer').get<Manifest>(namespaceOf(production))));
  return as('attacker').replace({ ...found, metadata: { ...found.metadata, ...metadata } }, dryRun);
};

export const ofNamespaces: readonly Check[] = [
  {
    name: 'who may write namespaces writes one back as it is',
    passes: async (world) => (await written(world)).ok,
  },
  {
    name: 'who may write namespaces writes one back, and nobody says any more who manages it',
    passes: async (world) => (await written(world, { managedFields: [{}] })).ok,
  },
  {
    name: 'who may write namespaces says of one what it says already',
    passes: async ({ as }) => {
      const { apiVersion, kind, name } = namespaceOf(production);
      const labels = { 'countersign.dev/guarded': 'enforce' };
      return (
        await as('attacker').patch(namespaceOf(name), 'apply', { apiVersion, kind, metadata: { name, labels } }, dryRun)
      ).ok;
    },
  },
  {
    name: 'who does not administer takes nothing away from it',
    passes: async ({ as }) => {
      accepted(await as('admin').patch(namespaceOf(production), 'merge', noted));
      const answer = await as('attacker').patch(
        namespaceOf(production),
        'merge',
        { metadata: { annotations: null } },
        dryRun,
      );
      return refusedBy(answer, 'NamespaceGuardRightMissing');
    },
  },
  reports('annotates', production, noted),
  reports('takes the guard off', production, guarded(null)),
  reports('has a namespace guarded that may not be', 'kube-public', guarded('enforce')),
  {
    name: 'nobody else reports',
    passes: async ({ as, controller }) => {
      const target = namespaceOf(production, 'status');
      const answers = [as('attacker'), controller('generic-garbage-collector')].map((who) =>
        who.patch(target, 'merge', {}, dryRun),
      );
      return (await Promise.all(answers)).every((answer) => refusedBy(answer, 'NamespaceGuardStatus'));
    },
  },
  {
    name: 'a namespace is put under audit at first',
    passes: async ({ as }) => {
      const created = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: fresh('shop'), labels: {} } };
      accepted(await as('installer').create(created));
      return (await as('admin').patch(namespaceOf(created.metadata.name), 'merge', guarded('audit'), dryRun)).ok;
    },
  },
  {
    name: 'what was guarded before is administered, though nobody might guard it now',
    passes: async ({ as }, { kube, ending }) =>
      (await as('admin').patch(namespaceOf(kube), 'merge', noted, dryRun)).ok &&
      (await as('admin').patch(namespaceOf(ending), 'merge', noted, dryRun)).ok,
  },
  {
    name: 'a namespace that is being deleted is not guarded any more',
    passes: async ({ as }, { endingOpen }) =>
      refusedBy(
        await as('admin').patch(namespaceOf(endingOpen), 'merge', guarded('enforce'), dryRun),
        'NamespaceGuardPlace',
      ),
  },
  {
    name: 'what is no namespace may carry the label',
    passes: async ({ as }) => {
      const volume = {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: fresh('volume'), labels: { 'countersign.dev/guarded': 'enforce' } },
        spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/none' } },
      };
      return (await as('attacker').create(volume, dryRun)).ok;
    },
  },
];
