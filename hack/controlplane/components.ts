/** The command line of each program of a control plane. */
import { join } from 'node:path';

import type { Binaries } from './binaries.ts';
import type { Layout, Ports } from './layout.ts';
import type { Command } from './process.ts';
import { stageFiles } from './stages.ts';

/** Clients of the API server, started once it serves. */
export const followerNames = ['kube-controller-manager', 'kube-scheduler', 'kwok'] as const;

/** In the order in which they start. */
export const componentNames = ['etcd', 'kube-apiserver', ...followerNames] as const;

export type ComponentName = (typeof componentNames)[number];

/** What the command lines depend on. */
export interface ComponentSettings {
  readonly ports: Ports;
  /** `On`: etcd flushes every write to disk, as in production. */
  readonly fsync: 'On' | 'Off';
  readonly audit: 'On' | 'Off';
  /** Appended to the API server's arguments; a repeated flag overrides. */
  readonly apiServerArgs: readonly string[];
}

const serviceIpRange = '10.96.0.0/16';
/** The `kubernetes` Service: the first address of the range. */
export const serviceIp = '10.96.0.1';

const nodeIp = '10.0.0.1';
const podIpRange = '10.244.0.0/16';
/** In megabytes: an audit log that rotated would be read incompletely. */
const auditLogMaxSize = 100_000;

/** The controllers that need a cloud, real volumes or more nodes than there are; each would cost a start-up request or two. */
const unneededControllers = [
  'node-ipam-controller',
  'persistentvolume-attach-detach-controller',
  'persistentvolume-expander-controller',
];

export function componentCommand(
  name: ComponentName,
  binaries: Binaries,
  at: Layout,
  settings: ComponentSettings,
): Command {
  return {
    program: binaries[name],
    args: args[name](at, settings),
    logFile: join(at.logs, `${name}.log`),
  };
}

const args: Readonly<Record<ComponentName, (at: Layout, settings: ComponentSettings) => string[]>> = {
  etcd: (at, { ports, fsync }) => [
    `--data-dir=${at.etcdData}`,
    `--listen-client-urls=${local(ports.etcdClient)}`,
    `--advertise-client-urls=${local(ports.etcdClient)}`,
    `--listen-peer-urls=${local(ports.etcdPeer)}`,
    `--initial-advertise-peer-urls=${local(ports.etcdPeer)}`,
    `--initial-cluster=default=${local(ports.etcdPeer)}`,
    '--quota-backend-bytes=8589934592',
    '--log-level=warn',
    ...(fsync === 'Off' ? ['--unsafe-no-fsync'] : []),
  ],

  'kube-apiserver': (at, { ports, audit, apiServerArgs }) => [
    `--etcd-servers=${local(ports.etcdClient)}`,
    `--secure-port=${ports.apiServer}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--tls-cert-file=${at.pki.serverCertificate}`,
    `--tls-private-key-file=${at.pki.serverKey}`,
    `--client-ca-file=${at.pki.caCertificate}`,
    `--service-account-key-file=${at.pki.tokenPublicKey}`,
    `--service-account-signing-key-file=${at.pki.tokenKey}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-cluster-ip-range=${serviceIpRange}`,
    '--authorization-mode=Node,RBAC',
    '--allow-privileged',
    // Without it an ending API server waits for its watches, which nobody ends: a restart would take a minute.
    '--shutdown-watch-termination-grace-period=100ms',
    ...(audit === 'On'
      ? [
          `--audit-policy-file=${at.auditPolicy}`,
          `--audit-log-path=${at.auditLog}`,
          `--audit-log-maxsize=${auditLogMaxSize}`,
        ]
      : []),
    ...apiServerArgs,
  ],

  'kube-controller-manager': (at) => [
    `--kubeconfig=${programKubeconfig(at, 'kube-controller-manager')}`,
    '--use-service-account-credentials',
    `--service-account-private-key-file=${at.pki.tokenKey}`,
    `--root-ca-file=${at.pki.caCertificate}`,
    `--cluster-signing-cert-file=${at.pki.caCertificate}`,
    `--cluster-signing-key-file=${at.pki.caKey}`,
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--leader-elect=false',
    '--secure-port=0',
    // A machine that was suspended must not look like a cluster whose nodes have died.
    '--node-monitor-grace-period=1h',
    `--controllers=*,${unneededControllers.map((controller) => `-${controller}`).join(',')}`,
  ],

  'kube-scheduler': (at) => [
    `--kubeconfig=${programKubeconfig(at, 'kube-scheduler')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ],

  kwok: (at) => [
    `--kubeconfig=${programKubeconfig(at, 'kwok')}`,
    '--manage-all-nodes=true',
    '--node-lease-duration-seconds=0',
    `--node-ip=${nodeIp}`,
    `--cidr=${podIpRange}`,
    ...stageFiles(at.stages).map((file) => `--config=${file}`),
  ],
};

/** By which a program of the control plane reaches the API server. */
export function programKubeconfig(at: Layout, name: (typeof followerNames)[number]): string {
  return join(at.programKubeconfigs, `${name}.kubeconfig`);
}

function local(port: number): string {
  return `http://127.0.0.1:${port}`;
}
