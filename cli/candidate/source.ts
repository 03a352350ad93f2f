/** Who made the source of a candidate, as the operator found it in signed statements. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { deedOf } from '../../operator/decide/people/source-authors.ts';
import { visible } from '../../operator/decide/safe-text.ts';

/** A text for each of them; none where no statement names anybody. */
export const sourceAuthorTexts = ({ status }: ReleaseCandidate): readonly string[] =>
  (status?.sourceAuthors ?? []).map((each) => visible(deedOf(each)));
