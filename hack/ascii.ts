/**
 * Program text in ASCII. esbuild leaves what is not ASCII in regular expressions as it is, and one such character makes the text of the whole
 * program take two bytes a character for as long as it runs.
 */
export const inAscii = (text: string): string =>
  text.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`); // oxlint-disable-line no-control-regex
