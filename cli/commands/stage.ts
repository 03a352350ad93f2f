/** `kubectl countersign stage`: makes a release candidate from what runs in staging. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { keyOf } from '../../operator/decide/objects.ts';
import { visible } from '../../operator/decide/safe-text.ts';
import { manifestOf } from '../../operator/kube/resource.ts';
import { ourResource } from '../../operator/kube/rows.ts';
import { connectionOptions, yesOption, type CommandDefinition } from '../command.ts';
import { candidateOf, isTrue } from '../candidate/objects.ts';
import { findPolicy } from '../candidate/find.ts';
import { exitCodes, Problem, type ExitCode } from '../exit.ts';
import { bold, dim, styled, type Part } from '../output/parts.ts';
import type { Session } from '../session.ts';
import { follow } from './wait.ts';

/** What is left out by name, as `kind/name` in lower case. */
const leftOut = (session: Session): ReadonlySet<string> =>
  new Set(session.texts('leaveOut').flatMap((entry) => entry.toLowerCase().split('=').slice(0, 1)));

/** By what the objects are chosen. */
const chosen = async (session: Session, namespace: string) => {
  const cluster = await session.cluster();
  const [{ chooseByLabels, chooseByName }, { labelsIn }] = await Promise.all([
    import('../stage/choose.ts'),
    import('../stage/manifest.ts'),
  ]);
  const names = session.arguments(0);
  const helm = session.text('helm');
  const selector = session.text('selector') ?? (helm === undefined ? undefined : `app.kubernetes.io/instance=${helm}`);
  if (names.length > 0 === (selector !== undefined)) {
    throw new Problem(
      'Say what is released: either objects by name, or --selector, or --helm',
      'kubectl countersign stage deployment/api configmap/api-config --version 2.4.0',
      exitCodes.usage,
    );
  }
  if (selector === undefined) {
    const choice = await chooseByName(cluster, namespace, names);
    const components = choice.takes.map(({ ref: { apiVersion, kind, name } }) => ({ apiVersion, kind, name }));
    return { choice, takes: { components } };
  }
  const matchLabels = labelsIn(selector);
  return {
    choice: await chooseByLabels(cluster, namespace, matchLabels, leftOut(session)),
    takes: { selector: { matchLabels } },
  };
};

type Choice = Awaited<ReturnType<typeof chosen>>['choice'];

/** Prints a line; of a dry run it is a comment, so that all of the output is a file for kubectl. */
type Say = (...parts: readonly Part[]) => void;

const saying = (session: Session): Say =>
  session.flag('dryRun') ? (...parts) => session.out.line('# ', ...parts) : (...parts) => session.out.line(...parts);

/** What it takes, pins and leaves out, before anything is created. @throws Problem where something it finds needs a word */
const show = async (session: Session, namespace: string, choice: Choice): Promise<void> => {
  const say = saying(session);
  const { imagesByTag } = await import('../stage/choose.ts');
  say(bold('Takes'), `  ${choice.takes.length} from ${namespace}`);
  for (const { ref } of choice.takes) say('  ', keyOf(ref));
  const tags = imagesByTag(choice);
  if (tags.length > 0) {
    say(bold('Pins'), '  each to the digest that the pods of staging run');
    for (const tag of tags) say('  ', visible(tag));
  }
  for (const entry of session.texts('leaveOut')) say(bold('Leaves out'), '  ', visible(entry));
  if (choice.unseen.length > 0) {
    say(dim(`You may not list ${choice.unseen.join(', ')} in ${namespace}: the operator looks at them when it stages`));
  }
  const unsaid = choice.cannotTake;
  if (choice.takes.length === 0) {
    const may = choice.unseen.length === 0 ? '' : ' that you may list';
    throw new Problem(
      `There is nothing to release in ${namespace}${may}`,
      `kubectl get all -n ${namespace} --show-labels`,
    );
  }
  if (unsaid.length > 0) {
    throw new Problem(
      `The selector finds what no release takes: ${unsaid.map(({ ref, why }) => `${keyOf(ref)} (${why})`).join(', ')}`,
      `Say why production goes without, or where it gets its own: ${unsaid.map(({ ref }) => `--leave-out '${keyOf(ref)}=<why>'`).join(' ')}`,
    );
  }
};

