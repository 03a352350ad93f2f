/** The API server as the person who typed the command: reads in pages, writes that carry their preconditions, and questions about their rights. */
import { group } from '../../operator/api/kinds.ts';
import type { Kind } from '../../operator/api/kinds.ts';
import { rightOf, type Answer, type RightQuestion, rightReviews } from '../../operator/decide/api-queries.ts';
import { createClient, type Client } from '../../operator/kube/client.ts';
import { listApiResources } from '../../operator/kube/discovery.ts';
import { Failure, toFailure } from '../../operator/kube/failures.ts';
import { listPages, watch, type Selection } from '../../operator/kube/read.ts';
import { isRecord, type KubeObject, type ObjectRef, type ResourceRow } from '../../operator/kube/resource.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { createTransport, type Transport } from '../../operator/kube/transport.ts';
import type { Identity } from '../../operator/api/meta.ts';
import { Problem } from '../exit.ts';
import { connectionTo } from './connection.ts';
import { credentialsOf } from './credentials.ts';
import { loadAccess, type Access, type Wanted } from './kubeconfig.ts';

/** Most objects of one kind that a command reads: it says so where there are more. */
const longestList = 20_000;

/** What a rule of RBAC gives. */
export interface RuleSeen {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** An object as it is now, or that it was deleted; `Current`: everything that there is has been told. */
export type ChangeSeen =
  | { readonly type: 'Is'; readonly object: KubeObject }
  | { readonly type: 'Deleted'; readonly uid: string }
  | { readonly type: 'Current' };

export class Cluster {
  readonly access: Access;
  readonly client: Client;
  readonly transport: Transport;
  readonly #known = new Map<string, Promise<unknown>>();

  constructor(access: Access, transport: Transport) {
    this.access = access;
    this.transport = transport;
    this.client = createClient({ transport, fieldManager: 'kubectl-countersign' });
  }

  /** An object; undefined = there is none. @throws {Failure} also when it may not be read */
  async find(resource: ResourceRow, ref: ObjectRef): Promise<KubeObject | undefined> {
    try {
      return await this.client.getResource(resource, ref);
    } catch (error) {
      if (toFailure(error).kind === 'NotFound') return undefined;
      throw error;
    }
  }

  /** One of ours; undefined = there is none. */
  findOur(kind: Kind, ref: ObjectRef): Promise<KubeObject | undefined> {
    return this.find(ourResource(kind), ref);
  }

  /** Everything of a kind, page by page. @throws Problem when there is more than anybody reads */
  async list(resource: ResourceRow, selection: Selection = {}): Promise<readonly KubeObject[]> {
    const found: KubeObject[] = [];
    for await (const { items } of listPages(this.transport, resource, selection)) {
      found.push(...items);
      if (found.length > longestList) {
        throw new Problem(`There are more than ${longestList} ${resource.plural}`, 'Name a namespace with -n');
      }
    }
    return found;
  }

  listOur(kind: Kind, selection: Selection = {}): Promise<readonly KubeObject[]> {
    return this.list(ourResource(kind), selection);
  }

  /**
   * What there is, and then what happens, of some objects; goes on after breaks, until the signal. What is deleted is told as `DELETED`, also
   * when that happened while nobody listened: of `known`, which was read before, and of what was told.
   */
  async *follow(
    resource: ResourceRow,
    selection: Selection,
    given: {
      readonly signal: AbortSignal;
      readonly known?: readonly { readonly metadata: { readonly uid: string } }[];
    },
  ): AsyncGenerator<ChangeSeen, void, undefined> {
    const { signal } = given;
    const known = new Set((given.known ?? []).map(({ metadata }) => metadata.uid));
    let failures = 0;
    while (!signal.aborted) {
      const told = new Set<string>();
      const silence = silenceAfter(idleMs);
      try {
        const stream = watch(this.transport, resource, selection, {
          after: undefined,
          timeoutSeconds: 300,
          signal: AbortSignal.any([signal, silence.signal]),
        });
        for await (const event of stream) {
          failures = 0;
          silence.heard();
          if (event.type !== 'BOOKMARK') {
            const { uid } = event.object.metadata;
            told.add(uid);
            if (event.type === 'DELETED') {
              known.delete(uid);
              yield { type: 'Deleted', uid };
            } else {
              known.add(uid);
              yield { type: 'Is', object: event.object };
            }
          } else if (event.initialEventsEnd) {
            for (const uid of [...known].filter((each) => !told.has(each))) {
              known.delete(uid);
              yield { type: 'Deleted', uid };
            }
            yield { type: 'Current' };
          }
        }
        await pause(restartMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = toFailure(error);
        const passes = failure.kind === 'Gone' || failure.kind === 'Unavailable' || failure.kind === 'Throttled';
        if (!passes || failures >= patience) throw failure;
        failures += 1;
        await pause(Math.min(500 * 2 ** failures, 10_000), signal);
      } finally {
        silence.end();
      }
    }
  }

  /** Whether there is such a kind. */
  async serves({ apiVersion, plural }: ResourceRow): Promise<boolean> {
    const served = await this.#once(`served ${apiVersion}`, async () => {
      try {
        return await listApiResources(this.transport, apiVersion);
      } catch (error) {
        if (toFailure(error).kind === 'NotFound') return [];
        throw error;
      }
    });
    return served.some((each) => each.plural === plural);
  }

