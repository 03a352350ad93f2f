/** Repositories of source, as provenance and policies name them. */
import type { Json } from '../../../api/meta.ts';
import { textAt } from '../../json/json.ts';

export interface Source {
  readonly repository: string;
  /** The commit; '' = it is not said. */
  readonly revision: string;
}

/** The repository in one spelling: without `git+`, the ref, `.git` and a slash at the end; scheme and host in lower case. */
export const repositoryOf = (uri: string): string => {
  const [, address = '', path = ''] = /^(?:git\+)?((?:[a-z+]+:\/\/)?[^/]*)([^@]*)/i.exec(uri) ?? [];
  return `${address.toLowerCase()}${path.replace(/\/+$/, '').replace(/\.git$/, '')}`;
};

/** What a resolved dependency of provenance says; undefined = it is no source. */
export const sourceOf = (dependency: Json): Source | undefined => {
  const uri = textAt(dependency, 'uri') ?? '';
  const commit = textAt(dependency, 'digest', 'gitCommit');
  if (commit === undefined && !/^git[+:@]/i.test(uri)) return undefined;
  return {
    repository: repositoryOf(uri).slice(0, 512),
    revision: (commit ?? textAt(dependency, 'digest', 'sha1') ?? '').slice(0, 64),
  };
};
