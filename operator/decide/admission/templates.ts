/** Templates of policies are never loosened, and never deleted under those that inherit them; and no policy is made looser than its template. */
import { parseClusterReleasePolicy, type ClusterReleasePolicy } from '../../api/cluster-policy.ts';
import { group, kinds } from '../../api/kinds.ts';
import { parseReleasePolicy } from '../../api/policy.ts';
import type { Parsed } from '../../api/parse.ts';
import type { InheritanceProblem } from '../inherited.ts';
import { textAt } from '../json/json.ts';
import { listed } from '../messages.ts';
import type { Instant } from '../objects.ts';
import { effectivePolicy, isTightened, templateChanges } from '../policy/effective.ts';
import { allowed, refuse, type AdmissionRequest, type AdmissionVerdict } from './request.ts';

export const isTemplate = ({ resource }: AdmissionRequest): boolean =>
  resource.group === group && resource.resource === kinds.ClusterReleasePolicy.plural;

/** Of a collection that is deleted, the object alone tells the name. */
export const templateName = ({ name, oldObject }: AdmissionRequest): string =>
  name === '' ? (textAt(oldObject, 'metadata', 'name') ?? '') : name;

/** @throws TypeError for what is no such object: then nothing is admitted */
const read = <T>(parsed: Parsed<T>): T => {
  if (parsed.ok) return parsed.value;
  throw new TypeError(parsed.problems.join('; '));
};

/** @param inheriting namespaces whose policies inherit from it, when it is deleted */
export const judgeTemplate = (
  request: AdmissionRequest,
  inheriting: readonly string[],
  now: Instant,
): AdmissionVerdict => {
  const name = templateName(request);
  if (request.operation === 'DELETE') {
    return inheriting.length === 0
      ? allowed()
      : refuse(request, 'TemplateInherited', { template: name, namespaces: listed(inheriting.toSorted()) });
  }
  if (request.operation !== 'UPDATE') return allowed();
  const [before, after] = [request.oldObject, request.object].map((each) => read(parseClusterReleasePolicy(each)).spec);
  if (before === undefined || after === undefined) return allowed();
  const looser = templateChanges(before, after, now).filter(({ is }) => is !== 'tighter');
  if (looser.length === 0) return allowed();
  const fields = looser.map(({ field, is, tighter }) => `spec.${field} is ${is} (tighter is: ${tighter})`).join('; ');
  return refuse(request, 'TemplateNeverLoosened', { template: name, fields });
};

/** Name of the template that a policy is to inherit from; undefined = it is none of this. */
export const templateAskedFor = ({ resource, operation, object }: AdmissionRequest): string | undefined =>
  resource.group === group && resource.resource === kinds.ReleasePolicy.plural && operation !== 'DELETE'
    ? textAt(object, 'spec', 'inherits')
    : undefined;

/** Problems that a write of a policy makes: what was no tighter before is no reason to refuse another change. */
const problemsMade = (
  { object, oldObject }: AdmissionRequest,
  template: ClusterReleasePolicy | undefined,
): readonly InheritanceProblem[] => {
  const after = read(parseReleasePolicy(object));
  const problems = effectivePolicy(after, template).inherited?.problems ?? [];
  if (oldObject === undefined || template === undefined) return problems;
  const before = read(parseReleasePolicy(oldObject));
  if (before.spec.inherits !== after.spec.inherits) return problems;
  return problems.filter(({ field }) => field === undefined || !isTightened(field, before.spec, after.spec));
};

/** Why a policy may not be written so, because of what it inherits; undefined = it may. @param template as it is now */
export const refusedByTemplate = (
  request: AdmissionRequest,
  template: ClusterReleasePolicy | undefined,
): AdmissionVerdict | undefined => {
  const problems = problemsMade(request, template);
  if (problems.length === 0) return undefined;
  return refuse(request, template === undefined ? 'TemplateMissing' : 'LooserThanTemplate', {
    problems: problems.map(({ message }) => message).join('; '),
    remedies: problems.map(({ remedy }) => remedy).join('; '),
  });
};
