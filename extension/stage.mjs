// Assembles build/vsix-stage, of which `vsce package` makes the extension:  node extension/stage.mjs SERVER [FOLDER]
//
// SERVER is the dind-executor program for the target platform; without one ("-") the extension looks for it where the
// setting dind.serverPath says. Bundles the extension first.
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [server, stage = 'build/vsix-stage'] = process.argv.slice(2);
if (!server) {
  console.error('usage: node extension/stage.mjs SERVER|- [FOLDER]');
  process.exit(2);
}
process.chdir(join(import.meta.dirname, '..'));
await import('./bundle.mjs');

rmSync(stage, { recursive: true, force: true });
const { devDependencies, scripts, private: _, ...manifest } = JSON.parse(readFileSync('package.json', 'utf8'));
const files = [
  'package.nls.json',
  'package.nls.ja.json',
  'CHANGELOG.md',
  'LICENSE',
  'extension/dist/extension.js',
  'extension/l10n',
  'extension/media',
];
for (const file of files) {
  if (!existsSync(file)) {
    console.error(`warning: there is no ${file}`);
    continue;
  }
  mkdirSync(dirname(join(stage, file)), { recursive: true });
  cpSync(file, join(stage, file), { recursive: true });
}
// The page of the extension. Its pictures are in its text: the editor shows no others of an extension that is installed.
const page = readFileSync('extension/README.md', 'utf8').replaceAll(/\]\((media\/[\w-]+\.png)\)/g, (_, picture) => {
  return `](data:image/png;base64,${readFileSync(join('extension', picture)).toString('base64')})`;
});
writeFileSync(join(stage, 'README.md'), page);
writeFileSync(join(stage, 'package.json'), JSON.stringify(manifest, null, 2) + '\n');
if (server !== '-') {
  mkdirSync(join(stage, 'server'), { recursive: true });
  copyFileSync(server, join(stage, 'server/dind-executor'));
  chmodSync(join(stage, 'server/dind-executor'), 0o755);
}
// One made anew for each: the one at the top is for the repository, in which server/ holds sources.
writeFileSync(join(stage, '.vscodeignore'), 'extension/media/icon.svg\nextension/media/page-*.png\n');
console.log(stage);
