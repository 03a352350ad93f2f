/** Which programs make a control plane, and from which pinned Go module each one comes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In the order in which they are built: what a control plane needs first comes first. */
export const programNames = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'kubectl',
  'helm',
] as const;

export type ProgramName = (typeof programNames)[number];

/** What is built into a program. */
export interface Source {
  readonly name: string;
  /** Folder of the go.mod and go.sum that pin it. */
  readonly moduleDir: string;
  /** Go import path of its main package. */
  readonly package: string;
  /** Version of its module as go.mod pins it, such as `v1.36.3`. */
  readonly version: string;
  readonly ldflags: string;
}

interface Pin {
  readonly folder: string;
  readonly module: string;
  readonly package: string;
  /** Linker variables that tell the program its own version. */
  readonly stamp: (version: string) => Readonly<Record<string, string>>;
}

function kubernetes(command: string): Pin {
  return {
    folder: 'kubernetes',
    module: 'k8s.io/kubernetes',
    package: `k8s.io/kubernetes/cmd/${command}`,
    stamp: (version) => {
      const [major = '', minor = ''] = version.slice(1).split('.');
      const stamps: Record<string, string> = {};
      for (const holder of ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']) {
        Object.assign(stamps, {
          [`${holder}.gitVersion`]: version,
          [`${holder}.gitMajor`]: major,
          [`${holder}.gitMinor`]: minor,
        });
      }
      return stamps;
    },
  };
}

const unstamped = (): Readonly<Record<string, string>> => ({});

const sources: Readonly<Record<ProgramName, Pin>> = {
  etcd: {
    folder: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    package: 'go.etcd.io/etcd/server/v3',
    stamp: unstamped,
  },
  'kube-apiserver': kubernetes('kube-apiserver'),
  'kube-controller-manager': kubernetes('kube-controller-manager'),
  'kube-scheduler': kubernetes('kube-scheduler'),
  kwok: {
    folder: 'kwok',
    module: 'sigs.k8s.io/kwok',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    stamp: unstamped,
  },
  kubectl: kubernetes('kubectl'),
  helm: {
    folder: 'helm',
    module: 'helm.sh/helm/v4',
    package: 'helm.sh/helm/v4/cmd/helm',
    stamp: (version) => ({ 'helm.sh/helm/v4/internal/version.version': version }),
  },
};

/** The program as its go.mod pins it. Throws when the go.mod does not require its module. */
export function program(name: ProgramName): Source {
  const source = sources[name];
  const moduleDir = join(import.meta.dirname, 'build', source.folder);
  const version = pinnedVersion(moduleDir, source.module);
  const stamps = Object.entries(source.stamp(version)).map(([variable, value]) => `-X ${variable}=${value}`);
  return { name, moduleDir, package: source.package, version, ldflags: ['-s', '-w', ...stamps].join(' ') };
}

function pinnedVersion(moduleDir: string, module: string): string {
  for (const line of readFileSync(join(moduleDir, 'go.mod'), 'utf8').split('\n')) {
    const [path, version] = line
      .replace(/^require\s+/, '')
      .trim()
      .split(/\s+/);
    if (path === module && version?.startsWith('v') === true) return version;
  }
  throw new Error(`${moduleDir}/go.mod does not require ${module}`);
}
