import { describe, expect, it } from '@jest/globals';
import { aBundle, aGateSnapshot, anObject, aCandidate, now } from '../../../../test/support/builders/decide.ts';
import type { Binding } from '../bindings.ts';
import type { KnownBindings } from '../snapshot.ts';
import { clusterRights } from './cluster-rights.ts';

const [staging, production] = ['payments-staging', 'payments-prod'];

const of = (namespace: string, name = 'web') => `system:serviceaccount:${namespace}:${name}`;
const binding = (given: Partial<Binding> = {}): Binding => ({
  namespace: '',
  name: 'nodes',
  role: { kind: 'ClusterRole', name: 'nodes' },
  subjects: [of(staging)],
  ...given,
});
const clusterRole = (name: string, verbs: readonly string[]) => ({
  name,
  aggregated: false,
  rules: [{ apiGroups: [''], resources: ['nodes'], verbs }],
});
const secrets = {
  ...clusterRole('secrets', ['get']),
  rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
};
const binds = { ...clusterRole('binds', ['bind']) };
const roles = [
  secrets,
  binds,
  clusterRole('nodes', ['get', 'list']),
  clusterRole('more-nodes', ['*']),
  clusterRole('one', ['get']),
];

const known = (bindings: readonly Binding[]): KnownBindings => ({
  of: (subjects) => bindings.filter((each) => each.subjects.some((subject) => subjects.includes(subject))),
  clusterRole: (name) => roles.find((role) => role.name === name),
  isTaken: (namespace, name) => bindings.some((each) => each.namespace === namespace && each.name === name),
});

const account = anObject('ServiceAccount', 'web');
const runs = (serviceAccountName?: string) =>
  anObject('Deployment', 'api', {
    spec: {
      template: {
        spec: { ...(serviceAccountName === undefined ? {} : { serviceAccountName }), containers: [{ name: 'main' }] },
      },
    },
  });

const judged = (
  bindings: readonly Binding[],
  objects = [account],
  leaveOut: readonly { kind: string; name: string; reason: string }[] = [],
) =>
  clusterRights.judge(
    aGateSnapshot({
      bundle: aBundle({ objects }),
      bindings: known(bindings),
      candidate: aCandidate({ leaveOut }),
    }),
    now,
  );

