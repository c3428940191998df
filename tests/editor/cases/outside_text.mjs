// Text and settings from outside, without an editor: what is shown (S09), and which values are used (S13).

import assert from 'node:assert/strict';
import { toSafeLine } from '../../../extension/src/text/safe_line.ts';
import { parseBytes, RUN_SETTINGS, tighten } from '../../../extension/src/tighten.ts';

// How the editor finds links in notifications, and icons in labels.
const LINK = /\[[^\]]+\]\((?:https?:\/\/|command:|file:)[^)\s]+/i;
const ICON = /\$\([a-z0-9-]+(?:~[a-z0-9-]+)?\)/i;

const LINKS = [
  '[Show details](command:workbench.action.tasks.build)',
  '[a](COMMAND:x) and [b](https://host/x "title") and [c](file:///etc/passwd)',
  '[[x]](command:y)',
  '[x]\u202e(command:y)',
  '[x]\x1b(command:y)',
  '[x]\n(command:y)',
  '[x](command:y)'.repeat(50),
  'a ](](](command:y)',
  "python3 '[Fix](command:workbench.action.terminal.sendSequence?%7B%22text%22%3A%22id%22%7D).py'",
];

// [what, setting, values, what is used, what is ignored]
const PERSON_AND_WORKSPACE = [
  ['isolation', 'runc', { defaultValue: 'runc', globalValue: 'gvisor', workspaceValue: 'runc' }, 'gvisor', ['runc']],
  ['isolation', 'gvisor', { defaultValue: 'runc', workspaceValue: 'gvisor' }, 'gvisor', []],
  ['network', 'internet', { defaultValue: 'none', workspaceValue: 'internet' }, undefined, ['internet']],
  ['network', 'internet of a person', { defaultValue: 'none', globalValue: 'internet' }, 'internet', []],
  ['network', 'none', { defaultValue: 'none', globalValue: 'internet', workspaceFolderValue: 'none' }, 'none', []],
  ['network', 'a folder after a workspace', { defaultValue: 'none', globalValue: 'internet', workspaceValue: 'none', workspaceFolderValue: 'internet' }, 'none', ['internet']],
  ['workspace.access', 'readWrite', { defaultValue: 'readWrite', globalValue: 'readOnly', workspaceValue: 'readWrite' }, 'readOnly', ['readWrite']],
  ['workspace.access', 'readOnly', { defaultValue: 'readWrite', workspaceValue: 'readOnly' }, 'readOnly', []],
  ['pull', 'always', { defaultValue: 'missing', globalValue: 'never', workspaceValue: 'always' }, 'never', ['always']],
  ['pull', 'always where missing is the default', { defaultValue: 'missing', workspaceValue: 'always' }, undefined, ['always']],
  ['pull', 'never', { defaultValue: 'missing', globalValue: 'always', workspaceValue: 'never' }, 'never', []],
  ['warmPool', 'true', { defaultValue: true, globalValue: false, workspaceValue: true }, false, [true]],
  ['warmPool', 'false', { defaultValue: true, workspaceValue: false }, false, []],
  ['timeout', 'more', { defaultValue: 60, workspaceValue: 3600 }, undefined, [3600]],
  ['timeout', 'less', { defaultValue: 60, workspaceValue: 2 }, 2, []],
  ['timeout', 'less than the default, more than the person', { defaultValue: 60, globalValue: 5, workspaceValue: 30 }, 5, [30]],
  ['timeout', 'less than the person', { defaultValue: 60, globalValue: 600, workspaceValue: 300 }, 300, []],
  ['memory', 'more in another unit', { defaultValue: '512m', globalValue: '1g', workspaceValue: 2 ** 31 }, '1g', [2 ** 31]],
  ['memory', 'less in another unit', { defaultValue: '512m', globalValue: '1g', workspaceValue: '900MiB' }, '900MiB', []],
  ['memory', 'the same', { defaultValue: '512m', workspaceValue: '512m' }, undefined, []],
  ['cpus', 'more', { defaultValue: 1, workspaceValue: 64 }, undefined, [64]],
  ['tmp', 'more in another unit', { defaultValue: '64m', globalValue: '1g', workspaceValue: 2 ** 31 }, '1g', [2 ** 31]],
  ['tmp', 'less', { defaultValue: '64m', workspaceValue: '8MiB' }, '8MiB', []],
  ['pids', 'more', { defaultValue: 256, globalValue: 100, workspaceFolderValue: 100_000 }, 100, [100_000]],
];

export const outsideText = [
  {
    name: 'S09 text from outside has no link and no icon, and is one line',
    needs: 'nothing',
    run: async () => {
      for (const text of LINKS) {
        assert.doesNotMatch(toSafeLine(text), LINK, text);
        assert.doesNotMatch(toSafeLine(text), /[\x00-\x1f\u202e]/, text);
      }
      for (const text of ['$(sync~spin) x', '$$(bug)', 'echo $(id)', '\\$(zap)']) assert.doesNotMatch(toSafeLine(text), ICON, text);
      assert.equal(toSafeLine('one\r\ntwo\tthree'), 'one two three');
      assert.equal(toSafeLine('plain: a[0] (b) $HOME, 日本語 🎉'), 'plain: a[0] (b) $HOME, 日本語 🎉');
      assert.equal(toSafeLine('🎉'.repeat(10), 4), '🎉🎉🎉…');
    },
  },
  ...PERSON_AND_WORKSPACE.map(([setting, what, values, used, ignored]) => ({
    name: `S13 a workspace can only tighten ${setting}: ${what}`,
    needs: 'nothing',
    run: async () => assert.deepEqual(tighten(setting, values), { value: used, ignored }),
  })),
  {
    name: 'S13 what is not a value of a setting is not taken from a workspace, whatever its type',
    needs: 'nothing',
    run: async () => {
      const wrong = [null, '', 'x', -1, 0, NaN, Infinity, [], ['none'], {}, { valueOf: () => 1 }, 'toString', '__proto__', 'constructor'];
      for (const setting of RUN_SETTINGS) {
        for (const value of wrong) {
          const { value: used, ignored } = tighten(setting, { defaultValue: undefined, globalValue: 'mine', workspaceValue: value, workspaceFolderValue: value });
          assert.equal(used, 'mine', `${setting}: ${String(JSON.stringify(value))}`);
          assert.equal(ignored.length, 1);
        }
      }
    },
  },
  {
    name: 'S13 sizes are read as the server reads them',
    needs: 'nothing',
    run: async () => {
      for (const [text, bytes] of [['512m', 2 ** 29], ['1.5g', 1.5 * 2 ** 30], ['64MiB', 2 ** 26], ['7', 7], ['7b', 7], [1024, 1024], ['2K', 2048], ['1t', 2 ** 40]]) {
        assert.equal(parseBytes(text), bytes, String(text));
      }
      for (const text of ['', 'm', '-1', '0', '1x', '1 2', '1e3', 'Infinity', true, 0, -5]) assert.equal(parseBytes(text), undefined, String(text));
    },
  },
];
