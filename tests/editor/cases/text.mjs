// The text functions of the extension, without an editor.

import assert from 'node:assert/strict';
import { PlainText } from '../../../extension/src/text/plain_text.ts';
import { TextCap } from '../../../extension/src/text/text_cap.ts';
import { bytes, clock, duration, seconds } from '../../../extension/src/text/units.ts';

const plain = (...chunks) => {
  const stream = new PlainText();
  return chunks.map((chunk) => stream.add(chunk)).join('');
};

const PLAIN = [
  ['colours', '\x1b[1;31mred\x1b[0m text', 'red text'],
  ['a title', 'a\x1b]0;title\x07b\x1b]0;title\x1b\\c', 'abc'],
  ['a character set', '\x1b(Bx', 'x'],
  ['one-byte introducers', '\x9b31mx\x9dtitle\x9cy', 'xy'],
  ['an escape within a sequence', '\x1b\x1b[31mx\x1b[3\x1b[0my', 'xy'],
  ['line ends', 'a\r\nb\rc\r\r\nd', 'a\nb\nc\n\nd'],
  ['control characters', 'a\0b\x08c\x07d\te', 'a\u2400b\u2408cd\te'],
  ['Japanese and emoji', 'こん\x1b[32mにちは\x1b[0m 🎉', 'こんにちは 🎉'],
  ['a sequence broken off by a line end', '\x1b[31\nx', '\nx'],
];

export const text = [
  ...PLAIN.map(([what, given, wanted]) => ({
    name: `plain text: ${what}, split at every place`,
    needs: 'nothing',
    run: async () => {
      assert.equal(plain(given), wanted);
      assert.equal(plain(...given), wanted);
      for (let i = 0; i <= given.length; i++) assert.equal(plain(given.slice(0, i), given.slice(i)), wanted, `split at ${i}`);
    },
  })),
  {
    name: 'plain text: a sequence that never ends does not swallow the rest',
    needs: 'nothing',
    run: async () => assert.ok(plain('\x1b]' + 'x'.repeat(5000) + '\nend').endsWith('\nend')),
  },
  {
    name: 'text cap: what is shown, left out and kept adds up, in any chunks',
    needs: 'nothing',
    run: async () => {
      const given = Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join('');
      const bounds = { headCharacters: 200, headLines: 1000, tailCharacters: 100, tailLines: 1000 };
      for (const size of [1, 7, 64, given.length]) {
        const cap = new TextCap(bounds);
        let head = '';
        for (let i = 0; i < given.length; i += size) head += cap.add(given.slice(i, i + size));
        const { leftOutCharacters, tail } = cap.finish();
        assert.equal(head, given.slice(0, 200));
        assert.equal(tail, given.slice(-100));
        assert.equal(leftOutCharacters, given.length - 300);
      }
    },
  },
  {
    name: 'text cap: lines are bounded too, and short text passes as it is',
    needs: 'nothing',
    run: async () => {
      const cap = new TextCap({ headCharacters: 1000, headLines: 2, tailCharacters: 1000, tailLines: 2 });
      assert.equal(cap.add('1\n2\n3\n4\n5\n6\n'), '1\n2\n');
      assert.deepEqual(cap.finish(), { leftOutCharacters: 4, tail: '5\n6\n' });
      const short = new TextCap();
      assert.equal(short.add('a\nb'), 'a\nb');
      assert.deepEqual(short.finish(), { leftOutCharacters: 0, tail: '' });
    },
  },
  {
    name: 'units: durations and sizes read as people write them',
    needs: 'nothing',
    run: async () => {
      assert.deepEqual([43, 1240, 61_200, 723_000].map(duration), ['0.043 s', '1.24 s', '61.2 s', '12 min 3 s']);
      assert.deepEqual([60_000, 500].map(seconds), ['60 s', '0.5 s']);
      assert.deepEqual([7_000, 723_000, 3_605_000].map(clock), ['0:07', '12:03', '1:00:05']);
      assert.deepEqual([731, 536_870_912, 9_856_614].map(bytes), ['731 B', '512 MiB', '9.4 MiB']);
    },
  },
];
