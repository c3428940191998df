// The output channel: for each run a header, the program's text as it comes, and a footer.

import * as vscode from 'vscode';
import { PlainText } from './text/plain_text';
import { footer, mayBeCertificate, stageText } from './footer';
import type { LspRunResult, OutputEvent, RunNotification, Stage } from './protocol';
import { toSafeLine } from './text/safe_line';
import { TextCap } from './text/text_cap';
import { bytes, seconds } from './text/units';

const FLUSH_AFTER_MS = 33;
// A stage that ends sooner gets no line.
const SHOW_STAGE_AFTER_MS = 500;

type Started = Extract<RunNotification, { state: 'started' }>;

export class OutputChannel implements vscode.Disposable {
  private readonly channel = vscode.window.createOutputChannel('DinD Executor');
  private current: RunOutput | undefined;
  private used = false;
  private atLineStart = true;

  /** Shows the header of the run at once. */
  begin(name: string): RunOutput {
    return new RunOutput(toSafeLine(name), (run, text) => this.append(run, text), (run) => this.current === run);
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
      if (!run.hasHeader && this.used) before += '\n';
      // The text of this run continues after another run's text.
      if (run.hasHeader && !text.startsWith('── ')) before += `── ${run.name}\n`;
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
  private startNotes: string[] = [];
  private readonly append: (run: RunOutput, text: string) => void;
  private readonly isCurrent: (run: RunOutput) => boolean;
  private readonly plain = { stdout: new PlainText(), stderr: new PlainText() };
  private readonly cap = new TextCap();
  private readonly begunAt = Date.now();
  private pending = '';
  private timer: NodeJS.Timeout | undefined;
  private atLineStart = true;
  private fullNoteShown = false;
  /** The header has only the name so far, and its line is not finished. */
  private headerIsOpen = true;
  private stage: Stage | undefined;
  private stageTimer: NodeJS.Timeout | undefined;
  private certificate = false;

  constructor(name: string, append: (run: RunOutput, text: string) => void, isCurrent: (run: RunOutput) => boolean) {
    this.name = name;
    this.append = append;
    this.isCurrent = isCurrent;
    this.emit(`── ${name}`);
    this.hasHeader = true;
  }

  /** What people should know about this run in addition to its output. */
  notes(lines: string[]): void {
    if (lines.length > 0) this.lines(lines);
  }

  preparing(stage: Stage): void {
    if (stage === this.stage) return;
    this.stage = stage;
    clearTimeout(this.stageTimer);
    if (stage !== 'container') this.stageTimer = setTimeout(() => this.showStage(), SHOW_STAGE_AFTER_MS);
  }

  started(event: Started): void {
    this.stage = 'program';
    clearTimeout(this.stageTimer);
    const { limits } = event;
    const facts = [
      ...(event.name === this.name ? [] : [event.name]), // for a folder: the command
      ...(event.language === '' ? [] : [event.language]),
      event.image,
      seconds(limits.timeoutMs),
      bytes(limits.memoryBytes),
      vscode.l10n.t('{0} CPU', limits.cpus),
      vscode.l10n.t('{0} processes', limits.pids),
      limits.network === 'none' ? vscode.l10n.t('no network') : vscode.l10n.t('network: {0}', limits.network),
      ...(event.isolation === 'gvisor' ? ['gVisor'] : []),
    ];
    this.header(facts.map((fact) => toSafeLine(fact)).join(' · '));
    this.startNotes = event.notes;
    this.notes(event.notes.map((note) => toSafeLine(note)));
  }

  write({ channel, text }: OutputEvent): void {
    if (this.headerIsOpen) this.showStage();
    const plain = this.plain[channel].add(text);
    this.certificate ||= mayBeCertificate(plain);
    this.pending += this.cap.add(plain);
    if (this.cap.isFull && !this.fullNoteShown) {
      this.fullNoteShown = true;
      this.pending += `\n${vscode.l10n.t('… too much output: the end follows when the program has ended …')}\n`;
    }
    this.timer ??= setTimeout(() => this.flush(), FLUSH_AFTER_MS);
  }

  finished(result: LspRunResult): void {
    this.writeRest();
    // Notes from the start are not repeated. For a certificate, the editor's own remedy names the editor's setting;
    // the server's note names the operator's.
    const showsRemedy = this.certificate && result.verdict !== 'ok' && result.verdict !== 'cancelled';
    const notes = (result.notes ?? []).filter((note) => !this.startNotes.includes(note) && !(showsRemedy && note.includes('DIND_CA_BUNDLE')));
    const explained = notes.some((note) => /certificate/i.test(note));
    this.lines([...notes.map((note) => toSafeLine(note)), ...footer(result, Date.now() - this.begunAt, this.certificate && !explained)]);
  }

  /** The run could not be done, or its end was not waited for. */
  ended(message: string): void {
    this.writeRest();
    this.header(toSafeLine(message, Infinity));
  }

  private showStage(): void {
    clearTimeout(this.stageTimer);
    const text = stageText(this.stage);
    if (text !== undefined) this.header(text);
    else this.lines([]);
  }

  /** Continues the header's line if it is still the last one. Otherwise writes a separate line. */
  private header(facts: string): void {
    if (this.headerIsOpen && this.isCurrent(this)) {
      this.headerIsOpen = false;
      this.emit(` · ${facts}\n`);
    } else {
      this.lines([`── ${this.name} · ${facts}`]);
    }
  }

  private writeRest(): void {
    clearTimeout(this.stageTimer);
    const { leftOutCharacters, tail } = this.cap.finish();
    if (leftOutCharacters > 0) {
      this.pending += `${vscode.l10n.t('… {0} characters left out …', leftOutCharacters.toLocaleString('en'))}\n`;
    }
    this.pending += tail;
    this.flush();
  }

  private lines(lines: string[]): void {
    this.flush();
    this.headerIsOpen = false;
    // If the last line belongs to another run, the channel itself ends it.
    const newline = this.isCurrent(this) && !this.atLineStart ? '\n' : '';
    this.emit(newline + lines.map((line) => `${line}\n`).join(''));
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    const text = this.pending;
    this.pending = '';
    this.emit(text);
  }

  private emit(text: string): void {
    if (text === '') return;
    this.atLineStart = text.endsWith('\n');
    this.append(this, text);
  }
}
