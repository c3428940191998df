// Says once in each window which workspace settings are not used, because they would loosen the sandbox.

import * as vscode from 'vscode';
import type { Context } from '../context';
import { ignoredSettings } from '../settings';
import { toSafeLine } from '../text/safe_line';

export function activate({ runs }: Context): vscode.Disposable {
  const reported = new Set<string>();
  return runs.addNotes((uri) => {
    const news = ignoredSettings(uri)
      .map(({ name, value }) => `${name} = ${toSafeLine(JSON.stringify(value), 80)}`)
      .filter((setting) => !reported.has(setting) && reported.add(setting));
    if (news.length === 0) return [];
    return [
      vscode.l10n.t(
        'Ignored settings of this workspace: {0}. A workspace can only tighten the sandbox; to use them, set them in your own settings.',
        news.join(', '),
      ),
    ];
  });
}
