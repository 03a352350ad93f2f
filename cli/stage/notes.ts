/** The notes of a release: from flags, from a file, or from an editor. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReleaseNotes } from '../../operator/api/release-notes.ts';
import { isRecord } from '../../operator/kube/resource.ts';
import { Problem } from '../exit.ts';
import type { Session } from '../session.ts';

type Given = Partial<ReleaseNotes>;

const fields = ['summary', 'changes', 'dependencies', 'installation', 'rollbackPlan', 'analysis'] as const;

const template = `# What people read before they sign. Lines that begin with # are left out; save and close to go on.
summary: ''           # what the release is, in a sentence or two
installation: none    # what people must do or watch
# The rest is computed: which objects change, what they need, what goes back. Add what only you know.
# changes: ['']       # one change a line
# dependencies: ['']  # databases, feature flags
# rollbackPlan: ''    # what people must do besides when it is rolled back
# analysis: ''        # after a rollback: why the release before failed, and why this one does not
`;

const linesIn = (value: unknown): string[] =>
  (Array.isArray(value) ? value.map(String) : [String(value)]).filter((line) => line.trim() !== '');

/** @throws Problem for a file that is no notes */
const notesIn = async (text: string, where: string): Promise<Given> => {
  const { parse } = await import('yaml');
  let parsed: unknown;
  try {
    parsed = parse(text);
  } catch (error) {
    throw new Problem(`${where} is no YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const given = isRecord(parsed) && isRecord(parsed['notes']) ? parsed['notes'] : parsed;
  if (!isRecord(given)) throw new Problem(`${where} holds no notes`, `Its fields: ${fields.join(', ')}`);
  const unknown = Object.keys(given).filter((key) => !fields.some((field) => field === key));
  if (unknown.length > 0) {
    throw new Problem(
      `${where} has fields that notes have not: ${unknown.join(', ')}`,
      `Its fields: ${fields.join(', ')}`,
    );
  }
  return Object.fromEntries(
    Object.entries(given)
      .filter(([, value]) => value !== null && value !== undefined && value !== '')
      .map(([key, value]) => [key, key === 'changes' || key === 'dependencies' ? linesIn(value) : String(value)]),
  );
};

const fromFlags = (session: Session): Given => {
  const lines = (option: string) => session.texts(option);
  const [changes, dependencies] = [lines('change'), lines('dependency')];
  const text = { summary: 'summary', installation: 'installation', rollbackPlan: 'rollbackPlan', analysis: 'analysis' };
  return {
    ...Object.fromEntries(
      Object.entries(text).flatMap(([field, option]) => {
        const value = session.text(option);
        return value === undefined ? [] : [[field, value]];
      }),
    ),
    ...(changes.length === 0 ? {} : { changes: [...changes] }),
    ...(dependencies.length === 0 ? {} : { dependencies: [...dependencies] }),
  };
};

/** Opens `$VISUAL` or `$EDITOR` on a template, and reads what was saved. */
const fromEditor = async (editor: string): Promise<Given> => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-notes-'));
  const file = join(folder, 'notes.yaml');
  try {
    writeFileSync(file, template, { mode: 0o600 });
    const { status } = spawnSync('/bin/sh', ['-c', `${editor} "$1"`, 'editor', file], { stdio: 'inherit' });
    if (status !== 0) throw new Problem(`${editor} ended with ${String(status)}; nothing was done`);
    const text = readFileSync(file, 'utf8');
    if (text === template) throw new Problem('The notes were left as they were; nothing was done');
    return await notesIn(text, 'What was saved');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Flags are laid over the file; without either, an editor is opened where there is a terminal. */
export const notesFor = async (session: Session): Promise<Given> => {
  const file = session.text('notesFile');
  const fromFile = file === undefined ? {} : await notesIn(readFileSync(file, 'utf8'), file);
  const given = { ...fromFile, ...fromFlags(session) };
  const editor = session.env['VISUAL'] ?? session.env['EDITOR'];
  if (Object.keys(given).length > 0 || editor === undefined || !session.out.isInteractive) return given;
  return fromEditor(editor);
};
