/** What of others may change a write to production is named by the policy, as it is now, and counted. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { accepted, startTimeoutMs, waitFor } from '../support/cluster/cluster.ts';
import { condition, startSystem, type Reported, type System, type World } from '../support/cluster/system.ts';
import { patienceMs } from '../support/scenario/kit.ts';

let system: System;
let world: World;

beforeAll(async () => {
  system = await startSystem();
  world = await system.world('mutators');
}, startTimeoutMs * 2);

afterAll(() => system?.stop());

const says = async (wanted: (status: string, message: string) => boolean): Promise<string> => {
  const policy = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => {
      const { status = '', message = '' } = condition(each, 'NoForeignMutators') ?? {};
      return wanted(status, message);
    },
    patienceMs,
  );
  return condition(policy, 'NoForeignMutators')?.message ?? '';
};
const saysNothing = () => says((status) => status === 'True');
const saysOf = (name: string, besides = 'nothing') =>
  says((status, message) => status === 'False' && message.includes(name) && !message.includes(besides));

const admission = 'admissionregistration.k8s.io/v1';
const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['deployments'] };
const here = () => ({ matchLabels: { 'kubernetes.io/metadata.name': world.production } });
const digits = (message: string, name: string): string => message.split(`${name} (`)[1]?.slice(0, 8) ?? '';

test(
  'a webhook that comes is named, and so is that it changes; one of other namespaces is not',
  async () => {
    const installer = system.as('installer');
    await saysNothing();
    const target = { apiVersion: admission, kind: 'MutatingWebhookConfiguration', name: 'injector' };
    const webhook = (name: string, namespaceSelector: object) => ({
      apiVersion: admission,
      kind: 'MutatingWebhookConfiguration',
      metadata: { name },
      webhooks: [
        {
          name: 'injector.example.com',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Ignore',
          timeoutSeconds: 1,
          clientConfig: { url: 'https://127.0.0.1:1/inject' },
          namespaceSelector,
          rules: [rule],
        },
      ],
    });
    accepted(await installer.create(webhook('elsewhere', { matchLabels: { 'example.com/inject': 'yes' } })));
    accepted(await installer.create(webhook('injector', here())));
    const first = await saysOf('MutatingWebhookConfiguration/injector');
    expect(first).toMatch(/^1 other is asked /);

    const change = [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE', 'UPDATE'] }];
    accepted(await installer.patch(target, 'json', change));
    const known = `(${digits(first, 'MutatingWebhookConfiguration/injector')})`;
    const second = await saysOf('MutatingWebhookConfiguration/injector', known);
    expect(digits(second, 'MutatingWebhookConfiguration/injector')).toMatch(/^[0-9a-f]{8}$/);

    for (const name of ['injector', 'elsewhere']) accepted(await installer.delete({ ...target, name }));
    await saysNothing();
  },
  patienceMs * 5,
);

test(
  'a mutating policy of others is named once it is bound, and no longer when it is not',
  async () => {
    const installer = system.as('installer');
    const policy = { apiVersion: admission, kind: 'MutatingAdmissionPolicy' };
    const binding = { apiVersion: admission, kind: 'MutatingAdmissionPolicyBinding' };
    const expression = 'Object{metadata: Object.metadata{labels: {"foreign": "yes"}}}';
    accepted(
      await installer.create({
        ...policy,
        metadata: { name: 'foreign' },
        spec: {
          failurePolicy: 'Ignore',
          reinvocationPolicy: 'Never',
          matchConstraints: { namespaceSelector: here(), resourceRules: [rule] },
          mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression } }],
        },
      }),
    );
    accepted(await installer.create({ ...binding, metadata: { name: 'foreign' }, spec: { policyName: 'foreign' } }));
    expect(await saysOf('MutatingAdmissionPolicy/foreign')).toMatch(/^1 other is asked /);
    accepted(await installer.delete({ ...binding, name: 'foreign' }));
    await saysNothing();
    accepted(await installer.delete({ ...policy, name: 'foreign' }));
  },
  patienceMs * 5,
);
