/** Objects that controllers made: their owner explains them. */
import { kindRow, kindRows } from '../manifest/kinds/index.ts';
import type { Scene, Watched } from './view.ts';
import { possibleSetsOf } from '../manifest/claims.ts';
import { ownerIn, type OwnerText } from '../manifest/lifetime.ts';
import { type Program, runs, sameProgram, strayLabels } from '../manifest/pod-fingerprint.ts';

/** Who makes objects of a kind: they are explained by their controller, and not entered one by one. */
const makersOf = (kind: string): readonly string[] => kindRow(kind)?.madeBy ?? [];

/** Kinds whose controllers make objects. */
const makers: ReadonlySet<string> = new Set(kindRows.flatMap(({ madeBy }) => madeBy ?? []));

export const isMade = (scene: Scene, live: Watched): boolean => {
  const { kind, controller } = live;
  if (kind === 'Endpoints') return scene.get(`Service/${live.name}`)?.selects === true;
  if (kind === 'PersistentVolumeClaim' && controller === undefined) return isClaimOfSet(scene, live.name);
  const owner = ownerOf(scene, live);
  if (owner === undefined) return false;
  if (!['ReplicaSet', 'Job', 'Pod'].includes(kind)) return true;
  if (live.idle) return true;
  const templates = kind === 'Pod' && !keepsRevisions.has(owner.kind) ? [] : scene.former(owner.key);
  return [owner.programs, ...templates].some((template) =>
    kind === 'Pod' ? isPodOf(scene, live.programs, template) : sameProgram(live.programs, template),
  );
};

/** What injects into pods may label them, too, as long as nothing is reached by it. */
const isPodOf = (scene: Scene, pod: readonly Program[], template: readonly Program[]): boolean =>
  runs(pod, template) && !strayLabels(pod, template).some(scene.selects);

/** Their pods belong to the workload itself, through whichever of its revisions. */
const keepsRevisions: ReadonlySet<string> = new Set(makersOf('ControllerRevision'));

export const ownerOf = (scene: Scene, { kind, controller }: Watched): Watched | undefined => {
  if (controller === undefined || !makersOf(kind).includes(controller.kind)) return undefined;
  const owner = scene.get(`${controller.kind}/${controller.name}`);
  return owner?.uid === controller.uid ? owner : undefined;
};

/** An owner of it is not there: the garbage collector takes it along, or takes that owner off. */
export const isOrphan = (scene: Scene, live: Watched): boolean =>
  (live.controller !== undefined &&
    makersOf(live.kind).includes(live.controller.kind) &&
    ownerOf(scene, live) === undefined) ||
  live.lifetime.some((text) => {
    const owner = ownerIn(text);
    return owner !== undefined && makers.has(kindIn(owner)) && scene.get(owner.key)?.uid !== owner.uid;
  });

const kindIn = ({ key }: OwnerText): string => key.slice(0, key.indexOf('/'));

/** Of a StatefulSet that is there, or was: its claims outlive it. */
const isClaimOfSet = (scene: Scene, name: string): boolean =>
  possibleSetsOf(name).some((set) => scene.get(set) !== undefined || scene.explained.objects.has(set));

/** An owner that is there, and of which objects of the kind are made. Claims of a set, and of a pod, are named after it. */
export const isMaker = (scene: Scene, { kind, name }: Watched, owner: OwnerText): boolean => {
  const maker = kindIn(owner);
  if (!makersOf(kind).includes(maker) || kindRow(maker)?.apiVersion !== owner.apiVersion) return false;
  if (scene.get(owner.key)?.uid !== owner.uid) return false;
  if (kind !== 'PersistentVolumeClaim') return owner.isController;
  const its = owner.key.slice(maker.length + 1);
  return maker === 'StatefulSet'
    ? name.slice(0, name.lastIndexOf('-')).endsWith(`-${its}`) && /-\d+$/.test(name)
    : name.startsWith(`${its}-`) || name.endsWith(`-${its}`);
};
