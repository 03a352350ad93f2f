/** Random overlays, in every form in which one can be written: what runs differs only where a field says so. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { aDeployment, aLiveObject } from '../../../test/support/builders/decide.ts';
import type { Json, JsonObject } from '../../api/meta.ts';
import type { OverlayItem } from '../../api/overlay.ts';
import { canonicalJson } from '../json/canonical.ts';
import { at, listAt, member, objectAt, textAt } from '../json/json.ts';
import { render } from '../manifest/normal-form.ts';
import { overlaidFields } from './overlaid.ts';

const api = aDeployment('api', {
  initContainers: [{ name: 'first', image: 'first:1', args: ['x'] }],
  containers: [
    { name: 'app', image: 'app:1', command: ['/app'], args: ['a'], env: [{ name: 'A', value: '1' }] },
    { name: 'spare', image: 'spare:1', lifecycle: { preStop: { exec: { command: ['/stop'] } } } },
  ],
  volumes: [{ name: 'bin', image: { reference: 'bin:1' } }],
});

/** What this file holds to run, read in a way of its own: by name of container, so that no order counts. */
const programs = (content: JsonObject): { readonly images: string; readonly commands: string } => {
  const spec = objectAt(content, 'spec', 'template', 'spec');
  const containers = ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
    listAt(spec, list).map((item) => [list, textAt(item, 'name') ?? '', item] as const),
  );
  const images = [
    ...containers.map(([list, name, item]) => [list, name, member(item, 'image') ?? null]),
    ...listAt(spec, 'volumes').map((item) => [
      'volumes',
      textAt(item, 'name') ?? '',
      at(item, 'image', 'reference') ?? null,
    ]),
  ].filter(([, , image]) => image !== null);
  const runs = ['command', 'args', 'workingDir', 'lifecycle', 'livenessProbe'];
  const commands = containers
    .map(([list, name, item]) => [list, name, ...runs.map((field) => member(item, field) ?? null), preloaded(item)])
    .filter(([, , ...values]) => values.some((value) => value !== null && canonicalJson(value) !== '[]'));
  const text = (rows: readonly Json[]): string => JSON.stringify(rows.map(canonicalJson).toSorted());
  return { images: text(images), commands: text(commands) };
};

/** The API server takes no other: each container has a name of its own, and each volume. */
const isNamed = (content: JsonObject): boolean => {
  const spec = objectAt(content, 'spec', 'template', 'spec');
  const lists = ['initContainers', 'containers', 'ephemeralContainers', 'volumes'];
  return lists.every((field) => {
    const names = listAt(spec, field).map((each) => member(each, 'name'));
    return names.every((name) => typeof name === 'string') && new Set(names).size === names.length;
  });
};

const preloaded = (container: Json): readonly Json[] =>
  listAt(container, 'env').filter((item) => member(item, 'name') === 'LD_PRELOAD');

// --- arbitrary overlays ----------------------------------------------------------------------------------------------

