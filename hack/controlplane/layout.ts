/** Where a control plane keeps its files, and on which ports it listens. */
import { join } from 'node:path';

export interface Ports {
  readonly apiServer: number;
  readonly etcdClient: number;
  readonly etcdPeer: number;
}

/** Every path below the instance's folder. */
export interface Layout {
  readonly dir: string;
  readonly state: string;
  readonly pki: Readonly<
    Record<'caCertificate' | 'caKey' | 'serverCertificate' | 'serverKey' | 'tokenKey' | 'tokenPublicKey', string>
  >;
  readonly etcdData: string;
  readonly logs: string;
  readonly auditPolicy: string;
  readonly auditLog: string;
  /** What kwok is told about nodes and pods. */
  readonly stages: string;
  /** Of people and tests: one file an identity. */
  readonly kubeconfigs: string;
  /** Of the control plane's own programs. */
  readonly programKubeconfigs: string;
}

export function layout(dir: string): Layout {
  const pki = join(dir, 'pki');
  return {
    dir,
    state: join(dir, 'controlplane.json'),
    pki: {
      caCertificate: join(pki, 'ca.crt'),
      caKey: join(pki, 'ca.key'),
      serverCertificate: join(pki, 'apiserver.crt'),
      serverKey: join(pki, 'apiserver.key'),
      tokenKey: join(pki, 'tokens.key'),
      tokenPublicKey: join(pki, 'tokens.pub'),
    },
    etcdData: join(dir, 'etcd'),
    logs: join(dir, 'logs'),
    auditPolicy: join(dir, 'audit-policy.yaml'),
    auditLog: join(dir, 'audit.log'),
    stages: join(dir, 'stages'),
    kubeconfigs: join(dir, 'kubeconfigs'),
    programKubeconfigs: join(dir, 'programs'),
  };
}

/** The kubeconfig file of an identity; a name that is no file name is percent-encoded. */
export function kubeconfigFile(dir: string, identity: string): string {
  const name = encodeURIComponent(identity);
  return join(layout(dir).kubeconfigs, name === '.' || name === '..' ? `_${name}` : name);
}
