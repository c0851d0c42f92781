/** One entry of a tar file. Paths are relative, without a leading slash; modes are octal as for chmod. */
export type TarEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly data: Uint8Array }
  | { readonly kind: 'folder'; readonly path: string; readonly mode: number }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string }
  | { readonly kind: 'hardlink'; readonly path: string; readonly target: string };

const blockBytes = 512;
const typeFlags = { file: '0', hardlink: '1', symlink: '2', folder: '5' } as const;

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;

/** Splits a long path at a slash into ustar's prefix (155 bytes) and name (100 bytes). */
function splitPath(path: string): { readonly prefix: string; readonly name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const prefix = path.slice(0, at);
    const name = path.slice(at + 1);
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { prefix, name };
  }
  throw new Error(`too long for a tar file: ${path}`);
}

function header(entry: TarEntry): Buffer {
  const block = Buffer.alloc(blockBytes);
  const put = (text: string, at: number) => block.write(text, at);
  const { prefix, name } = splitPath(entry.kind === 'folder' ? `${entry.path}/` : entry.path);
  const target = 'target' in entry ? entry.target : '';
  if (Buffer.byteLength(target) > 100) throw new Error(`too long a link for a tar file: ${target}`);
  put(name, 0);
  put(octal('mode' in entry ? entry.mode : 0o777, 8), 100);
  put(octal(0, 8), 108);
  put(octal(0, 8), 116);
  put(octal(entry.kind === 'file' ? entry.data.length : 0, 12), 124);
  // Always the epoch: the same files give the same digest.
  put(octal(0, 12), 136);
  put('        ', 148);
  put(typeFlags[entry.kind], 156);
  put(target, 157);
  put('ustar\x0000', 257);
  put(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

const padding = (lengthBytes: number): Buffer =>
  Buffer.alloc((blockBytes - (lengthBytes % blockBytes)) % blockBytes);

/** A tar file (ustar, owner root, time 0) of these entries in this order. Throws on a path over 255 bytes. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks = entries.flatMap((entry) =>
    entry.kind === 'file'
      ? [header(entry), Buffer.from(entry.data), padding(entry.data.length)]
      : [header(entry)],
  );
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}
