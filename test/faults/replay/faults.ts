/** The faults of a script, brought about on a real control plane. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Manifest } from '../../support/cluster/cluster.ts';
import type { Reported, World } from '../../support/cluster/system.ts';
import type { PartKey } from '../model/content.ts';
import type { Fault, Script } from '../model/script.ts';
import type { Process } from '../process.ts';

/** Of the model's time, in which a release may take six times as long. */
export const slower = 4;

export interface Stage {
  readonly world: World;
  readonly script: Script;
  /** The process that leads. */
  readonly leader: () => Process;
  /** Another one begins to lead, and the one before is ended so much later. */
  readonly handOver: (heldMs: number) => Promise<void>;
  /** The candidate that is under way, as it was when it was signed. */
  readonly signed: () => Reported | undefined;
}

const admission = 'admissionregistration.k8s.io/v1';
const finalizer = 'example.com/held';

const plurals: Readonly<Record<string, readonly [group: string, plural: string]>> = {
  ConfigMap: ['', 'configmaps'],
  ServiceAccount: ['', 'serviceaccounts'],
  PersistentVolumeClaim: ['', 'persistentvolumeclaims'],
  Service: ['', 'services'],
  Deployment: ['apps', 'deployments'],
  StatefulSet: ['apps', 'statefulsets'],
  DaemonSet: ['apps', 'daemonsets'],
  Job: ['batch', 'jobs'],
};

/** What is refused to our own identities by a rule of somebody else's. */
const ruleOf = (world: World, name: string, key: PartKey, of: 'Everybody' | 'Operator' | 'Restorer'): Manifest[] => {
  const [kind = '', object = ''] = key.split('/');
  const [group = '', plural = ''] = plurals[kind] ?? [];
  const who = of === 'Everybody' ? ['operator', 'restorer'] : [of.toLowerCase()];
  const users = who.map((each) => `'system:serviceaccount:countersign-system:countersign-${each}'`).join(', ');
  const named = kind === 'Job' ? `request.name.startsWith('${object}-')` : `request.name == '${object}'`;
  const metadata = { name };
  return [
    {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Fail',
        matchConstraints: {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': world.production } },
          resourceRules: [
            {
              apiGroups: [group],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE', 'DELETE'],
              resources: [plural],
            },
          ],
        },
        validations: [
          { expression: `!(request.userInfo.username in [${users}] && ${named})`, message: 'a rule refuses it' },
        ],
      },
    },
    {
      apiVersion: admission,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name, validationActions: ['Deny'] },
    },
  ];
};

/** Brings one about; what it left comes off when its time is over, or when the history is. */
const carryOut = async (fault: Fault, number: number, stage: Stage): Promise<(() => Promise<void>) | undefined> => {
  const { world, script, leader, handOver, signed } = stage;
  const parts = [...new Set([...script.has, ...script.had])];
  const partOf = ({ part }: { readonly part: number }): PartKey => parts[part % parts.length] ?? 'ConfigMap/settings';
  const installer = world.as('installer');
  const name = `${world.production}-${number}`;
  switch (fault.is) {
    case 'Crash':
      leader().arm({ at: fault.effect + 1, write: fault.how === 'Before' ? 'Unsent' : 'Unanswered' });
      return undefined;
    case 'Handover':
      await handOver(fault.heldMs / slower);
      return undefined;
    case 'Refusal': {
      const rule = ruleOf(world, name, partOf(fault), fault.of);
      for (const each of rule) await installer.create(each);
      return async () => {
        for (const { kind } of rule.toReversed()) await installer.delete({ apiVersion: admission, kind, name });
      };
    }
    case 'Quota': {
      const quota = { ...world.ref('ResourceQuota'), metadata: { name, namespace: world.production } };
      await installer.create({ ...quota, spec: { hard: { pods: '0' } } });
      return async () => void (await installer.delete(world.ref('ResourceQuota', name)));
    }
    case 'Finalizer': {
      const [kind = '', object = ''] = partOf(fault).split('/');
      const target = world.ref(kind, object);
      await installer.patch(target, 'merge', { metadata: { finalizers: [finalizer] } });
      return async () => void (await installer.patch(target, 'merge', { metadata: { finalizers: null } }));
    }
    case 'Rejection': {
      const manifest = signed()?.status?.approvalManifests?.['approver'];
      if (manifest === undefined) return undefined;
      const approval = JSON.parse(manifest) as Manifest & { readonly spec: Readonly<Record<string, unknown>> };
      const spec = { ...approval.spec, decision: 'Reject', comment: 'not this one' };
      const metadata = { namespace: world.production, generateName: 'no-' };
      await world.as('approver-b').create({ ...approval, metadata, spec });
      return undefined;
    }
    case 'Order':
      await world.as('sre-a').create({
        ...world.ref('Rollback'),
        metadata: { name: `order-${number}`, namespace: world.production },
        spec: { package: 'payments', reason: 'customers complain' },
      });
      return undefined;
    case 'PodDeleted': {
      const app = partOf(fault).split('/')[1] ?? '';
      const pods = await installer.list({ ...world.ref('Pod'), labelSelector: `app=${app}` } as never);
      const [pod] = pods.ok ? pods.body.items : [];
      if (pod?.metadata.name !== undefined) await installer.delete(world.ref('Pod', pod.metadata.name));
      return undefined;
    }
    // Nodes and watches belong to all histories.
    case 'WatchSlow':
    case 'WatchLost':
    case 'ApiDown':
    case 'DefaultClass':
    case 'Reboot':
    case 'NodeAway':
      return undefined;
  }
};

/** All of a script, each at its time from now on. */
export const bringAbout = async (stage: Stage): Promise<readonly (() => Promise<void>)[]> => {
  const undo: (() => Promise<void>)[] = [];
  await Promise.all(
    stage.script.faults.map(async (fault, number) => {
      await sleep('at' in fault ? fault.at / slower : 0);
      const off = await carryOut(fault, number, stage);
      const forMs = 'forMs' in fault ? fault.forMs : null;
      if (off === undefined) return;
      if (forMs === null) undo.push(off);
      else await sleep(forMs / slower).then(off);
    }),
  );
  return undo;
};
