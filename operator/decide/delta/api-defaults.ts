/**
 * Fields of a new object that hold what the API server would put there anyway (Kubernetes API reference, v1.36): true, and in the way of
 * whoever reads what matters. By kind and whole path; the same name elsewhere, or in a kind that is not here, is shown.
 */
import type { Json } from '../../api/meta.ts';
import { canonicalJson } from '../json/canonical.ts';
import type { Path } from '../json/field-path.ts';
import { kindRow } from '../manifest/kinds/index.ts';

/** A name of the API; a name that people choose may hold anything. */
const fieldName = /^[A-Za-z]+$/;

/** Whether a field of an added object holds what the API server gives it. */
export const isDefault = (kind: string, path: Path, value: Json | undefined): boolean => {
  const defaults = kindRow(kind)?.defaults ?? {};
  const names = path.flatMap((step) => ('field' in step ? [step.field] : []));
  if (value === undefined || !names.every((name) => fieldName.test(name))) return false;
  const whole = names.join('.');
  const usual = Object.hasOwn(defaults, whole) ? defaults[whole] : undefined;
  return usual !== undefined && canonicalJson(usual) === canonicalJson(value);
};