const some = (fields: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> =>
  fc.record(fields, { requiredKeys: [] }).map((value) => JSON.parse(JSON.stringify(value)) as JsonObject);
const list = (...items: fc.Arbitrary<Json>[]): fc.Arbitrary<Json> => fc.array(fc.oneof(...items), { maxLength: 3 });

const image = fc.constantFrom<Json>('app:1', 'app:2', 'spare:1', null);
const command = fc.constantFrom<Json>(['/app'], ['/evil'], [], null);
const directive = fc.constantFrom<Json>('replace', 'delete');
const hook = some({ preStop: some({ exec: some({ command }) }) });
const env = list(
  some({ name: fc.constantFrom<Json>('A', 'LD_PRELOAD'), value: fc.constantFrom<Json>('1', '2') }),
  fc.constant<Json>({ name: 'A', $patch: 'delete' }),
);
const container = some({
  name: fc.constantFrom<Json>('app', 'spare', 'first', 'new'),
  image,
  command,
  args: command,
  workingDir: fc.constantFrom<Json>('/x', null),
  lifecycle: hook,
  livenessProbe: some({ exec: some({ command }) }),
  env,
  $patch: directive,
});
const containers = list(container, container, fc.constant<Json>({ $patch: 'replace' }));
const volumes = list(
  some({
    name: fc.constantFrom<Json>('bin', 'data'),
    image: some({ reference: image }),
    emptyDir: fc.constant<Json>({}),
  }),
);
const podSpec = some({
  containers,
  initContainers: containers,
  ephemeralContainers: containers,
  volumes,
  $patch: directive,
});
const template = some({ spec: podSpec, $patch: directive });
const patch = some({ spec: some({ replicas: fc.constantFrom<Json>(1, 2, null), template, $patch: directive }) });

const pod = '/spec/template/spec';
const pointer = fc.constantFrom(
  '/spec',
  '/spec/replicas',
  '/spec/template',
  '/metadata/annotations',
  pod,
  `${pod}/containers`,
  `${pod}/initContainers`,
  ...['0', '1', '-'].map((place) => `${pod}/containers/${place}`),
  ...['image', 'command', 'args', 'command/0', 'args/0', 'env', 'env/0', 'env/-'].map(
    (field) => `${pod}/containers/0/${field}`,
  ),
  ...['image', 'lifecycle', 'lifecycle/preStop/exec'].map((field) => `${pod}/containers/1/${field}`),
  `${pod}/volumes/0/image/reference`,
  `${pod}/initContainers/0`,
  `${pod}/initContainers/-`,
);
const value = fc.oneof(image, command, env, container, containers, podSpec, template).filter((each) => each !== null);
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const, 'test' as const), path: pointer, value }),
  fc.record({ op: fc.constant('remove' as const), path: pointer }),
  fc.record({ op: fc.constantFrom('move' as const, 'copy' as const), path: pointer, from: pointer }),
);
const item: fc.Arbitrary<OverlayItem> = fc.oneof(
  patch.map((each) => ({ kind: 'Deployment', name: 'api', group: '', patch: { ...each } })),
  fc
    .array(operation, { minLength: 1, maxLength: 4 })
    .map((jsonPatch) => ({ kind: 'Deployment', name: 'api', group: '', jsonPatch })),
);

test('whatever an overlay changes of images and commands is found, in whichever form it is written', () => {
  let changed = 0;
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 3 }), (items) => {
      const overlays = items.map((each) => ({ by: 'Candidate' as const, namespace: 'payments-prod', item: each }));
      const rendered = render(aLiveObject(api), overlays);
      if (rendered.kind === 'Problem') return;
      const { base, content } = rendered;
      if (!isNamed(content)) return;
      const found = new Set(
        overlaidFields(api.ref, { from: base, to: content, by: 'Candidate' }).map(({ what }) => what),
      );
      const [before, after] = [programs(base), programs(content)];
      const [images, commands] = [before.images !== after.images, before.commands !== after.commands];
      expect({ images: images && !found.has('Image'), commands: commands && !found.has('Command') }).toEqual({
        images: false,
        commands: false,
      });
      changed += Number(images || commands);
    }),
    { numRuns: 3_000 },
  );
  expect(changed).toBeGreaterThan(300);
});

test('what an overlay does not say it does not change', () => {
  fc.assert(
    fc.property(fc.integer({ min: 7, max: 9 }), fc.constantFrom('x', 'y'), (replicas, label) => {
      const item = {
        kind: 'Deployment',
        name: 'api',
        group: '',
        patch: { spec: { replicas }, metadata: { labels: { label } } },
      };
      const rendered = render(aLiveObject(api), [{ by: 'Candidate', namespace: 'payments-prod', item }]);
      if (rendered.kind === 'Problem') throw new Error(rendered.problem.message);
      const found = overlaidFields(api.ref, { from: rendered.base, to: rendered.content, by: 'Candidate' });
      expect(found.map(({ field, what }) => [field, what])).toEqual([
        ['metadata.labels.label', 'Other'],
        ['spec.replicas', 'Other'],
      ]);
    }),
  );
});

const unsupported: readonly (readonly [string, JsonObject])[] = [
  ['$retainKeys', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }],
  [
    '$setElementOrder/containers',
    { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'app' }] } } } },
  ],
  [
    '$deleteFromPrimitiveList/args',
    { spec: { template: { spec: { containers: [{ name: 'app', '$deleteFromPrimitiveList/args': ['a'] }] } } } },
  ],
  ['$patch', { spec: { template: { spec: { $patch: 'merge' } } } }],
];

test.each(unsupported)('the directive %s of a patch is refused by its name', (name, each) => {
  const rendered = render(aLiveObject(api), [
    {
      by: 'Candidate',
      namespace: 'payments-prod',
      item: { kind: 'Deployment', name: 'api', group: '', patch: { ...each } },
    },
  ]);
  expect(rendered).toMatchObject({ kind: 'Problem', problem: { overlay: true } });
  expect(JSON.stringify(rendered)).toContain(name);
});
