/** A policy and what may notice that a part of it is gone, and what became of each mutant. */
import type { PolicyKind } from '../../support/attack/sentinel.ts';
import type { World } from '../../support/attack/world.ts';
import type { Mutant } from './mutate.ts';

/** Something that holds under the policy as it is, and not under some mutant of it. */
export interface BoundCheck {
  readonly name: string;
  readonly passes: () => Promise<boolean>;
}

/** A policy, and all that may notice that a part of it is gone. */
export interface Suite {
  /** Its name for people, and for the list of equivalents. */
  readonly topic: string;
  /** The name of the policy; its bindings are of the same name, and of that with `-audit`. */
  readonly policy: string;
  readonly kind: PolicyKind;
  /** Those of one turn are tried at the same time: no check of one may depend on the policy of another. 0 when absent. */
  readonly turn?: number;
  /** In the order in which they are asked: those first that a mutant's name speaks of. */
  readonly checks: (mutant: Mutant) => readonly BoundCheck[];
  /** Those of them that no test of its own has shown to hold: they are asked before anything is changed. */
  readonly own: readonly BoundCheck[];
}

/** Suites, and the world in which their checks run; somebody has to stop it. */
export interface Started {
  readonly world: World;
  readonly suites: readonly Suite[];
}

export interface Verdict {
  readonly topic: string;
  readonly name: string;
  readonly is: 'killed' | 'equivalent' | 'survived' | 'no policy';
  /** What noticed; why it is equivalent. */
  readonly by: string;
}
