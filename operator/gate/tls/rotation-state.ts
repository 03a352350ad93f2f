/** The state of the certificates as it lies in the Secret `countersign-gate`, and in the webhook configuration of that name. */
import { z } from 'zod';
import type { KubeObject, Manifest, ResourceRow } from '../../kube/resource.ts';
import type { Publication, State, Stored } from './rotation-plan.ts';
import { entryOf } from '../../api/webhooks.ts';
import { pathOf } from './secret-path.ts';

/** Name of the Secret, in our namespace, and of the webhook configuration. The chart creates both, without what is written here. */
export const gateName = 'countersign-gate';

export const secrets: ResourceRow = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

export const configurations: ResourceRow = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  namespaced: false,
};

/** Key of the Secret. */
const stateKey = 'state.json';
/** On the configuration: the resource version of the Secret that it was written from. */
const fromAnnotation = 'countersign.dev/gate-state';

const issued = z.object({
  authority: z.string().min(1),
  certificate: z.string().min(1),
  key: z.string().min(1),
  hosts: z.array(z.string()),
  issuedAt: z.number(),
  notAfter: z.number(),
});

const state = z.object({
  seed: z.string().min(32),
  chain: z
    .object({
      current: issued,
      next: issued.extend({ publishedAt: z.number().optional() }).optional(),
      retired: z.array(z.object({ authority: z.string().min(1), until: z.number() })),
    })
    .optional(),
});

const secret = z.looseObject({ data: z.record(z.string(), z.string()).optional() });

/** What the Secret holds. What cannot be read counts as nothing: it is made anew. */
export const storedIn = (object: KubeObject): Stored => {
  const data = secret.safeParse(object).data?.data ?? {};
  const text = Buffer.from(data[stateKey] ?? '', 'base64').toString('utf8');
  const parsed = state.safeParse(parseJson(text));
  return { resourceVersion: object.metadata.resourceVersion, state: parsed.success ? stateOf(parsed.data) : undefined };
};

const stateOf = ({ seed, chain }: z.infer<typeof state>): State => ({
  seed,
  chain: chain && { current: chain.current, next: chain.next, retired: chain.retired },
});

/** The Secret with that state, to replace exactly the one it was read from. */
export const secretWith = (object: KubeObject, next: State): Manifest => {
  const data = secret.safeParse(object).data?.data ?? {};
  const text = Buffer.from(JSON.stringify(next), 'utf8').toString('base64');
  return { ...object, data: { ...data, [stateKey]: text } };
};

const webhook = z.looseObject({
  name: z.string(),
  clientConfig: z.looseObject({
    url: z.string().optional(),
    service: z.looseObject({ path: z.string().optional() }).optional(),
    caBundle: z.string().optional(),
  }),
});
type Webhook = z.infer<typeof webhook>;

const configuration = z.looseObject({ webhooks: z.array(webhook).default([]) });

/** What the configuration says of our webhooks; webhooks of other names in it are not ours. */
export const publishedIn = (object: KubeObject): Publication => ({
  from: object.metadata.annotations?.[fromAnnotation] ?? '',
  webhooks: configuration.parse(object).webhooks.flatMap(({ name, clientConfig }) => {
    const entry = entryOf(name);
    if (entry === undefined) return [];
    const trusted = Buffer.from(clientConfig.caBundle ?? '', 'base64').toString('utf8');
    return [{ entry, trusted, path: pathIn(clientConfig) }];
  }),
});

/** What is to be published, and the resource version of the Secret that says so. */
interface Given {
  readonly from: string;
  readonly seed: string;
  readonly index: number;
  readonly trusted: string | undefined;
}

/** The configuration with path and, where given, trusted certificates in every webhook of ours, to replace exactly the one it was read from. */
export const configurationWith = (object: KubeObject, given: Given): Manifest => {
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [fromAnnotation]: given.from } },
    webhooks: configuration.parse(object).webhooks.map((each) => written(each, given)),
  };
};

const written = (each: Webhook, { seed, index, trusted }: Given): Webhook => {
  const entry = entryOf(each.name);
  if (entry === undefined) return each;
  const path = pathOf(seed, index, entry);
  const { url, service } = each.clientConfig;
  return {
    ...each,
    clientConfig: {
      ...each.clientConfig,
      ...(service !== undefined && { service: { ...service, path } }),
      ...(url !== undefined && { url: new URL(path, url).href }),
      ...(trusted !== undefined && { caBundle: Buffer.from(trusted, 'utf8').toString('base64') }),
    },
  };
};

const pathIn = ({ url, service }: Webhook['clientConfig']): string =>
  service?.path ?? (url === undefined ? '' : new URL(url).pathname);

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
