/** What `stage` shows of a candidate before there is one, and what the operator then froze, so that both can be compared. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { isManifest } from '../../../operator/kube/resource.ts';
import { accepted, type KubeObject, type Manifest } from '../cluster/cluster.ts';
import type { World } from '../cluster/system.ts';
import type { Command } from './command.ts';

/** What people type of a candidate. */
export interface Typed {
  readonly name: string;
  /** By what its objects are chosen, as arguments of `stage`. */
  readonly objects: readonly string[];
  readonly overlay: readonly object[];
}

export interface DryRun {
  /** What signers would read. */
  readonly delta: string;
  /** The candidate, for kubectl. */
  readonly candidate: Manifest;
}

/** @throws when `stage --dry-run` does not show changes, or was not shown all that it compares */
export const dryRun = async (command: Command, world: World, { name, objects, overlay }: Typed): Promise<DryRun> => {
  const file = join(command.folder, `${world.production}-${name}.yaml`);
  await writeFile(file, JSON.stringify(overlay));
  const { code, stdout, stderr } = await command.as('developer-a', [
    ...['stage', ...objects, '-n', world.staging, '--to', world.production, '--package', 'payments'],
    ...['--version', '1.0.0', '--name', name, ...(overlay.length === 0 ? [] : ['--overlay-file', file])],
    ...['--summary', 'a change', '--change', 'one', '--dependency', 'none', '--installation', 'none'],
    ...['--rollback-plan', 'the images before', '--analysis', 'understood', '--dry-run'],
  ]);
  const comments = stdout.split('\n').flatMap((line) => (line.startsWith('# ') ? [line.slice(2)] : []));
  const from = comments.findIndex((line) => line.startsWith('Changes  '));
  const after = comments.findIndex((line, at) => at > from && /^(Blocked by|Production lacks) /.test(line));
  const candidate: unknown = parse(stdout);
  if (code !== 0 || from === -1 || !isManifest(candidate) || stdout.includes('You may not')) {
    throw new Error(`stage ended with ${code}: ${stderr}${stdout}`);
  }
  return { delta: sameFor(comments.slice(from + 1, after === -1 ? undefined : after).join('\n')), candidate };
};

/** What signers read of it. */
export const frozen = async (world: World, name = ''): Promise<string> => {
  const bundle = accepted(await world.as('admin').get<Bundle>(world.ref('ReleaseBundle', name)));
  return sameFor(bundle.spec.deltaText);
};

interface Bundle extends KubeObject {
  readonly spec: { readonly deltaText: string };
}

/** Without what is known only once it is frozen: its digest; and needs, which the command prints beside it. */
const sameFor = (text: string): string =>
  text
    .replace(/^digest .*$/m, 'digest')
    .replace(/\n\nNeeds of production:(?:\n {2}.*)+/, '')
    .trimEnd();
