/** What the API server makes of a content under its own name is what is signed for; who changes it on its way is found before that, and named. */
import { expect } from '@jest/globals';
import { eventually } from '../../support/attack/world.ts';
import { accepted, type KubeObject, type Manifest } from '../../support/cluster/cluster.ts';
import { image, type World } from '../../support/cluster/system.ts';
import { startMutator, type JsonPatch, type Review } from '../../support/cluster/webhook.ts';
import {
  amendPolicy,
  bundleOf,
  conditionSays,
  contentIn,
  end,
  everybody,
  gateSays,
  patched,
  release,
  scenarios,
  sign,
  staged,
  unguarded,
} from '../../support/scenario/kit.ts';
import { manifestOf, service } from '../../support/scenario/production.ts';

const { scenario, system, succeeds } = scenarios('mutated');

const admission = 'admissionregistration.k8s.io/v1';
const quick = { health: { progressTimeout: '90s', observeFor: '0s' } };
const named = (world: World) => ({ 'kubernetes.io/metadata.name': world.production });
const deployments = {
  apiGroups: ['apps'],
  apiVersions: ['v1'],
  resources: ['deployments'],
  operations: ['CREATE', 'UPDATE'],
};

/** Somebody's admission policy with its binding to production. */
const installed = async (
  world: World,
  kind: 'ValidatingAdmissionPolicy' | 'MutatingAdmissionPolicy',
  { spec, binding = {} }: { readonly spec: object; readonly binding?: object },
): Promise<string> => {
  const name = `${world.production}-${kind.toLowerCase()}`;
  const installer = system().as('installer');
  accepted(await installer.create({ apiVersion: admission, kind, metadata: { name }, spec }));
  const matchResources = { namespaceSelector: { matchLabels: named(world) } };
  accepted(
    await installer.create({
      apiVersion: admission,
      kind: `${kind}Binding`,
      metadata: { name },
      spec: { policyName: name, matchResources, ...binding },
    }),
  );
  return `${kind}/${name}`;
};

const ingress = (world: World, ...paths: readonly string[]): Manifest =>
  manifestOf(world, 'Ingress', 'web', {
    spec: {
      rules: [
        {
          host: 'shop.example',
          http: {
            paths: paths.map((path) => ({
              path,
              pathType: 'Prefix',
              backend: { service: { name: 'web', port: { number: 80 } } },
            })),
          },
        },
      ],
    },
  });

scenario(
  'an Ingress changes under its own name, where a policy lets no second one have its host',
  async (world) => {
    await installed(world, 'ValidatingAdmissionPolicy', {
      spec: {
        failurePolicy: 'Fail',
        paramKind: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: ['networking.k8s.io'],
              apiVersions: ['v1'],
              operations: ['CREATE', 'UPDATE'],
              resources: ['ingresses'],
            },
          ],
        },
        validations: [
          {
            expression:
              'object.metadata.name == params.metadata.name || !object.spec.rules.exists(r, params.spec.rules.exists(p, p.host == r.host))',
            message: 'the host is taken',
          },
        ],
      },
      binding: { validationActions: ['Deny'], paramRef: { selector: {}, parameterNotFoundAction: 'Allow' } },
    });
    const all = ['Service/web', 'Ingress/web'];
    await world.stage(service(world, 'web'), ingress(world, '/'));
    expect(await release(world, world.candidate('first', all))).toBe('Promoted');

    await world.stage(ingress(world, '/', '/api'));
    expect(await release(world, world.candidate('second', all))).toBe('Promoted');
    expect(JSON.stringify(await world.live('Ingress', 'web'))).toContain('"/api"');
  },
  quick,
);

/** Labels each Deployment with its name. */
const labelling = {
  failurePolicy: 'Fail',
  reinvocationPolicy: 'IfNeeded',
  matchConstraints: { resourceRules: [deployments] },
  mutations: [
    {
      patchType: 'ApplyConfiguration',
      applyConfiguration: {
        expression: 'Object{metadata: Object.metadata{labels: {"example.com/workload": object.metadata.name}}}',
      },
    },
  ],
};

/** Waits until the policy acts in production. */
const labels = (world: World) => {
  const probe = { ...world.deployment('probe', 'a'), metadata: { name: 'probe', namespace: world.production } };
  return eventually(
    'the policy acts',
    () => world.as('installer').create<KubeObject>(probe, { dryRun: 'All' }),
    (answer) => answer.ok && answer.body.metadata.labels?.['example.com/workload'] === 'probe',
  );
};

scenario(
  'a label that a mutating policy derives from the name is signed for as production gets it',
  async (world) => {
    await world.stage(world.deployment('web', 'a'));
    await world.propose(world.candidate('first', ['Deployment/web']));
    const bundle = await bundleOf(world, await sign(world, 'first', ...everybody));
    expect(contentIn(bundle, 'Deployment', 'web')).toMatchObject({
      metadata: { labels: { 'example.com/workload': 'web' } },
    });
    expect(await end(world, 'first')).toBe('Promoted');

    await world.stage(world.deployment('web', 'b'));
    await world.propose(world.candidate('second', ['Deployment/web']));
    const second = await bundleOf(world, await sign(world, 'second', ...everybody));
    expect(second.spec.delta.map(({ path }) => path)).toEqual(['spec.template.spec.containers[name=main].image']);
    expect(await end(world, 'second')).toBe('Promoted');
    await succeeds(world, 'sre-a', 'get', 'deployment', 'web');
  },
  quick,
  {
    async before(world) {
      await installed(world, 'MutatingAdmissionPolicy', { spec: labelling });
      await labels(world);
    },
  },
);

