/** What people ask for and others sign for: exceptions, and changes of the policy. */
import type { SignableModel, Tone } from './basics.ts';
import type { SignatureModel } from './candidates.ts';
import type { ReadRequest } from './namespaces.ts';

export interface FieldModel {
  /** Such as `spec.soak`. */
  readonly field: string;
  readonly is: 'looser' | 'other' | 'tighter' | 'equal';
  /** What tighter means for it. */
  readonly why: string;
  readonly values: readonly { readonly path: string; readonly from: string; readonly to: string }[];
}

export interface RequestModel extends SignableModel {
  readonly what: 'exception' | 'change';
  readonly name: string;
  readonly by: string;
  readonly created: string;
  readonly reason: string;
  readonly state: string;
  readonly tone: Tone;
  /** What the operator says of it. */
  readonly message: string;
  /** Signatures that count, of those that are needed, such as `0/1`; '' before it is judged. */
  readonly approvals: string;
  readonly signatures: readonly SignatureModel[];
  /** It can be signed for and refused no more. */
  readonly isOver: boolean;
  /** Roles in which this person may refuse it. */
  readonly refuse: readonly string[];
  /** The same in a terminal. */
  readonly command: string;
  /** Of an exception. */
  readonly exception?:
    | {
        readonly package: string;
        /** The only one that may pass; '' = every one of the package. */
        readonly candidate: string;
        readonly gates: readonly string[];
        readonly risk: string;
        readonly until: string;
      }
    | undefined;
  /** Of a change: what it makes of the policy as it is now, looser fields first. Empty once it is over. */
  readonly difference: readonly FieldModel[];
}

export interface RequestsModel {
  readonly view: 'requests';
  readonly namespace: string;
  /** Open ones first, newest first. */
  readonly requests: readonly RequestModel[];
  /** How many more have ended, which are not shown. */
  readonly more: number;
}

/** What the page sends to sign for a request, or to refuse it. */
export interface DecideRequest extends ReadRequest {
  readonly what: RequestModel['what'];
  readonly decision: 'Approve' | 'Reject';
}
