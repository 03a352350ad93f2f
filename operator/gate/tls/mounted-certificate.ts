/** A certificate that somebody else keeps in files, such as cert-manager's Secret mounted into the pod: read, and read again when it changes. */
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '../../log.ts';

/** PEM. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

export interface FollowOptions {
  /** Folder with `tls.crt` and `tls.key`. */
  readonly dir: string;
  readonly logger: Logger;
  /** Called with what is there, and again with each change. */
  readonly changed: (files: CertificateFiles) => Promise<void>;
}

/**
 * Follows the folder until the returned function is called. A mounted Secret is swapped as a whole by a link in that folder, so the folder is
 * watched and not the files; certificate and key are taken when both could be read.
 */
export const followCertificateFiles = ({ dir, logger, changed }: FollowOptions): (() => void) => {
  let last: string | undefined;
  let reading = Promise.resolve();
  const read = async (): Promise<void> => {
    try {
      const [certificate, key] = await Promise.all(
        ['tls.crt', 'tls.key'].map((name) => readFile(join(dir, name), 'utf8')),
      );
      if (certificate === undefined || key === undefined || last === certificate + key) return;
      await changed({ certificate, key });
      last = certificate + key;
    } catch (err) {
      logger.warn({ dir, err }, 'certificate files not read');
    }
  };
  const readNext = (): void => {
    reading = reading.then(read);
  };
  const watcher = watch(dir, readNext);
  watcher.on('error', (err) => logger.error({ dir, err }, 'certificate files not followed'));
  readNext();
  return () => watcher.close();
};
