/** What is so, looked up beside the terminal: the audience sees kubectl, the demonstration also checks behind its back. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { LedgerEntrySpec, LedgerType } from '../../operator/api/ledger.ts';
import type { EmergencyAccessStatus } from '../../operator/api/emergency.ts';
import type { ReleaseCandidateStatus } from '../../operator/api/candidate.ts';
import { accepted } from '../controlplane/client.ts';
import type { ControlPlane } from '../controlplane/controlplane.ts';
import type { KubeObject } from '../controlplane/objects.ts';

export const staging = 'payments-staging';
export const production = 'payments-prod';
const apiVersion = 'countersign.dev/v1alpha1';

interface Candidate extends KubeObject {
  readonly status?: ReleaseCandidateStatus;
}

interface Access extends KubeObject {
  readonly status?: EmergencyAccessStatus;
}

interface Entry extends KubeObject {
  readonly spec: LedgerEntrySpec;
}

/** What the release is about, and nothing that a controller writes. */
export interface Workloads {
  /** Image of each Deployment. */
  readonly images: Readonly<Record<string, string>>;
  /** Data of each ConfigMap. */
  readonly configs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly services: readonly string[];
}

interface Deployment extends KubeObject {
  readonly spec: {
    readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
  };
}

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const nameOf = ({ metadata }: KubeObject): string => metadata.name ?? '';

export class Facts {
  readonly #cluster: ControlPlane;

  constructor(cluster: ControlPlane) {
    this.#cluster = cluster;
  }

  async status(candidate: string): Promise<ReleaseCandidateStatus> {
    const target = { apiVersion, kind: 'ReleaseCandidate', namespace: staging, name: candidate };
    const { status } = accepted(await this.#cluster.client('auditor-a').get<Candidate>(target));
    if (status === undefined) throw new Error(`${candidate} has no status`);
    return status;
  }

  /** The reason of its end; '' while it is under way. */
  async end(candidate: string): Promise<string> {
    const { conditions } = await this.status(candidate);
    return conditions.find(({ type, status }) => type === 'Finished' && status === 'True')?.reason ?? '';
  }

  async access(name: string): Promise<EmergencyAccessStatus> {
    const target = { apiVersion, kind: 'EmergencyAccess', namespace: production, name };
    const { status } = accepted(await this.#cluster.client('auditor-a').get<Access>(target));
    if (status === undefined) throw new Error(`${name} has no status`);
    return status;
  }

  /** What the record says happened to an object of ours, in order. */
  async story(name: string): Promise<readonly string[]> {
    return (await this.ledger()).filter(({ subject }) => subject.name === name).map(({ type }) => type);
  }

  /** The record, in order. */
  async ledger(): Promise<readonly LedgerEntrySpec[]> {
    const target = { apiVersion, kind: 'LedgerEntry', namespace: production };
    const { items } = accepted(await this.#cluster.client('auditor-a').list<Entry>(target));
    return items.map(({ spec }) => spec).toSorted((a, b) => a.seq - b.seq);
  }

  /** When the record says that this happened to the candidate, in milliseconds since 1970. */
  async at(candidate: string, type: LedgerType): Promise<number> {
    const entry = (await this.ledger()).find((each) => each.type === type && each.subject.name === candidate);
    if (entry === undefined) throw new Error(`the record has no ${type} of ${candidate}`);
    return Date.parse(entry.time);
  }

  async workloads(): Promise<Workloads> {
    const admin = this.#cluster.client('admin');
    const namespace = production;
    const [deployments, configs, services] = await Promise.all([
      admin.list<Deployment>({ apiVersion: 'apps/v1', kind: 'Deployment', namespace }),
      admin.list<ConfigMap>({ apiVersion: 'v1', kind: 'ConfigMap', namespace }),
      admin.list({ apiVersion: 'v1', kind: 'Service', namespace }),
    ]);
    return {
      images: Object.fromEntries(
        accepted(deployments).items.map((each) => [nameOf(each), each.spec.template.spec.containers[0]?.image ?? '']),
      ),
      configs: Object.fromEntries(
        accepted(configs)
          .items.filter((each) => nameOf(each) !== 'kube-root-ca.crt')
          .map((each) => [nameOf(each), each.data ?? {}]),
      ),
      services: accepted(services).items.map(nameOf),
    };
  }

  /** Waits until the API server judges no more by an admission policy that was just deleted: an edit of configuration is told so. */
  async ungoverned(policy: string): Promise<void> {
    const target = { apiVersion: 'v1', kind: 'ConfigMap', namespace: production, name: 'api-config' };
    for (let tries = 0; tries < 200; tries++) {
      const answer = await this.#cluster
        .client('admin')
        .patch(target, 'merge', { data: { canary: '' } }, { dryRun: 'All' });
      if (!answer.ok && !(answer.body.message ?? '').includes(policy)) return;
      await sleep(50);
    }
    throw new Error(`${policy} still acts`);
  }

  /** Waits until a right that was just given is one that the authorizer knows. */
  async holds(who: string, verb: string, resource: string): Promise<void> {
    const review: Review = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: { user: who, resourceAttributes: { group: 'countersign.dev', resource, verb, namespace: production } },
    };
    for (let tries = 0; tries < 200; tries++) {
      const answer = accepted(await this.#cluster.client('installer').create(review));
      if (answer.status?.allowed === true) return;
    }
    throw new Error(`${who} does not get verb ${verb} on ${resource}`);
  }
}

interface Review extends KubeObject {
  readonly spec: unknown;
  readonly status?: { readonly allowed: boolean };
}
