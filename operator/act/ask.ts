/** Puts the questions of a plan to the API server. What it does not answer stays open; nothing unanswered counts as yes. */
import { parseEvidence } from '../api/evidence.ts';
import { group } from '../api/kinds.ts';
import { jsonObject, type JsonObject } from '../api/meta.ts';
import {
  questionKey,
  rightOf,
  rightReviews,
  type CurrentQuestion,
  type Answer,
  type NormalFormQuestion,
  type PolicyTrialQuestion,
  type PreflightQuestion,
  type Question,
  type RightQuestion,
  type SelectionQuestion,
  type StatementQuestion,
  type Unstable,
} from '../decide/api-queries.ts';
import { gateIsHere } from '../decide/admission/release-writers.ts';
import { signerOf } from '../decide/evidence/signed/signer.ts';
import { statementDigest } from '../decide/evidence/signed/statement.ts';
import { digestOf, digestSteps } from '../decide/json/canonical.ts';
import { differingPaths, normalForm } from '../decide/manifest/normal-form.ts';
import { fieldManagers, trialManager } from '../api/field-managers.ts';
import type { Client, WriteOptions } from '../kube/client.ts';
import { toFailure, type FailureKind } from '../kube/failures.ts';
import { manifestOf } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import { PackedValues } from '../kube/packed.ts';
import { selectedObject } from '../decide/selected.ts';
import { createLimit, inSlices, type Limit } from '../work/slices.ts';
import { keyOf } from '../decide/objects.ts';
import { promotableResource } from '../decide/manifest/kinds/index.ts';

/** One for each of the two who write to production. */
type Clients = Readonly<Record<'operator' | 'restorer', Client>>;

export interface AskTools {
  readonly clients: Clients;
  readonly serverVersion: () => string;
}

export type Ask = (question: Question) => Promise<Answer>;

/** Normal forms remembered, in bytes as they are kept; what has not been asked about for longest goes when there are more. */
const rememberedBytes = 8 * 1024 * 1024;

/** Requests of one sort in flight: a package asks about hundreds of objects, and what is more urgent uses the same connections. */
const atOnce = 8;
/** Access reviews in flight, each of which is small: every signature and every role has three of its own, and people choose how many there are. */
const reviewsAtOnce = 16;
/** Contents above this take the API server long: they are asked about one after the other. */
const largeBytes = 128 * 1024;

const no = (message: string): Answer => ({ kind: 'No', message });

const ofWrites: ReadonlySet<FailureKind> = new Set(['Invalid', 'TooLarge', 'Forbidden', 'NotFound']);
/** By question, the failures that answer it. */
const refusals: Readonly<Record<Question['ask'], ReadonlySet<FailureKind>>> = {
  NormalForm: ofWrites,
  Preflight: ofWrites,
  Current: new Set(['NotFound']),
  Right: new Set(),
  Statement: new Set(),
  PolicyTrial: ofWrites,
  // People have to grant the right to look, or to name fewer labels: that is told at once.
  Selection: new Set(['Invalid', 'Forbidden']),
};

/**
 * What an API failure says about a question: a refusal of a write that is tried is an answer, an outage is none. That it may not review a right,
 * or read an object, says nothing of the right or the object.
 */
const answerOf = (question: Question, error: unknown): Answer => {
  const failure = toFailure(error);
  return refusals[question.ask].has(failure.kind)
    ? no(failure.message)
    : { kind: 'Unavailable', message: failure.message };
};

const askRight = async (client: Client, reviews: Limit, question: RightQuestion): Promise<Answer> => {
  const { who, namespace } = question;
  const held = await Promise.all(
    rightReviews(question).map((attributes) =>
      reviews(() => client.subjectAccessReview(who, { group, namespace, ...attributes })),
    ),
  );
  return rightOf(question, held);
};

/** The plan that asks digests it at once: it finds that done. */
const digested = async (manifest: JsonObject): Promise<Answer> => {
  await inSlices(digestSteps(manifest));
  return { kind: 'Object', manifest };
};

