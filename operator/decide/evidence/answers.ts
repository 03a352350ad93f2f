/** What the answers of the API server say about reporters and signers. */
import { questionKey, type Answers } from '../api-queries.ts';
import { heldRight } from '../people/approval-right.ts';
import type { EvidencedRelease } from './demands.ts';
import { rightToReport, whoSigned } from './piece.ts';

export const evidenceAnswers = (answers: Answers): Pick<EvidencedRelease, 'mayReport' | 'signerOf'> => ({
  mayReport: (piece) => heldRight(answers.get(questionKey(rightToReport(piece)))),
  signerOf: (piece, signers) => {
    const answer = answers.get(questionKey(whoSigned(piece, signers)));
    return answer?.kind === 'Signer' ? answer.name : undefined;
  },
});
