/** A validating webhook of a test's own: it lets everything through, and sees it or holds it up meanwhile. */
import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

import { issue } from '../../../operator/gate/tls/issue-certificate.ts';
import { accepted, type ApiClient, type KubeObject } from './cluster.ts';

export interface Review<T extends KubeObject> {
  readonly request: Readonly<Record<string, unknown>> & {
    readonly uid: string;
    readonly object: T;
    readonly oldObject: T;
  };
  readonly headers: IncomingHttpHeaders;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly resources: readonly string[];
  readonly operations: readonly string[];
}

export interface Webhook {
  /** Takes the configuration back and ends the server. */
  stop(): Promise<void>;
}

/**
 * The API server asks this webhook about what `rule` names, from a moment after this resolves: it takes a little to hear of a new configuration.
 * `seen`: what is written waits until it resolves, for 10 s at most.
 */
export const startWebhook = <T extends KubeObject>(
  installer: ApiClient,
  rule: Rule,
  seen: (review: Review<T>) => Promise<void> | void,
): Promise<Webhook> => serve<T>(installer, { kind: 'ValidatingWebhookConfiguration', name: 'asked', rule, seen });

/** The same for one that changes what is written in namespaces with these labels: by the JSON patches that it answers. */
export const startMutator = <T extends KubeObject>(
  installer: ApiClient,
  given: {
    readonly name: string;
    readonly rule: Rule;
    readonly labels: Readonly<Record<string, string>>;
    readonly patches: (review: Review<T>) => readonly JsonPatch[];
  },
): Promise<Webhook> => serve<T>(installer, { ...given, kind: 'MutatingWebhookConfiguration', seen: given.patches });

export type JsonPatch = Readonly<Record<'op' | 'path', string> & { value?: unknown }>;

interface Served<T extends KubeObject> {
  readonly kind: 'ValidatingWebhookConfiguration' | 'MutatingWebhookConfiguration';
  readonly name: string;
  readonly rule: Rule;
  readonly labels?: Readonly<Record<string, string>>;
  readonly seen: (review: Review<T>) => Promise<void> | void | readonly JsonPatch[];
}

const serve = async <T extends KubeObject>(
  installer: ApiClient,
  { kind: sort, name, rule, labels = {}, seen }: Served<T>,
): Promise<Webhook> => {
  const issued = await issue({ hosts: ['127.0.0.1'], now: Date.now(), validForMs: 3_600_000 });
  const server = createServer({ cert: issued.certificate, key: issued.key }, (incoming, response) => {
    void (async () => {
      const { request } = (await json(incoming)) as Pick<Review<T>, 'request'>;
      const patches = (await seen({ request, headers: incoming.headers })) ?? [];
      const patch = Buffer.from(JSON.stringify(patches)).toString('base64');
      const answer = {
        uid: request.uid,
        allowed: true,
        ...(patches.length === 0 ? {} : { patchType: 'JSONPatch', patch }),
      };
      const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review));
    })();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const configuration = {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: sort,
    metadata: { name },
    webhooks: [
      {
        name: `${name}.countersign.test`,
        namespaceSelector: { matchLabels: labels },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: {
          url: `https://127.0.0.1:${port}/`,
          caBundle: Buffer.from(issued.authority).toString('base64'),
        },
        rules: [rule],
      },
    ],
  };
  accepted(await installer.create(configuration));
  return {
    async stop() {
      const { apiVersion, kind, metadata } = configuration;
      accepted(await installer.delete({ apiVersion, kind, name: metadata.name }));
      server.closeAllConnections();
      server.close();
    },
  };
};
