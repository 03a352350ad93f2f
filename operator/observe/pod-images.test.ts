import { expect, test } from '@jest/globals';
import { podFacts } from './parse-pods.ts';

const pod = (name: string, given: { readonly image?: string; readonly id?: string } = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'staging', uid: name, resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    initContainers: [{ name: 'init', image: 'init:1' }],
    containers: [{ name: 'main', image: given.image ?? 'app:1' }, { name: 'late' }],
    ephemeralContainers: [{ name: 'debug', image: 'busybox' }],
    volumes: [
      { name: 'model', image: { reference: 'model:1' } },
      { name: 'scratch', emptyDir: {} },
    ],
  },
  status: {
    initContainerStatuses: [{ name: 'init', imageID: 'docker.io/library/init@sha256:1' }],
    containerStatuses: [
      {
        name: 'main',
        imageID: given.id ?? 'docker.io/library/app@sha256:2',
        volumeMounts: [
          { name: 'scratch', mountPath: '/tmp' },
          { name: 'model', mountPath: '/m', volumeStatus: { image: { imageRef: 'docker.io/library/model@sha256:3' } } },
        ],
      },
    ],
    ephemeralContainerStatuses: [{ name: 'debug', imageID: 'docker.io/library/busybox@sha256:4' }],
  },
});

test('what a pod asks for and runs is kept by container and image volume, and nothing of ephemeral containers', () => {
  expect(podFacts(pod('a')).images).toEqual([
    { place: 'container', name: 'init', image: 'init:1', id: 'docker.io/library/init@sha256:1' },
    { place: 'container', name: 'main', image: 'app:1', id: 'docker.io/library/app@sha256:2' },
    { place: 'container', name: 'late', image: '', id: '' },
    { place: 'volume', name: 'model', image: 'model:1', id: 'docker.io/library/model@sha256:3' },
  ]);
});

test('pods that run the same share what is kept of it', () => {
  expect(podFacts(pod('a')).images).toBe(podFacts(pod('b')).images);
  expect(podFacts(pod('c', { id: 'docker.io/library/app@sha256:5' })).images).not.toBe(podFacts(pod('a')).images);
});

test('a name that no image has for its length is not kept', () => {
  const [, main] = podFacts(pod('a', { image: 'a'.repeat(1_001), id: 'b'.repeat(1_001) })).images ?? [];
  expect(main).toMatchObject({ image: '', id: '' });
});
