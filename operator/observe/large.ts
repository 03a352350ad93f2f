/** What large objects hold, apart from the facts about them: packed, up to a bound, and read again when it is needed and no longer there. */
import type { PackedValues } from '../kube/packed.ts';
import type { KubeObject, ResourceRow } from '../kube/resource.ts';

/** Objects whose JSON is longer than this are kept packed. Of small ones a namespace holds thousands, and they are looked at all the time. */
export const largeLength = 8 * 1024;

/** An object of the API server. */
export interface ObjectHome {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** What an object holds was needed and is not here: whoever can wait has it loaded, and begins again. */
export class ObjectAway extends Error {
  readonly home: ObjectHome;

  constructor(home: ObjectHome) {
    super(`${home.kind} ${home.name} of ${home.namespace} has to be read first`);
    this.name = 'ObjectAway';
    this.home = home;
  }
}

/** By uid and resource version of the object. */
export type LargeParts = PackedValues<object>;

/** What is needed of an object if it is here. @returns undefined when it would have to be read */
export const ifHere = <T>(look: () => T): T | undefined => {
  try {
    return look();
  } catch (error) {
    if (error instanceof ObjectAway) return undefined;
    throw error;
  }
};

export interface ObjectLoaderTools {
  readonly resourceOf: (home: ObjectHome) => ResourceRow;
  readonly read: (resource: ResourceRow, home: ObjectHome) => Promise<KubeObject>;
  /** Takes the object as it was read into the copies: they may not have been told of its latest state. */
  readonly observed: (resource: ResourceRow, object: KubeObject) => void;
  /** Keeps what it holds, and resolves when it is packed: what is read next is to have room beside it. */
  readonly keep: (object: KubeObject) => Promise<void>;
}

/** Reads a large object into the place of such ones. */
export const createObjectLoader =
  ({ resourceOf, read, observed, keep }: ObjectLoaderTools): ((home: ObjectHome) => Promise<void>) =>
  async (home) => {
    const resource = resourceOf(home);
    const object = await read(resource, home);
    observed(resource, object);
    await keep(object);
  };
