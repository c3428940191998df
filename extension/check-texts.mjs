// Checks that every text of the extension has its Japanese one, and that there are no others.
import { readdirSync, readFileSync } from 'node:fs';

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const problems = [];
const compare = (what, wanted, present) => {
  for (const key of wanted) if (!present.has(key)) problems.push(`${what} lacks: ${key}`);
  for (const key of present) if (!wanted.has(key)) problems.push(`${what} has what nobody uses: ${key}`);
};

const used = new Set();
for (const file of readdirSync('extension/src')) {
  const source = readFileSync(`extension/src/${file}`, 'utf8');
  for (const [, , text] of source.matchAll(/l10n\.t\(\s*(['"])(.*?[^\\])\1/gs)) used.add(text);
}
// Text from outside must not become a link: each of these has one place, which takes care of it (S09).
const ONE_PLACE = { 'notify.ts': /show(?:Error|Warning|Information)Message/, 'pull_progress.ts': /ProgressLocation\.Notification/, 'status.ts': /new vscode\.MarkdownString/ };
for (const file of readdirSync('extension/src')) {
  const source = readFileSync(`extension/src/${file}`, 'utf8');
  for (const [place, pattern] of Object.entries(ONE_PLACE)) {
    if (file !== place && pattern.test(source)) problems.push(`${file} has ${pattern}, which belongs into ${place} only`);
  }
}
compare('bundle.l10n.ja.json', used, new Set(Object.keys(json('extension/l10n/bundle.l10n.ja.json'))));

const keys = new Set([...readFileSync('package.json', 'utf8').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key));
for (const file of ['package.nls.json', 'package.nls.ja.json']) compare(file, keys, new Set(Object.keys(json(file))));

const slots = (text) => [...text.matchAll(/\{\d\}/g)].map(String).sort().join();
for (const [english, japanese] of Object.entries(json('extension/l10n/bundle.l10n.ja.json'))) {
  if (slots(english) !== slots(japanese)) problems.push(`other {n} in the Japanese of: ${english}`);
}
problems.forEach((problem) => console.error(problem));
process.exit(problems.length > 0 ? 1 : 0);
