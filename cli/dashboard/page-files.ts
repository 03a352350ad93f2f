/** The page as it was built. The bundler of the command puts it here; from the sources alone there is none. */

export interface PageFile {
  readonly type: string;
  readonly text: string;
}

/** By path below the token, such as `/app.js`. */
export const pageFiles: ReadonlyMap<string, PageFile> = new Map();
