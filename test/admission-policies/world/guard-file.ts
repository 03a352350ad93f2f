/** charts/countersign/files/guard.yaml, installation.yaml and promotable.yaml, as tests read them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';
import { z } from 'zod';

import { chartDir } from '../../../hack/controlplane/chart.ts';

const names = z.array(z.string());

const row = z.strictObject({
  group: z.string(),
  resource: z.string(),
  create: names.optional(),
  update: names.optional(),
  delete: names.optional(),
  connect: names.optional(),
  rewrite: names.optional(),
});
export type Row = z.infer<typeof row>;

export const acts = ['create', 'update', 'delete', 'connect'] as const;
export type Act = (typeof acts)[number];

const file = (name: string): unknown => parse(readFileSync(join(chartDir, 'files', name), 'utf8'));

export const guard = z
  .strictObject({
    identities: z.record(z.string(), z.string()),
    topics: z.record(z.string(), z.array(row)),
    exempt: z.array(
      z.strictObject({
        group: z.string(),
        resource: z.string(),
        by: z.enum(['machines']).optional(),
        why: z.string().min(10),
      }),
    ),
  })
  .parse(file('guard.yaml'));

/** Beside the guard's: what our own namespace holds of what is exempt in production, and what our programs write there. */
export const installation = z
  .strictObject({
    resources: z.array(row),
    programs: z.record(
      z.string(),
      z.array(z.strictObject({ act: z.enum(['create', 'update']), resource: z.string(), name: z.string() })),
    ),
  })
  .parse(file('installation.yaml'));

/** `group/resource` of everything that a release may contain. */
export const promotable: ReadonlySet<string> = new Set(
  z
    .array(z.strictObject({ group: z.string(), resources: names, once: names.optional(), scaled: names.optional() }))
    .parse(file('promotable.yaml'))
    .flatMap(({ group, resources }) => resources.map((resource) => `${group}/${resource}`)),
);

/** Every name of a control plane's identity in the file. */
export const controllers: readonly string[] = [
  ...new Set(
    Object.values(guard.topics)
      .flat()
      .flatMap((each) => acts.flatMap((act) => each[act] ?? [])),
  ),
].toSorted();

/** Resources of Kubernetes itself that a release may contain; what definitions give is served only where a test defines it. */
export const releasedOfKubernetes: readonly string[] = [...promotable]
  .filter((each) => guard.topics['custom']?.some(({ group, resource }) => each === `${group}/${resource}`) !== true)
  .map((each) => each.split('/')[1] ?? '');
