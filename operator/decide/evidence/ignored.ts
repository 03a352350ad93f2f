/** Why evidence that passed does not count, and what a statement lacks that a line of the policy asks for. */
import type { EvidenceLine } from '../../api/policy-evidence.ts';
import { sourceType, type Piece, type StatedPiece } from './piece.ts';
import { repositoryOf, type Source } from './signed/source.ts';
import type { Statement } from './signed/statement.ts';

export interface Ignored {
  readonly why:
    | 'Author'
    | 'StagingAccount'
    | 'Expired'
    | 'Altered'
    | 'LacksRight'
    | 'Unsigned'
    | 'OtherSigner'
    | 'Differs'
    | 'OtherOrigin';
  /** What is to be said about it, as the end of a sentence; '' = what is always said. */
  readonly detail: string;
}

export const isStated = (piece: Piece): piece is StatedPiece => piece.statement !== undefined;

/** Every repository that it names has to be one of those: what else was built in came from somewhere, too. */
const originProblem = ({ builder = '', sources = [] }: Statement, line: EvidenceLine): string | undefined => {
  if (line.builders?.includes(builder) === false) return `names builder ${builder}, which the policy does not`;
  if (line.sources === undefined) return undefined;
  const allowed = new Set(line.sources.map(repositoryOf));
  const other = sources.find(({ repository }) => !allowed.has(repository));
  if (other !== undefined) return `names source ${other.repository}, which the policy does not`;
  return sources.length === 0 ? 'names no source repository' : undefined;
};

/** A source, and the Provenance that says it was built. */
export interface BuiltFrom extends Source {
  readonly provenance: string;
}

/** Who made other source than was built says nothing about what was. */
export const elsewhereMade = ({ type, statement }: Piece, built: readonly BuiltFrom[]): Ignored | undefined => {
  if (type !== sourceType) return undefined;
  const told = statement?.sources ?? [];
  const other = built.find(
    ({ repository, revision }) =>
      revision !== '' && !told.some((each) => each.repository === repository && each.revision === revision),
  );
  if (other === undefined) return undefined;
  const said = told
    .map(({ repository, revision }) => `${repository} at ${revision}`)
    .slice(0, 3)
    .join(', ');
  return {
    why: 'OtherOrigin',
    detail: `brings a statement about ${said || 'no source'}, where Provenance ${other.provenance} says that ${other.repository} at ${other.revision} was built`,
  };
};

/** A statement that cannot be read, or that differs from what is typed, counts for no line; one that lacks something for none that wants it signed. */
export const unfitStatement = ({ statement }: Piece, line: EvidenceLine): Ignored | undefined => {
  if (statement?.problem !== undefined)
    return { why: 'Differs', detail: `brings a statement that ${statement.problem}` };
  if (line.signedBy === undefined) return undefined;
  if (statement === undefined) return { why: 'Unsigned', detail: '' };
  if (statement.performedAt === undefined) {
    return { why: 'Differs', detail: 'brings a statement that does not say when it was performed' };
  }
  const unsaid = Object.keys(line.most).find((name) => !Object.hasOwn(statement.counts, name));
  if (unsaid !== undefined)
    return { why: 'Differs', detail: `brings a statement that does not say how many ${unsaid}` };
  const origin = originProblem(statement, line);
  return origin === undefined ? undefined : { why: 'OtherOrigin', detail: `brings a statement that ${origin}` };
};
