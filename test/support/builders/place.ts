/** A place for contents that keeps everything. */
import type { ContentPlace } from '../../../operator/observe/bundles.ts';
import { Contents } from '../../../operator/observe/contents.ts';

export const aPlace = (): ContentPlace => ({ contents: new Contents(Infinity), keeps: () => true });
