/** Environment variables that decide which code runs, whatever the command is. A signer reads them as a command. */
import type { Path } from '../json/field-path.ts';
import { kindRow } from '../manifest/kinds/index.ts';

/** Of the linker, of shells and of interpreters: each of them loads a file or an option before the program does anything. */
// cspell:disable
const variables: ReadonlySet<string> = new Set(
  `
    PATH LD_AUDIT LD_LIBRARY_PATH LD_PRELOAD GCONV_PATH BASH_ENV ENV PROMPT_COMMAND NODE_OPTIONS NODE_PATH
    DENO_FLAGS BUN_OPTIONS PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONUSERBASE PYTHONBREAKPOINT CLASSPATH
    JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS JAVA_OPTS JAVA_HOME CATALINA_OPTS DOTNET_STARTUP_HOOKS
    DOTNET_ADDITIONAL_DEPS DOTNET_SHARED_STORE CORECLR_PROFILER CORECLR_PROFILER_PATH CORECLR_ENABLE_PROFILING
    PERL5LIB PERL5OPT PERL5DB RUBYLIB RUBYOPT GEM_HOME GEM_PATH BUNDLE_GEMFILE PHPRC PHP_INI_SCAN_DIR LUA_INIT
    LUA_PATH LUA_CPATH ERL_FLAGS ERL_ZFLAGS ERL_LIBS OPENSSL_CONF OPENSSL_ENGINES GIT_SSH_COMMAND GIT_EXEC_PATH
  `
    .trim()
    .split(/\s+/),
);
// cspell:enable

const dataFields: ReadonlySet<string> = new Set(['data', 'binaryData', 'stringData']);

/**
 * Whether such a variable stands at a path, or one that cannot be told: variables of which two have one name are listed by their places. A key
 * of a ConfigMap counts, for pods may take all keys as variables.
 */
export const loadsCode = (kind: string, path: Path): boolean => {
  const [top, key] = path;
  if (kindRow(kind)?.data === true)
    return top !== undefined && 'field' in top && dataFields.has(top.field) && isVariable(key);
  return path.some((step, place) => 'field' in step && step.field === 'env' && isVariable(path[place + 1]));
};

const isVariable = (step: Path[number] | undefined): boolean => {
  if (step === undefined) return false;
  if ('index' in step) return true;
  return 'field' in step
    ? variables.has(step.field)
    : step.match.some(([key, value]) => key === 'name' && variables.has(value));
};
