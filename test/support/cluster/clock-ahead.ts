/** Options of Node by which a program of ours runs on a machine whose clock is ahead: what lasts an hour at least is over for it. */
export const clockAhead = (ms: number): readonly string[] => [
  '--import',
  `data:text/javascript,${encodeURIComponent(`const now = Date.now; Date.now = () => now() + ${ms};`)}`,
];
