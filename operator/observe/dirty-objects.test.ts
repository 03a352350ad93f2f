import { expect, test } from '@jest/globals';
import { Suspects } from './dirty-objects.ts';

test('a process that only waits to lead keeps nothing of what changes, and looks at everything once it leads', () => {
  let leads = false;
  const suspects = new Suspects({ now: () => 0 }, () => leads);
  const all = ['Pod/api-1', 'Pod/api-2'] as const;
  for (let i = 0; i < 1_000; i += 1) suspects.mark('n', `Pod/gone-${i}`);
  leads = true;
  const seen = suspects.look(
    'n',
    () => all,
    () => true,
  );

  expect(seen.map(({ key }) => key)).toEqual(all);
});
