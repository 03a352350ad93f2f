/** Policies in files. */
import { readFileSync } from 'node:fs';
import { text as textOf } from 'node:stream/consumers';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { isRecord } from '../../operator/kube/resource.ts';
import { Problem } from '../exit.ts';

/** What the API server takes at once. */
const mostBytes = 3 * 1024 * 1024;

/** The text of a file; `-` is standard input, which is waited for: who writes to it may take a while. @throws Problem */
export const readText = async (file: string): Promise<string> => {
  let text: string;
  try {
    text = file === '-' ? await textOf(process.stdin) : readFileSync(file, 'utf8');
  } catch (error) {
    throw new Problem(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (Buffer.byteLength(text) <= mostBytes) return text;
  throw new Problem(`${file} is larger than 3 MiB, which is what the API server takes at once`, 'Split it');
};

/** The one policy in a file, with the defaults filled in. @throws Problem where there is none, or several, or one that is wrong */
export const policyInFile = async (file: string): Promise<ReleasePolicy> => {
  const [{ parseAllDocuments }, { asStored }, { parseReleasePolicy }] = await Promise.all([
    import('yaml'),
    import('../lint.ts'),
    import('../../operator/api/policy.ts'),
  ]);
  const lint = `kubectl countersign policy lint ${file}`;
  const found: Readonly<Record<string, unknown>>[] = [];
  for (const document of parseAllDocuments(await readText(file))) {
    if (!('contents' in document)) continue;
    let object: unknown;
    try {
      if (document.errors.length > 0) throw document.errors[0];
      object = document.toJS();
    } catch (error) {
      throw new Problem(`${file} is no YAML: ${error instanceof Error ? error.message : String(error)}`, lint);
    }
    if (isRecord(object) && object['kind'] === 'ReleasePolicy') found.push(object);
  }
  const [only] = found;
  if (only === undefined || found.length > 1) {
    throw new Problem(
      `${file} holds ${found.length === 0 ? 'no ReleasePolicy' : `${found.length} of them`}, and one is compared`,
      'kubectl explain relpol.spec',
    );
  }
  const parsed = parseReleasePolicy(asStored(only));
  if (parsed.ok) return parsed.value;
  throw new Problem(`${file} is no ReleasePolicy: ${parsed.problems.join('; ')}`, lint);
};
