/** Rows of the policies that keep a ReleasePolicy whose changes take others, and requests for those. */
import { appliedChangeAnnotation, changedAloneAnnotation } from '../../../operator/api/kinds.ts';
import { policy, policyChange, staging, fresh, type Sent } from '../../support/attack/objects.ts';
import { store } from '../../support/attack/world.ts';
import { accepted, targetOf, type Answer, type ApiClient } from '../../support/cluster/cluster.ts';
import { changeAlone, merge, quiet, signed, signers, stored2, type Kit, type Row } from './custody-kit.ts';

export const onSigned = policy({ metadata: { namespace: signed } });

const annotate = (client: ApiClient, object: Sent, annotations: object, more: object = {}): Promise<Answer<unknown>> =>
  client.patch(targetOf(object), 'merge', { metadata: { annotations }, ...more }, { dryRun: 'All' });

/** As the operator applies a change. */
export const applies = (
  client: ApiClient,
  object: Sent,
  annotations: object = {},
  spec: object = { soak: '2h' },
): Promise<Answer<unknown>> =>
  annotate(
    client,
    object,
    { [appliedChangeAnnotation]: 'longer', [changedAloneAnnotation]: null, ...annotations },
    { spec },
  );

// oxlint-disable-next-line max-lines-per-function -- a table
export const changeRows = ({ world, as, stored, serviceAccount }: Kit): readonly Row[] => {
  /** In a namespace of its own, which nobody guards. */
  const unguarded = async (): Promise<Sent> => {
    const name = fresh('signed');
    accepted(await as('installer').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    return store(as('admin'), policy({ metadata: { namespace: name }, spec: signers }));
  };
  /** Was changed alone, and takes others no more. */
  const marked = async (): Promise<Sent> => {
    const made = await unguarded();
    const metadata = { annotations: { [changedAloneAnnotation]: 'nobody is left' } };
    return accepted(await as('admin').patch<Sent>(targetOf(made), 'merge', { metadata, spec: { changes: null } }));
  };
  const alone = {
    policy: 'countersign-releasepolicies',
    rule: 'ChangeNeedsSigners',
    next: 'kubectl countersign policy change -f',
  };
  const marks = { policy: 'countersign-releasepolicies', rule: 'ChangeMarksKept', next: 'leave both as they are' };
  const applied = {
    policy: 'countersign-releasepolicies',
    rule: 'ChangeAppliesSpec',
    next: 'only a stolen token does that',
  };
  const asked = { policy: 'countersign-policychanges', twin: stored2(() => stored.policychanges()) };
  const operator = 'system:serviceaccount:countersign-system:countersign-operator';
  const byCluster = async () => changeAlone(as('admin'), await unguarded(), 'nobody is left');
  const labelled = (labels: object): Promise<Answer<unknown>> =>
    world().operator.patch(
      targetOf(onSigned),
      'merge',
      { metadata: { labels }, spec: { soak: '2h' } },
      { dryRun: 'All' },
    );
  const byOperator = () => applies(world().operator, onSigned);
  return [
    {
      ...alone,
      given: 'who administers that namespace alone changes the policy, with a reason',
      refused: () => changeAlone(as('owner-a'), onSigned, 'in a hurry'),
      caller: 'owner-a',
      twin: byCluster,
    },
    {
      ...alone,
      given: 'a cluster admin changes the policy without a reason',
      refused: async () => merge(as('admin'), await unguarded(), { spec: { soak: '1h' } }),
      caller: 'admin',
      twin: byCluster,
    },
    {
      ...alone,
      given: 'a cluster admin changes the policy and takes the reason of another change away',
      refused: () => changeAlone(as('admin'), onSigned, null),
      caller: 'admin',
      twin: byCluster,
    },
    {
      ...alone,
      given: 'a cluster admin changes the policy with the reason of another change',
      refused: () => changeAlone(as('admin'), onSigned, 'before'),
      caller: 'admin',
      twin: byCluster,
    },
    {
      ...alone,
      given: 'a cluster admin takes out that changes take others',
      refused: async () => merge(as('admin'), await unguarded(), { spec: { changes: null } }),
      caller: 'admin',
      twin: async () => merge(as('admin'), await stored.releasepolicies(), { spec: signers }),
    },
    {
      ...alone,
      given: 'a cluster admin deletes such a policy where nobody guards',
      refused: async () => as('admin').delete(targetOf(await unguarded())),
      caller: 'admin',
      twin: async () => as('admin').delete(targetOf(await stored.releasepolicies())),
    },
    {
      ...marks,
      given: 'a cluster admin says that a change was applied',
      refused: async () => annotate(as('admin'), await unguarded(), { [appliedChangeAnnotation]: 'longer' }),
      caller: 'admin',
      twin: async () => annotate(as('admin'), await unguarded(), { note: 'kept' }),
    },
    {
      ...marks,
      given: 'a cluster admin takes away that the policy was changed alone',
      refused: () => annotate(as('admin'), onSigned, { [changedAloneAnnotation]: null }),
      caller: 'admin',
      twin: () => annotate(as('admin'), onSigned, { note: 'kept' }),
    },
    {
      ...marks,
      given: 'a cluster admin takes it away in a change that they give a reason for, and says what was applied',
      refused: () =>
        annotate(
          as('admin'),
          onSigned,
          { [changedAloneAnnotation]: 'later', [appliedChangeAnnotation]: 'longer' },
          { spec: { soak: '3h' } },
        ),
      caller: 'admin',
      twin: () => annotate(as('admin'), onSigned, { [changedAloneAnnotation]: 'later' }, { spec: { soak: '3h' } }),
    },
    {
      ...marks,
      given: 'a cluster admin says so of a policy that anybody may change alone',
      refused: async () =>
        annotate(
          as('admin'),
          await stored.releasepolicies(),
          { [changedAloneAnnotation]: 'why' },
          { spec: { soak: '3h' } },
        ),
      caller: 'admin',
      twin: async () => annotate(as('admin'), await stored.releasepolicies(), {}, { spec: { soak: '3h' } }),
    },
    {
      ...marks,
      given: 'a cluster admin gives a reason and changes nothing',
      refused: () => annotate(as('admin'), onSigned, { [changedAloneAnnotation]: 'later' }),
      caller: 'admin',
      twin: async () => as('admin').delete(targetOf(await marked()), { dryRun: ['All'] }),
    },
    {
      ...marks,
      given: 'a policy is created with such a mark',
      refused: () =>
        as('admin').create(
          policy({ metadata: { namespace: quiet, annotations: { [appliedChangeAnnotation]: 'longer' } } }),
          { dryRun: 'All' },
        ),
      caller: 'admin',
      twin: () => as('admin').create(policy({ metadata: { namespace: quiet } }), { dryRun: 'All' }),
    },
    ...(
      [
        ['where nobody guards', async () => applies(world().operator, await unguarded())],
        [
          'that anybody may change alone',
          async () =>
            applies(world().operator, { ...onSigned, metadata: { ...onSigned.metadata, namespace: 'payments-prod' } }),
        ],
        ['with another annotation', () => applies(world().operator, onSigned, { another: 'new' })],
        ['with another value of an annotation', () => applies(world().operator, onSigned, { note: 'new' })],
        ['without an annotation', () => applies(world().operator, onSigned, { note: null })],
        ['with another value of a label', () => labelled({ seen: 'yes' })],
        ['without a label', () => labelled({ seen: null })],
        [
          'with a label',
          () =>
            world().operator.patch(
              targetOf(onSigned),
              'merge',
              { metadata: { labels: { a: 'b' } } },
              { dryRun: 'All' },
            ),
        ],
      ] as const
    ).map(([which, refused]) => ({
      ...applied,
      given: `the operator writes a policy ${which}`,
      refused,
      caller: operator,
      twin: byOperator,
    })),
    {
      ...asked,
      rule: 'ChangedInProduction',
      given: 'a change is asked for where nobody guards',
      refused: () => as('admin').create(policyChange({ metadata: { namespace: quiet } })),
      caller: 'admin',
      next: 'kubectl get namespaces -l countersign.dev/guarded',
    },
    {
      ...asked,
      rule: 'ProposeNeedsPerson',
      given: 'a ServiceAccount that holds the right asks for a change',
      refused: () => serviceAccount().create(policyChange()),
      caller: `system:serviceaccount:${staging}:robot`,
      next: 'have a person do it',
    },
    {
      ...asked,
      rule: 'ProposeRightMissing',
      given: 'somebody without the right asks for a change',
      refused: () => as('developer-b').create(policyChange()),
      caller: 'developer-b',
      next: '--clusterrole=countersign-admin --user=developer-b',
    },
  ];
};
