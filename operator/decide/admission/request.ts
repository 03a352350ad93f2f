/** What the gate is asked, and what it may answer: an admission review as plain values. */
import { denialText, type MoreFacts } from '../../api/denial-text.ts';
import type { DenialCode } from '../../api/denials.ts';
import type { Identity, JsonObject } from '../../api/meta.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { textAt } from '../json/json.ts';
import type { OpenIntent } from '../record/package.ts';
import type { Question } from '../api-queries.ts';
import type { KindName } from '../objects.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';

export interface AdmissionRequest {
  /** Of this call; the API server makes a new one for each retry. */
  readonly uid: string;
  readonly operation: Operation;
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string };
  /** Of `object`: for a subresource it may be another than that of the resource. */
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  /** '' for the object itself. */
  readonly subresource: string;
  /** '' for what is not in a namespace. For a Namespace, its own name. */
  readonly namespace: string;
  /** '' for a create that leaves the name to the API server. */
  readonly name: string;
  readonly dryRun: boolean;
  readonly user: Identity;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

/** The names by which a review tells a kind. */
export const asKind = ({
  group,
  version,
  kind,
}: AdmissionRequest['kind']): KindName & { readonly apiVersion: string } => ({
  apiVersion: group === '' ? version : `${group}/${version}`,
  kind,
});

export type AdmissionVerdict =
  /**
   * `record`: what must be in the ledger before the API server hears of it. `under`: the promotion whose consent must have been read
   * afresh once.
   */
  | {
      readonly is: 'Allowed';
      readonly record: LedgerDraft | undefined;
      readonly under: OpenIntent | undefined;
      readonly warnings: readonly string[];
    }
  /** `stale`: a newer copy of the record or of a bundle could allow it. */
  | { readonly is: 'Denied'; readonly message: string; readonly stale: boolean }
  | { readonly is: 'Ask'; readonly questions: readonly Question[] }
  /** Judged again with what an emergency access rests on, read past every copy. `access`: its name; '' = it does not exist yet. */
  | { readonly is: 'Read'; readonly access: string }
  /** Judged again with the PolicyChange of that name and what was signed for it, read past every copy. */
  | { readonly is: 'ReadChange'; readonly name: string }
  /** It cannot be told yet; it may be tried again. */
  | { readonly is: 'Wait'; readonly message: string };

export const allowed = (more: Partial<Extract<AdmissionVerdict, { is: 'Allowed' }>> = {}): AdmissionVerdict => ({
  is: 'Allowed',
  record: undefined,
  under: undefined,
  warnings: [],
  ...more,
});

/** Of a collection that is deleted, the object alone tells the name. */
const nameIn = ({ name, oldObject }: AdmissionRequest): string =>
  name === '' ? (textAt(oldObject, 'metadata', 'name') ?? '(new)') : name;

/** The object as messages name it: `deployments/scale api`. */
export const subjectText = (request: AdmissionRequest): string => {
  const { resource, subresource } = request;
  return `${resource.resource}${subresource === '' ? '' : `/${subresource}`} ${nameIn(request)}`;
};

/** What is being done, as messages say it. Of a collection each object is judged by itself. */
export const verbText = ({ operation, name }: AdmissionRequest): string =>
  operation === 'DELETE' && name === ''
    ? 'delete, along with others,'
    : { CREATE: 'create', UPDATE: 'change', DELETE: 'delete', CONNECT: 'connect to' }[operation];

/** What a request tells of itself. */
const factsOf = (request: AdmissionRequest) => ({
  caller: request.user.username,
  act: `${verbText(request)} ${subjectText(request)}`,
  object: subjectText(request),
  place: request.namespace,
});

type Known = keyof ReturnType<typeof factsOf>;

/** The message of a refusal of this request. */
export const refusalText = <Code extends DenialCode>(
  request: AdmissionRequest,
  code: Code,
  more: MoreFacts<Code, Known>,
): string => denialText(code, factsOf(request), more);

export const refuse = <Code extends DenialCode>(
  request: AdmissionRequest,
  code: Code,
  more: MoreFacts<Code, Known>,
): AdmissionVerdict => ({ is: 'Denied', message: refusalText(request, code, more), stale: false });

/** Refused as far as the copy at hand tells; a newer one is read before that is said. */
export const refuseYet = <Code extends DenialCode>(
  request: AdmissionRequest,
  code: Code,
  more: MoreFacts<Code, Known>,
): AdmissionVerdict => ({ is: 'Denied', message: refusalText(request, code, more), stale: true });