describe('the gate ClusterRights', () => {
  it.each<[sentence: string, bindings: readonly Binding[]]>([
    ['nothing is bound anywhere', []],
    ['another account is bound', [binding({ subjects: [of(staging, 'other')] })]],
    ['production is bound to the same', [binding({ subjects: [of(staging), of(production)] })]],
    ['production is bound to it by another binding', [binding(), binding({ name: 'b', subjects: [of(production)] })]],
    [
      'production is bound to a role that gives more',
      [
        binding(),
        binding({ name: 'b', role: { kind: 'ClusterRole', name: 'more-nodes' }, subjects: [of(production)] }),
      ],
    ],
    [
      'all accounts of production are bound',
      [binding(), binding({ name: 'b', subjects: [`group system:serviceaccounts:${production}`] })],
    ],
    ['all accounts of the cluster are', [binding({ subjects: ['group system:serviceaccounts'] })]],
    [
      'a Role of staging is bound, which goes with the release',
      [binding({ namespace: staging, role: { kind: 'Role', name: 'web' } })],
    ],
    ['the account of staging may do something in production', [binding({ namespace: production })]],
  ])('passes while %s', (_, bindings) => {
    expect(judged(bindings)).toMatchObject({ outcome: 'Passed', reason: 'ClusterRightsPresent' });
  });

  it.each<[sentence: string, bindings: readonly Binding[], command: string]>([
    [
      'the whole cluster',
      [binding()],
      'kubectl create clusterrolebinding nodes-payments-prod --clusterrole=nodes --serviceaccount=payments-prod:web.',
    ],
    [
      'the whole cluster, by its namespace',
      [binding({ subjects: [`group system:serviceaccounts:${staging}`] })],
      'kubectl create clusterrolebinding nodes-payments-prod --clusterrole=nodes --serviceaccount=payments-prod:web.',
    ],
    [
      'staging',
      [binding({ namespace: staging })],
      'kubectl create rolebinding nodes-payments-prod --clusterrole=nodes --serviceaccount=payments-prod:web -n payments-prod.',
    ],
    [
      'the whole cluster, of which production has a namespace',
      [binding(), binding({ namespace: production, name: 'b', subjects: [of(production)] })],
      'kubectl create clusterrolebinding nodes-payments-prod --clusterrole=nodes',
    ],
    [
      'the whole cluster, under a name that is taken',
      [binding(), binding({ name: 'nodes-payments-prod', subjects: [of(production, 'other')] })],
      'kubectl create clusterrolebinding nodes-payments-prod-2 --clusterrole=nodes',
    ],
    [
      'the whole cluster, under a name that a shell would run',
      [binding({ name: 'a$(id)' })],
      "kubectl create clusterrolebinding 'a$(id)-payments-prod' --clusterrole=nodes",
    ],
  ])('blocks what production lacks in %s, and says what to type', (_, bindings, command) => {
    const verdict = judged(bindings);
    expect(verdict).toMatchObject({ outcome: 'Blocked', reason: 'ClusterRightsMissing' });
    expect(verdict.remedy).toContain(command);
  });

  it('waits for no binding of a namespace of others: who may make one there would hold the release up for ever', () => {
    const foreign = binding({ namespace: 'kube-system', role: { kind: 'Role', name: 'auth-reader' } });
    const verdict = judged([foreign]);
    expect(verdict).toMatchObject({ outcome: 'Passed', reason: 'ClusterRightsElsewhere' });
    expect(verdict.message).toContain('which RoleBinding nodes of kube-system gives in staging');
    expect(verdict.message).toContain(
      'kubectl create rolebinding nodes-payments-prod --role=auth-reader --serviceaccount=payments-prod:web -n kube-system',
    );
    const both = judged([foreign, binding()]);
    expect(both).toMatchObject({ outcome: 'Blocked', reason: 'ClusterRightsMissing' });
    expect(both.message).not.toContain('kube-system');
  });

  it('names the rights that are missing alone', () => {
    const one = binding({ name: 'b', role: { kind: 'ClusterRole', name: 'one' }, subjects: [of(production)] });
    expect(judged([binding(), one]).message).toContain(
      'lacks ClusterRole nodes (list nodes), which ClusterRoleBinding nodes gives',
    );
  });

  it('gives one command for all accounts of a binding, those of pods too', () => {
    const both = binding({ subjects: [of(staging), of(staging, 'api'), of(staging, 'default')] });
    expect(judged([both], [account, runs('api'), runs()]).remedy).toContain(
      '--serviceaccount=payments-prod:api --serviceaccount=payments-prod:default --serviceaccount=payments-prod:web',
    );
  });

  it('counts a binding that the release holds, and none that it drops', () => {
    const content = {
      roleRef: { kind: 'ClusterRole', name: 'nodes' },
      subjects: [{ kind: 'ServiceAccount', name: 'web', namespace: production }],
    };
    const inStaging = binding({ namespace: staging });
    expect(judged([inStaging], [account, anObject('RoleBinding', 'nodes', content)]).outcome).toBe('Passed');
    const dropped = binding({ namespace: production, subjects: [of(production)] });
    const { ref } = anObject('RoleBinding', 'nodes', content);
    const verdict = clusterRights.judge(
      aGateSnapshot({ bundle: aBundle({ objects: [account], removed: [ref] }), bindings: known([inStaging, dropped]) }),
      now,
    );
    expect(verdict.outcome).toBe('Blocked');
  });

  it('asks for no binding of staging that the candidate leaves out', () => {
    const leaveOut = [{ kind: 'RoleBinding', name: 'nodes', reason: 'for debugging' }];
    expect(judged([binding({ namespace: staging })], [account], leaveOut).outcome).toBe('Passed');
  });

  it.each<[sentence: string, role: Binding['role'], warning: string]>([
    ['reads Secrets', { kind: 'ClusterRole', name: 'secrets' }, 'get secrets'],
    ['holds what no release may grant', { kind: 'ClusterRole', name: 'binds' }, 'bind nodes'],
    ['is not known', { kind: 'Role', name: 'strange' }, 'what it gives is not known here'],
  ])('says before the command that a role %s', (_, role, warning) => {
    const { message, remedy: next } = judged([binding({ namespace: 'team', role })]);
    const remedy = `${message}${next}`;
    expect(message).toMatch(/^Read before giving it: /);
    expect(message.slice(0, message.indexOf('In payments-prod'))).toContain(warning);
    expect(remedy).toContain(`kubectl describe ${role.kind.toLowerCase()} ${role.name}`);
    expect(remedy.indexOf('kubectl describe')).toBeLessThan(remedy.indexOf('kubectl create'));
  });

  it('warns of no role that a release might grant', () => {
    expect(judged([binding()]).message).toMatch(/^In payments-prod/);
  });
});
