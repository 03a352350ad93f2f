/** What is asked of the API server and of the ledger, and in which order, where one write of several is refused. */
import { expect, test } from '@jest/globals';
import { aBundle, anIntent } from '../../test/support/builders/decide.ts';
import * as drafts from '../decide/release/entries.ts';
import type { LedgerDraft } from '../decide/ledger-entry.ts';
import { keyOf } from '../decide/objects.ts';
import type { ObjectEffect } from '../decide/plan.ts';
import type { Client } from '../kube/client.ts';
import { Failure } from '../kube/failures.ts';
import { Overtaken } from '../ledger/append.ts';
import { createAct } from './effects.ts';
import { compared } from '../decide/delta/compare.ts';

const open = anIntent(aBundle());

const creating = (name: string): ObjectEffect => {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name };
  const onRefusal = { draft: drafts.refusedWrite(open, 'payments', keyOf(ref)), packageSeq: 5 };
  return {
    do: 'Create',
    as: 'operator',
    namespace: 'payments-prod',
    intent: { namespace: 'payments-prod', id: open.id, type: 'Promotion', onRefusal },
    ref,
    manifest: { ...ref, metadata: { name } },
  };
};

test('of several writes that are refused the first is recorded, and only that', async () => {
  const recorded: LedgerDraft[] = [];
  const refusing: Pick<Client, 'createResource'> = {
    createResource: (_, { metadata }) => Promise.reject(new Failure('Forbidden', `${metadata.name}: no`)),
  };
  const act = createAct({
    clients: { operator: refusing as Client, restorer: refusing as Client }, // as much of them as is asked here
    append: (namespace, draft, packageSeq) => {
      // The entry before it moved the package.
      if (packageSeq !== undefined && recorded.length > 0)
        return Promise.reject(new Overtaken(namespace, draft.package));
      recorded.push(draft);
      return Promise.resolve();
    },
    compare: (comparison) => Promise.resolve(compared(comparison)),
    wrote: () => {},
  });
  await expect(act({ do: 'Together', effects: [creating('a'), creating('b')] })).rejects.toBeInstanceOf(Overtaken);
  expect(recorded.map(({ reason }) => reason)).toEqual(['ConfigMap/a: a: no']);
});
