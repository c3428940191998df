// The output channel: for each run a header, the program's text as it comes, and a footer.

import * as vscode from 'vscode';
import { PlainText } from './ansi';
import type { Output, RunResult, RunState } from './protocol';
import { TextCap } from './text_cap';
import { bytes, duration, seconds } from './units';

const FLUSH_AFTER_MS = 33;

type Started = Extract<RunState, { state: 'started' }>;

export class OutputChannel implements vscode.Disposable {
  private readonly channel = vscode.window.createOutputChannel('DinD Executor');
  private current: RunOutput | undefined;
  private used = false;
  private atLineStart = true;

  begin(name: string): RunOutput {
    return new RunOutput(name, (run, text) => this.append(run, text));
  }

  show(): void {
    this.channel.show(true);
  }

  dispose(): void {
    this.channel.dispose();
  }

  private append(run: RunOutput, text: string): void {
    if (text === '') return;
    let before = '';
    if (this.current !== run) {
      if (!this.atLineStart) before = '\n';
      if (run.hasHeader) before += `── ${run.name}\n`; // its text goes on after another's
      else if (this.used) before += '\n';
    }
    this.current = run;
    this.used = true;
    this.atLineStart = text.endsWith('\n');
    this.channel.append(before + text);
  }
}

export class RunOutput {
  readonly name: string;
  hasHeader = false;
  private readonly append: (run: RunOutput, text: string) => void;
  private readonly plain = { stdout: new PlainText(), stderr: new PlainText() };
  private readonly cap = new TextCap();
  private pending = '';
  private timer: NodeJS.Timeout | undefined;
  private atLineStart = true;
  private saidFull = false;

  constructor(name: string, append: (run: RunOutput, text: string) => void) {
    this.name = name;
    this.append = append;
  }

  started(event: Started): void {
    const { limits } = event;
    const facts = [
      ...(event.name === this.name ? [] : [event.name]), // of a folder: the command
      ...(event.language === '' ? [] : [event.language]),
      event.image,
      seconds(limits.timeoutMs),
      bytes(limits.memoryBytes),
      vscode.l10n.t('{0} CPU', limits.cpus),
      vscode.l10n.t('{0} processes', limits.pids),
      limits.network === 'none' ? vscode.l10n.t('no network') : vscode.l10n.t('network: {0}', limits.network),
      ...(event.isolation === 'gvisor' ? ['gVisor'] : []),
    ];
    this.lines([`── ${this.name} · ${facts.join(' · ')}`, ...event.notes]);
    this.hasHeader = true;
  }

  write({ channel, text }: Output): void {
    this.pending += this.cap.add(this.plain[channel].add(text));
    if (this.cap.isFull && !this.saidFull) {
      this.saidFull = true;
      this.pending += `\n${vscode.l10n.t('… a lot of output: the end of it follows when the program has ended …')}\n`;
    }
    this.timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  finished(result: RunResult): void {
    this.writeRest();
    const facts = [verdictText(result)];
    if (result.exitCode !== null) facts.push(vscode.l10n.t('exit code {0}', result.exitCode));
    facts.push(duration(result.durationMs));
    if (result.peakMemoryBytes !== null) facts.push(vscode.l10n.t('peak memory {0}', bytes(result.peakMemoryBytes)));
    const lines = [`── ${facts.join(' · ')}`];
    if (result.oomSeen && result.verdict !== 'out_of_memory') {
      lines.unshift(vscode.l10n.t('A process of the program was killed for its memory.'));
    }
    if (result.droppedBytes > 0) lines.unshift(vscode.l10n.t('… the server left out {0} …', bytes(result.droppedBytes)));
    this.lines(lines);
  }

  /** The run could not be done, or its end was not waited for. */
  ended(message: string): void {
    this.writeRest();
    this.lines([`── ${this.name} · ${message}`]);
  }

  private writeRest(): void {
    const { leftOutCharacters, tail } = this.cap.finish();
    if (leftOutCharacters > 0) {
      this.pending += `${vscode.l10n.t('… {0} characters left out …', leftOutCharacters.toLocaleString('en'))}\n`;
    }
    this.pending += tail;
    this.flush();
  }

  private lines(lines: string[]): void {
    this.flush();
    this.pending = (this.atLineStart ? '' : '\n') + lines.join('\n') + '\n';
    this.flush();
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending === '') return;
    const text = this.pending;
    this.pending = '';
    this.atLineStart = text.endsWith('\n');
    this.append(this, text);
  }
}

function verdictText({ verdict, signal }: RunResult): string {
  switch (verdict) {
    case 'ok':
      return vscode.l10n.t('Finished');
    case 'failed':
      return vscode.l10n.t('Failed');
    case 'signalled':
      return signal === null ? vscode.l10n.t('Ended by a signal') : vscode.l10n.t('Ended by signal {0}', signal);
    case 'timeout':
      return vscode.l10n.t('Stopped at the time limit (setting dind.timeout)');
    case 'out_of_memory':
      return vscode.l10n.t('Killed at the memory limit (setting dind.memory)');
    case 'process_limit':
      return vscode.l10n.t('Stopped at the limit of processes (setting dind.pids)');
    case 'output_limit':
      return vscode.l10n.t('Stopped at the output limit');
    case 'disk_limit':
      return vscode.l10n.t('Stopped at the disk limit');
    case 'cancelled':
      return vscode.l10n.t('Stopped');
  }
}
