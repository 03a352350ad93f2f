/** Deltas of one object, for tests that read them as a signer does. */
import type { JsonObject } from '../../api/meta.ts';
import type { BundleObject } from '../bundle.ts';
import { delta, type Change } from './delta.ts';
import { deltaText } from './text.ts';
import { digestOf } from '../json/canonical.ts';
import { normalForm } from '../manifest/normal-form.ts';
import type { DeltaHeading } from '../comparison.ts';
import { kindRow } from '../manifest/kinds/index.ts';

export const objectOf = (kind: string, name: string, manifest: JsonObject): BundleObject => {
  const apiVersion = kindRow(kind)?.apiVersion ?? 'example.com/v1';
  const ref = { apiVersion, kind, name };
  const content = normalForm(manifest, ref);
  return { ref, content, digest: digestOf(content) };
};

export const heading: DeltaHeading = {
  candidate: 'payments-2.4.0',
  version: '2.4.0',
  package: 'payments',
  target: 'payments-prod',
  base: 'payments-2.3.0-99aa88bb',
  digest: 'sha256:1a2b',
  unmanaged: 0,
  command: 'kubectl get relbundle …',
};

/** @throws when the text is too large */
export const textOf = (changes: readonly Change[], given: Partial<DeltaHeading> = {}): string => {
  const made = deltaText(changes, { ...heading, ...given });
  if (made.is === 'TooLarge') throw new Error(`the text would take ${made.bytes} bytes`);
  return made.text;
};

export interface OneObject {
  readonly kind: string;
  /** Absent: production has none. */
  readonly from?: JsonObject;
  readonly to: JsonObject;
  readonly foreign?: boolean;
}

export const deltaOf = ({ kind, from, to, foreign = false }: OneObject): { changes: Change[]; text: string } => {
  const before = { objects: from === undefined ? [] : [objectOf(kind, 'api', from)], foreign };
  const changes = delta(before, [objectOf(kind, 'api', to)], [], []);
  return { changes, text: textOf(changes) };
};
