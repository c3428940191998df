// Writes TypeScript types for a JSON Schema: its $defs, in order. The schema comes on stdin, the types go to stdout.
import { readFileSync } from 'node:fs';
import { compile } from 'json-schema-to-typescript';

const schema = JSON.parse(readFileSync(0, 'utf8'));
const text = await compile(schema, 'Everything', {
  bannerComment: '',
  additionalProperties: false,
  unreachableDefinitions: true,
  format: true,
  style: { printWidth: 120, singleQuote: true, tabWidth: 2 },
});
process.stdout.write(text);
