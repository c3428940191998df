// One editor window in Chromium, and what a person does in it.

import { CLEAR_KEY } from './code_server.mjs';
import { check, until } from './wait.mjs';

const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--force-color-profile=srgb',
];

/** One profile for all windows: what the pages are made of is fetched and compiled once. `forget` takes the rest out of it. */
export async function launchChromium(profile) {
  const { chromium } = await import('playwright-core');
  return chromium.launchPersistentContext(profile, {
    executablePath: process.env.DIND_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS, viewport: { width: 1280, height: 800 },
  });
}

/** Takes out of the profile what pages of these origins have left there: the editor's own state. */
export async function forget(browser, origins) {
  const page = browser.pages()[0] ?? (await browser.newPage());
  const session = await browser.newCDPSession(page);
  for (const origin of origins) await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await session.detach();
}

const PALETTE_MS = 6_000; // milliseconds in which the palette opens and shows its rows
const NOWHERE = [640, 600]; // a place without a hover: that of a row would cover the rows of the next list

export class Editor {
  static async open(browser, codeServer, folder, file) {
    const page = await browser.newPage();
    page.on('dialog', (dialog) => dialog.accept().catch(() => {}));
    const editor = new Editor(page, codeServer);
    await page.goto(codeServer.url(folder, file), { timeout: 120_000 });
    if (file) await page.locator('.editor-instance .view-line').first().waitFor({ timeout: 120_000 });
    return editor;
  }

  constructor(page, codeServer) {
    this.page = page;
    this.codeServer = codeServer;
  }

  /** Leaves the page as a person does, so that the extension host ends and is not kept for a reconnection. */
  async close() {
    await this.page.goto('about:blank', { timeout: 10_000 }).catch(() => {});
    await this.page.close();
  }

  /** Opens a file in this window, as a person does who types its path. */
  async openFile(path) {
    const name = path.split('/').pop();
    await until(`${name} is open`, async () => {
      await this.page.keyboard.press('Control+P');
      const input = this.page.locator('.quick-input-widget input[type=text]').first();
      await input.waitFor({ timeout: PALETTE_MS });
      await input.fill(path, { timeout: PALETTE_MS });
      await this.page.locator('.quick-input-list .monaco-list-row.focused .label-name', { hasText: name }).first().waitFor({ timeout: PALETTE_MS });
      await input.press('Enter', { timeout: PALETTE_MS });
      await this.page.locator('.tab.active', { hasText: name }).waitFor({ timeout: PALETTE_MS });
      return true;
    }, 30_000);
    await this.page.locator('.editor-instance .view-line').first().waitFor({ timeout: 30_000 });
  }

  /** Makes the window look like a new one. What was typed is saved. */
  async clear() {
    await this.page.mouse.move(...NOWHERE);
    await this.page.keyboard.press(CLEAR_KEY.split('+').map((key) => ({ ctrl: 'Control' })[key] ?? key[0].toUpperCase() + key.slice(1)).join('+'));
    await until('the window is empty', async () => {
      const left = await this.page.locator('.tab, .notification-toast, .part.panel:visible, .quick-input-widget:visible, .monaco-dialog-box:visible').count();
      check(left === 0, `the window has no tab, notification, panel or dialogue, and there are ${left}`);
      return true;
    }, 10_000);
  }

  lens(title) {
    return this.page.locator('.editor-instance .codelens-decoration a', { hasText: title });
  }

  /** The extension is ready: it shows its lens. */
  async ready() {
    await this.lens('Run in sandbox').waitFor({ timeout: 120_000 });
  }

