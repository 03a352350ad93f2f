/** The sinks of an installation, each with its outbox, kept in line with the Secret that declares them. */
import { parse as parseYaml } from 'yaml';
import type { NoticeKind } from '../../api/notify.ts';
import type { OutboundNotice } from '../../decide/notices/notice.ts';
import { readSinks, sinksKey, type Egress, type Sink, type SinkTrouble } from '../../decide/notices/sinks.ts';
import type { Instant } from '../../decide/objects.ts';
import { isRecord, type KubeObject } from '../../kube/resource.ts';
import type { SinkStates } from '../../observe/sinks.ts';
import type { NoticeMetrics } from '../../telemetry/notices.ts';
import { horizonMs, Outbox, type OutboxTools } from './outbox.ts';

/** By sink: all that happened before has been sent, or is not wanted any more. */
export type Marks = Readonly<Record<string, Instant>>;

/** What happened a moment ago may still be on its way here. */
const slackMs = 30_000;

/** What stays so until somebody does something about it: it is told however late, to sinks whose mark is older. */
const lasting: ReadonlySet<NoticeKind> = new Set(['PolicyReviewDue']);

export interface DispatchTools extends Omit<OutboxTools, 'state' | 'metrics'> {
  readonly metrics: NoticeMetrics;
  readonly egress: Egress;
  readonly states: SinkStates;
  /** Name of the Secret, for people. */
  readonly secret: string;
}

export class Dispatch {
  readonly #tools: DispatchTools;
  readonly #boxes = new Map<string, { readonly sink: Sink; readonly box: Outbox }>();
  #floors: Marks = {};
  #earliest: Instant = Infinity;

  constructor(tools: DispatchTools) {
    this.#tools = tools;
  }

  /** From now on notices are taken. `marks`: of who sent before; what is older than an hour is not sent whatever they say, unless it lasts. */
  begin(marks: Marks): void {
    this.#floors = marks;
    this.#earliest = this.#tools.clock.now() - horizonMs;
  }

  /** The Secret as it is now; undefined = there is none. */
  declare(secret: KubeObject | undefined): void {
    const { secret: name, egress, states } = this.#tools;
    const content = secret === undefined ? { sinks: [] } : yamlIn(secret);
    const read = readSinks(content, egress);
    const place = `Secret ${name} in the namespace of Countersign`;
    if ('unreadable' in read) {
      this.#keep([]);
      states.declare(new Map(), `${place} cannot be read: ${read.unreadable}`);
      return;
    }
    this.#keep(read.sinks);
    const declared = new Map<string, SinkTrouble | undefined>([
      ...read.sinks.map(({ name }) => [name, undefined] as const),
      ...read.wrong.map(({ name, why }) => [name, { is: 'NotAllowed', why }] as const),
    ]);
    states.declare(declared, secret === undefined ? `there is no ${place}` : `${place} declares no such sink`);
  }

  #keep(sinks: readonly Sink[]): void {
    for (const [name, { box }] of this.#boxes) {
      if (sinks.some((each) => each.name === name)) continue;
      box.drop();
      this.#boxes.delete(name);
    }
    for (const sink of sinks) {
      this.#tools.metrics.declared(sink.name);
      const box = this.#boxes.get(sink.name)?.box ?? new Outbox(sink, this.#outboxTools());
      box.update(sink);
      this.#boxes.set(sink.name, { sink, box });
    }
  }

  #outboxTools(): OutboxTools {
    const { states } = this.#tools;
    return {
      ...this.#tools,
      state: (sink, trouble) =>
        states.note(
          sink,
          trouble === undefined || trouble.how === 'Unfit'
            ? undefined
            : { is: trouble.how === 'Denied' ? 'NotAllowed' : 'Failing', why: trouble.why },
        ),
    };
  }

  /** To the sinks of that name, if it is news to them. */
  send(notice: OutboundNotice, sinks: readonly string[]): void {
    if (notice.at < this.#earliest && !lasting.has(notice.kind)) return;
    for (const name of sinks) {
      const found = this.#boxes.get(name);
      if (found === undefined) {
        this.#tools.metrics.undeclared();
        continue;
      }
      const isWanted = found.sink.namespaces?.includes(notice.namespace) ?? true;
      if (isWanted && notice.at >= (this.#floors[name] ?? 0)) found.box.add(notice);
    }
  }

  waiting(): readonly (readonly [string, number])[] {
    return [...this.#boxes].map(([name, { box }]) => [name, box.size()] as const);
  }

  marks(): Marks {
    const settled = this.#tools.clock.now() - slackMs;
    const each = [...this.#boxes].map(([name, { box }]) => [name, Math.min(box.oldest() ?? settled, settled)] as const);
    return { ...this.#floors, ...Object.fromEntries(each) };
  }

  async stop(withinMs: number): Promise<void> {
    await Promise.all([...this.#boxes.values()].map(({ box }) => box.stop(withinMs)));
  }
}

/** What the Secret holds; what is no YAML is no list of sinks, and that is said. */
const yamlIn = (secret: KubeObject): unknown => {
  const data = isRecord(secret['data']) ? secret['data'][sinksKey] : undefined;
  if (typeof data !== 'string') return {};
  try {
    // Aliases would make a small Secret a large one.
    return parseYaml(Buffer.from(data, 'base64').toString(), { maxAliasCount: 0 });
  } catch {
    return {};
  }
};
