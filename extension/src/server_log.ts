// The log channel of the server and of the connection to it. Its level (*Developer: Set Log Level…*) sets the server's.

import * as vscode from 'vscode';

/** The names in `dind-executor --log-level` and `dind/logLevel`. */
export type ServerLogLevel = 'debug' | 'info' | 'warning' | 'error' | 'off';

const LEVELS: Record<vscode.LogLevel, ServerLogLevel> = {
  [vscode.LogLevel.Off]: 'off',
  [vscode.LogLevel.Trace]: 'debug',
  [vscode.LogLevel.Debug]: 'debug',
  [vscode.LogLevel.Info]: 'info',
  [vscode.LogLevel.Warning]: 'warning',
  [vscode.LogLevel.Error]: 'error',
};

// "2026-01-02T03:04:05.678Z warning 123 text", as the server writes it to stderr.
const SERVER_LINE = /^\S+Z (debug|info|warning|error) \d+ (.*)$/s;
// "[Error - 3:04:05 AM] text", as the language client writes it.
const CLIENT_LINE = /^\[(Error|Warn|Info|Trace|Debug)\s*- [^\]]*\] (.*)$/s;

/** An output channel for the language client. Each line gets the level that it names. */
export class ServerLog implements vscode.OutputChannel {
  readonly name: string;
  private readonly channel: vscode.LogOutputChannel;
  private partial = '';

  constructor(name: string) {
    this.name = name;
    this.channel = vscode.window.createOutputChannel(name, { log: true });
  }

  get level(): ServerLogLevel {
    return LEVELS[this.channel.logLevel];
  }

  onDidChangeLevel(listener: (level: ServerLogLevel) => void): vscode.Disposable {
    return this.channel.onDidChangeLogLevel(() => listener(this.level));
  }

  append(text: string): void {
    const lines = (this.partial + text).split('\n');
    this.partial = lines.pop() ?? '';
    lines.forEach((line) => this.write(line));
  }

  appendLine(text: string): void {
    this.write(text);
  }

  error(text: string): void {
    this.channel.error(text);
  }

  show(_columnOrPreserveFocus?: unknown, preserveFocus = true): void {
    this.channel.show(preserveFocus);
  }

  hide(): void {
    this.channel.hide();
  }

  clear(): void {
    this.channel.clear();
  }

  replace(text: string): void {
    this.channel.replace(text);
  }

  dispose(): void {
    this.channel.dispose();
  }

  private write(line: string): void {
    const [, level, text] = SERVER_LINE.exec(line) ?? CLIENT_LINE.exec(line) ?? [];
    switch (level?.toLowerCase()) {
      case 'error':
        return this.channel.error(text ?? line);
      case 'warning':
      case 'warn':
        return this.channel.warn(text ?? line);
      case 'debug':
        return this.channel.debug(text ?? line);
      case undefined:
        return line === '' ? undefined : this.channel.info(line);
      default:
        return this.channel.info(text ?? line);
    }
  }
}
