import { expect, test } from '@jest/globals';
import { DirtyObjects } from './dirty-objects.ts';

test('a process that only waits to lead keeps nothing of what changes, and looks at everything once it leads', () => {
  let leads = false;
  const dirty = new DirtyObjects({ now: () => 0 }, { looks: () => leads, marked: () => {} });
  const all = ['Pod/api-1', 'Pod/api-2'] as const;
  for (let i = 0; i < 1_000; i += 1) dirty.mark('n', `Pod/gone-${i}`);
  leads = true;
  const seen = dirty.look(
    'n',
    () => all,
    () => true,
  );

  expect(seen.map(({ key }) => key)).toEqual(all);
});
