import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import { changesOf } from '../../hack/generate/files.ts';
import { folders } from '../../hack/generate/folders.ts';
import { namesFolder } from '../../hack/generate/kinds.ts';

test.each([namesFolder, ...folders])('$path is what hack/generate.ts writes', async (folder) => {
  const changes = await changesOf(join(import.meta.dirname, '../..'), folder);
  expect(changes.map(({ path }) => path)).toEqual([]);
});
