import { PackedValues } from '../kube/packed.ts';
import { aPlace } from '../../test/support/builders/place.ts';
import { expect, test } from '@jest/globals';
import { aPolicy } from '../../test/support/builders/decide.ts';
import { explainedKinds } from '../decide/record/expected-state.ts';
import type { Reflectors } from '../kube/reflectors.ts';
import { createCaches } from './caches.ts';
import { Followed } from './following.ts';

/** Reflectors that are complete when the test says so, and of which only the policies hold anything. */
const silentReflectors = () => {
  const sync = Promise.withResolvers<void>();
  let isSynced = false;
  const policy = aPolicy();
  const unreadable = new Promise<void>(() => {});
  const reflector = {
    unreadable,
    unreadBecause: () => undefined,
    synced: sync.promise,
    isSynced: () => isSynced,
    list: () => [policy],
    get: () => undefined,
  };
  const family = () => ({ in: () => reflector, hold: () => ({ reflector, release: async () => {} }) });
  return {
    reflectors: { family } as unknown as Reflectors, // as much of them as is followed here
    policy,
    complete() {
      isSynced = true;
      sync.resolve();
    },
  };
};

const options = { digestKey: 'key', guarded: [], place: aPlace(), large: new PackedValues<object>(Infinity) };

test('every kind whose changes are to be explained is followed, and no other', () => {
  const caches = createCaches(silentReflectors().reflectors, options);
  const followed = [...caches.objects.keys(), ...caches.watched.keys(), 'Pod', 'Secret'];
  expect(followed.toSorted()).toEqual([...explainedKinds].toSorted());
});

test('a namespace without any object is told complete too, for no change will tell it', async () => {
  const { reflectors, policy, complete } = silentReflectors();
  const told: string[] = [];
  const both = Promise.withResolvers<void>();
  const followed = new Followed(createCaches(reflectors, options), {
    busy: () => [],
    completed(namespace) {
      told.push(namespace);
      if (told.length === 2) both.resolve();
    },
    decides: () => false,
  });
  followed.update();
  followed.update();
  expect(followed.isComplete('Production', policy.metadata.namespace)).toBe(false);

  complete();
  await both.promise;

  expect(told.toSorted()).toEqual([policy.metadata.namespace, policy.spec.sourceNamespace].toSorted());
  expect(followed.isComplete('Production', policy.metadata.namespace)).toBe(true);
});

test('a namespace in which something is half way is followed, though no policy names it any more', async () => {
  const { reflectors, complete } = silentReflectors();
  const told = Promise.withResolvers<string>();
  const followed = new Followed(createCaches(reflectors, options), {
    busy: () => ['left-prod'],
    completed: (namespace) => namespace === 'left-prod' && told.resolve(namespace),
    decides: () => false,
  });
  followed.update();
  complete();
  await told.promise;

  expect(followed.isComplete('Production', 'left-prod')).toBe(true);
  expect(followed.isComplete('Watched', 'left-prod')).toBe(true);
});

test('Secrets are followed by a process that decides, and not before', async () => {
  const { reflectors, policy, complete } = silentReflectors();
  const { namespace } = policy.metadata;
  let decides = false;
  const followed = new Followed(createCaches(reflectors, options), {
    busy: () => ['left-prod'],
    completed: () => {},
    decides: () => decides,
  });
  followed.update();
  complete();
  expect(followed.isComplete('Production', namespace)).toBe(true);
  expect(followed.isComplete('Secrets', namespace)).toBe(false);

  decides = true;
  followed.update();

  expect([namespace, 'left-prod'].map((each) => followed.isComplete('Secrets', each))).toEqual([true, true]);
});
