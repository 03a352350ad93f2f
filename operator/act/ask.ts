/** Puts the questions of a plan to the API server. What it does not answer stays open; nothing unanswered counts as yes. */
import { canaryVerb, group, virtualResources } from '../api/kinds.ts';
import { jsonObject } from '../api/meta.ts';
import {
  questionKey,
  type CurrentQuestion,
  type Answer,
  type NormalFormQuestion,
  type PreflightQuestion,
  type Question,
  type RightQuestion,
} from '../decide/questions.ts';
import { gateIsHere } from '../decide/admission/releases.ts';
import { fieldManagers } from '../decide/release.ts';
import { scratchManifest, scratchName } from '../decide/scratch.ts';
import type { Client } from '../kube/client.ts';
import { toFailure } from '../kube/failures.ts';
import { manifestOf } from '../kube/resource.ts';
import { promotableResource } from '../kube/rows.ts';

export interface AskTools {
  readonly client: Client;
  readonly serverVersion: () => string;
}

export type Ask = (question: Question) => Promise<Answer>;

/** Normal forms remembered; the oldest goes when there are more. */
const mostRemembered = 4_000;

const no = (message: string): Answer => ({ kind: 'No', message });

/** What an API failure says about a question: a refusal is an answer, an outage is none. */
const answerOf = (error: unknown): Answer => {
  const failure = toFailure(error);
  const refused = failure.kind === 'Invalid' || failure.kind === 'Forbidden' || failure.kind === 'NotFound';
  return refused ? no(failure.message) : { kind: 'Unavailable', message: failure.message };
};

const askRight = async (client: Client, question: RightQuestion): Promise<Answer> => {
  const { who, namespace, resource, verb, name, wildcards } = question;
  const may = (attributes: { verb: string; resource: string; name?: string }) =>
    client.subjectAccessReview(who, { group, namespace, ...attributes });
  if (wildcards === 'Count') {
    return (await may({ verb, resource, name }))
      ? { kind: 'Yes' }
      : no(`${who.username} does not hold ${verb} on ${resource}/${name} in ${namespace}`);
  }
  // A wildcard holds these too, and wildcards sign nothing.
  const [named, anyVerb, anyResource] = await Promise.all([
    may({ verb, resource, name }),
    may({ verb: canaryVerb, resource, name }),
    may({ verb, resource: virtualResources.canaries }),
  ]);
  if (!named) return no(`${who.username} does not hold ${verb} on ${resource}/${name} in ${namespace}`);
  if (anyVerb || anyResource)
    return no(
      `${who.username} holds ${verb} on ${resource} in ${namespace} by a wildcard only, and wildcards sign nothing`,
    );
  return { kind: 'Yes' };
};

const askNormalForm = async (client: Client, { ref, content, namespace }: NormalFormQuestion): Promise<Answer> => {
  const scratch = scratchManifest(content, ref, scratchName(ref, content), namespace);
  const made = await client.dryRunCreate(promotableResource(ref.kind), manifestOf(scratch));
  return { kind: 'Object', manifest: jsonObject(made) };
};

const askPreflight = async (client: Client, { ref, resourceVersion, manifest }: PreflightQuestion): Promise<Answer> => {
  let isJudged = false;
  const options = {
    dryRun: true,
    fieldManager: fieldManagers.operator,
    warned: (warnings: string) => {
      isJudged ||= warnings.includes(gateIsHere);
    },
  };
  const resource = promotableResource(ref.kind);
  await (resourceVersion === undefined
    ? client.createResource(resource, manifestOf(manifest), options)
    : client.replaceResource(resource, manifestOf(manifest), options));
  // Without a gate in its way, a promotion would be judged by nobody but the one who carries it out.
  return isJudged ? { kind: 'Yes' } : { kind: 'Unavailable', message: 'no gate judged the write' };
};

const askCurrent = async (client: Client, { ref, namespace }: CurrentQuestion): Promise<Answer> => ({
  kind: 'Object',
  manifest: jsonObject(await client.getResource(promotableResource(ref.kind), { namespace, name: ref.name })),
});

export const createAsk = ({ client, serverVersion }: AskTools): Ask => {
  const normalForms = new Map<string, Answer>();
  const put = async (question: Question): Promise<Answer> => {
    switch (question.ask) {
      case 'Right':
        return askRight(client, question);
      case 'NormalForm':
        return askNormalForm(client, question);
      case 'Preflight':
        return askPreflight(client, question);
      case 'Current':
        return askCurrent(client, question);
    }
  };
  return async (question) => {
    const key = `${serverVersion()} ${questionKey(question)}`;
    const known = normalForms.get(key);
    if (known !== undefined) return known;
    const answer = await put(question).catch(answerOf);
    if (question.ask === 'NormalForm' && answer.kind === 'Object') {
      normalForms.set(key, answer);
      const [oldest] = normalForms.keys();
      if (normalForms.size > mostRemembered && oldest !== undefined) normalForms.delete(oldest);
    }
    return answer;
  };
};
