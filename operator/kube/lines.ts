import { Failure } from './failures.ts';

/** The JSON values of a byte stream that holds one a line, as soon as each line is whole. Lines of which `skip` is true are not parsed. */
export async function* jsonLines(
  chunks: AsyncIterable<Buffer>,
  skip: (line: Buffer) => boolean = () => false,
): AsyncGenerator<unknown, void, undefined> {
  // A line may span many chunks: they are joined once, when it ends.
  let begun: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, from)) {
      const rest = chunk.subarray(from, end);
      from = end + 1;
      const line = begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
      begun = [];
      if (line.length > 0 && !skip(line)) yield parse(line.toString('utf8'));
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
  // What is left is a line that the server never finished: the connection broke inside it.
  if (begun.length > 0) throw new Failure('Unavailable', 'the stream ended inside a line');
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new Failure('Unavailable', 'the stream holds a line that is not JSON', { cause });
  }
}
