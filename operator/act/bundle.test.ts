import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { aBundle } from '../../test/support/builders/decide.ts';
import { parseReleaseBundle } from '../api/bundle.ts';
import type { JsonObject } from '../api/meta.ts';
import { canonicalJson, digestOf } from '../decide/json/canonical.ts';
import type { Client } from '../kube/client.ts';
import type { Manifest } from '../kube/resource.ts';
import { contentText } from '../decide/manifest/bundle-parts.ts';
import { createBundle } from './bundle.ts';
import { nothingShown } from '../decide/comparison.ts';

const configMap = (name: string, text: string) => {
  const content: JsonObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { text } };
  return { ref: { apiVersion: 'v1', kind: 'ConfigMap', name }, content, digest: digestOf(content) };
};

/** What is sent to be created, in order. */
const sent = async (...objects: readonly ReturnType<typeof configMap>[]): Promise<readonly Manifest[]> => {
  const all: Manifest[] = [];
  const client: Pick<Client, 'createResource'> = {
    createResource: (_, object) => {
      all.push(object);
      const { name = '' } = object.metadata;
      return Promise.resolve({ ...object, metadata: { name, uid: 'u', resourceVersion: '1' } });
    },
  };
  await createBundle(client as Client, aBundle({ objects }), nothingShown); // as much of a client as is asked
  return all;
};

const objectsIn = (manifest: Manifest | undefined) => {
  const metadata = {
    uid: 'u',
    resourceVersion: '1',
    generation: 1,
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...manifest?.metadata,
  };
  const parsed = parseReleaseBundle({ ...manifest, metadata });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.value.spec.objects;
};

test('a small content stays readable, a large one is compressed, and both are what their digests say', async () => {
  const given = [configMap('large', '{"a":"b"}\n'.repeat(100_000)), configMap('small', 'x')];
  const [head] = await sent(...given);
  const objects = objectsIn(head);
  expect(objects.map(({ encoding }) => encoding)).toEqual(['gzip', undefined]);
  expect(objects.map(contentText)).toEqual(given.map(({ content }) => canonicalJson(content)));
  expect(JSON.stringify(head).length).toBeLessThan(100_000);
});

test('what does not get smaller goes into parts, and the head is written last', async () => {
  const noise = () => randomBytes(400_000).toString('base64');
  const all = await sent(configMap('a', noise()), configMap('b', noise()), configMap('c', noise()));
  expect(all.map(({ metadata }) => metadata.name)).toEqual([
    'payments-2.4.0-dddddddd-0',
    'payments-2.4.0-dddddddd-1',
    'payments-2.4.0-dddddddd-2',
    'payments-2.4.0-dddddddd',
  ]);
});

test('what cannot be stored is named with its size, the limit and what to do, and nothing is written', async () => {
  const given = configMap('huge', randomBytes(1_500_000).toString('base64'));
  await expect(sent(configMap('a', 'x'), given)).rejects.toMatchObject({
    kind: 'TooLarge',
    message: expect.stringMatching(/^ConfigMap\/huge has 2000\d+ bytes, .* Next: split the object/),
  });
});
