/** `kubectl countersign report`: evidence from the reports that tests and scanners wrote. */
import { kinds } from '../../operator/api/kinds.ts';
import { listed } from '../../operator/decide/messages.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { manifestOf } from '../../operator/kube/resource.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { findCandidate } from '../candidate/find.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { exitCodes, Problem } from '../exit.ts';
import { bold, dim, styled, type Part } from '../output/parts.ts';
import type { Session } from '../session.ts';

/** Findings that are listed; the rest is counted. */
const mostListed = 20;

const usage = (message: string, next: string): Problem => new Problem(message, next, exitCodes.usage);

/** `--about`, or what the policy asks for. @throws Problem for another word */
const aboutOf = (session: Session, asked: 'Candidate' | 'Images' | undefined): 'Candidate' | 'Images' => {
  const given = session.text('about');
  if (given === undefined) return session.texts('image').length > 0 ? 'Images' : (asked ?? 'Candidate');
  if (given === 'Candidate' || given === 'Images') return given;
  throw usage(`--about ${given} is neither Candidate nor Images`, '--about Images');
};

const imagesGiven = (session: Session): readonly string[] =>
  session.texts('image').map((given) => {
    const digest = given.slice(given.lastIndexOf('@') + 1);
    if (/^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
    throw usage(`--image ${given} names no digest`, '--image sha256:<64 hexadecimal digits>');
  });

/** `--performed-at` in milliseconds. @throws Problem when it is no time, or has not come yet */
const performedAtOf = (session: Session): number | undefined => {
  const given = session.text('performedAt');
  if (given === undefined) return undefined;
  const at = Date.parse(given);
  const example = `--performed-at ${new Date(session.now()).toISOString().slice(0, 19)}Z`;
  if (Number.isNaN(at) || !/(Z|[+-]\d{2}:\d{2})$/.test(given))
    throw usage(`--performed-at ${given} is no time with a time zone`, example);
  if (at > session.now()) throw usage(`--performed-at ${given} has not come yet`, example);
  return at;
};

const signedElsewhere = 'Have it signed again, about exactly this; the commands: kubectl countersign why <candidate>';

/** What is there to be reported, read and judged. */
const prepared = async (session: Session) => {
  const [name, type] = [session.name(), session.argument(1) ?? ''];
  const [{ readReports }, evidence, counts, { statementProblem }, { storyOf }] = await Promise.all([
    import('../reports/read.ts'),
    import('../reports/evidence.ts'),
    import('../reports/counts.ts'),
    import('../reports/statement.ts'),
    import('../candidate/story.ts'),
  ]);
  const told = {
    type,
    comment: session.text('comment') ?? '',
    performedAt: performedAtOf(session),
    url: session.text('url'),
    inline: session.flag('inline'),
  };
  const given = imagesGiven(session);
  const files = await readReports(session.arguments(2), type);
  const cluster = await session.cluster();
  const candidate = await findCandidate(session, name);
  const { namespace } = candidate.metadata;
  const digest = candidate.status?.digest;
  if (digest === undefined) {
    throw new Problem(
      `${name} is not staged yet: there is no content to report about`,
      `kubectl countersign why ${name} -n ${namespace}`,
    );
  }
  const { policy, bundle } = await storyOf(cluster, candidate);
  const reported = { candidate, policy, bundle };
  const line = counts.lineFor(reported, type);
  const groups = evidence.groupsOf(files, aboutOf(session, line?.about), given);
  const pieces = groups.map((group) => {
    const sum = evidence.sumOf(group);
    return {
      group,
      sum,
      short: counts.shortOf(line, sum),
      manifest: evidence.evidenceOf(candidate, digest, group, told, session.now()),
    };
  });
  await counts.imagesOrProblem(cluster, reported, groups);
  for (const { manifest } of pieces) {
    if (manifest.spec.statement === undefined) continue;
    const problem = statementProblem(manifest.spec, line, policy);
    if (problem !== undefined) throw new Problem(`It would not count: the statement ${problem}`, signedElsewhere);
  }
  await counts.reporterOrProblem(cluster, reported, {
    type,
    passed: pieces.some(({ sum }) => sum.passed),
    signed: pieces.every(({ manifest }) => manifest.spec.statement !== undefined),
  });
  return { cluster, candidate, policy, line, type, pieces, outcomeText: evidence.outcomeText };
};

type Prepared = Awaited<ReturnType<typeof prepared>>;
type Say = (...parts: readonly Part[]) => void;

const showList = (
  say: Say,
  heading: string,
  all: readonly { readonly id: string; readonly where: string }[],
  of: (at: number) => string,
): void => {
  if (all.length === 0) return;
  say(bold(heading), `  ${all.length}`);
  for (const [at, { id, where }] of all.slice(0, mostListed).entries())
    say('  ', `${visible(id)}${where === '' ? '' : `  ${visible(where)}`}`, dim(visible(of(at))));
  if (all.length > mostListed) say(dim(`  and ${all.length - mostListed} more`));
};

const show = (say: Say, { candidate, policy, line, type, pieces, outcomeText }: Prepared): void => {
  const { name } = candidate.metadata;
  for (const { group, sum, short, manifest } of pieces) {
    const about = group.images.length === 0 ? `the content of ${name}` : listed(group.images);
    say(bold(`${type} ${manifest.spec.result}`), `  about ${about}, performed ${manifest.spec.performedAt}`);
    for (const file of group.files) say('  ', `${visible(file.name)}  ${visible(outcomeText(file.outcome))}`);
    showList(say, 'Found', sum.findings, (at) => `  ${sum.findings[at]?.count ?? ''}`);
    showList(say, 'Not counted', sum.ignored, (at) => `  ${sum.ignored[at]?.because ?? ''}`);
    if (short !== '') say(styled('yellow', short.charAt(0).toUpperCase() + short.slice(1)));
  }
  if (policy !== undefined && line === undefined) {
    const asked = policy.spec.evidence.map((each) => each.type);
    say(
      styled(
        'yellow',
        `The policy of ${candidate.spec.targetNamespace} asks for no ${type}; it asks for ${listed(asked) || 'no evidence'}`,
      ),
    );
  }
};

const run = async (session: Session): Promise<void> => {
  const ready = await prepared(session);
  const { cluster, candidate, type, pieces } = ready;
  const { out } = session;
  const isDry = session.flag('dryRun');
  show((...parts) => {
    out.line(...(isDry ? ['# ', ...parts] : parts));
  }, ready);
  if (isDry) {
    const { stringify } = await import('yaml');
    for (const { manifest } of pieces) out.document(`---\n${stringify(manifest, { lineWidth: 0 })}`);
    return;
  }
  const what = pieces.length === 1 ? `this ${type}` : `these ${pieces.length} pieces of ${type}`;
  await session.agreed(`Report ${what} about ${candidate.metadata.name}?`);
  for (const { manifest } of pieces) {
    const created = await cluster.client.createResource(ourResource('Evidence'), manifestOf({ ...manifest }));
    out.line(
      styled('green', `${kinds.Evidence.singular} ${created.metadata.name} created`),
      `: ${manifest.spec.result}`,
    );
  }
  out.line('  → ', `kubectl countersign why ${candidate.metadata.name} -n ${candidate.metadata.namespace}`);
};

export const report: CommandDefinition = {
  name: 'report',
  summary: 'Reports what tests or scanners found, from the files that they wrote.',
  description:
    'Reads JUnit XML, TAP, go test -json, SARIF, Trivy, Grype and CycloneDX, or a statement that somebody signed (DSSE, Sigstore bundle), counts what they say, shows what was found and what was set aside, asks once, and creates Evidence in the staging namespace. What failed is reported as Failed. Documents of OpenVEX among the files set findings of a scan aside; which, by whom and why goes with the evidence. Of evidence about images, each image that reports name gets a piece of its own. A report that is cut off, empty, or of another format is refused with file and line. Nothing in a report is executed, fetched or looked up.',
  args: [
    { name: 'candidate', description: 'The ReleaseCandidate.', required: true, completes: 'candidate' },
    {
      name: 'type',
      description: 'What it is evidence of: TestReport, VulnerabilityAssessment, Source, or what the policy names.',
      required: true,
    },
    { name: 'file', description: 'Reports; - for standard input.', required: true, many: true, completes: 'file' },
  ],
  options: [
    {
      flags: '--about <what>',
      description: 'What it is about. Absent: what the policy asks for.',
      values: ['Candidate', 'Images'],
    },
    {
      flags: '--image <digest>',
      description: 'The image, where reports do not say it. May be given again.',
      many: true,
    },
    { flags: '--performed-at <time>', description: 'When it was made. Absent: as the reports say, or their files.' },
    { flags: '--url <address>', description: 'Where the report is kept. It is not fetched.' },
    { flags: '--inline', description: 'Puts the report into the object, up to 256 KiB.' },
    { flags: '--comment <text>', description: 'What you have to say.' },
    {
      flags: '--dry-run',
      description: 'Prints the Evidence, with all that is shown as comments, and creates nothing.',
    },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    {
      says: 'What the tests of a pipeline said',
      line: 'report payments-2.4.0 TestReport reports/*.xml -n payments-staging --yes',
    },
    {
      says: 'What a scan of the images found, without what the vendor says does not matter',
      line: 'report payments-2.4.0 VulnerabilityAssessment scan.json vex.json -n payments-staging --dry-run',
    },
  ],
  run,
};
