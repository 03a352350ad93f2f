/**
 * Writes what is generated from operator/api and the rows of kinds, and names what it changed.
 * With --check it writes nothing, names what would change, and exits 1 if there is anything.
 */
import { join } from 'node:path';
import { apply, changesOf, type Change, type GeneratedFolder } from './generate/files.ts';
import { namesFolder } from './generate/kinds.ts';

const root = join(import.meta.dirname, '..');
const checking = process.argv.includes('--check');

const generate = async (folders: readonly GeneratedFolder[]): Promise<readonly Change[]> => {
  const changes = (await Promise.all(folders.map((folder) => changesOf(root, folder)))).flat();
  for (const { path, text } of changes) console.log(`${text === undefined ? 'stale' : 'changed'} ${path}`);
  if (!checking) await Promise.all(changes.map((change) => apply(root, change)));
  return changes;
};

const names = await generate([namesFolder]);
const { folders } = await import('./generate/folders.ts');
const others = await generate(folders);

if (checking && names.length + others.length > 0) {
  console.error('generated files are out of date: run node hack/generate.ts');
  process.exitCode = 1;
}
