import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** Finds a program as a shell does: by its path, or in the folders of PATH; undefined when there is none. */
export function lookUp(command: string, path: string, cwd: string): string | undefined {
  if (command === '') return undefined;
  if (command.includes('/')) {
    const full = isAbsolute(command) ? command : join(cwd, command);
    return isExecutable(full) ? full : undefined;
  }
  return path
    .split(':')
    .map((folder) => join(folder, command))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