  /** Who the API server says this is. */
  whoAmI(): Promise<Identity> {
    return this.#once('who', async () => {
      const { body } = await this.transport.request({
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
      });
      const user = fieldOf(fieldOf(body, 'status'), 'userInfo');
      const groups = fieldOf(user, 'groups');
      return {
        username: textOf(fieldOf(user, 'username')),
        uid: textOf(fieldOf(user, 'uid')),
        groups: Array.isArray(groups) ? groups.map(String) : [],
      };
    });
  }

  /** Whether the person may do something. */
  async may(attributes: Readonly<Record<string, string>>): Promise<boolean> {
    const { body } = await this.transport.request({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: attributes },
      },
    });
    const status = fieldOf(body, 'status');
    return fieldOf(status, 'allowed') === true && fieldOf(status, 'denied') !== true;
  }

  /** Whether the person holds a right of ours by name: asked and judged as the operator does. */
  async holds(question: RightQuestion): Promise<Answer> {
    const { namespace } = question;
    const held = await Promise.all(
      rightReviews(question).map((attributes) => this.may({ group, namespace, ...attributes })),
    );
    return rightOf(question, held);
  }

  /** What RBAC gives the person in a namespace. Authorizers other than RBAC may give more, and say that the list is not all. */
  rules(namespace: string): Promise<{ readonly rules: readonly RuleSeen[]; readonly complete: boolean }> {
    return this.#once(`rules ${namespace}`, async () => {
      const { body } = await this.transport.request({
        method: 'POST',
        path: '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
        body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } },
      });
      const status = fieldOf(body, 'status');
      const rules = fieldOf(status, 'resourceRules');
      return { rules: Array.isArray(rules) ? rules.map(ruleOf) : [], complete: fieldOf(status, 'incomplete') !== true };
    });
  }

  close(): Promise<void> {
    return this.transport.close();
  }

  #once<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key);
    if (known !== undefined) return known as Promise<T>; // oxlint-disable-line typescript/no-unsafe-type-assertion -- each key has one type
    const asked = ask();
    this.#known.set(key, asked);
    return asked;
  }
}

/** The API server sends a bookmark about every minute: a stream that says nothing for so long is dead, and nobody would notice. */
const idleMs = 150_000;

/** Aborts when nothing was heard for so long. */
const silenceAfter = (ms: number) => {
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), ms);
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), ms);
    },
    end: () => clearTimeout(timer),
  };
};

/** Between two streams that ended well. */
const restartMs = 250;

/** Breaks of a stream in a row before it counts as an outage. */
const patience = 8;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });

const fieldOf = (value: unknown, field: string): unknown => (isRecord(value) ? value[field] : undefined);

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

const ruleOf = (rule: unknown): RuleSeen => ({
  verbs: textsOf(fieldOf(rule, 'verbs')),
  apiGroups: textsOf(fieldOf(rule, 'apiGroups')),
  resources: textsOf(fieldOf(rule, 'resources')),
  resourceNames: textsOf(fieldOf(rule, 'resourceNames')),
});

/** Whether an error says that the person may not. A credential that is not accepted says nothing of what its owner may. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Failure && error.kind === 'Forbidden' && error.refusal !== 'Authentication';

/** Reads the kubeconfig and makes the connection; nothing is sent yet. */
export const openCluster = async (wanted: Wanted, version: string, interactive: boolean): Promise<Cluster> => {
  const access = await loadAccess(wanted);
  const connection = await connectionTo(() => credentialsOf(access, wanted.env, interactive), version);
  return new Cluster(access, createTransport({ connection }));
};
