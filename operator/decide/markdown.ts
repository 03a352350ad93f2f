/** Texts of others in Markdown. */
import { visible } from './safe-text.ts';

/** The text as it is: nothing in it is markup, of Markdown or of HTML. */
export const literal = (text: string): string => visible(text).replaceAll(/[\\`*_{}[\]<>#|!~&]/g, String.raw`\$&`);
