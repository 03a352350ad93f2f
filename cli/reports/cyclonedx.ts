/** CycloneDX in JSON: components, and the weaknesses that are known of them. */
import { z } from 'zod';
import { severities } from '../../operator/decide/evidence/severity.ts';
import { checked } from './json.ts';
import {
  countedFindings,
  digestsIn,
  instantIn,
  severityOf,
  type Finding,
  type Ignored,
  type Outcome,
} from './outcome.ts';
import type { Vex, VexStatement } from './vex.ts';

const analysis = z.object({
  state: z.string().optional(),
  justification: z.string().optional(),
  detail: z.string().optional(),
});

const vulnerability = z.object({
  id: z.string().optional(),
  'bom-ref': z.string().optional(),
  ratings: z.array(z.object({ severity: z.string().optional() })).optional(),
  analysis: analysis.optional(),
  affects: z.array(z.object({ ref: z.string() })).optional(),
});

/** Components may hold components; only some of what each says is read. */
interface Component {
  readonly name: string;
  readonly version?: string | undefined;
  readonly purl?: string | undefined;
  readonly 'bom-ref'?: string | undefined;
  readonly components?: readonly Component[] | undefined;
}

const component: z.ZodType<Component> = z.object({
  name: z.string(),
  version: z.string().optional(),
  purl: z.string().optional(),
  'bom-ref': z.string().optional(),
  get components() {
    return z.array(component).optional();
  },
});

const cyclonedx = z.object({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string(),
  metadata: z.object({ timestamp: z.string().optional(), component: component.optional() }).optional(),
  components: z.array(component).optional(),
  vulnerabilities: z.array(vulnerability).optional(),
});

function* flat(components: readonly Component[]): Generator<Component> {
  for (const each of components) {
    yield each;
    yield* flat(each.components ?? []);
  }
}

/** The worst that anybody says. */
const worst = ({ ratings = [] }: z.infer<typeof vulnerability>): string => {
  const said = new Set(ratings.map(({ severity }) => severityOf(severity)));
  return severities.find((each) => said.has(each)) ?? 'unknown';
};

/** What the words of CycloneDX mean in VEX. */
const statuses: Readonly<Record<string, VexStatement['status']>> = {
  not_affected: 'not_affected',
  false_positive: 'not_affected',
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  exploitable: 'affected',
  in_triage: 'under_investigation',
};

const statusOf = (state: string | undefined): VexStatement['status'] => statuses[state ?? ''] ?? 'under_investigation';

const whyOf = ({ justification, detail }: z.infer<typeof analysis>): string =>
  [justification, detail].filter(Boolean).join(': ');

const idOf = (each: z.infer<typeof vulnerability>): string => each.id ?? each['bom-ref'] ?? 'unnamed';

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** A document that lists no component judges those of another one, which it refers to as `urn:cdx:…#<ref>`. */
const asVex = (bom: z.infer<typeof cyclonedx>): Vex => ({
  author: `${bom.metadata?.component?.name ?? 'its author'} (CycloneDX VEX)`,
  statements: (bom.vulnerabilities ?? []).map((each) => ({
    ids: [idOf(each)],
    products: (each.affects ?? []).map(({ ref }) => ({
      names: [decoded(ref.slice(ref.indexOf('#') + 1))],
      parts: [],
    })),
    status: statusOf(each.analysis?.state),
    why: whyOf(each.analysis ?? {}),
  })),
});

/** The digest in `pkg:oci/name@sha256:…`, which may be percent-encoded, or in a version. */
const imagesOf = (of: Component | undefined): readonly string[] =>
  digestsIn([of?.version, of?.purl?.replace(/%3A/gi, ':').split('?')[0], of?.name]);

/** @throws BadReport */
export const readCycloneDx = async (value: unknown, text: string): Promise<Outcome | Vex> => {
  const bom = await checked(cyclonedx, value, text);
  if (bom.vulnerabilities !== undefined && (bom.components ?? []).length === 0) return asVex(bom);
  const components = [...flat(bom.components ?? [])];
  const byRef = new Map(components.flatMap((each) => (each['bom-ref'] === undefined ? [] : [[each['bom-ref'], each]])));
  const findings: Finding[] = [];
  const ignored: Ignored[] = [];
  for (const each of bom.vulnerabilities ?? []) {
    const status = statusOf(each.analysis?.state);
    // One weakness in three components is three findings, as with scanners.
    for (const ref of each.affects?.map((of) => of.ref) ?? ['']) {
      const of = byRef.get(ref);
      const finding = {
        id: idOf(each),
        count: worst(each),
        where: of === undefined ? ref : [of.name, of.version].filter(Boolean).join('@'),
        purl: of?.purl,
      };
      if (status === 'not_affected' || status === 'fixed') {
        const because = `${each.analysis?.state ?? status}: ${whyOf(each.analysis ?? {}) || 'no reason given'}`;
        ignored.push({ ...finding, because });
      } else findings.push(finding);
    }
  }
  const about = bom.metadata?.component;
  const hasFindings = bom.vulnerabilities !== undefined;
  return {
    format: `CycloneDX ${bom.specVersion}`,
    mediaType: 'application/vnd.cyclonedx+json',
    sort: hasFindings ? 'findings' : 'components',
    passed: true,
    counts: { components: components.length, ...(hasFindings ? countedFindings(findings, ignored) : {}) },
    findings,
    ignored,
    images: imagesOf(about),
    at: instantIn(bom.metadata?.timestamp),
  };
};
