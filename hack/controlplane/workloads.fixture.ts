/** Small workloads for the tests of the control plane. */
import type { KubeObject, Manifest } from './objects.ts';

export interface Pod extends KubeObject {
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly podIP?: string;
    readonly hostIP?: string;
    readonly startTime?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
  };
}

export interface Deployment extends KubeObject {
  readonly status: { readonly readyReplicas?: number; readonly availableReplicas?: number };
}

export interface Job extends KubeObject {
  readonly status: {
    readonly succeeded?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly imageID: string;
  readonly ready: boolean;
  readonly started?: boolean;
  readonly restartCount: number;
  readonly state: {
    readonly waiting?: { readonly reason: string };
    readonly running?: { readonly startedAt: string };
    readonly terminated?: { readonly exitCode: number; readonly reason: string };
  };
}

/** A Deployment whose pods behave as the annotation `countersign.test/behaviour` says; healthy without one. */
export function deployment(name: string, replicas: number, behaviour?: string): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, behaviour) },
  };
}

/** A Job of one try whose pod behaves like that. */
export function job(name: string, behaviour?: string): Manifest {
  const { metadata, spec } = template(name, behaviour);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'default' },
    spec: { backoffLimit: 0, template: { metadata, spec: { ...spec, restartPolicy: 'Never' } } },
  };
}

function template(app: string, behaviour?: string) {
  const annotations = behaviour === undefined ? {} : { 'countersign.test/behaviour': behaviour };
  return {
    metadata: { labels: { app }, annotations },
    spec: {
      containers: [
        { name: 'main', image: 'registry.example/app:1' },
        { name: 'side', image: 'registry.example/side:1' },
      ],
    },
  };
}
