/** Why a patch cannot be applied. */
import { formatPath, type Path } from './field-path.ts';

export class PatchRefused extends Error {
  /** @param what the end of a sentence that begins with the field, or with `at` in its place */
  constructor(path: Path, what: string, at?: string) {
    const field = at ?? (path.length === 0 ? 'the patch' : formatPath(path));
    super(`${field} ${what}`);
    this.name = 'PatchRefused';
  }
}