/** What signers will read, as far as it can be told before the operator has frozen it, and what would keep it from being staged. */
const showPreview = async (session: Session, candidate: ReleaseCandidate, choice: Choice): Promise<void> => {
  const say = saying(session);
  const cluster = await session.cluster();
  const { targetNamespace } = candidate.spec;
  session.out.progress(`Comparing with ${targetNamespace}`);
  const policy = await findPolicy(cluster, targetNamespace);
  if (policy === undefined) {
    say(
      dim(
        `You may not read the policy of ${targetNamespace}, or there is none: what changes is known once it is staged`,
      ),
    );
    return;
  }
  const [{ previewOf }, { deltaLines }] = await Promise.all([
    import('../stage/preview.ts'),
    import('../candidate/delta.ts'),
  ]);
  const preview = await previewOf(cluster, { candidate, policy, choice });
  if (preview.is === 'Refused') {
    say(styled('red', 'Not staged as it is now'), '  ', preview.message);
    return;
  }
  say(bold('Changes'), '  as it stands now; the operator renders it when it stages');
  for (const parts of deltaLines(preview.text)) say('  ', ...parts);
  for (const { gate, message } of preview.blocked) say(styled('red', `Blocked by ${gate}`), '  ', message);
  for (const line of preview.lacks) say(styled('yellow', 'Production lacks'), '  ', line);
  if (preview.unseen.length > 0) {
    say(dim(`You may not read ${preview.unseen.join(', ')}: the operator looks at them when it stages`));
  }
  const words = preview.blocked.find(({ gate }) => gate in options);
  if (words !== undefined && !session.flag('dryRun')) {
    throw new Problem(`Nothing was created, for it could never be promoted: ${words.message}`, options[words.gate]);
  }
};

/** With what somebody gives it what these gates ask for: a candidate never changes, so without them it is made for nothing. */
const options: Readonly<Record<string, string>> = {
  Notes:
    'Add what is missing: --summary, --installation ("none" where there is nothing to do or to watch), or --notes-file',
  ChangeTicket: 'Add --ticket <id>',
};

/** Where nobody said how long: what takes longer than this waits for something that people have to do, and that is told. */
const stagedWithin = '1m';

const run = async (session: Session): Promise<ExitCode | void> => {
  const cluster = await session.cluster();
  const named = await session.namespace();
  const policy = await findPolicy(cluster, named);
  const namespace = policy?.spec.sourceNamespace ?? named;
  const production = policy === undefined ? undefined : named;
  session.out.progress(`Looking at ${namespace}`);
  const { choice, takes } = await chosen(session, namespace);
  const { candidateManifest } = await import('../stage/manifest.ts');
  const manifest = manifestOf({ ...(await candidateManifest(session, { namespace, production }, takes)) });
  const { out } = session;
  await show(session, namespace, choice);
  // The API server judges it first, as if.
  const stored = await cluster.client.dryRunCreate(ourResource('ReleaseCandidate'), manifest);
  await showPreview(session, candidateOf(stored), choice);
  if (session.flag('dryRun')) {
    const { stringify } = await import('yaml');
    out.document(stringify(manifest, { lineWidth: 0 }));
    return;
  }
  await session.agreed(`Create ReleaseCandidate ${manifest.metadata.name ?? ''}?`);
  const created = candidateOf(await cluster.client.createResource(ourResource('ReleaseCandidate'), manifest));
  const { name } = created.metadata;
  out.line(styled('green', `releasecandidate ${name} created`));
  const staged = await follow(session, created, {
    until: 'staged',
    ...(session.flag('wait') ? {} : { patience: stagedWithin }),
  });
  if (staged !== exitCodes.ok) return staged;
  if (!session.flag('wait')) {
    out.line('  → ', `kubectl countersign diff ${name} -n ${namespace}`);
    out.line('  → ', `kubectl countersign wait ${name} -n ${namespace}`);
    return;
  }
  const again = await cluster.findOur('ReleaseCandidate', { namespace, name });
  if (again !== undefined && isTrue(candidateOf(again), 'Staged')) {
    const [{ bundleFor }, { ifReadable }, { printDelta }] = await Promise.all([
      import('../candidate/story.ts'),
      import('../cluster/readable.ts'),
      import('../candidate/delta.ts'),
    ]);
    const bundle = await ifReadable(bundleFor(cluster, candidateOf(again)));
    if (bundle !== undefined) printDelta(out, bundle.spec.deltaText);
  }
  return follow(session, created, { until: 'promoted' });
};

