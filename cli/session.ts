/** One run of the command: what was typed, the terminal, the clock, and the cluster once somebody asks for it. */
import type { Cluster } from './cluster/cluster.ts';
import type { Wanted } from './cluster/kubeconfig.ts';
import { Problem, exitCodes } from './exit.ts';
import { formatOf, type Format } from './output/objects.ts';
import type { Streams, Terminal } from './output/terminal.ts';

export interface Typed {
  readonly args: readonly (string | readonly string[] | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
}

export class Session {
  readonly out: Terminal;
  readonly env: Streams['env'];
  readonly signal: AbortSignal;
  readonly version: string;
  readonly #typed: Typed;
  readonly #interactive: boolean;
  #cluster: Promise<Cluster> | undefined;

  constructor(
    typed: Typed,
    given: {
      readonly out: Terminal;
      readonly streams: Streams;
      readonly signal: AbortSignal;
      readonly version: string;
    },
  ) {
    this.#typed = typed;
    this.out = given.out;
    this.env = given.streams.env;
    this.#interactive = given.streams.stdin.isTTY === true;
    this.signal = given.signal;
    this.version = given.version;
  }

  now(): number {
    return Date.now();
  }

  /** An argument by its place; undefined = it was left out. */
  argument(place: number): string | undefined {
    const value = this.#typed.args[place];
    return typeof value === 'string' ? value : undefined;
  }

  /** All that an argument took that takes many. */
  arguments(place: number): readonly string[] {
    const value = this.#typed.args[place];
    return typeof value === 'string' || value === undefined ? [] : value;
  }

  /** The name of an object, without the kind that kubectl lets people write before it. */
  name(place = 0): string {
    const given = this.argument(place) ?? '';
    return given.slice(given.indexOf('/') + 1);
  }

  /** The value of an option that takes one; undefined = it was left out. */
  text(option: string): string | undefined {
    const value = this.#typed.options[option];
    return typeof value === 'string' ? value : undefined;
  }

  /** The values of an option that may be given several times. */
  texts(option: string): readonly string[] {
    const value = this.#typed.options[option];
    return Array.isArray(value) ? value.map(String) : [];
  }

  flag(option: string): boolean {
    return this.#typed.options[option] === true;
  }

  get format(): Format | undefined {
    return formatOf(this.text('output'));
  }

  /** Where credentials and server are found. */
  get wanted(): Wanted {
    return { file: this.text('kubeconfig'), context: this.text('context'), env: this.env };
  }

  /** The API server, connected once. */
  cluster(): Promise<Cluster> {
    this.#cluster ??= import('./cluster/cluster.ts').then(({ openCluster }) =>
      openCluster(this.wanted, this.version, this.#interactive),
    );
    return this.#cluster;
  }

  /** `-n`, or the namespace of the context, or `default`, as kubectl takes them. */
  async namespace(): Promise<string> {
    return this.text('namespace') ?? (await this.cluster()).access.namespace ?? 'default';
  }

  /** Asks before something is done, unless `--yes`. @throws Problem when the answer is no */
  async agreed(question: string): Promise<void> {
    if (this.flag('yes') || (await this.out.confirm(question))) return;
    throw new Problem('Nothing was done', undefined, exitCodes.error);
  }

  async close(): Promise<void> {
    const cluster = await this.#cluster?.catch(() => undefined);
    await cluster?.close();
  }
}