scenario(
  'content that was frozen before a mutating policy acts is written as nothing else, and a second candidate is signed for as production gets it',
  async (world) => {
    await world.stage(world.deployment('web', 'a'));
    await world.propose(world.candidate('first', ['Deployment/web']));
    await staged(world, 'first');
    await installed(world, 'MutatingAdmissionPolicy', { spec: labelling });
    await labels(world);
    await sign(world, 'first', ...everybody);
    const { remedy } = await gateSays(world, 'first', 'Preflight', 'ContentMutated');
    expect(remedy).toContain('creates a new candidate with spec.replaces: first so that what it writes is part of');
    expect(await world.live('Deployment', 'web')).toBeUndefined();

    await world.propose(world.candidate('second', ['Deployment/web'], { replaces: 'first' }));
    const bundle = await bundleOf(world, await sign(world, 'second', ...everybody));
    expect(await end(world, 'second')).toBe('Promoted');
    const label = { metadata: { labels: { 'example.com/workload': 'web' } } };
    expect(contentIn(bundle, 'Deployment', 'web')).toMatchObject(label);
    expect(await world.live('Deployment', 'web')).toMatchObject(label);
  },
  quick,
  unguarded,
);

/** Sets an annotation of each write of a Deployment. */
const annotating = (world: World, value: (review: Review<KubeObject>) => string) =>
  startMutator<KubeObject>(system().as('installer'), {
    name: world.production,
    rule: deployments,
    labels: named(world),
    patches: (review): readonly JsonPatch[] => {
      const annotations = { ...review.request.object.metadata.annotations, 'example.com/stamp': value(review) };
      return [{ op: 'add', path: '/metadata/annotations', value: annotations }];
    },
  });

scenario(
  'an annotation that comes out otherwise each time is named before anybody signs, with who sets it, and left to them by the policy',
  async (world) => {
    let count = 0;
    const mutator = await annotating(world, () => {
      count += 1;
      return `write ${count}`;
    });
    await world.stage(world.deployment('web', 'a'));
    await world.propose(world.candidate('first', ['Deployment/web']));
    const { message } = await conditionSays(world, 'first', 'Staged', 'ContentMutated');
    expect(message).toContain("metadata.annotations['example.com/stamp'] of Deployment web");
    expect(message).toContain(`MutatingWebhookConfiguration/${world.production}`);
    expect(message).toContain('unmanagedFields');

    const left = { kind: 'Deployment', name: 'web', fields: ['metadata.annotations[example.com/stamp]'] };
    await amendPolicy(world, { unmanagedFields: [left] });
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');
    await world.stage(world.deployment('web', 'b'));
    expect(await release(world, world.candidate('second', ['Deployment/web']))).toBe('Promoted');
    await world.stage(world.deployment('web', 'c'));
    const failing = {
      overlay: [
        {
          kind: 'Deployment',
          name: 'web',
          patch: { spec: { template: { metadata: { annotations: { 'countersign.test/behaviour': 'crash-loop' } } } } },
        },
      ],
    };
    expect(await release(world, world.candidate('third', ['Deployment/web'], failing))).toBe('RolledBack');
    expect(await world.live('Deployment', 'web')).toMatchObject({
      spec: { template: { spec: { containers: [{ image: image('b') }] } } },
    });
    await mutator.stop();
  },
  quick,
);

scenario(
  'an annotation that depends on who writes is named before anybody signs: a rollback would not bring it back',
  async (world) => {
    const mutator = await annotating(world, ({ request }) => JSON.stringify(request['userInfo']));
    await world.stage(world.deployment('web', 'a'));
    await world.propose(world.candidate('first', ['Deployment/web']));
    const { message } = await conditionSays(world, 'first', 'Staged', 'ContentMutated');
    expect(message).toContain('when a rollback writes it');
    await mutator.stop();
  },
  quick,
);

scenario(
  'a mutator that comes after the signatures stops the promotion before its first write, and is named',
  async (world) => {
    await world.stage(world.deployment('web', 'a'));
    await world.propose(world.candidate('first', ['Deployment/web']));
    const [tester, ...others] = everybody;
    await sign(world, 'first', ...others);
    const mutator = await annotating(world, () => 'late');
    await sign(world, 'first', tester);
    const { message, remedy } = await gateSays(world, 'first', 'Preflight', 'ContentMutated');
    expect(message).toContain("metadata.annotations['example.com/stamp'] of Deployment web");
    expect(message).toContain(`MutatingWebhookConfiguration/${world.production}`);
    expect(remedy).toContain(`kubectl edit releasepolicy production -n ${world.production}`);
    await mutator.stop();
    expect(await end(world, 'first')).toBe('Promoted');
  },
  quick,
);

scenario(
  'a field that nobody can change on the live object is spoken of by the gate Preflight, with the way round',
  async (world) => {
    await world.stage(world.deployment('web', 'a'));
    expect(await release(world, world.candidate('first', ['Deployment/web']))).toBe('Promoted');
    accepted(await world.as('developer-a').delete(world.ref('Deployment', 'web', world.staging)));
    const labels = { app: 'web', tier: 'front' };
    await world.stage(
      patched(world.deployment('web', 'b'), {
        spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
      }),
    );
    await world.propose(world.candidate('second', ['Deployment/web']));
    await sign(world, 'second', ...everybody);
    const { message } = await gateSays(world, 'second', 'Preflight', 'ImmutableFieldChanged');
    expect(message).toContain('spec.selector');
  },
  quick,
);
