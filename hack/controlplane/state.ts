/** What is known of an instance, kept in its folder so that another process can find, restart and end it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';

import type { ComponentName, ComponentSettings } from './components.ts';
import { parseJson } from './json.ts';
import { layout } from './layout.ts';
import type { Lifetime, ProcessMark } from './process.ts';
import { codeOf } from './errno.ts';

export interface State {
  readonly settings: ComponentSettings;
  readonly lifetime: Lifetime;
  /** Programs that were started and not stopped. */
  readonly processes: Readonly<Partial<Record<ComponentName, ProcessMark>>>;
}

/** The instance's state; undefined when the folder holds none. */
export function readState(dir: string): State | undefined {
  try {
    return parseJson<State>(readFileSync(layout(dir).state, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the state at once: a crash leaves the old one or the new one. */
export function writeState(dir: string, state: State): void {
  const path = layout(dir).state;
  writeFileSync(`${path}.new`, `${JSON.stringify(state, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}