/** What the API server would store. A field that it does not know is refused: it would be dropped, and production would not be what people wrote. */
const tried = async (
  client: Client,
  { ref, replaces }: NormalFormQuestion,
  manifest: JsonObject,
  fieldManager: string,
) => {
  const options = { dryRun: true, fieldValidation: 'Strict', fieldManager } as const;
  const resource = promotableResource(ref);
  return jsonObject(
    await (replaces
      ? client.replaceResource(resource, manifestOf(manifest), options)
      : client.createResource(resource, manifestOf(manifest), options)),
  );
};

const askNormalForm = async (clients: Clients, question: NormalFormQuestion): Promise<Answer> => {
  const { stored, again, isMutable } = question;
  // What nobody asks for is more than half of an object of many fields.
  const made = stored(await tried(clients.operator, question, question.manifest, trialManager));
  if (!isMutable) return digested(made);
  const unstable: Unstable[] = [];
  for (const by of ['operator', 'restorer'] as const) {
    const twice = stored(await tried(clients[by], question, again(made), trialManager));
    const fields = differingPaths(twice, made, []);
    if (fields.length > 0) unstable.push({ by, fields });
  }
  if (unstable.length > 0) return { kind: 'Object', manifest: made, unstable };
  return digested(made);
};

const askPreflight = async (clients: Clients, question: PreflightQuestion): Promise<Answer> => {
  const { ref, resourceVersion, manifest } = question;
  let isJudged = false;
  const options = {
    dryRun: true,
    fieldManager: fieldManagers.operator,
    warned: (warnings: string) => {
      isJudged ||= warnings.includes(gateIsHere);
    },
  };
  const resource = promotableResource(ref);
  const write = async (client: Client, how: WriteOptions): Promise<readonly string[]> =>
    question.departs(
      jsonObject(
        await (resourceVersion === undefined
          ? client.createResource(resource, manifestOf(manifest), how)
          : client.replaceResource(resource, manifestOf(manifest), how)),
      ),
    );
  const fields = await write(clients.operator, options);
  // Without a gate in its way, a promotion would be judged by nobody but the one who carries it out.
  if (!isJudged) return { kind: 'Unavailable', message: 'no gate judged the write' };
  const back = question.isMutable
    ? await write(clients.restorer, { dryRun: true, fieldManager: fieldManagers.restorer })
    : [];
  const mutated = [...new Set([...fields, ...back])];
  return mutated.length === 0 ? { kind: 'Yes' } : { kind: 'Mutated', fields: mutated };
};

const askPolicyTrial = async (client: Client, { namespace, name, patch }: PolicyTrialQuestion): Promise<Answer> => {
  const options = { type: 'Json', dryRun: true, fieldManager: fieldManagers.operator } as const;
  await client.patchResource(ourResource('ReleasePolicy'), { namespace, name }, patch, options);
  return { kind: 'Yes' };
};

const askCurrent = async (client: Client, { ref, namespace }: CurrentQuestion): Promise<Answer> => {
  const found = await client.getResource(promotableResource(ref), { namespace, name: ref.name });
  const content = normalForm(jsonObject(found), ref);
  await inSlices(digestSteps(content));
  // Of hundreds of large objects nothing else is kept until the last of them is answered.
  return { kind: 'Digest', digest: digestOf(content) };
};

/** Kinds that the cluster does not serve, or that are gone by now, hold nothing. */
const askSelection = async (
  client: Client,
  reads: Limit,
  { namespace, labels, kinds }: SelectionQuestion,
): Promise<Answer> => {
  const labelSelector = Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
  const found = await Promise.all(
    kinds.map((kind) =>
      reads(async () => {
        const objects = await client.listMetadata({ ...kind, namespaced: true }, { namespace, labelSelector });
        return objects.map((metadata) => selectedObject(kind, jsonObject(metadata)));
      }).catch((error: unknown) => {
        if (toFailure(error).kind === 'NotFound') return [];
        throw error;
      }),
    ),
  );
  return { kind: 'Selected', objects: found.flat() };
};