export const stage: CommandDefinition = {
  name: 'stage',
  summary: 'Makes a release candidate from what runs in staging.',
  description:
    'Looks at staging, shows what the release takes, pins, leaves out and changes, what production lacks and what cannot be taken back, asks once, creates the ReleaseCandidate, and waits until the operator has frozen its content. The API server judges it before, as a dry run. The production namespace is the one that -n names, or that of earlier candidates; the package is that of earlier candidates, or what the label app.kubernetes.io/part-of or the Helm release says. Notes come from flags, from --notes-file, or from $EDITOR. With --wait it shows the delta again once the operator has frozen it, and follows the candidate to its end, with the exit codes of wait.',
  args: [{ name: 'object', description: 'Objects of staging: deployment/api configmap/api-config.', many: true }],
  options: [
    { flags: '-l, --selector <labels>', description: 'Takes every object with these labels: key=value,key=value.' },
    {
      flags: '--helm <release>',
      description: 'Takes what carries the label app.kubernetes.io/instance of this Helm release.',
    },
    { flags: '--version <version>', description: 'The version of the release.' },
    { flags: '--package <name>', description: 'The package.', completes: 'package' },
    { flags: '--to <namespace>', description: 'The production namespace.', completes: 'namespace' },
    { flags: '--name <name>', description: 'Of the candidate. Absent: package and version.' },
    {
      flags: '--leave-out <kind/name=reason>',
      description: 'Of what the selector finds. May be given again.',
      many: true,
    },
    {
      flags: '--overlay-file <file>',
      description: 'YAML: what production keeps different from staging.',
      completes: 'file',
    },
    {
      flags: '--notes-file <file>',
      description: 'YAML with summary, changes, dependencies, installation, rollbackPlan, analysis.',
      completes: 'file',
    },
    { flags: '--summary <text>', description: 'What the release is.' },
    { flags: '--change <text>', description: 'One change. May be given again.', many: true },
    { flags: '--dependency <text>', description: 'Something it needs. May be given again.', many: true },
    { flags: '--installation <text>', description: 'What people must do or watch.' },
    {
      flags: '--rollback-plan <text>',
      description: 'What is rolled back automatically, and what people must do besides.',
    },
    { flags: '--analysis <text>', description: 'After a rollback: why the release before it failed.' },
    { flags: '--ticket <id>', description: 'The change in the system of record.' },
    { flags: '--incident <id>', description: 'The incident that this fixes.' },
    { flags: '--expedited', description: 'Takes the hotfix lane; needs --incident.' },
    {
      flags: '--replaces <candidate>',
      description: 'The earlier candidate that this one supersedes.',
      completes: 'candidate',
    },
    {
      flags: '--follows-up <emergency>',
      description: 'The EmergencyAccess that this makes permanent.',
      completes: 'emergency',
    },
    {
      flags: '--dry-run',
      description: 'Prints the candidate, with all that is shown as comments, and creates nothing.',
    },
    { flags: '--wait', description: 'Follows it to its end.' },
    {
      flags: '--timeout <duration>',
      description: 'How long to wait, such as 30m. Absent: a minute, and with --wait until it ends.',
    },
    yesOption,
    ...connectionOptions,
  ],
  examples: [
    {
      says: 'What would be released, and how the candidate would look',
      line: "stage deployment/api configmap/api-config -n payments-staging --to payments-prod --package payments --version 2.4.0 --summary 'faster settlements' --dry-run",
    },
    {
      says: 'Everything of a Helm release, followed to its end',
      line: 'stage --helm payments -n payments-staging --to payments-prod --package payments --version 2.4.0 --notes-file notes.yaml --wait --yes',
    },
  ],
  run,
};
