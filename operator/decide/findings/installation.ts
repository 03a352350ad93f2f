/** Our own installation: the finding that it changed, and whether it is as the record says. */
import { installation } from '../../api/kinds.ts';
import { standing } from './explain.ts';
import type { Suspect, Unexplained, WatchSnapshot } from './snapshot.ts';
import type { Scene, Watched } from './view.ts';
import { digestOf } from '../json/canonical.ts';
import type { LedgerDraft } from '../ledger-entry.ts';
import { listed } from '../messages.ts';
import * as drafts from './entries.ts';
import { isInstalledKind } from '../manifest/installed-kinds.ts';

/** What an integrity finding is about, as one thing. */
const installationKey = `${installation.kind}/${installation.name}`;

export const integrityFinding = (
  s: WatchSnapshot,
  changed: readonly { readonly suspect: Suspect; readonly is: Unexplained }[],
): LedgerDraft => {
  const parts = changed
    .map(({ suspect, is }) => ({ object: suspect.key, before: is.before.digest, after: is.after.digest }))
    .toSorted((a, b) => (a.object < b.object ? -1 : 1));
  // Not of what changed here: namespaces that began at different times are to accept one signature.
  const after = s.installation();
  return drafts.findingOpened(s.namespace, {
    home: s.home,
    object: installationKey,
    uid: '',
    digest: after,
    reason: `the installation of Countersign changed: ${listed(parts.map(({ object, after: to }) => (to === '' ? `${object} was deleted` : object)))}`,
    data: {
      change: 'Integrity',
      before: '',
      after,
      scale: '',
      without: [],
      managers: [...new Set(changed.flatMap(({ suspect }) => s.scene.get(suspect.key)?.managers[0] ?? []))].slice(0, 3),
      username: s.upgrader,
      paths: [],
      parts,
    },
  });
};

/** Digest of an installation: of every object of it, as it is. What it was before does not matter. */
export const installationDigest = (installed: readonly Watched[]): string =>
  digestOf({ installation: installed.map(({ key, digest }) => `${key} ${digest([])}`).toSorted() });

/** Objects of the installation that are not what the record says: nothing is promoted meanwhile. */
export const changedInstallation = (scene: Scene, installed: readonly Watched[]): readonly string[] => {
  if (scene.explained.adopted.size === 0) return [];
  const keys = new Set<string>([
    ...installed.map(({ key }) => key),
    ...[...scene.explained.objects.keys()].filter((key) => isInstalledKind(key.slice(0, key.indexOf('/')))),
  ]);
  return [...keys]
    .filter((key) => {
      const slash = key.indexOf('/');
      const is = standing(scene, `${key.slice(0, slash)}/${key.slice(slash + 1)}`).is;
      return is === 'Unexplained' || is === 'Known';
    })
    .toSorted();
};
