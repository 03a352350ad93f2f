/**
 * What one process knows by its watches. It comes late, of each object after its own time, and never goes backwards; while the watches are
 * lost nothing comes, and then everything at once.
 */
import type { LiveObject, NodeFacts, ObjectKey, PodFacts } from '../../../operator/decide/objects.ts';
import type { NamespaceRecord } from '../../../operator/decide/record/record.ts';
import type { Cluster, Watcher } from './cluster.ts';
import type { Nodes } from './nodes.ts';
import type { Pod } from './pods.ts';
import type { Chance, Timeline } from './timeline.ts';

interface News {
  readonly madeAt: number;
  readonly at: number;
  readonly tell: () => void;
}

export class View implements Watcher {
  readonly live = new Map<ObjectKey, LiveObject>();
  readonly pods = new Map<ObjectKey, PodFacts[]>();
  readonly nodes = new Map<string, NodeFacts>();
  record: NamespaceRecord;
  /** Called at the moment at which there is something new to know. */
  readonly #woken: () => void;
  readonly #time: Timeline;
  readonly #chance: Chance;
  readonly #news: News[] = [];
  /** By what it is about: nothing about the same comes before it. */
  readonly #last = new Map<string, number>();
  #mostMs = 60;
  #lostUntil = 0;

  constructor(
    { time, chance, record }: { readonly time: Timeline; readonly chance: Chance; readonly record: NamespaceRecord },
    woken: () => void,
  ) {
    this.#time = time;
    this.#chance = chance;
    this.#woken = woken;
    this.record = record;
  }

  object(key: ObjectKey, live: LiveObject | undefined): void {
    this.#later(key, () => {
      if (live === undefined) this.live.delete(key);
      else this.live.set(key, live);
    });
  }

  pod(name: string, { owner, facts }: Pod, isGone: boolean): void {
    this.#later(`pod ${name}`, () => {
      const others = (this.pods.get(owner) ?? []).filter((other) => other.name !== name);
      this.pods.set(owner, isGone ? others : [...others, facts]);
    });
  }

  /** That a node was rebooted is known to whoever knew it before. */
  node(facts: NodeFacts): void {
    this.#later(`node ${facts.name}`, () => {
      const before = this.nodes.get(facts.name);
      const isOther = before !== undefined && before.bootID !== facts.bootID;
      this.nodes.set(facts.name, { ...facts, rebootedAt: isOther ? this.#time.now : before?.rebootedAt });
    });
  }

  entered(record: NamespaceRecord): void {
    this.#later('record', () => this.knows(record));
  }

  /** Of an entry that it wrote itself, it knows at once. */
  knows(record: NamespaceRecord): void {
    if (record.head.seq > this.record.head.seq) this.record = record;
  }

  other(about: string, tell: () => void): void {
    this.#later(about, tell);
  }

  /** From now on news take up to `ms`. */
  slow(ms: number): void {
    this.#mostMs = ms;
  }

  lose(until: number): void {
    this.#lostUntil = Math.max(this.#lostUntil, until);
  }

  /** Takes in what has come, and says since when something is not known yet: now, if everything is. */
  catchUp(): number {
    const now = this.#time.now;
    let open = 0;
    let since = now;
    for (const news of this.#news) {
      if (news.at <= now) news.tell();
      else {
        this.#news[open] = news;
        open += 1;
        since = Math.min(since, news.madeAt);
      }
    }
    this.#news.length = open;
    return since;
  }

  /** As a process begins: it lists everything. */
  list(cluster: Cluster, record: NamespaceRecord, nodes: Nodes): void {
    this.#news.length = 0;
    this.nodes.clear();
    for (const [name, facts] of nodes.facts) this.nodes.set(name, facts);
    this.live.clear();
    this.pods.clear();
    for (const [key, live] of cluster.objects) this.live.set(key, live);
    for (const { owner, facts } of cluster.pods.all()) this.pods.set(owner, [...(this.pods.get(owner) ?? []), facts]);
    this.record = record;
  }

  #later(about: string, tell: () => void): void {
    const now = this.#time.now;
    const comes = Math.max(now + this.#chance.between(1, this.#mostMs), this.#lostUntil);
    const at = Math.max(comes, this.#last.get(about) ?? 0);
    this.#last.set(about, at);
    this.#news.push({ madeAt: now, at, tell });
    this.#time.at(at, this.#woken);
  }
}
