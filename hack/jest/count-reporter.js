// The slowest files, for those who wait; then the last line of a run, from the true counts: `N passed, N failed, N skipped`. A suite that
// could not run is a failure.
import { relative } from 'node:path';

const slowestOf = ({ testResults }) =>
  testResults
    .map(({ testFilePath, perfStats: { start, end } }) => ({
      file: testFilePath,
      seconds: Math.round((end - start) / 1000),
    }))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 10);

export default class CountReporter {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const slowest = slowestOf(results).map(({ file, seconds }) => `${seconds} s ${relative(process.cwd(), file)}\n`);
    process.on('exit', () =>
      process.stdout.write(
        `Slowest files:\n${slowest.join('')}${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`,
      ),
    );
  }
}
