/** What namespaces inherit, on the real control plane: a template holds, is tightened, is missing, and no policy is looser where the API server reads it. */
import { expect } from '@jest/globals';
import { accepted, waitFor } from '../support/cluster/cluster.ts';
import { condition, ours, type Reported, type World } from '../support/cluster/system.ts';
import { amendPolicy, gateSays, scenarios } from '../support/scenario/kit.ts';

const { scenario, system } = scenarios('inherit');

const template = (name: string, spec: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: ours,
  kind: 'ClusterReleasePolicy',
  metadata: { name },
  spec,
});

const proposed = async (world: World): Promise<void> => {
  await world.stage(world.configMap('first', { level: 'info' }));
  await world.propose(world.candidate('first', ['ConfigMap/first']));
};

const ref = (name: string) => ({ apiVersion: ours, kind: 'ClusterReleasePolicy', name });

/** What the policy says of what it inherits. */
const inheritedSays = async (world: World, reason: string): Promise<string> => {
  const seen = await waitFor<Reported>(
    world.as('admin'),
    world.ref('ReleasePolicy', 'production'),
    (each) => condition(each, 'Inherited')?.reason === reason,
  );
  return condition(seen, 'Inherited')?.message ?? '';
};

/** Types the command of a message, as the admin of the policy. */
const typed = async (message: string): Promise<void> => {
  const command = /kubectl patch (relpol production -n \S+ --type=merge) -p '([^']*)'/.exec(message);
  const args = ['patch', ...(command?.[1] ?? '').split(' '), '-p', command?.[2] ?? ''];
  const { code, stderr } = await system().controlPlane.kubectl('admin', args);
  expect([code, stderr]).toEqual([0, '']);
};

scenario(
  'a namespace that asks for nothing waits for what its template asks for, and for what that comes to ask for',
  async (world) => {
    const [installer, name] = [world.as('installer'), world.production];
    accepted(await installer.create(template(name, { soak: '720h' })));
    await amendPolicy(world, { inherits: name, soak: '0s' });
    await proposed(world);
    const soaking = await gateSays(world, 'first', 'Soak', 'Soaking');
    expect(soaking.message).toContain('720h');
    await inheritedSays(world, 'TemplateInForce');
    accepted(await installer.patch(ref(name), 'merge', { spec: { changeTicket: { mode: 'Required' } } }));
    await gateSays(world, 'first', 'ChangeTicket', 'ChangeTicketMissing');
  },
);

scenario(
  'what the API server reads from a policy may not be looser than in its template, and the printed command tightens it',
  async (world) => {
    const [installer, name] = [world.as('installer'), world.production];
    const writer = { identity: 'system:serviceaccount:eso:it', kind: 'Secret', names: ['a', 'b'] };
    accepted(await installer.create(template(name)));
    await amendPolicy(world, { inherits: name, platformWriters: [writer] });
    await proposed(world);
    await gateSays(world, 'first', 'Inheritance', 'TemplateInForce');
    accepted(await installer.patch(ref(name), 'merge', { spec: { platformWriters: [{ ...writer, names: ['a'] }] } }));
    await gateSays(world, 'first', 'Inheritance', 'LooserThanTemplate');
    const said = await inheritedSays(world, 'LooserThanTemplate');
    await typed(said);
    await gateSays(world, 'first', 'Inheritance', 'TemplateInForce');
    const answer = await world
      .as('admin')
      .patch(world.ref('ReleasePolicy', 'production'), 'merge', { spec: { platformWriters: [writer] } });
    expect(JSON.stringify(answer)).toContain('LooserThanTemplate: admin may not change');
  },
);