/** Whose signature the statement bears that is stored now. One that is gone, or is another one than was asked about, is signed by nobody. */
const askStatement = async (
  client: Client,
  { namespace, name, uid, digest, signers }: StatementQuestion,
): Promise<Answer> => {
  const found = parseEvidence(await client.getResource(ourResource('Evidence'), { namespace, name }));
  const text = found.ok && found.value.metadata.uid === uid ? found.value.spec.statement : undefined;
  if (text === undefined || statementDigest(text) !== digest) return { kind: 'Signer', name: '' };
  return { kind: 'Signer', name: signerOf(text, signers.all) ?? '' };
};

/** Statements of which it is remembered who signed them: Evidence never changes. */
const mostSigners = 2_000;

/** Objects of which it is remembered. One that is forgotten is asked about once more. */
const mostDisproved = 1_000;

/** Of a map in the order in which it was filled, the oldest goes when there are more. */
const keepNewest = <V>(kept: Map<string, V>, key: string, value: V, most: number): void => {
  kept.set(key, value);
  const [oldest = ''] = kept.keys();
  if (kept.size > most) kept.delete(oldest);
};

export const createAsk = ({ clients, serverVersion }: AskTools): Ask => {
  const client = clients.operator;
  const remembered = new PackedValues<JsonObject>(rememberedBytes);
  /** By object, after which preflight that came out otherwise its normal form was asked for: a policy acts a moment after it is stored. */
  const disproved = new Map<string, number>();
  let disproofs = 0;
  const signers = new Map<string, Answer>();
  const [normalForms, preflights, reads] = [createLimit(atOnce), createLimit(atOnce), createLimit(atOnce)];
  const large = createLimit(1);
  const reviews = createLimit(reviewsAtOnce);
  const limitOf = (limit: Limit, bytes: number): Limit => (bytes > largeBytes ? large : limit);
  const put = (question: Question): Promise<Answer> => {
    switch (question.ask) {
      case 'Right':
        return askRight(client, reviews, question);
      case 'NormalForm':
        return limitOf(normalForms, question.bytes)(() => askNormalForm(clients, question));
      case 'Preflight':
        return preflights(() => askPreflight(clients, question));
      case 'Selection':
        return askSelection(client, reads, question);
      case 'PolicyTrial':
        return askPolicyTrial(client, question);
      case 'Statement':
        return reads(() => askStatement(client, question));
      case 'Current':
        return limitOf(reads, question.bytes)(() => askCurrent(client, question));
    }
  };
  /** What is asked for by several at once is asked once. */
  const asking = new Map<string, Promise<Answer>>();
  const askedOnce = (key: string, question: Question): Promise<Answer> => {
    const answer =
      asking.get(key) ??
      put(question)
        .catch((error: unknown) => answerOf(question, error))
        .finally(() => asking.delete(key));
    asking.set(key, answer);
    return answer;
  };
  return async (question) => {
    const key = `${serverVersion()} ${questionKey(question)}`;
    const object = `${question.namespace} ${'ref' in question ? keyOf(question.ref) : ''}`;
    const state = String(disproved.get(object) ?? 0);
    const known = remembered.get(key, state);
    if (known !== undefined) return digested(question.ask === 'NormalForm' ? normalForm(known, question.ref) : known);
    const signed = signers.get(key);
    if (signed !== undefined) return signed;
    const answer = await (question.ask === 'NormalForm' || question.ask === 'Statement'
      ? askedOnce(key, question)
      : put(question).catch((error: unknown) => answerOf(question, error)));
    // What comes out otherwise each time is asked again: somebody may have done something about it.
    if (question.ask === 'NormalForm' && answer.kind === 'Object' && answer.unstable === undefined)
      remembered.keep(key, state, answer.manifest);
    if (answer.kind === 'Signer') keepNewest(signers, key, answer, mostSigners);
    if (answer.kind === 'Mutated') keepNewest(disproved, object, ++disproofs, mostDisproved);
    return answer;
  };
};
