/** A folder where somebody may type the `cosign` that our commands name, with a key in `cosign.key`. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ecKey } from './statements.ts';

/** Path of the real program; undefined = one that writes the same files. */
const realCosign = process.env['COUNTERSIGN_COSIGN'];

export interface SigningFolder {
  readonly folder: string;
  /** The public key. */
  readonly pem: string;
  readonly remove: () => Promise<void>;
}

/** No password protects the key. */
export const cosignEnv = { COSIGN_PASSWORD: '' };

const withReal = async (folder: string, program: string): Promise<string> => {
  await symlink(program, join(folder, 'cosign'));
  await promisify(execFile)(program, ['generate-key-pair'], { cwd: folder, env: { ...process.env, ...cosignEnv } });
  return readFile(join(folder, 'cosign.pub'), 'utf8');
};

const withStandIn = async (folder: string): Promise<string> => {
  const { privateKey, pem } = ecKey();
  const program = join(import.meta.dirname, 'cosign.ts');
  await writeFile(join(folder, 'cosign.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(join(folder, 'cosign'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  await chmod(join(folder, 'cosign'), 0o755);
  return pem;
};

export const signingFolder = async (): Promise<SigningFolder> => {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-signing-'));
  const pem = await (realCosign === undefined ? withStandIn(folder) : withReal(folder, realCosign));
  return { folder, pem, remove: () => rm(folder, { recursive: true }) };
};
