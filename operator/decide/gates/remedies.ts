/** The commands that remedies name, exactly as they are typed. */
import { apiVersion, kinds } from '../../api/kinds.ts';
import type { EvidenceLine, Signer } from '../../api/policy-evidence.ts';
import { performedAtField, sourceHistoryType, testResultType } from '../evidence/signed/predicates.ts';
import { listed } from '../messages.ts';
import { visible } from '../safe-text.ts';
import type { GateSnapshot } from './gate.ts';

type OfCandidate = Pick<GateSnapshot, 'candidate'>;
type OfContent = OfCandidate & { readonly bundle: Pick<GateSnapshot['bundle'], 'digest'> };
type OfPolicy = Pick<GateSnapshot, 'policy'>;

/** How the content, which never changes, is changed all the same. `what`: what the new candidate does differently. */
export const newCandidate = ({ candidate }: OfCandidate, what: string): string =>
  `The developer creates a new candidate with spec.replaces: ${candidate.metadata.name} ${what}: kubectl create -f <candidate>.yaml -n ${candidate.metadata.namespace}`;

/** Signs for the content as it is now. */
export const signAs = ({ candidate }: OfCandidate, role: string): string =>
  `kubectl get cand ${candidate.metadata.name} -n ${candidate.metadata.namespace} -o jsonpath={.status.approvalManifests.${role}} | kubectl create -f -`;

/** Images that one command names; the rest is named once these are known. */
const imagesAtOnce = 100;

/** The manifest of evidence, as a shell writes it into one line of JSON. `more`: fields of the spec whose values the shell puts in. */
const evidenceManifest = (
  { candidate, bundle }: OfContent,
  line: EvidenceLine,
  { subjects, more }: { readonly subjects: readonly string[]; readonly more: Readonly<Record<string, unknown>> },
): string => {
  const { name, uid, namespace } = candidate.metadata;
  return JSON.stringify({
    apiVersion,
    kind: kinds.Evidence.kind,
    metadata: { generateName: `${line.type.toLowerCase()}-`, namespace },
    spec: {
      type: line.type,
      subject: line.about === 'Candidate' ? { candidate: { name, uid, digest: bundle.digest } } : { images: subjects },
      result: 'Passed',
      ...more,
    },
  });
};

/** Reports that evidence about these subjects passed, performed now, with nothing counted that the policy limits. */
const report = (of: OfContent, line: EvidenceLine, subjects: readonly string[]): string => {
  const more = {
    summary: Object.fromEntries(Object.keys(line.most).map((count) => [count, 0])),
    performedAt: performedNow,
  };
  const manifest = evidenceManifest(of, line, { subjects: subjects.slice(0, imagesAtOnce), more });
  return `echo '${manifest.replace(performedNow, `'$(${clock})'`)}' | kubectl create -f -`;
};

const performedNow = 'performed now';
const clock = 'date -u +%Y-%m-%dT%H:%M:%SZ';

/** The predicate type that each type of evidence has most often. */
const usualPredicate: Readonly<Record<string, string>> = {
  VulnerabilityAssessment: 'https://cosign.sigstore.dev/attestation/vuln/v1',
  Provenance: 'https://slsa.dev/provenance/v1',
  Source: sourceHistoryType,
  SBOM: 'https://cyclonedx.org/bom',
};

/** Signs a statement about the first of these subjects with cosign, and reports it. Of a test the command says that it passed now; what else there is comes from the file. */
const signAndReport = (of: OfContent, line: EvidenceLine, subjects: readonly string[]): string => {
  const [first = ''] = subjects;
  const isImages = line.about === 'Images';
  const [hex, name] = isImages
    ? [first.slice('sha256:'.length), 'image']
    : [of.bundle.digest.slice('sha256:'.length), of.candidate.metadata.uid];
  const predicate = usualPredicate[line.type];
  const more = { performedAt: performedNow, statement: performedThere };
  const manifest = evidenceManifest(of, line, { subjects: [first], more })
    .replace(performedNow, () => `'"$at"'`)
    .replace(performedThere, () => statementInShell);
  return [
    made(line, predicate),
    `cosign attest-blob --yes${line.signedBy?.some(({ key }) => key !== undefined) === true ? ' --use-signing-config=false --tlog-upload=false --key cosign.key' : ''} --type ${predicate ?? testResultType} --predicate predicate.json --hash ${hex} --bundle statement.json ${name}`,
    `printf %s '${manifest}' | kubectl create -f -`,
  ].join(' && ');
};

/** What makes the predicate, as far as that is known. */
const made = (line: EvidenceLine, predicate: string | undefined): string => {
  if (predicate === undefined)
    return `at=$(${clock}) && echo '{"result":"PASSED","configuration":[],"${performedAtField}":"'$at'"}' > predicate.json`;
  return predicate === sourceHistoryType ? historyOf(line) : 'at=<when it was performed, as predicate.json says>';
};

/**
 * Who wrote the commits of a checkout, as git knows them. Where `since` is `^v1.2`, those since then; where it is not set, all of them. Who
 * reviewed is known to the forge.
 */
const historyOf = ({ sources: [repository = '$(git remote get-url origin)'] = [] }: EvidenceLine): string =>
  [
    `at=$(${clock})`,
    String.raw`git log --format='{"revision":"%H","authors":["%aE","%(trailers:key=Co-authored-by,valueonly,separator=%x22%x2C%x22)"]}' HEAD $since | paste -sd, - | sed 's|.*|{"createdOn":"'$at'","sources":[{"repository":"'` +
      `"${repository}"` +
      String.raw`'","revision":"'$(git rev-parse HEAD)'","commits":[&],"reviewers":[]}]}|' > predicate.json`,
  ].join(' && ');

const performedThere = 'the statement';

/** What is in the file, as the inside of a string of JSON. */
const statementInShell = String.raw`'"$(sed 's/["\\]/\\&/g' statement.json | tr -d '\n')"'`;

/** Reports evidence about these subjects, as the line of the policy wants it. */
export const reportAs = (of: OfContent, line: EvidenceLine, subjects: readonly string[]): string =>
  line.signedBy === undefined ? report(of, line, subjects) : signAndReport(of, line, subjects);

/** Who may sign, as the beginning of a sentence. */
const signersText = (signers: readonly Signer[]): string => {
  const [keys, identities] = [
    signers.filter(({ key }) => key !== undefined),
    signers.flatMap((each) => each.identity ?? []),
  ];
  const holder = keys.length === 0 ? [] : [`holds the key of ${listed(keys.map(({ name }) => name))}`];
  const certified = identities.map(({ issuer, subject }) => `is ${visible(subject)} for ${visible(issuer)}`);
  return `Who ${[...holder, ...certified].join(', or ')}`;
};

/** Who reports it, as the beginning of a sentence. */
export const reporterOf = ({ candidate }: OfCandidate, { type, signedBy }: EvidenceLine): string => {
  const holder = `somebody who holds report on evidencetypes/${type} in ${candidate.metadata.namespace} by name`;
  return signedBy === undefined
    ? `${holder.replace('s', 'S')}, and had no hand in the content, reports what came of it`
    : `${signersText(signedBy)} signs what came of it, and ${holder} reports that`;
};

/** Corrects what production demands. */
export const editPolicy = ({ policy }: OfPolicy): string =>
  `kubectl edit relpol ${policy.metadata.name} -n ${policy.metadata.namespace}`;
