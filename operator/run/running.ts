/** Controllers at work: each gets the facts that it reads, and is woken by what it names. */
import { Failure } from '../kube/failures.ts';
import type { OnChange } from '../observe/changes.ts';
import type { FactName, Facts } from '../observe/facts.ts';
import type { Priority } from '../work/queue.ts';
import { connectTriggers, factsReadBy, pickFacts, type Controller, type Wake } from './controller.ts';
import { candidateController } from './controllers/candidate.ts';
import { deletionController } from './controllers/deletion.ts';
import { emergencyController } from './controllers/emergency.ts';
import { exceptionController } from './controllers/exception.ts';
import { findingsController } from './controllers/findings.ts';
import { policyController } from './controllers/policy.ts';
import { policyChangeController } from './controllers/policy-change.ts';
import { releaseController } from './controllers/release.ts';
import { isKeyOf, keyText, type ControllerName, type Key } from './keys.ts';
import { createReconcile, type Outcome, type Shell } from './reconcile.ts';
import type { Stuck } from './tries.ts';

/** A controller at work. */
export interface Running {
  readonly priority: Priority;
  /** See `Controller.maxRetryMs`. */
  readonly maxRetryMs: number;
  /** From now on changes wake it. */
  connect(on: OnChange, wake: (wake: Wake) => void): void;
  everything(): readonly Wake[];
  /** @throws {Failure} for a key of another controller */
  reconcile(key: Key): Promise<Outcome>;
}

export type RunningControllers = Readonly<Record<ControllerName, Running>>;

export interface RunningTools {
  readonly facts: Facts;
  readonly shell: Shell;
}

export const runControllers = (tools: RunningTools): RunningControllers => ({
  candidate: run(candidateController, tools),
  release: run(releaseController, tools),
  policy: run(policyController, tools),
  findings: run(findingsController, tools),
  emergency: run(emergencyController, tools),
  exception: run(exceptionController, tools),
  'policy-change': run(policyChangeController, tools),
  'candidate-deletion': run(deletionController, tools),
});

const run = <C extends ControllerName, Seen, N extends FactName>(
  controller: Controller<C, Seen, N>,
  { facts, shell }: RunningTools,
): Running => {
  const { name, plan, ahead, isHeavy, stuck, refused, isRefused, failing } = controller;
  const read = pickFacts(facts, factsReadBy(controller.triggers));
  const reconcile = createReconcile(
    {
      name,
      textOf: keyText,
      observe: (key: Parameters<typeof controller.observe>[1]) => controller.observe(read, key, shell.clock.now()),
      plan,
      ...(controller.priority === 'Rollback' && { isUrgent: true }),
      ...(ahead && { ahead }),
      ...(isHeavy && { isHeavy }),
      ...(stuck && { stuck }),
      ...(failing && {
        failing: (key: Parameters<typeof failing>[1], why: Stuck | undefined) => failing(read, key, why),
      }),
      ...(refused && {
        refused: (key: Parameters<typeof refused>[1], failure: Failure | undefined) => refused(read, key, failure),
      }),
      ...(isRefused && { isRefused }),
    },
    shell,
  );
  return {
    priority: controller.priority,
    maxRetryMs: controller.maxRetryMs ?? Infinity,
    connect: (on, wake) => connectTriggers(controller.triggers, { facts, on, wake }),
    everything: () => controller.everything(facts),
    async reconcile(key) {
      if (isKeyOf(name, key)) return reconcile(key);
      throw new Failure('Bug', `${keyText(key)} is no key of controller ${name}`);
    },
  };
};
