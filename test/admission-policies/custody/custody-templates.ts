/** Rows of the policies that keep what namespaces inherit, and who inherits it. */
import { clusterPolicy, fresh, policy, staging, type Sent } from '../../support/attack/objects.ts';
import { store } from '../../support/attack/world.ts';
import { accepted, targetOf, type Answer, type ApiClient } from '../../support/cluster/cluster.ts';
import { bindRole } from '../../support/cluster/rights.ts';
import { applies, onSigned } from './custody-changes.ts';
import type { Kit, Row } from './custody-kit.ts';

const dryRun = { dryRun: 'All' } as const;

/** Tries it only. */
const specOf = (client: ApiClient, heir: Sent, spec: object): Promise<Answer<unknown>> =>
  client.patch(targetOf(heir), 'merge', { spec }, dryRun);

export const templateRows = ({ world, as, serviceAccount }: Kit): readonly Row[] => {
  /** Inherits; `owner-a` administers its namespace, and nothing else. */
  const heir = async (spec: Sent['spec'] = { inherits: 'house' }): Promise<Sent> => {
    const name = fresh('heir');
    accepted(await as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    await bindRole(as('installer'), {
      name: 'administers',
      namespace: name,
      role: 'countersign-admin',
      subject: { kind: 'User', name: 'owner-a' },
    });
    return store(as('admin'), policy({ metadata: { namespace: name }, spec }));
  };
  /** On a template that nobody inherits. */
  const actOn = async (client: ApiClient, does: 'changes' | 'deletes'): Promise<Answer<unknown>> => {
    const template = targetOf(await store(as('admin'), clusterPolicy()));
    return does === 'changes'
      ? client.patch(template, 'merge', { spec: { soak: '9h' } }, dryRun)
      : client.delete(template, { dryRun: ['All'] });
  };
  const left = {
    policy: 'countersign-releasepolicies',
    rule: 'TemplateNotLeftAlone',
    caller: 'owner-a',
    next: 'kubectl get clusterrolebindings -o wide | grep countersign-template-admin',
  };
  return [
    {
      ...left,
      given: 'who administers a namespace takes its policy out of its template',
      refused: async () => specOf(as('owner-a'), await heir(), { inherits: null }),
      twin: () => applies(world().operator, onSigned, {}, { inherits: null }),
    },
    {
      ...left,
      given: 'who administers a namespace moves its policy to another template',
      refused: async () => specOf(as('owner-a'), await heir(), { inherits: 'cottage' }),
      twin: async () => specOf(as('owner-a'), await heir(), { soak: '3h' }),
    },
    {
      ...left,
      given: 'who administers a namespace replaces its policy by one without the template',
      refused: async () => {
        const { spec, ...rest } = await heir();
        const { inherits: _, ...others } = spec;
        return as('owner-a').replace({ ...rest, spec: others }, dryRun);
      },
      twin: async () => specOf(as('owner-a'), await heir({}), { inherits: 'house' }),
    },
    {
      ...left,
      given: 'who administers a namespace that nobody guards deletes a policy with a template',
      refused: async () => as('owner-a').delete(targetOf(await heir()), { dryRun: ['All'] }),
      twin: async () => as('admin').delete(targetOf(await heir()), { dryRun: ['All'] }),
    },
    {
      policy: 'countersign-clusterreleasepolicies',
      rule: 'TemplateNeedsPerson',
      given: 'a ServiceAccount makes what namespaces inherit',
      refused: () => serviceAccount().create(clusterPolicy(), { dryRun: 'All' }),
      caller: `system:serviceaccount:${staging}:robot`,
      next: 'have a person do it',
      twin: () => as('admin').create(clusterPolicy(), { dryRun: 'All' }),
    },
    ...(['changes', 'deletes'] as const).map((does) => ({
      policy: 'countersign-clusterreleasepolicies',
      rule: 'TemplateRightMissing',
      given: `somebody without the right ${does} what namespaces inherit`,
      refused: () => actOn(as('developer-b'), does),
      caller: 'developer-b',
      next: '--clusterrole=countersign-template-admin --user=developer-b',
      twin: () => actOn(as('admin'), does),
    })),
    {
      policy: 'countersign-clusterreleasepolicies',
      rule: 'TemplateRightMissing',
      given: 'somebody without the right makes what namespaces inherit',
      refused: () => as('developer-b').create(clusterPolicy(), { dryRun: 'All' }),
      caller: 'developer-b',
      next: '--clusterrole=countersign-template-admin --user=developer-b',
      twin: () => as('admin').create(clusterPolicy(), { dryRun: 'All' }),
    },
  ];
};
