/** T07, field by field: a restart lets through no other change of a pod template. The fields are those that the API server serves. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { accepted, type Answer, type KubeObject } from '../../support/cluster/cluster.ts';
import { at, image } from '../world/guard-objects.ts';
import { startGuardWorld, type GuardWorld } from '../world/guard-world.ts';
import { policyLock } from '../../support/attack/attack.ts';
import { eventually, said } from '../../support/attack/world.ts';

let world: GuardWorld;
beforeAll(async () => {
  world = await startGuardWorld();
}, 120_000);
afterAll(() => world?.stop());

type Fields = Readonly<Record<string, unknown>>;

const probe = { tcpSocket: { port: 81 } };

/** Another value of each field than the template has. */
const pod: Fields = {
  affinity: { nodeAffinity: {} },
  automountServiceAccountToken: false,
  containers: [{ name: 'main', image: image('c') }],
  dnsConfig: { searches: ['evil.example'] },
  dnsPolicy: 'Default',
  enableServiceLinks: false,
  hostAliases: [{ ip: '10.0.0.9', hostnames: ['bank'] }],
  hostIPC: true,
  hostNetwork: true,
  hostPID: true,
  hostUsers: false,
  hostname: 'other',
  hostnameOverride: 'other',
  imagePullSecrets: [{ name: 'other' }],
  initContainers: [{ name: 'first', image: image('c') }],
  nodeName: 'node-0',
  nodeSelector: { other: 'yes' },
  os: { name: 'linux' },
  overhead: { cpu: '1' },
  preemptionPolicy: 'Never',
  priority: 7,
  priorityClassName: 'other',
  readinessGates: [{ conditionType: 'example.dev/ready' }],
  resourceClaims: [{ name: 'one', resourceClaimName: 'other' }],
  resources: { limits: { cpu: '1' } },
  runtimeClassName: 'other',
  schedulerName: 'other',
  schedulingGates: [{ name: 'example.dev/gate' }],
  securityContext: { runAsUser: 0 },
  serviceAccount: 'other',
  serviceAccountName: 'other',
  setHostnameAsFQDN: true,
  shareProcessNamespace: true,
  subdomain: 'other',
  terminationGracePeriodSeconds: 1,
  tolerations: [{ operator: 'Exists' }],
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }],
  volumes: [{ name: 'host', hostPath: { path: '/' } }],
};

const container: Fields = {
  args: ['--evil'],
  command: ['sh'],
  env: [{ name: 'LEVEL', value: 'trace' }],
  envFrom: [{ configMapRef: { name: 'other' } }],
  image: image('c'),
  imagePullPolicy: 'Always',
  lifecycle: { postStart: { exec: { command: ['sh'] } } },
  livenessProbe: probe,
  name: 'second',
  ports: [{ containerPort: 81 }],
  readinessProbe: probe,
  resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }],
  resources: { limits: { cpu: '1' } },
  securityContext: { privileged: true },
  startupProbe: probe,
  stdin: true,
  stdinOnce: true,
  terminationMessagePath: '/etc/shadow',
  terminationMessagePolicy: 'FallbackToLogsOnError',
  tty: true,
  volumeMounts: [{ name: 'kept', mountPath: '/kept' }],
  workingDir: '/other',
};

const metadata: Fields = {
  labels: { extra: 'yes' },
  annotations: { 'sidecar.example.dev/inject': 'yes' },
  finalizers: ['example.dev/hold'],
};

/** Fields that no Deployment may set, so that there is nothing to let through. */
const impossible: Readonly<Record<string, string>> = {
  'spec.activeDeadlineSeconds': 'for Jobs',
  'spec.ephemeralContainers': 'for pods that run',
  'spec.restartPolicy': 'always Always',
  'spec.schedulingGroup': 'a feature that is off by default',
  'spec.containers[].restartPolicy': 'for init containers, unless a feature is on',
  'spec.containers[].restartPolicyRules': 'a feature that is off by default',
  'spec.containers[].volumeDevices': 'for volumes of blocks, which need a claim of that kind',
};

const rows: readonly (readonly [field: string, template: Fields])[] = [
  ...Object.entries(metadata).map(([field, value]) => [`metadata.${field}`, { metadata: { [field]: value } }] as const),
  ...Object.entries(pod).map(([field, value]) => [`spec.${field}`, { spec: { [field]: value } }] as const),
  ...Object.entries(container).map(
    ([field, value]) =>
      [
        `spec.containers[].${field}`,
        {
          spec: {
            containers: [{ name: 'main', image: image('a'), [field]: value }],
            ...(field === 'volumeMounts' ? { volumes: [{ name: 'kept', emptyDir: {} }] } : {}),
          },
        },
      ] as const,
  ),
];

test('there is a row for every field of a pod template', async () => {
  const { text } = await world.as('installer').raw({ method: 'GET', path: '/openapi/v3/apis/apps/v1' });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the API server's own description
  const { components } = JSON.parse(text) as {
    components: { schemas: Readonly<Record<string, { properties: Fields }>> };
  };
  const of = (kind: string) => Object.keys(components.schemas[`io.k8s.api.core.v1.${kind}`]?.properties ?? {});
  const fields = [
    ...of('PodSpec').map((name) => `spec.${name}`),
    ...of('Container').map((name) => `spec.containers[].${name}`),
  ];
  const known = [...rows.map(([field]) => field), ...Object.keys(impossible)];
  expect(fields.length).toBeGreaterThan(60);
  expect(known.filter((field) => !field.startsWith('metadata.')).toSorted()).toEqual(fields.toSorted());
});

interface Workload extends KubeObject {
  readonly spec: { readonly template: { readonly metadata: { readonly annotations?: Fields }; readonly spec: Fields } };
}

/** A holder of the right to operate restarts it, and changes the template in one more place. Nothing of it stays. */
const attempt = (template: Fields): Promise<Answer<Workload>> => {
  const { metadata: more, ...rest } = template as { metadata?: { annotations?: Fields } };
  const restartedAt = { 'kubectl.kubernetes.io/restartedAt': '2026-03-11T15:00:00Z' };
  const annotations = { ...more?.annotations, ...restartedAt };
  return world
    .as('sre-a')
    .patch<Workload>(
      at('deployments', 'standing'),
      'strategic',
      { spec: { template: { ...rest, metadata: { ...more, annotations } } } },
      { dryRun: 'All' },
    );
};

describe('a restart with another value of', () => {
  test.each(rows)('%s is refused', async (_, template) => {
    expect(said(await attempt(template))).toContain(
      'ProductionGuardWorkload: sre-a may not change deployments standing',
    );
  });
});

test('a restart alone is let through', async () => {
  expect(said(await attempt({}))).toBe('admitted (200)');
});

describe('control, without the guard, with another value of', () => {
  let close: () => Promise<void>;
  let before: string;
  beforeAll(async () => {
    before = text(await attempt({}));
    close = await policyLock('countersign-guard-workloads').open(world);
    await eventually(
      'it is open',
      () => attempt({ spec: { hostPID: true } }),
      ({ ok }) => ok,
    );
  });
  afterAll(async () => close());

  const text = (answer: Answer<Workload>): string => JSON.stringify(accepted(answer).spec.template);

  test.each(rows)('%s is taken, and the template is another', async (_, template) => {
    expect(text(await attempt(template))).not.toBe(before);
  });
});
