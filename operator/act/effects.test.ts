/** What becomes of writes that the API server does not take. */
import { expect, test } from '@jest/globals';
import type { ObjectEffect } from '../decide/plan.ts';
import type { Client } from '../kube/client.ts';
import { Failure, type FailureKind } from '../kube/failures.ts';
import type { KubeObject } from '../kube/resource.ts';
import { createAct, type ActTools } from './effects.ts';

const creating = (name: string): ObjectEffect => {
  const ref = { apiVersion: 'v1', kind: 'ConfigMap', name };
  return {
    do: 'Create',
    as: 'operator',
    namespace: 'payments-prod',
    intent: { namespace: 'payments-prod', id: 'i', type: 'Promotion', package: 'payments' },
    ref,
    manifest: { ...ref, metadata: { name } },
  };
};

/** Answers by the name of the object; what is not named is taken. */
const actThat = (refuses: Readonly<Record<string, FailureKind>>) => {
  const told: string[] = [];
  const client: Pick<Client, 'createResource'> = {
    createResource(_, object): Promise<KubeObject> {
      const { name = '' } = object.metadata;
      const kind = refuses[name];
      return kind === undefined
        ? Promise.resolve({
            ...object,
            metadata: {
              ...object.metadata,
              name,
              uid: 'u',
              resourceVersion: '1',
              generation: 1,
              creationTimestamp: '',
            },
          } as KubeObject)
        : Promise.reject(new Failure(kind, `${name}: no\nand more`));
    },
  };
  const act = createAct({
    clients: { operator: client as Client, restorer: client as Client }, // as much of them as is asked here
    wrote: ({ ref }) => void told.push(`${ref.name} taken`),
    notTaken: ({ ref }, { message, isFinal }) =>
      void told.push(`${ref.name} ${isFinal ? 'refused' : 'failed'}: ${message}`),
  } as ActTools); // nothing else is done here
  return { act, told };
};

test('of several writes each is tried, and each that is refused is told with the words of the API server', async () => {
  const { act, told } = actThat({ a: 'Forbidden', c: 'Invalid' });
  const done = await act({ do: 'Together', effects: [creating('a'), creating('b'), creating('c')] });
  expect(done).toMatchObject({ kind: 'Forbidden' });
  expect(told.toSorted()).toEqual(['a refused: a: no', 'b taken', 'c refused: c: no']);
});

test('a write that raced or was not answered is tried again by whoever asked for it, and told as well', async () => {
  const { act, told } = actThat({ a: 'Forbidden', b: 'Unavailable' });
  await expect(act({ do: 'Together', effects: [creating('a'), creating('b')] })).rejects.toMatchObject({
    kind: 'Unavailable',
  });
  expect(told.toSorted()).toEqual(['a refused: a: no', 'b failed: b: no']);
});
