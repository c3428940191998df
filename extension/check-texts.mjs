// Checks that each text of the extension has a Japanese translation, and that each translation is used.
import { readdirSync, readFileSync } from 'node:fs';

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const problems = [];
const compare = (what, wanted, present) => {
  for (const key of wanted) if (!present.has(key)) problems.push(`${what} has no text for: ${key}`);
  for (const key of present) if (!wanted.has(key)) problems.push(`${what} has a text that is not used: ${key}`);
};

const files = readdirSync('extension/src', { recursive: true }).map(String).filter((file) => file.endsWith('.ts'));
const sources = files.map((file) => [file, readFileSync(`extension/src/${file}`, 'utf8')]);
const used = new Set();
for (const [, source] of sources) {
  for (const [, , text] of source.matchAll(/l10n\.t\(\s*(['"])(.*?[^\\])\1/gs)) used.add(text);
}
// Outside text must not become a link. So only one file may use each of these; it makes the text safe (S09).
const ONLY_IN = {
  'notify.ts': /show(?:Error|Warning|Information)Message/,
  'features/progress.ts': /ProgressLocation\.Notification/,
  'features/status.ts': /new vscode\.MarkdownString/,
};
for (const [file, source] of sources) {
  for (const [place, pattern] of Object.entries(ONLY_IN)) {
    if (file !== place && pattern.test(source)) problems.push(`${file} has ${pattern}; only ${place} may have it`);
  }
}
compare('bundle.l10n.ja.json', used, new Set(Object.keys(json('extension/l10n/bundle.l10n.ja.json'))));

const keys = new Set([...readFileSync('package.json', 'utf8').matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key));
for (const file of ['package.nls.json', 'package.nls.ja.json']) compare(file, keys, new Set(Object.keys(json(file))));

const slots = (text) => [...text.matchAll(/\{\d\}/g)].map(String).sort().join();
for (const [english, japanese] of Object.entries(json('extension/l10n/bundle.l10n.ja.json'))) {
  if (slots(english) !== slots(japanese)) problems.push(`the Japanese text has other placeholders than: ${english}`);
}
problems.forEach((problem) => console.error(problem));
process.exit(problems.length > 0 ? 1 : 0);
