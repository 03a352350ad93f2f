/**
 * The sample for a cluster whose pods really run: containers get an image that there is, and a command; the policy gets times in which pods start; what
 * stands for a fault becomes one.
 */
import { cpSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';

const demo = import.meta.dirname;

/** Times in which images are pulled and pods start. */
const times = { soak: '30s', health: { progressTimeout: '5m', settle: '5s', observeFor: '2m' } };

/**
 * What the simulated kubelet of `make up` keeps from becoming ready in production, by release: its workload. Here it asks for what only staging has; a
 * candidate may not change a probe.
 */
const neverReady: Readonly<Record<string, string>> = { '2.5.0': 'api' };
const readyInStaging = { exec: { command: ['sh', '-c', 'test "$REGION" = test'] }, periodSeconds: 1 };

const container = z.looseObject({ name: z.string(), image: z.string(), command: z.array(z.string()).optional() });
const workload = z.looseObject({
  spec: z.looseObject({ template: z.looseObject({ spec: z.looseObject({ containers: z.array(container) }) }) }),
});
const policy = z.looseObject({ kind: z.literal('ReleasePolicy'), spec: z.looseObject({ health: z.looseObject({}) }) });
const named = z.looseObject({ kind: z.string() });

/** `sh` takes what follows the script as its name: a release that changes nothing else changes that. */
const untilEnded = (name: string): readonly string[] => [
  'sh',
  '-c',
  "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done",
  name,
];

/** By tag where the sample names a tag and the image has one: it is pinned to what staging runs. */
const imageFor = (reference: string, image: string): string => {
  const [byTag = image] = image.split('@');
  return !reference.includes('@') && /:[^/]+$/.test(byTag) ? byTag : image;
};

const withImage = (
  object: z.infer<typeof workload>,
  kind: string,
  { image, version }: Sample & { readonly image: string },
): object => {
  const { spec } = object;
  const containers = spec.template.spec.containers.map((each) => ({
    ...each,
    image: imageFor(each.image, image),
    command: each.command ?? (kind === 'Job' ? ['true'] : untilEnded(`${each.name}-${version}`)),
    ...(neverReady[version] === each.name ? { readinessProbe: readyInStaging } : {}),
  }));
  return {
    ...object,
    spec: { ...spec, template: { ...spec.template, spec: { ...spec.template.spec, containers } } },
  };
};

interface Sample {
  /** `name[:tag]@sha256:…` */
  readonly image: string | undefined;
  /** Of the folder that a file lies in. */
  readonly version: string;
}

/** One object of the sample as such a cluster needs it; what is none, such as the notes of a release, stays as it is. */
const rendered = (object: unknown, sample: Sample): unknown => {
  const kind = named.safeParse(object).data?.kind;
  if (kind === undefined) return object;
  const run = workload.safeParse(object).data;
  if (run !== undefined)
    return sample.image === undefined ? object : withImage(run, kind, { ...sample, image: sample.image });
  const demanded = policy.safeParse(object).data;
  if (demanded === undefined) return object;
  const { spec } = demanded;
  return { ...demanded, spec: { ...spec, ...times, health: { ...spec.health, ...times.health } } };
};

/** Writes the files of `hack/demo` under their names into a folder. The image is `name[:tag]@sha256:…` and has a shell; without one, images stay. */
export const renderSample = (folder: string, image?: string): void => {
  for (const file of globSync('**/*.yaml', { cwd: demo })) {
    const to = join(folder, file);
    mkdirSync(dirname(to), { recursive: true });
    const text = readFileSync(join(demo, file), 'utf8');
    const objects = parseAllDocuments(text).map((document) => {
      const object: unknown = document.toJS();
      return object;
    });
    const changed = objects.map((object) => rendered(object, { image, version: dirname(file) }));
    if (JSON.stringify(changed) === JSON.stringify(objects)) cpSync(join(demo, file), to);
    else {
      const documents = changed.map((object) =>
        stringify(object, { lineWidth: 0, defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN' }),
      );
      writeFileSync(to, `# hack/demo/${file}, for pods that really run.\n${documents.join('---\n')}`);
    }
  }
};
