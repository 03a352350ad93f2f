/** `.countersign/as`: a command, or a shell, as one of the people. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes it into the folder whose `kubeconfigs/` it reads. `programs` are folders that come first on its PATH, after the one of `kubectl
 * countersign` and before the Node of this checkout; what none of them has is looked for on the PATH of whoever calls it.
 */
export const writeWrapper = (dir: string, programs: readonly string[]): void => {
  const path = join(dir, 'as');
  const first = ['$here/bin', ...programs, '$here/../node_modules/.bin'].join(':');
  const script = `#!/bin/sh
# .countersign/as <identity> [command …]: runs the command, or a shell, as one of kubeconfigs/, with kubectl countersign.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
who=\${1:?usage: .countersign/as <identity> [command …]}
shift
[ -f "$here/kubeconfigs/$who" ] || { echo "nobody is called $who; there are:" $(ls "$here/kubeconfigs") >&2; exit 2; }
export KUBECONFIG="$here/kubeconfigs/$who" KUBECACHEDIR="$here/tools/kube" KUBERC=off
export PATH="${first}:$PATH"
[ $# -gt 0 ] || { PS1="$who$ "; export PS1; set -- "\${SHELL:-/bin/sh}"; }
exec "$@"
`;
  writeFileSync(path, script);
  chmodSync(path, 0o755);
};
