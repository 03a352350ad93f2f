// Jest runs what Node runs: the same type stripping, so a line number in a test failure is the line in the file.
import { stripTypeScriptTypes } from 'node:module';

export default {
  process: (source, filename) => ({ code: filename.endsWith('.ts') ? stripTypeScriptTypes(source) : source }),
};
