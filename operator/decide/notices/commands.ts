/** What a notice says to type, exactly as it is typed. Remedies have the same for plain kubectl. */
import { shellWord } from '../messages.ts';
import type { NoticeSubject } from './notice.ts';

type Named = Pick<NoticeSubject, 'namespace' | 'name'>;

const typed = (...words: readonly string[]): string => ['kubectl', 'countersign', ...words.map(shellWord)].join(' ');

export const approveCommand = ({ namespace, name }: Named, role: string): string =>
  typed('approve', name, '-n', namespace, '--role', role);

export const whyCommand = ({ namespace, name }: Named): string => typed('why', name, '-n', namespace);

export const getCommand = ({ namespace, name }: Named): string => typed('get', name, '-n', namespace);

export const emergencyCommand = (what: 'status' | 'review', { namespace, name }: Named): string =>
  typed('emergency', what, name, '-n', namespace);

/** Of an access that nobody needs any more. */
export const endCommand = ({ namespace, name }: Named): string => typed('emergency', 'end', name, '-n', namespace);

export const findingCommand = (namespace: string, finding: string): string =>
  typed('sign', 'finding', finding, '-n', namespace);

const requests = { PolicyException: 'exception', PolicyChange: 'change' } as const;

export const signRequestCommand = (kind: keyof typeof requests, { namespace, name }: Named, role: string): string =>
  typed('sign', requests[kind], name, '-n', namespace, '--role', role);

export const doctorCommand = typed('doctor');
