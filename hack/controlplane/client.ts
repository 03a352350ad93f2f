/**
 * A minimal client of the Kubernetes API over mutual TLS, for tooling and tests: it sends exactly what it is told, retries
 * nothing, and returns every answer, refusals included.
 */
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

import { parse } from 'yaml';

import { parseJson } from './json.ts';
import type { Endpoint } from './kubeconfig.ts';
import type { KubeList, KubeObject, Manifest, Status, Target, WatchEvent } from './objects.ts';

const requestTimeoutMs = 60_000;

/** Whom to talk to, and as whom: with a client certificate, with a bearer token, or anonymously. */
export interface Connection extends Endpoint {
  readonly certificate?: string;
  readonly key?: string;
  readonly token?: string;
}

export type Answer<T> =
  | { readonly ok: true; readonly code: number; readonly body: T }
  | { readonly ok: false; readonly code: number; readonly body: Status };

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

/** Options of a write, under the API's own names. */
export interface WriteOptions {
  readonly dryRun?: 'All';
  readonly fieldManager?: string;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
}

export interface PatchOptions extends WriteOptions {
  /** Takes fields over from other managers; only with `apply`. */
  readonly force?: boolean;
}

export interface ListOptions {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly limit?: number;
  readonly continue?: string;
}

export interface WatchOptions extends ListOptions {
  readonly sendInitialEvents?: boolean;
  readonly allowWatchBookmarks?: boolean;
  readonly signal?: AbortSignal;
}

/** The body of a DELETE: `metav1.DeleteOptions`. */
export interface DeleteOptions {
  readonly dryRun?: readonly ['All'];
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export interface RawRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly body?: unknown;
  /** `application/json` when absent. */
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface RawAnswer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

const patchContentTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Thrown where an answer was required and the API server refused. */
export class Refused extends Error {
  readonly status: Status;

