/** A terminal for an audience: what is typed, as whom, and what really came of it. */
import { spawn, type ChildProcess } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import type { ControlPlane } from '../controlplane/controlplane.ts';

const root = join(import.meta.dirname, '..', '..');
const lineTimeoutMs = 120_000;

/** Something came out otherwise than it must. */
export class Deviation extends Error {
  override readonly name = 'Deviation';
}

/** What a command line came to. */
export interface Outcome {
  /** Exit code; 128 and more when a signal ended it. */
  readonly code: number;
  /** Standard output and standard error, in the order in which lines came. */
  readonly text: string;
}

const styled = (code: number, text: string): string => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text);
const print = (text = ''): boolean => process.stdout.write(`${text}\n`);

export class Terminal {
  readonly #env: NodeJS.ProcessEnv;
  readonly #cluster: ControlPlane;
  #running: ChildProcess | undefined;
  #chapters = 0;
  #interrupted = false;

  constructor(cluster: ControlPlane) {
    this.#cluster = cluster;
    const home = join(cluster.dir, 'tools');
    const { kubectl, helm } = cluster.binaries;
    const path = [dirname(kubectl), dirname(helm), join(root, 'node_modules', '.bin'), process.env['PATH'] ?? ''];
    this.#env = { ...process.env, PATH: path.join(delimiter), KUBECACHEDIR: join(home, 'kube'), KUBERC: 'off' };
  }

  chapter(title: string): void {
    this.#chapters += 1;
    print();
    print(styled(1, `${this.#chapters}. ${title}`));
  }

  /** What is shown next, and why. */
  say(text: string): void {
    print();
    for (const line of wrapped(text, 112)) print(line);
  }

  /** Types the line as somebody, who expects it to succeed. @throws Deviation when it does not */
  async run(who: string, line: string): Promise<Outcome> {
    const outcome = await this.#type(who, line);
    if (outcome.code !== 0) throw new Deviation(`${who}: exit code ${outcome.code} of: ${line}`);
    return outcome;
  }

  /** Types the line as somebody, and expects a refusal that says so. @throws Deviation when it is not refused, or for another reason */
  async refused(who: string, line: string, saying: string): Promise<Outcome> {
    const outcome = await this.#type(who, line);
    if (outcome.code === 0) throw new Deviation(`${who} was not refused: ${line}`);
    if (!outcome.text.includes(saying)) throw new Deviation(`${who} was refused, but not with "${saying}": ${line}`);
    return outcome;
  }

  /** States a fact that was looked up beside the terminal. @throws Deviation when it is not one */
  check(fact: string, holds: boolean, otherwise: unknown = ''): void {
    if (!holds) throw new Deviation(`not so: ${fact} ${otherwise === '' ? '' : JSON.stringify(otherwise)}`.trimEnd());
    print(`  ${styled(32, '✓')} ${fact}`);
  }

  /** Ends the command that runs; no further one begins. */
  interrupt(): void {
    this.#interrupted = true;
    this.#end();
  }

  #end(): void {
    if (this.#running?.pid !== undefined) kill(this.#running.pid);
  }

  async #type(who: string, line: string): Promise<Outcome> {
    if (this.#interrupted) throw new Deviation('interrupted');
    print();
    print(`${styled(36, `${who}$`)} ${styled(1, line)}`);
    // A process group of its own, so that a pipeline can be ended as a whole.
    const child = spawn('/bin/sh', ['-c', line], {
      cwd: root,
      detached: true,
      env: { ...this.#env, KUBECONFIG: this.#cluster.kubeconfig(who) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running = child;
    const timer = setTimeout(() => this.#end(), lineTimeoutMs);
    const lines: string[] = [];
    try {
      const [code] = await Promise.all([ended(child), echo(child.stdout, lines), echo(child.stderr, lines)]);
      return { code, text: lines.join('\n') };
    } finally {
      clearTimeout(timer);
      this.#running = undefined;
    }
  }
}

const ended = (child: ChildProcess): Promise<number> =>
  new Promise((resolve, reject) => child.on('error', reject).on('close', (code) => resolve(code ?? 128)));

async function echo(from: Readable, lines: string[]): Promise<void> {
  for await (const line of createInterface({ input: from })) {
    lines.push(line);
    print(`    ${line}`);
  }
}

function kill(group: number): void {
  try {
    process.kill(-group, 'SIGTERM');
  } catch {
    // it has ended
  }
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + word.length >= width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
