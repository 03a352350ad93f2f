import { describe, expect, test } from '@jest/globals';
import {
  aCandidate,
  aDeployment,
  aGateSnapshot,
  aLiveObject,
  anObject,
} from '../../../test/support/builders/decide.ts';
import { questionKey } from '../api-queries.ts';
import type { BundleObject } from '../bundle.ts';
import { keyOf } from '../objects.ts';
import type { SelectedObject } from '../selected.ts';
import { selectionProblem, selectionQuestion } from './selection.ts';

const found = (key: string, given: Partial<SelectedObject> = {}): SelectedObject => {
  const [kind = '', name = ''] = key.split('/');
  return { apiVersion: 'v1', kind, name, owners: [], made: false, ...given };
};

const ownedBy = (key: string, owner: string): SelectedObject => {
  const [kind = '', name = ''] = owner.split('/');
  const apiVersion = kind === 'Postgres' ? 'db.example/v1' : 'v1';
  return found(key, { owners: [{ apiVersion, kind, name }] });
};

interface Given {
  readonly staged?: readonly BundleObject[];
  readonly leaveOut?: readonly object[];
  readonly others?: readonly SelectedObject[];
  readonly listed?: readonly SelectedObject[];
}

/** `api` is staged by selector; what else is found comes from the copies or from the API server. */
const said = ({ staged = [aDeployment()], leaveOut = [], others = [], listed = [] }: Given) => {
  const s = aGateSnapshot({
    candidate: aCandidate({
      components: undefined,
      selector: { matchLabels: { app: 'api' } },
      leaveOut: leaveOut.map((entry) => ({ reason: 'because', ...entry })),
    }),
    staged: new Map(staged.map((object) => [keyOf(object.ref), aLiveObject(object)])),
    selection: () => ({ others, kinds: [], notSearched: [] }),
  });
  const question = selectionQuestion(s);
  const key = question === undefined ? '' : questionKey(question);
  return selectionProblem(s, new Map([[key, { kind: 'Selected', objects: listed }]]));
};

const tls = anObject('Ingress', 'shop', {
  metadata: { name: 'shop', annotations: { 'cert-manager.io/issuer': 'ca' } },
  spec: { tls: [{ secretName: 'shop-tls' }] },
});

describe('needs no word:', () => {
  test.each<[sentence: string, given: Given]>([
    ['nothing else found', {}],
    ['the ReplicaSet of a staged Deployment', { listed: [ownedBy('ReplicaSet/api-1', 'Deployment/api')] }],
    [
      'what an object made that a staged one made',
      { listed: [ownedBy('ReplicaSet/api-1', 'Deployment/api')], others: [ownedBy('Job/x', 'ReplicaSet/api-1')] },
    ],
    ['what a controller says it made', { listed: [found('Endpoints/api', { made: true })] }],
    ['a Secret that a staged object makes', { staged: [tls], listed: [found('Secret/shop-tls')] }],
    [
      'an object that is left out, of any version',
      { listed: [found('Secret/db')], leaveOut: [{ kind: 'Secret', name: 'db' }] },
    ],
    [
      'what an object made that is left out',
      {
        others: [found('StatefulSet/db'), ownedBy('PersistentVolumeClaim/data-db-0', 'StatefulSet/db')],
        leaveOut: [{ kind: 'StatefulSet', name: 'db' }],
      },
    ],
  ])('%s', (_, given) => {
    expect(said(given)).toBeUndefined();
  });
});

describe('blocks:', () => {
  test.each<[sentence: string, given: Given, message: string]>([
    ['a Secret', { listed: [found('Secret/db')] }, 'Secret db (Secrets are never copied)'],
    ['a bare Pod', { others: [found('Pod/debug')] }, 'Pod debug (no release takes any Pod)'],
    ['a kind without a profile', { listed: [found('Widget/w')] }, 'Widget w (its kind has no profile)'],
    [
      'what belongs to a stranger',
      { others: [ownedBy('Service/pg', 'Postgres/pg')] },
      'Service pg (it belongs to Postgres.db.example pg, which this release does not take)',
    ],
    [
      'a Deployment that lacks the labels that its pods have',
      { listed: [ownedBy('ReplicaSet/web-1', 'Deployment/web'), ownedBy('ReplicaSet/web-2', 'Deployment/web')] },
      'Deployment web (it made ReplicaSet web-2, which has the labels; it has not)',
    ],
    [
      'an object of another version than the one that is left out',
      {
        listed: [
          found('Gateway/g', { apiVersion: 'a.example/v1' }),
          found('Gateway/g', { apiVersion: 'b.example/v1' }),
        ],
        leaveOut: [{ kind: 'Gateway', name: 'g', apiVersion: 'a.example/v1' }],
      },
      'Gateway.b.example g (its kind has no profile)',
    ],
  ])('%s', (_, given, message) => {
    expect(said(given)).toMatchObject({ reason: 'LeftOutUnsaid', message: expect.stringContaining(message) });
  });

  test('a name in leaveOut that is not found', () => {
    const problem = said({ listed: [found('Secret/db')], leaveOut: [{ kind: 'Secret', name: 'bd' }] });
    expect(problem).toMatchObject({ reason: 'LeftOutNotFound' });
    expect(problem?.message).toContain('kubectl get secret -n payments-staging -l app=api');
  });

  test('what could not be asked', () => {
    const s = aGateSnapshot({
      candidate: aCandidate({ components: undefined, selector: { matchLabels: { app: 'api' } } }),
    });
    const question = selectionQuestion(s);
    const key = question === undefined ? '' : questionKey(question);
    const refused = selectionProblem(s, new Map([[key, { kind: 'No', message: 'secrets is forbidden' }]]));
    expect(refused).toMatchObject({
      reason: 'SelectionUnknown',
      message: expect.stringContaining('secrets is forbidden'),
    });
  });
});

test('with components nothing is searched', () => {
  expect(selectionQuestion(aGateSnapshot())).toBeUndefined();
  expect(selectionProblem(aGateSnapshot(), new Map())).toBeUndefined();
});
