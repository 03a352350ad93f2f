/** By which labels a selector picks. */
import type { Json } from '../../../../api/meta.ts';
import { listAt, objectAt, textAt } from '../../../json/json.ts';

export const selectorKeys = (selector: Json | undefined): readonly string[] => [
  ...Object.keys(objectAt(selector, 'matchLabels')),
  ...listAt(selector, 'matchExpressions').flatMap((each) => textAt(each, 'key') ?? []),
];