  /**
   * Runs a command by the palette, with the keyboard: what covers a row (a hover, a notification) does not matter.
   * The palette closes when something else takes the focus, as a page may that still loads: then it is opened again.
   */
  async palette(title) {
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    const labels = async () => (await rows.locator('.label-name').allTextContents()).map(plain);
    const focused = async () => (await this.page.locator('.quick-input-list .monaco-list-row.focused .label-name').allTextContents()).map(plain)[0];
    await until(`the palette runs ${title}`, async () => {
      await this.openPalette(title);
      const input = this.page.locator('.quick-input-widget input[type=text]').first();
      await until('the palette has its rows', async () => {
        const seen = await labels();
        if (seen.includes(title)) return true;
        throw new Error(`the palette shows ${seen.length} rows (${seen.slice(0, 3).join(' | ') || 'none'}), and its text is "${await input.inputValue({ timeout: 500 })}"`);
      }, PALETTE_MS);
      for (let steps = (await labels()).length; (await focused()) !== title; steps--) {
        check(steps > 0, `the palette's focus comes to ${title}`);
        await input.press('ArrowDown', { timeout: PALETTE_MS });
      }
      check(await input.isVisible(), 'the palette is open');
      await input.press('Enter', { timeout: PALETTE_MS });
      return true;
    }, 30_000);
    await this.page.mouse.move(...NOWHERE);
  }

  async openPalette(text) {
    await this.page.keyboard.press('F1');
    const input = this.page.locator('.quick-input-widget input[type=text]').first();
    await input.waitFor({ timeout: PALETTE_MS });
    await input.fill(`>${text}`, { timeout: PALETTE_MS });
  }

  /** Titles that the palette offers for this text. */
  async paletteOffers(text) {
    await this.openPalette(text);
    const rows = this.page.locator('.quick-input-list .monaco-list-row .label-name');
    const titles = await until('the palette has rows', async () => {
      const all = await rows.allTextContents();
      return all.length > 0 && all;
    });
    await this.page.keyboard.press('Escape');
    return titles;
  }

  async focusText() {
    await this.page.locator('.editor-instance .view-lines').first().click({ position: { x: 200, y: 10 } });
    await this.page.locator('.editor-instance .monaco-editor.focused').first().waitFor({ timeout: 5_000 });
  }

  /** Replaces the whole text, as by pasting: auto-indent and closing brackets stay out of it. */
  async replaceText(text) {
    await this.focusText();
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(text);
  }

  async isDirty() {
    return (await this.page.locator('.tab.dirty').count()) > 0;
  }

  /** The lines of the panel that are on the screen. */
  async panel() {
    const lines = await this.page.locator('.part.panel .view-lines .view-line').evaluateAll((nodes) =>
      nodes.map((node) => ({ top: parseFloat(node.style.top), text: node.textContent ?? '' })),
    );
    return lines.sort((a, b) => a.top - b.top).map(({ text }) => text.replaceAll('\u00a0', ' '));
  }

  /** Waits for a line in the panel that has this text in it, or matches it; gives that line. */
  panelShows(pattern, withinMs = 30_000) {
    const matches = (line) => (pattern instanceof RegExp ? pattern.test(line) : line.includes(pattern));
    return until(`the panel shows ${pattern}`, async () => (await this.panel()).find(matches), withinMs);
  }

  /** Waits for the whole text of the output channel to match. */
  outputHas(pattern, withinMs = 30_000) {
    return until(`the output channel has ${pattern}`, () => pattern.exec(this.codeServer.log('DinD Executor')), withinMs);
  }

  async notifications() {
    const texts = await this.page.locator('.notification-toast .notification-list-item-message').allTextContents();
    return texts.map((text) => text.replaceAll('\u00a0', ' '));
  }

  async oneNotification(pattern, withinMs = 20_000) {
    const seen = await until(`a notification ${pattern}`, async () => {
      const texts = await this.notifications();
      return texts.some((text) => pattern.test(text)) && texts;
    }, withinMs);
    check(seen.length === 1, `one notification, and there are ${seen.length}: ${seen.join(' | ')}`);
    return seen[0];
  }

  button(title) {
    return this.page.locator('.notification-toast .monaco-button', { hasText: exactly(title) });
  }

  async dismissNotifications() {
    await this.palette('Notifications: Clear All Notifications');
  }

  status() {
    return this.page.locator('[id="dind-executor.dind-executor.dind.status"]');
  }

  async statusShows(pattern, withinMs = 15_000) {
    return until(`the status item shows ${pattern}`, async () => {
      const text = (await this.status().textContent({ timeout: 1_000 }))?.replaceAll('\u00a0', ' ').trim();
      return text !== undefined && pattern.test(text) && text;
    }, withinMs);
  }
}

function plain(text) {
  return text.replaceAll('\u00a0', ' ').trim();
}

function exactly(text) {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}