  constructor(what: string, status: Status) {
    super(`${what}: ${status.code} ${status.reason ?? ''} ${status.message ?? ''}`);
    this.name = 'Refused';
    this.status = status;
  }
}

export class ApiClient {
  readonly #connection: Connection;
  readonly #agent: Agent;
  readonly #resources = new Map<string, Resource>();

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#agent = new Agent({
      keepAlive: true,
      ca: connection.caCertificate,
      ...(connection.certificate === undefined ? {} : { cert: connection.certificate }),
      ...(connection.key === undefined ? {} : { key: connection.key }),
    });
  }

  /** What a kubeconfig needs to know of this API server. */
  get endpoint(): Endpoint {
    const { server, caCertificate } = this.#connection;
    return { server, caCertificate };
  }

  /** The same API server, with a bearer token (of a ServiceAccount, say) instead of this client's certificate. */
  withToken(token: string): ApiClient {
    return new ApiClient({ ...this.endpoint, token });
  }

  async get<T = KubeObject>(target: Target): Promise<Answer<T>> {
    return this.#send<T>({ method: 'GET', path: await this.#path(target) });
  }

  async list<T = KubeObject>(target: Target, options: ListOptions = {}): Promise<Answer<KubeList<T>>> {
    return this.#send<KubeList<T>>({ method: 'GET', path: (await this.#path(target)) + queryOf({ ...options }) });
  }

  /** Creates the object where its own metadata says. */
  async create<T extends KubeObject>(object: T | Manifest, options: WriteOptions = {}): Promise<Answer<T>> {
    const { name: _, ...collection } = targetOf(object);
    return this.createAt<T>(collection, object, options);
  }

  /** POSTs any body to any target: subresources such as `eviction`, `binding` and `token`. */
  async createAt<T = KubeObject>(target: Target, body: unknown, options: WriteOptions = {}): Promise<Answer<T>> {
    return this.#send<T>({ method: 'POST', path: (await this.#path(target)) + queryOf({ ...options }), body });
  }

  /** Replaces the object, or one of its subresources, with what is given. */
  async replace<T extends KubeObject>(
    object: T | Manifest,
    options: WriteOptions & { readonly subresource?: string } = {},
  ): Promise<Answer<T>> {
    const { subresource, ...query } = options;
    const target = { ...targetOf(object), ...(subresource === undefined ? {} : { subresource }) };
    return this.#send<T>({ method: 'PUT', path: (await this.#path(target)) + queryOf(query), body: object });
  }

  async patch<T = KubeObject>(
    target: Target,
    type: PatchType,
    body: unknown,
    options: PatchOptions = {},
  ): Promise<Answer<T>> {
    const query = type === 'apply' ? { fieldManager: 'countersign-test', ...options } : { ...options };
    const path = (await this.#path(target)) + queryOf(query);
    return this.#send<T>({ method: 'PATCH', path, body, contentType: patchContentTypes[type] });
  }

  /** Deletes the object, or the whole collection when the target has no name. */
  async delete<T = KubeObject | Status>(
    target: Target,
    options: DeleteOptions & Pick<ListOptions, 'labelSelector' | 'fieldSelector'> = {},
  ): Promise<Answer<T>> {
    const { labelSelector, fieldSelector, ...body } = options;
    const path = (await this.#path(target)) + queryOf({ labelSelector, fieldSelector });
    return this.#send<T>({ method: 'DELETE', path, body });
  }

  /**
   * One watch, until the server or the signal ends it. Without a resourceVersion it begins with an ADDED event for every object
   * there is. Throws `Refused` when the API server refuses it.
   */
  async *watch<T = KubeObject>(target: Target, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>, void, void> {
    const { signal, ...selection } = options;
    const path = (await this.#path(target)) + queryOf({ ...selection, watch: true });
    const response = await this.#open({ method: 'GET', path, ...(signal === undefined ? {} : { signal }) });
    if (response.statusCode !== 200) {
      throw new Refused(`watch ${path}`, statusOf(response.statusCode ?? 0, await text(response)));
    }
    try {
      for await (const line of createInterface({ input: response })) yield parseJson<WatchEvent<T>>(line);
    } catch (error) {
      if (signal?.aborted !== true) throw error;
    } finally {
      response.destroy();
    }
  }

  /** Any request at all; the answer as it came. */
  async raw(raw: RawRequest): Promise<RawAnswer> {
    const timeout = AbortSignal.timeout(requestTimeoutMs);
    const signal = raw.signal === undefined ? timeout : AbortSignal.any([raw.signal, timeout]);
    const response = await this.#open({ ...raw, signal });
    return { code: response.statusCode ?? 0, headers: response.headers, text: await text(response) };
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #send<T>(raw: RawRequest): Promise<Answer<T>> {
    const { code, text } = await this.raw(raw);
    if (code >= 200 && code < 300) return { ok: true, code, body: parseJson<T>(text) };
    return { ok: false, code, body: statusOf(code, text) };
  }

  #open(raw: RawRequest): Promise<IncomingMessage> {
    const { token } = this.#connection;
    const body = raw.body === undefined ? undefined : JSON.stringify(raw.body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        new URL(raw.path, this.#connection.server),
        {
          method: raw.method,
          agent: this.#agent,
          ...(raw.signal === undefined ? {} : { signal: raw.signal }),
          headers: {
            accept: 'application/json',
            'user-agent': 'countersign-controlplane',
            // Node states no length for the body of a DELETE, and the API server would read it as the next request.
            ...(body === undefined
              ? {}
              : { 'content-type': raw.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...raw.headers,
          },
        },
        resolve,
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  async #path(target: Target): Promise<string> {
    const { apiVersion, kind, namespace, name, subresource } = target;
    const resource = await this.#resource(apiVersion, kind);
    if (resource.namespaced && namespace === undefined && (name !== undefined || subresource !== undefined)) {
      throw new Error(`${kind} ${name ?? ''}: a namespaced object needs its namespace`);
    }
    const parts = [
      ...(resource.namespaced && namespace !== undefined ? ['namespaces', namespace] : []),
      resource.name,
      ...(name === undefined ? [] : [name]),
      ...(subresource === undefined ? [] : [subresource]),
    ];
    return [groupPath(apiVersion), ...parts.map(encodeURIComponent)].join('/');
  }

  async #resource(apiVersion: string, kind: string): Promise<Resource> {
    const key = `${apiVersion}/${kind}`;
    const known = this.#resources.get(key);
    if (known !== undefined) return known;
    const answer = await this.#send<{ resources: readonly Resource[] }>({ method: 'GET', path: groupPath(apiVersion) });
    if (!answer.ok) throw new Refused(`discovery of ${apiVersion}`, answer.body);
    const found = answer.body.resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
    if (found === undefined) throw new Error(`the API server serves no ${kind} in ${apiVersion}`);
    this.#resources.set(key, found);
    return found;
  }
}

interface Kubeconfig {
  readonly clusters: readonly [{ cluster: { server: string; 'certificate-authority-data': string } }];
  readonly users: readonly [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
}

/** A client as the user of a kubeconfig that `writeKubeconfig` wrote. */
export function clientFromKubeconfig(path: string): ApiClient {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own kubeconfigs hold one cluster and one user
  const config = parse(readFileSync(path, 'utf8')) as Kubeconfig;
  const [{ cluster }] = config.clusters;
  const [{ user }] = config.users;
  return new ApiClient({
    server: cluster.server,
    caCertificate: fromBase64(cluster['certificate-authority-data']),
    certificate: fromBase64(user['client-certificate-data']),
    key: fromBase64(user['client-key-data']),
  });
}

function fromBase64(data: string): string {
  return Buffer.from(data, 'base64').toString('utf8');
}

/** The object of an answer that must be a success. Throws `Refused` otherwise. */
export function accepted<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.body;
  throw new Refused('refused', answer.body);
}

/** The Status of an answer that must be a refusal. Throws when the request succeeded. */
export function refused(answer: Answer<unknown>): Status {
  if (!answer.ok) return answer.body;
  throw new Error(`admitted with ${answer.code}, although a refusal was expected: ${JSON.stringify(answer.body)}`);
}

/** Where an object lives. */
export function targetOf({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): Target {
  return {
    apiVersion,
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
  };
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function queryOf(query: Query): string {
  const given = Object.entries(query).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, String(value)] as const],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(given)).toString()}`;
}

/** Some refusals (of the authentication, of unknown paths) are plain text. */
function statusOf(code: number, body: string): Status {
  try {
    const status = parseJson<Partial<Status> | null>(body);
    if (status?.kind === 'Status') return { ...status, kind: 'Status', code };
  } catch {
    // not JSON: the text itself is the message
  }
  return { kind: 'Status', code, message: body.trim() };
}
