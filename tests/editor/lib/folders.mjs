// Folders of a test, owned by a user: a sandbox can read those of root but not write to them.

import { chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const USER = 1000;

/** A folder of this name in the tests' workspace, with these files and no others. */
export function makeFolder(world, name, files) {
  const folder = join(world.workspace, name);
  mkdirSync(folder, { recursive: true });
  for (const old of readdirSync(folder)) rmSync(join(folder, old), { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  for (const path of [folder, ...readdirSync(folder, { recursive: true }).map((each) => join(folder, String(each)))]) chownSync(path, USER, USER);
  return folder;
}

/** The same, open in a window (a new one, or the one that is shared) with the first of the files in the editor, and the extension ready. */
export async function openFolder(world, name, files) {
  const folder = makeFolder(world, name, files);
  const editor = await world.openReady(join(folder, Object.keys(files)[0]), folder);
  return { editor, folder };
}
