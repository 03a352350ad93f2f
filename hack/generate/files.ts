/** Generated files on disk: what differs, and how to make it not differ. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface GeneratedFile {
  readonly name: string;
  readonly text: string;
}

/** A folder of generated files. Other files in it are left alone unless they begin with `header`. */
export interface GeneratedFolder {
  readonly path: string;
  readonly header: string;
  readonly files: readonly GeneratedFile[];
}

/** One thing that must be done to a folder: write `text`, or remove the file when it has none. */
export interface Change {
  readonly path: string;
  readonly text: string | undefined;
}

/** What must be done under `root` so that the folder holds exactly its files. Empty when it does already. */
export const changesOf = async (root: string, folder: GeneratedFolder): Promise<Change[]> => {
  const wanted = new Map(folder.files.map(({ name, text }) => [name, text]));
  const present = await textsIn(join(root, folder.path));
  const written = [...wanted].filter(([name, text]) => present.get(name) !== text);
  const stale = [...present].filter(([name, text]) => !wanted.has(name) && text.startsWith(folder.header));
  return [
    ...written.map(([name, text]) => ({ path: join(folder.path, name), text })),
    ...stale.map(([name]) => ({ path: join(folder.path, name), text: undefined })),
  ];
};

/** Does it. */
export const apply = async (root: string, { path, text }: Change): Promise<void> => {
  const file = join(root, path);
  if (text === undefined) return rm(file);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
};

const textsIn = async (folder: string): Promise<Map<string, string>> => {
  if (!existsSync(folder)) return new Map();
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
  );
};
