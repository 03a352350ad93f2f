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

/** As somebody who may read both namespaces. @throws when `stage --dry-run` shows no changes, or could not look at all that it compares */
export const dryRun = async (command: Command, world: World, { name, objects, overlay }: Typed): Promise<DryRun> => {
  const file = join(command.folder, `${world.production}-${name}.yaml`);
  await writeFile(file, JSON.stringify(overlay));
  const place = ['-n', world.staging, '--to', world.production, '--package', 'payments', '--version', '1.0.0'];
  const notes = ['--summary', 'a change', '--change', 'one', '--dependency', 'none', '--installation', 'none'];
  const back = ['--rollback-plan', 'the images before', '--analysis', 'understood'];
  const overlaid = overlay.length === 0 ? [] : ['--overlay-file', file];
  const typed = ['stage', ...objects, ...place, '--name', name, ...notes, ...back, ...overlaid, '--dry-run'];
  const { code, stdout, stderr } = await command.as('admin', typed);
  const [, ...lines] = stdout.slice(stdout.indexOf('# Changes  ')).split('\n');
  // Lines of what signers would read are further in than what is said about it.
  const text = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('#   ')),
  );
  const candidate: unknown = parse(stdout);
  if (code !== 0 || text.length === 0 || !isManifest(candidate) || stdout.includes('You may not')) {
    throw new Error(`stage ended with ${code}: ${stderr}${stdout}`);
  }
  return { delta: sameFor(text.map((line) => line.slice('#   '.length)).join('\n')), candidate };
};

/** What signers read of it. */
export const frozen = async (world: World, name = ''): Promise<string> => {
  const bundle = accepted(await world.as('admin').get<Bundle>(world.ref('ReleaseBundle', name)));
  return sameFor(bundle.spec.deltaText);
};

interface Bundle extends KubeObject {
  readonly spec: { readonly deltaText: string };
}

/** Without what is known only once it is frozen: its digest, and how its bundle is read; and needs, which the command prints beside it. */
const sameFor = (text: string): string =>
  text
    .replace(/^digest .*$/m, 'digest')
    .replaceAll(/(kubectl get relbundle|once it is staged: kubectl countersign diff) .*$/gm, 'command')
    .replace(/\n\nNeeds of production:(?:\n {2}.*)+/, '')
    .trimEnd();
