/** Marks objects of production when something changed that may have to be explained. */
import { isAutoscaler } from '../decide/manifest/kinds/index.ts';
import { scaleTarget } from '../decide/manifest/unmanaged-fields.ts';
import { keyOf, type ObjectKey, type PodFacts } from '../decide/objects.ts';
import { isRedefined } from './custom-kinds.ts';
import type { DirtyObjects } from './dirty-objects.ts';
import { isStatusOnly, type Changed, type OnChange } from './changes.ts';
import type { Read } from './facts.ts';
import { ifHere } from './large.ts';
import { policyIn } from './lookup.ts';
import { watchedLive } from './fingerprint.ts';
import type { KeptObject } from './parse.ts';

export interface DirtyObjectsFollowerOptions {
  readonly facts: Read<'policies' | 'guarded' | 'objects'>;
  readonly dirtyObjects: DirtyObjects;
  readonly on: OnChange;
}

/** From now on every change of production marks what it concerns. */
export const followDirtyObjects = ({ facts, dirtyObjects, on }: DirtyObjectsFollowerOptions): void => {
  const isProduction = (namespace: string): boolean => policyIn(facts, namespace) !== undefined;
  const changed = (namespace: string, key: ObjectKey): void => {
    if (isProduction(namespace)) dirtyObjects.mark(namespace, key);
  };
  const productions = (): readonly string[] =>
    (facts.policies.in()?.list() ?? []).map(({ metadata }) => metadata.namespace);
  const object = (change: { readonly new?: Located; readonly old?: Located }): void => {
    const found = change.new ?? change.old;
    if (found !== undefined) changed(found.namespace, found.key);
  };

  followWhole({ dirtyObjects, on });
  on.objects((change) => {
    const found = change.new ?? change.old;
    if (found === undefined) return;
    changed(found.namespace, keyOf(found.ref));
    for (const target of scaledBy(change)) changed(found.namespace, target);
    const { old } = change;
    if (old === undefined) return;
    if (change.new === undefined) dirtyObjects.forget(old.uid);
    else if (isProduction(old.namespace)) dirtyObjects.replaced(old.uid, ifHere(() => watchedLive(old).programs) ?? []);
  });
  on.pods(({ old, new: now }) => {
    const pod = now ?? old;
    if (pod !== undefined && !runsOn(old, now)) changed(pod.namespace, `Pod/${pod.name}`);
  });
  on.secrets(object);
  on.watched(object);
  on.guarded(object);
  on.installed((change) => {
    const found = change.new ?? change.old;
    if (found === undefined || change.old?.digest([]) === change.new?.digest([])) return;
    for (const namespace of productions()) changed(namespace, found.key);
  });
  on.definitions((change) => {
    if (!isRedefined(facts, change)) return;
    for (const namespace of productions()) dirtyObjects.markAll(namespace);
  });
};

interface Located {
  readonly namespace: string;
  readonly key: ObjectKey;
}

/** What makes everything of a namespace worth another look. */
const followWhole = ({ dirtyObjects, on }: Pick<DirtyObjectsFollowerOptions, 'dirtyObjects' | 'on'>): void => {
  on.policies((change) => {
    const policy = change.new ?? change.old;
    if (policy !== undefined && !isStatusOnly(change)) dirtyObjects.markAll(policy.metadata.namespace);
  });
  on.namespaces(({ key, old, new: now }) => {
    if (old?.guarded !== now?.guarded) dirtyObjects.markAll(key);
  });
  // A kind may have changed while nobody could read it.
  on.followed(({ namespace }) => {
    if (namespace !== undefined) dirtyObjects.markAll(namespace);
  });
  on.records(({ namespace, entry }) => {
    if (entry?.type === 'FindingClosed' || entry?.type === 'Resumed') dirtyObjects.markAll(namespace);
  });
};

/** What an autoscaler that changed scales, or scaled before. */
export const scaledBy = ({ old, new: now }: Changed<KeptObject>): readonly ObjectKey[] =>
  [old, now].flatMap((each) =>
    each !== undefined && isAutoscaler(each.ref) ? (ifHere(() => scaleTarget(each.manifest)) ?? []) : [],
  );

/** Whether the API server told of a pod what explaining it does not look at. */
const runsOn = (before: PodFacts | undefined, after: PodFacts | undefined): boolean =>
  before !== undefined &&
  after !== undefined &&
  before.uid === after.uid &&
  before.controller?.uid === after.controller?.uid &&
  before.programs.join() === after.programs.join() &&
  before.lifetime.join() === after.lifetime.join();
