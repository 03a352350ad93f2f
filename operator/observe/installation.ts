/** Our own installation, as the copies hold it. */
import { changedInstallation } from '../decide/findings/installation.ts';
import type { Watched } from '../decide/findings/view.ts';
import type { Read } from './facts.ts';
import { splitKey } from './lookup.ts';

/** Every object of it that is there. */
export const installedObjects = ({ installed }: Read<'installed'>): readonly Watched[] =>
  [...installed.values()].flatMap((family) => family.in()?.list() ?? []);

/** Objects of our installation that are not what the record of a production namespace says. */
export const changedInstalled = (facts: Read<'installed' | 'records'>, namespace: string): readonly string[] =>
  changedInstallation(
    {
      explained: facts.records.get(namespace).explained,
      get: (key) => {
        const [kind, name] = splitKey(key);
        return facts.installed.get(kind)?.in()?.get(name);
      },
      watches: () => true,
      selects: () => false,
      // Nobody but the chart writes it, and it runs no pods of its own accord.
      unmanaged: () => [],
      former: () => [],
    },
    installedObjects(facts),
  );
