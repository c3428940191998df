// The last lines of a run: how it ended, in which stage, and what helps.

import * as vscode from 'vscode';
import type { LspRunResult, Stage } from './protocol';
import { bytes, duration } from './text/units';

const CERTIFICATE =
  /CERTIFICATE_VERIFY_FAILED|certificate verify failed|SELF_SIGNED_CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY_LEAF)|unable to get (?:local )?issuer certificate|self[- ]signed certificate|x509: certificate|certificate (?:is not trusted|signed by unknown authority)/i;

/** Whether this text says that a certificate was not trusted. */
export function mayBeCertificate(text: string): boolean {
  return CERTIFICATE.test(text);
}

/** What happens before the program begins. */
export function stageText(stage: Stage | undefined): string | undefined {
  switch (stage) {
    case 'queue':
      return vscode.l10n.t('waiting for other runs');
    case 'image':
      return vscode.l10n.t('getting the image');
    case 'dependencies':
      return vscode.l10n.t('installing dependencies');
    case 'build':
      return vscode.l10n.t('building the image');
    default:
      return undefined;
  }
}

/** `elapsedMs`: since the person asked for the run. */
export function footer(result: LspRunResult, elapsedMs: number, untrustedCertificate: boolean): string[] {
  const { verdict, exitCode, durationMs, peakMemoryBytes, stage } = result;
  const inProgram = stage === 'program' || verdict === 'cancelled';
  const facts = inProgram ? [verdictText(result)] : [failedStage(stage), ...(verdict === 'failed' ? [] : [limitText(verdict) ?? verdictText(result)])];
  if (exitCode !== null) facts.push(vscode.l10n.t('exit code {0}', exitCode));
  // For a build, the program's own time has no meaning.
  facts.push(duration(stage === 'program' || durationMs > 0 ? durationMs : elapsedMs));
  if (peakMemoryBytes !== null) facts.push(vscode.l10n.t('peak memory {0}', bytes(peakMemoryBytes)));
  const lines = [`── ${facts.join(' · ')}`];
  if (verdict !== 'ok' && verdict !== 'cancelled' && untrustedCertificate) lines.unshift(certificateRemedy(stage));
  if (result.oomSeen && verdict !== 'out_of_memory') {
    lines.unshift(vscode.l10n.t('A process of the program was killed for lack of memory.'));
  }
  if (result.droppedBytes > 0) lines.unshift(vscode.l10n.t('… the server left out {0} …', bytes(result.droppedBytes)));
  return lines;
}

function failedStage(stage: Stage): string {
  switch (stage) {
    case 'dependencies':
      return vscode.l10n.t('Dependencies could not be installed');
    case 'build':
      return vscode.l10n.t('Build failed');
    case 'image':
      return vscode.l10n.t('The image could not be fetched');
    default:
      return vscode.l10n.t('The program did not start');
  }
}

function certificateRemedy(stage: Stage): string {
  return stage === 'build'
    ? vscode.l10n.t('A certificate is not trusted. If a proxy has its own certificate authority, add its certificate in the Dockerfile or to the base image.')
    : vscode.l10n.t('A certificate is not trusted. If a proxy has its own certificate authority, name the file with its certificate in the setting dind.caBundle.');
}

/** The limit of an installation or a build. No setting of the editor sets it; the notes have its value. */
function limitText(verdict: LspRunResult['verdict']): string | undefined {
  switch (verdict) {
    case 'timeout':
      return vscode.l10n.t('Stopped at the time limit');
    case 'out_of_memory':
      return vscode.l10n.t('Killed at the memory limit');
    case 'process_limit':
      return vscode.l10n.t('Stopped at the limit of processes');
    default:
      return undefined;
  }
}

function verdictText({ verdict, signal }: LspRunResult): string {
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
