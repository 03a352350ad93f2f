/** `kubectl countersign policy diff`: what a policy asks for more, and for less, than another one. */
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import { connectionOptions, outputOption, type CommandDefinition } from '../command.ts';
import { storedPolicyIn } from '../candidate/find.ts';
import { findChange } from '../candidate/policy-changes.ts';
import { exitCodes, Problem, type ExitCode } from '../exit.ts';
import { printObjects } from '../output/objects.ts';
import { bold, styled, type Style } from '../output/parts.ts';
import { fieldChanges, valueText } from '../policy/field-changes.ts';
import { policyInFile } from '../policy/files.ts';
import type { Session } from '../session.ts';

/** A policy, and where it is from. */
interface Side {
  readonly title: string;
  readonly policy: ReleasePolicy;
}

const styles = { looser: 'red', other: 'yellow', tighter: 'green', equal: 'dim' } as const satisfies Record<
  string,
  Style
>;

const storedIn = async (session: Session, namespace: string): Promise<Side> => ({
  title: `the policy of ${namespace}`,
  policy: await storedPolicyIn(await session.cluster(), namespace),
});

const fromFile = async (file: string): Promise<Side> => ({ title: file, policy: await policyInFile(file) });

/** What is asked for by name. */
const asked = async (
  session: Session,
  name: string,
  namespace: string,
): Promise<readonly [before: Side, after: Side]> => {
  const cluster = await session.cluster();
  const [before, { spec }] = await Promise.all([storedIn(session, namespace), findChange(cluster, namespace, name)]);
  return [before, { title: `PolicyChange ${name}`, policy: { ...before.policy, spec: spec.policy } }];
};

const sidesOf = async (session: Session): Promise<readonly [before: Side, after: Side]> => {
  const change = session.text('change');
  const [files, namespaces] = [session.texts('filename'), session.texts('namespace')];
  const [[file, otherFile], [namespace, otherNamespace]] = [files, namespaces];
  const place = async (): Promise<string> => namespace ?? (await session.cluster()).access.namespace ?? 'default';
  if (change !== undefined && files.length === 0 && namespaces.length <= 1)
    return asked(session, change, await place());
  if (file !== undefined && otherFile !== undefined && files.length === 2 && namespaces.length === 0)
    return [await fromFile(file), await fromFile(otherFile)];
  if (namespace !== undefined && otherNamespace !== undefined && namespaces.length === 2 && files.length === 0)
    return [await storedIn(session, namespace), await storedIn(session, otherNamespace)];
  if (change === undefined && file !== undefined && files.length === 1 && namespaces.length <= 1) {
    const after = await fromFile(file);
    return [await storedIn(session, await place()), after];
  }
  throw new Problem(
    'Two policies are compared: one of a file or of a PolicyChange with the stored one, two files, or two namespaces',
    'kubectl countersign policy diff -f policy.yaml -n <namespace>',
    exitCodes.usage,
  );
};

const run = async (session: Session): Promise<ExitCode> => {
  const [before, after] = await sidesOf(session);
  const changes = await fieldChanges(before.policy.spec, after.policy.spec);
  const { out, format } = session;
  const isLooser = changes.some(({ is }) => is === 'looser' || is === 'other');
  const code = isLooser && session.flag('failOnLooser') ? exitCodes.error : exitCodes.ok;
  if (format !== undefined) {
    const fields = changes.map(({ field, is, differences }) => ({ field, is, differences }));
    const difference = { kind: 'PolicyDifference', metadata: { name: 'difference' }, fields };
    await printObjects(out, format, { one: { ...difference, before: before.title, after: after.title } });
    return code;
  }
  if (changes.length === 0) {
    out.line(`${before.title} and ${after.title} say the same`);
    return code;
  }
  out.line(bold(`${before.title} → ${after.title}`));
  for (const { field, is, why, differences } of changes) {
    out.line();
    out.line(styled(styles[is], is === 'looser' ? 'LOOSER' : is), `  ${field}  (${why})`);
    for (const each of differences) {
      out.line(`  ${each.field}: ${valueText(each.from)} → ${valueText(each.to)}`);
    }
  }
  return code;
};

export const policyDiff: CommandDefinition = {
  name: 'policy diff',
  summary: 'Shows what a policy makes tighter and looser.',
  description:
    'Field by field what differs between two policies, and whether the second asks for more (tighter), for less (looser), or for something else (other); looser fields come first. Compared are the stored policy of a namespace and a file or what a PolicyChange asks for, two files, or the policies of two namespaces. Defaults are filled in. Nothing is written.',
  options: [
    {
      flags: '-f, --filename <file>',
      description: 'A file with one ReleasePolicy; - for standard input. Twice: the two are compared.',
      many: true,
      completes: 'file',
    },
    ...connectionOptions.map((option) =>
      option.flags.startsWith('-n')
        ? {
            ...option,
            many: true,
            description: 'The production namespace. Absent: that of the context. Twice: their policies are compared.',
          }
        : option,
    ),
    { flags: '--change <name>', description: 'A PolicyChange of the namespace.', completes: 'change' },
    { flags: '--fail-on-looser', description: 'Exit code 1 when a field is looser or other, for pipelines.' },
    outputOption,
  ],
  examples: [
    { says: 'What would this file change?', line: 'policy diff -f policy.yaml -n payments-prod' },
    { says: 'What does this change ask for?', line: 'policy diff --change shorter-soak -n payments-prod' },
    { says: 'In a pipeline: may only tighten', line: 'policy diff -f old.yaml -f policy.yaml --fail-on-looser' },
  ],
  run,
};
