/**
 * Writes what is generated from operator/api, and names what it changed.
 * With --check it writes nothing, names what would change, and exits 1 if there is anything.
 */
import { join } from 'node:path';
import { apply, changesOf } from './generate/files.ts';
import { folders } from './generate/folders.ts';

const root = join(import.meta.dirname, '..');
const checking = process.argv.includes('--check');

const changes = (await Promise.all(folders.map((folder) => changesOf(root, folder)))).flat();
for (const { path, text } of changes) console.log(`${text === undefined ? 'stale' : 'changed'} ${path}`);

if (!checking) await Promise.all(changes.map((change) => apply(root, change)));
else if (changes.length > 0) {
  console.error('generated files are out of date: run node hack/generate.ts');
  process.exitCode = 1;
}
