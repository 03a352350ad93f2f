/** What a process holds and has used, as Linux counts it. */
import { readFileSync } from 'node:fs';

/** Of /proc: Linux tells processes a hundredth of a second, whatever it counts in itself. */
const tickMs = 10;

export const rssMb = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** The most that it has held at once. */
export const peakRssMb = (pid: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Time on a processor since it began, in milliseconds. */
export const cpuMs = (pid: number): number => {
  // The name, in parentheses, may hold anything; what follows it is numbers.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
};
