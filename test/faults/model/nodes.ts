/** Two nodes. One that is away reports nothing of its pods until it is back. */
import type { NodeFacts } from '../../../operator/decide/objects.ts';

export const nodeNames = ['node-1', 'node-2'] as const;

export class Nodes {
  readonly facts = new Map<string, NodeFacts>(
    nodeNames.map((name) => [
      name,
      { name, ready: true, readySince: 0, bootID: 'boot-0', rebootedAt: undefined, unreachable: false },
    ]),
  );
  /** Told what is reported of a node. */
  readonly followers: ((facts: NodeFacts) => void)[] = [];
  readonly #away = new Map<string, (() => void)[]>();
  #boots = 0;

  isAway(node: string): boolean {
    return this.#away.has(node);
  }

  isReady(node: string): boolean {
    return this.facts.get(node)?.ready === true;
  }

  /** Where a pod may be placed: nodes that are there, in turn. */
  place(turn: number): string | undefined {
    const there = nodeNames.filter((node) => !this.#away.has(node));
    return there[turn % Math.max(1, there.length)];
  }

  leave(node: string): void {
    if (!this.#away.has(node)) this.#away.set(node, []);
    this.#report(node, { ready: false, readySince: undefined, unreachable: true });
  }

  back(node: string, second: number): void {
    const waiting = this.#away.get(node) ?? [];
    this.#away.delete(node);
    this.#report(node, { ready: true, readySince: second, unreachable: false });
    for (const run of waiting) run();
  }

  /** Its kubelet reports the new boot before anything of its pods, and is not ready yet. */
  rebooted(node: string): void {
    this.#boots += 1;
    this.#report(node, { ready: false, readySince: undefined, bootID: `boot-${this.#boots}` });
  }

  ready(node: string, second: number): void {
    if (!this.isAway(node)) this.#report(node, { ready: true, readySince: second });
  }

  /** Now, or when the node is back. */
  when(node: string, run: () => void): void {
    const waiting = this.#away.get(node);
    if (waiting === undefined) run();
    else waiting.push(run);
  }

  /** When any node is back; only for when none is there. */
  whenAny(run: () => void): void {
    let isDone = false;
    for (const waiting of this.#away.values())
      waiting.push(() => {
        if (!isDone) run();
        isDone = true;
      });
  }

  #report(name: string, said: Partial<NodeFacts>): void {
    const before = this.facts.get(name);
    if (before === undefined) return;
    const facts = { ...before, ...said };
    this.facts.set(name, facts);
    for (const follower of this.followers) follower(facts);
  }
}
