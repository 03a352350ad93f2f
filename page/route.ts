/** Where the person is: behind the `#`, so that no address says more to the server than it must. */
import { useLayoutEffect, useState } from 'preact/hooks';

/** The parts of the address, such as `candidate`, `payments-staging`, `payments-2.4.0`. */
export type Route = readonly string[];

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

const current = (): Route =>
  location.hash
    .replace(/^#\/?/, '')
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);

export const useRoute = (): Route => {
  const [route, setRoute] = useState(current);
  // At once: an address that changes before somebody listens would not be heard.
  useLayoutEffect(() => {
    const change = (): void => setRoute(current());
    globalThis.addEventListener('hashchange', change);
    return () => globalThis.removeEventListener('hashchange', change);
  }, []);
  return route;
};

export const linkTo = (...parts: readonly string[]): string => `#/${parts.map(encodeURIComponent).join('/')}`;
