/** What became of a rule or an issue of the runner before. */
export interface Verdict {
  readonly verdict: 'kept' | 'changed' | 'fixed' | 'not done';
  readonly why?: string;
}

const changed = (why: string): Verdict => ({ verdict: 'changed', why });

const GATE = changed('steps are started by the gate inside the Pod (decision 0001)');

/** By section of docs/reference/previous-runner.md; without an entry: kept. */
export const RULES: Readonly<Record<string, Verdict>> = {
  '1.4': changed('reported at start'),
  '1.6.1': changed('`#` begins a comment only after a space'),
  '1.6.3': changed('a policy called `default` must match like the others'),
  '1.7': changed('exit codes (decision 0017), and SIGTERM hands over'),
  '3.2': changed('backslashes outside of expressions stay (decision 0016)'),
  '3.7': changed('sockets and files as host volumes, size limits for every medium'),
  '3.8.1': changed('a text below `include` is a list of one'),
  '4.1': changed('names are made of the stage'),
  '4.2': changed('the path is normalised'),
  '4.3': changed('volumes of the gate'),
  '4.6.2': changed('the script is a file'),
  '4.6.3': changed('commands are printed as written'),
  '4.9.3': changed('files in Secrets of the Pod, one part for each step'),
  '4.13': changed('a policy called `default` must match like the others'),
  '4.18': changed('steps that never run take no share; the modes `peak` and `steps`'),
  '5.1': changed('fewer calls, and other rights (docs/role.yaml)'),
  '5.2': GATE,
  '5.3': GATE,
  '5.4': changed('the gate writes the file'),
  '5.5': changed('one watch of all Pods'),
  '5.6': changed('logs are resumed'),
  '5.7': changed('no pause'),
  '5.8': changed('a cancel acts in every phase'),
  '5.9': changed('pipelines are taken over'),
  '5.10': GATE,
  '6.3': GATE,
  '6.5': changed('reports are repeated until the server takes them'),
  '6.7': changed('logs are cut in the middle, not ended'),
  '6.8': changed('secrets are masked in encoded forms too'),
  '7': changed('docs/api.md'),
  '8': changed('pauses after errors, and fewer calls'),
};

/** By row of docs/known-issues.md; without an entry: fixed. */
export const FINDINGS: Readonly<Record<string, Verdict>> = {
  '25': changed('pipelines rely on it; `HANGAR_HARDENING=restricted` and rules of the operator narrow it'),
  '39': changed('Windows pipelines are refused (decision 0018)'),
  '40': changed('no effect, and reported at start: a limit would need a place in the Pod'),
  '51': changed('of a program, not of its container: the Pod can’t go on without that'),
  '66': { verdict: 'fixed', why: 'eslint.config.js forbids memory that threads share' },
  '69': { verdict: 'kept', why: 'decision 0019' },
  '70': { verdict: 'kept', why: 'debug sessions are on; the error where they are switched off is fixed' },
};
