/** What somebody says about weaknesses that scanners find. It is no report of its own: it sets findings of one aside. */
import { countedFindings, digestsIn, type Finding, type Ignored, type Outcome } from './outcome.ts';

export interface VexStatement {
  /** Names of the weakness. */
  readonly ids: readonly string[];
  /** What it is about: packages or images by `pkg:…`; `parts` = only these packages of it. */
  readonly products: readonly { readonly names: readonly string[]; readonly parts: readonly (readonly string[])[] }[];
  readonly status: 'not_affected' | 'affected' | 'fixed' | 'under_investigation';
  /** '' = no reason is given. */
  readonly why: string;
}

/** One document. */
export interface Vex {
  readonly author: string;
  readonly statements: readonly VexStatement[];
}

const plain = (purl: string): string => purl.split(/[?#]/)[0]?.replaceAll(/%3A/gi, ':').replaceAll(/%40/gi, '@') ?? '';

/** A name without a version means every version. */
const fits = (name: string, purl: string | undefined): boolean => {
  const [of, named] = [purl === undefined ? '' : plain(purl), plain(name)];
  return of !== '' && (of === named || of.slice(0, Math.max(0, of.lastIndexOf('@'))) === named);
};

/** It is about this finding: in a package that it names, or in an image that it names by digest and, where it says so, in that package of it. */
const isAbout = ({ ids, products }: VexStatement, finding: Finding, images: readonly string[]): boolean =>
  ids.includes(finding.id) &&
  products.some(({ names, parts }) => {
    const isImage = digestsIn(names.map(plain)).some((digest) => images.includes(digest));
    if (parts.length > 0) return isImage && parts.flat().some((name) => fits(name, finding.purl));
    return isImage || names.some((name) => fits(name, finding.purl));
  });

/** The last statement about a finding decides: later documents and later statements over earlier ones. */
const judgement = (finding: Finding, images: readonly string[], all: readonly Vex[]): string | undefined => {
  const last = all
    .flatMap(({ author, statements }) => statements.map((said) => ({ author, said })))
    .findLast(({ said }) => isAbout(said, finding, images));
  if (last === undefined || (last.said.status !== 'not_affected' && last.said.status !== 'fixed')) return undefined;
  return `${last.said.status} by ${last.author}: ${last.said.why || 'no reason given'}`;
};

/** The outcome of a scan without what these documents set aside. */
export const setAsideBy = (scan: Outcome, all: readonly Vex[]): Outcome => {
  if (scan.sort !== 'findings' || all.length === 0) return scan;
  const findings: Finding[] = [];
  const ignored: Ignored[] = [...scan.ignored];
  for (const finding of scan.findings) {
    const because = judgement(finding, scan.images, all);
    if (because === undefined) findings.push(finding);
    else ignored.push({ ...finding, because });
  }
  return { ...scan, findings, ignored, counts: { ...scan.counts, ...countedFindings(findings, ignored) } };
};
